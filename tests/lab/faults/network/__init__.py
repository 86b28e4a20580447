"""The way to the file servers: security groups of each interface, NACLs, routes, and the source port."""
