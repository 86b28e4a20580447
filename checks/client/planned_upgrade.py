"""What a kernel or a Lustre version that is about to come would break."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, unknown, warn
from diag.analysis.nodes.lustre_client import Kinds, NodeKind, Outcome, pair
from diag.knowledge.lustre_versions import Client, NotListed, client_of, client_of_kernel
from diag.knowledge.versions import major_minor, version_number
from diag.resources.fsx import FileSystem
from diag.resources.target import Settings


@check("planned-upgrade", layer=Layer.CLIENT, each="mounted_file_systems")
def planned_upgrade(
    file_system: FileSystem, mounting_kinds: Kinds, node_kinds: tuple[NodeKind, ...], settings: Settings
) -> Iterator[Draft]:
    """After the assumed upgrade every node can still mount its file systems.

    Asked with --assume-kernel (what `uname -r` will print on the new nodes) or --assume-server-version; without them
    this check says nothing. AL2 to AL2023 brings a 2.15 client, which no 2.10 file system takes; EKS moves AL2023 from
    kernel 6.1 to 6.12 between 1.32 and 1.33 and to 6.18 with 1.36; a Lustre version can only be raised.

    pass: the assumed pair is supported
    warn: it is not, by a row of the table that is only inferred
    fail: it is not supported, has no client, or would lower a version
    unknown: the assumed kernel or version is in no table
    source: FSx for Lustre User Guide, client compatibility matrix; fsx UpdateFileSystem; EKS AMI changelog
    """
    kernel, version = settings.assume_kernel, settings.assume_server_version
    if not (kernel or version) or not file_system.is_lustre:
        return
    current = file_system.file_system_type_version
    if version and current and version_number(version) < version_number(major_minor(current)):
        yield fail(
            file_system, f"{file_system.id} runs Lustre {current}, which cannot be lowered to {version}", cause=""
        )
        return
    for kind in mounting_kinds.get(file_system.id, ()) or node_kinds:
        client = assumed_client(kind, kernel) if kernel else kind.client
        paired = pair(version or current, kind, client)
        message = (
            f"with {' and '.join(filter(None, (kernel and f'kernel {kernel}', version and f'Lustre {version}')))}: "
        )
        message += f"{file_system.id} {paired.message}"
        if paired.outcome is Outcome.WORKS:
            yield ok(file_system, message, *paired.evidence, rules_out=(), concerns=kind.nodes)
        elif paired.outcome is Outcome.UNKNOWN:
            yield unknown(file_system, message, *paired.evidence, concerns=kind.nodes)
        else:
            # Without a cause: what would fail tomorrow is not why a mount fails today.
            say = fail if paired.certain else warn
            yield say(file_system, message, *paired.evidence, cause="", concerns=kind.nodes)


def assumed_client(kind: NodeKind, kernel: str) -> Client | NotListed:
    """The client of that kernel on the node's own system, else on whichever system has such kernels."""
    own = client_of(kind.os_image, kernel, kind.architecture)
    return own if isinstance(own, Client) else client_of_kernel(kernel, kind.architecture)
