"""The name resolves where mount.lustre runs, to the file system's own addresses."""
