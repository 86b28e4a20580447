"""The layers of the mount path, in the order a mount travels them."""

from __future__ import annotations

import enum


class Layer(enum.Enum):
    """One hop of the mount path. The first broken layer explains the ones after it."""

    REQUEST = "request"
    DRIVER = "driver"
    IDENTITY = "identity"
    FILE_SYSTEM = "file-system"
    DNS = "dns"
    NETWORK = "network"
    LNET = "lnet"
    CLIENT = "client"
    MOUNT = "mount"
    WORKLOAD = "workload"

    @property
    def depth(self) -> int:
        """Position on the mount path: 0 is the request, 9 the workload."""
        return _DEPTH[self]


_DEPTH = {layer: depth for depth, layer in enumerate(Layer)}
