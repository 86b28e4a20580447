"""Ports 988 and 1018-1023: security groups, network ACLs, routes, source ports, a real connect."""
