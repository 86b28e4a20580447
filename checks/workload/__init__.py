"""After the mount: permissions, eviction, and every node sees the same file system."""
