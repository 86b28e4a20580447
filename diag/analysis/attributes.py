"""How volumes spell what the driver reads, and how people get it wrong."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Mapping

from diag.grammar.ids import FILE_SYSTEM
from diag.late import late

DNS_NAME = late(rf"(?P<file_system>{FILE_SYSTEM.pattern})\.fsx\.(?P<region>[a-z0-9-]+)\.(?P<suffix>[a-z0-9.-]+)")
"""A file system's DNS name. Source: fsx 2018-03-01 DNSName; AWS user guide, mounting from EC2."""

OTHER_SERVICE = late(rf"{FILE_SYSTEM.pattern}\.(?!fsx\.)(?P<service>[a-z0-9-]+)\.[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?")
"""A file system's name at another service of AWS: EFS has ids of the same form. Source: EFS user guide, DNS names."""

OF_FSX = late(r"(?P<label>[^.]+)\.fsx\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?")
"""A name in the zone of FSx, whatever is in front of it. Source: as DNS_NAME."""

HOST_NAME = late(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
"""Text that a resolver can be asked for. Source: RFC 1123 section 2.1; underscores as DNS servers let them pass."""

DRIVER_DEFAULT_MOUNT_NAME = "fsx"
"""What the driver mounts when there is no mountname. Source: aws-fsx-csi-driver v1.9.0 pkg/driver/node.go."""

FSNAME_LIMIT = 8
"""Characters of a Lustre file-system name. Source: Lustre 2.15 lustre_disk.h, LUSTRE_MAXFSNAME."""


def misspelt_attribute(attributes: Mapping[str, str], key: str) -> str:
    """The key that somebody wrote instead of the exact lower-case one; empty when none looks like it.

    The driver reads `dnsname` and `mountname` alone. Source: aws-fsx-csi-driver v1.9.0 pkg/driver/node.go.
    """
    if key in attributes:
        return ""
    unread = {_plain(other): other for other in attributes if other not in ("dnsname", "mountname")}
    near = [key] if key in unread else difflib.get_close_matches(key, unread, n=1, cutoff=0.8)
    return unread[near[0]] if near else ""


def is_spelt_otherwise(written: str, key: str) -> bool:
    """Whether a key differs in case and punctuation alone, so that nothing else can be meant."""
    return _plain(written) == key


def _plain(key: str) -> str:
    return re.sub(r"[^a-z]", "", key.lower())


_LIKE_AN_ID = late(r"(?:arn:[^/]*/)?fsx?[-_][0-9a-z]+", re.IGNORECASE)


def mistaken_id(handle: str) -> bool:
    """Whether a handle looks like a file system's id and is none; any other text may be a handle of one's own."""
    return bool(_LIKE_AN_ID.fullmatch(handle)) and not FILE_SYSTEM.leading(handle)


def is_address(name: str) -> bool:
    """Whether a server is given by IPv4 or IPv6 address and no name has to be resolved."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
