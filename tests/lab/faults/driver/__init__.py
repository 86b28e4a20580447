"""The CSI driver: absent, not pullable, not running, or not on this node."""
