"""FSx has the file system, it is available, and it is the one that is meant."""
