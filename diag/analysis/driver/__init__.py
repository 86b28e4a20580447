"""The CSI driver in the cluster: its pods, its images and its node plugin."""
