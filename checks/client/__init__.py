"""The node's kernel has a Lustre module, and its version can talk to the server's."""
