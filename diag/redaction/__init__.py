"""Takes away who and where before a snapshot leaves the house, and leaves what the checks judge by."""
