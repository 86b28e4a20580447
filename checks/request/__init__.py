"""StorageClass, PersistentVolume, claim and pod say what they should."""
