"""The TCP ports of Lustre.

Source: Lustre 2.10 to 2.17 lnet/lnet/acceptor.c (`accept_port`, source ports below 1024); FSx for Lustre User Guide,
limit-access-security-groups (988 and 1018-1023). Seen on 2.15.8.
"""

from __future__ import annotations

LUSTRE_PORT = 988
"""Every Lustre server listens on it, and every client of LNet too."""

SOURCE_PORTS = range(1018, 1024)
"""Ports that FSx's rules name as those that connections come from."""
