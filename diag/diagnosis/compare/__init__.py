"""Sets two snapshots, or two nodes of one, side by side: what differs, the first on the mount path first."""
