"""Reads CoreDNS's configuration."""

from __future__ import annotations

import msgspec

from diag.model.unavailable import Unavailable
from diag.registry import fact
from diag.resources.kubernetes.corefile import ServerBlock, blocks_of
from diag.sources.kubernetes.client import Kube


class _ConfigMap(msgspec.Struct):
    data: dict[str, str] = {}


@fact(permissions=("get configmaps",))
def corefile(kube: Kube) -> tuple[ServerBlock, ...] | Unavailable:
    """The server blocks of the ConfigMap `kube-system/coredns`, absent where EKS Auto Mode runs DNS on the nodes."""
    found = kube.get("/api/v1/namespaces/kube-system/configmaps/coredns", _ConfigMap)
    return found if isinstance(found, Unavailable) else blocks_of(found.data.get("Corefile", ""))
