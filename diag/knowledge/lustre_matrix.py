"""The table of Lustre clients, kernels and servers, as its file has it."""

from __future__ import annotations

import enum
import functools

import msgspec

from diag.knowledge.confidence import Confidence
from diag.knowledge.table_file import read_table


class Servers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Lustre versions that FSx offers."""

    known: tuple[str, ...]
    upgrade_targets: tuple[str, ...]
    source: str


class Default(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What FSx makes of one deployment type when nobody names a version."""

    deployment_type: str
    version: str
    valid: tuple[str, ...]
    metadata_configuration: bool | None = None
    """None where it makes no difference."""


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The servers of one client version."""

    client: str
    servers: tuple[str, ...]


class Home(enum.Enum):
    """Where a system gets its Lustre module from."""

    KERNEL = "kernel"
    """It comes with the kernel."""
    PACKAGE = "package"
    """It has to be installed, for exactly the running kernel."""


class System(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One operating system, as a node names it."""

    id: str
    name: str
    os_image: str
    """Regular expression for status.nodeInfo.osImage; its group `release` is what a row's release is compared with."""
    kernel_suffix: str
    """Regular expression for what follows the numbers of its kernels."""
    module: Home


class KernelRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """The client of one range of kernels."""

    systems: tuple[str, ...]
    first: str
    client: str
    """`2.15`; empty when such a kernel has no client."""
    last: str = ""
    below: str = ""
    release: str = ""
    suffix: str = ""
    architectures: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    confidence: Confidence = Confidence.DOCUMENTED
    source: str = ""
    note: str = ""

    @property
    def kernels(self) -> str:
        """The range in words: `6.1.79-99.167 to 6.1*`."""
        if self.below:
            return f"{self.first} before {self.below}"
        if self.last == self.first:
            return self.first
        open_ended = "*" if self.first.startswith(self.last) else ""
        return f"{self.first} to {self.last}{open_ended}"


class Matrix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table."""

    date: str
    matrix: str
    url: str
    servers: Servers
    defaults: tuple[Default, ...]
    pairs: tuple[Pair, ...]
    systems: tuple[System, ...]
    kernels: tuple[KernelRow, ...]


@functools.cache
def matrix() -> Matrix:
    """The table of clients, kernels and servers."""
    return read_table("lustre_versions", Matrix)
