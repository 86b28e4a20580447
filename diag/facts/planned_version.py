"""Which file systems are about to be made with which Lustre version, and which clients will mount them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from diag.facts.clients import NodeKind
from diag.facts.demand import Demand
from diag.facts.manifests import ManifestSet
from diag.facts.target import Settings
from diag.knowledge.lustre_versions import (
    Client as KnownClient,
)
from diag.knowledge.lustre_versions import (
    client_of_kernel,
    default_version,
    major_minor,
    valid_versions,
)
from diag.model.subject import Subject
from diag.model.unavailable import Unavailable


class Making(msgspec.Struct, frozen=True):
    """One file system, or every file system of a class, that does not exist yet."""

    subject: Subject
    deployment_type: str
    version: str
    is_named: bool
    """Somebody chose the version; otherwise FSx does."""
    is_class: bool = False
    is_open: bool = False
    """The version is known only after apply."""
    valid: tuple[str, ...] = ()
    """Versions that FSx makes of the deployment type; empty for an unknown type."""
    concerns: tuple[Subject, ...] = ()


class Client(msgspec.Struct, frozen=True):
    """One client that will mount: what it is called here, and what the table knows of it."""

    who: str
    known: KnownClient | None
    why: str = ""
    """Why the table knows nothing of it."""

    @property
    def version(self) -> str:
        """The client's version; empty when it has none or none is known."""
        return self.known.version if self.known else ""


def makings(
    manifests: ManifestSet | Unavailable, demands: tuple[Demand, ...] | Unavailable, settings: Settings
) -> Iterator[Making]:
    """The planned file systems, and with an assumed kernel the classes of the manifests that are provisioned from."""
    if isinstance(manifests, Unavailable):
        return
    for planned in manifests.file_systems:
        metadata = planned.has_metadata_configuration
        yield Making(
            planned.subject,
            planned.deployment_type,
            major_minor(planned.version) or default_version(planned.deployment_type, metadata_configuration=metadata),
            bool(planned.version),
            is_open=planned.version_is_open,
            valid=valid_versions(planned.deployment_type, metadata_configuration=metadata),
        )
    if settings.assume_kernel and not isinstance(demands, Unavailable):
        own = {item.subject for item in manifests.classes}
        for demand in demands:
            if demand.subject in own:
                yield Making(
                    demand.subject,
                    demand.deployment_type,
                    demand.version,
                    bool(demand.named_version),
                    is_class=True,
                    concerns=demand.path,
                )


def clients_for(settings: Settings, node_kinds: tuple[NodeKind, ...] | Unavailable) -> tuple[Client, ...] | Unavailable:
    """The clients of the assumed kernel, or of the cluster's nodes."""
    if settings.assume_kernel:
        found = client_of_kernel(settings.assume_kernel, "amd64")
        who = f"kernel {settings.assume_kernel}"
        known = found if isinstance(found, KnownClient) else None
        return (Client(who, known, "" if known else getattr(found, "why", "")),)
    if isinstance(node_kinds, Unavailable):
        return node_kinds
    each = ((kind, kind.client) for kind in node_kinds)
    return tuple(
        Client(kind.who, client) if isinstance(client, KnownClient) else Client(kind.who, None, client.why)
        for kind, client in each
    )
