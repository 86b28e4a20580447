"""The controller's right to call AWS: what stops provisioning, and never a mount of what exists."""
