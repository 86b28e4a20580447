"""The CSI driver is installed, its images can be pulled, and a node plugin runs on each node."""
