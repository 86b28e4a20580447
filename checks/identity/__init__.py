"""The controller may call AWS. Only provisioning needs it."""
