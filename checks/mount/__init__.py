"""The mount itself: what mount.lustre and the kernel printed."""
