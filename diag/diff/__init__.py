"""Compares two snapshots, or two nodes of one: what differs, the first on the mount path first."""
