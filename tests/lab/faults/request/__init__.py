"""What the StorageClass, the PersistentVolume, the claim and the pod ask for, asked for wrongly."""
