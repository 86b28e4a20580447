"""How volumes spell what the driver reads, and how people get it wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping

UNEXPANDED = re.compile(r"\$\{?\w+\}?|\$\(.*\)|\{\{.*\}\}|<[\w -]+>|%\w+%")
"""Shell, Helm and documentation placeholders that reached the cluster as they stood."""

LITERAL_NOTHING = frozenset({"none", "null", "nil", "undefined"})
"""What `--output text` and templating print for a field that is absent; no MountName or id looks like it."""

DNS_NAME = re.compile(
    r"(?P<file_system>fs-[0-9a-f]{8,17})\.fsx\.(?P<region>[a-z0-9-]+)\.(?P<suffix>amazonaws\.com(?:\.cn)?|aws(?:\.\w+)?|[\w.-]+)"
)
"""A file system's DNS name. Source: fsx 2018-03-01 DNSName; AWS user guide, mounting from EC2."""

IPV4 = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")


def looks_unexpanded(value: str) -> bool:
    """Whether a value is a variable or a `None` that was never filled in."""
    return bool(UNEXPANDED.search(value)) or value.strip().lower() in LITERAL_NOTHING


def misspelt_attribute(attributes: Mapping[str, str], key: str) -> str:
    """The key that somebody wrote instead of the exact lower-case one; empty when none looks like it.

    The driver reads `dnsname` and `mountname` alone. Source: aws-fsx-csi-driver v1.9.0 pkg/driver/node.go.
    """
    if key in attributes:
        return ""
    return next((other for other in attributes if _plain(other) == key), "")


def _plain(key: str) -> str:
    return re.sub(r"[^a-z]", "", key.lower())


def driver_default_mount_name() -> str:
    """What the driver mounts when there is no mountname. Source: aws-fsx-csi-driver v1.9.0 pkg/driver/node.go."""
    return "fsx"
