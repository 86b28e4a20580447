"""The Lustre server itself, asked on the wire."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Reason, Table, Unavailable, Verdict, check, fail, ok, skip, unknown
from diag.advice.steps import advise
from diag.analysis.file_systems import has_no_servers
from diag.resources.fsx import FileSystem
from diag.resources.lnet_probe import Ladder

OUR_CAUSES = (
    "mgs-down", "wrong-service-on-988", "lnet-wrong-network", "source-port-rewritten-snat", "wrong-mgs-address",
    "server-not-ready-race", "wrong-mountname", "mgs-unreachable-network",
)  # fmt: skip


REFUTED = ("mgs-down", "wrong-service-on-988", "lnet-wrong-network", "server-not-ready-race")
"""What a server that answers up to its file system's name cannot have, wherever it is asked from."""


@check("lnet-probe", layer=Layer.LNET, each="mounted_file_systems", speaks_for=OUR_CAUSES)
def server_speaks_lustre(file_system: FileSystem, ladders: Table[Ladder] | Unavailable) -> Iterator[Draft]:
    """The file system's management server speaks LNet, runs an MGS and knows the file system by its name.

    An open port is not yet Lustre. The ladder asks what a mount asks, in user space and without a mount: LNet under
    the right NID, the MGS with its exact version, the configuration of the file system. It is asked only with
    --probe-lnet, since it opens a session with the server (and closes it).

    pass: every rung up to the file system's name
    fail: a rung failed; the first one explains the rest
    unknown: a rung that was asked stayed open, as without the right to use a privileged port
    skip: it was not asked, or FSx itself has the servers down
    source: docs/probe.md
    """
    if isinstance(ladders, Unavailable) and ladders.reason is Reason.NOT_ASKED:
        yield skip(file_system, "not probed; --probe-lnet asks the servers themselves")
        return
    if reason := has_no_servers(file_system):
        yield skip(file_system, reason)
        return
    if isinstance(ladders, Unavailable):
        yield unknown(file_system, f"the server could not be asked: {ladders}", because=(ladders,))
        return
    ladder = ladders[file_system.id]
    message = tuple(f"{rung.step.number} {rung.step.value}: {rung.message}" for rung in ladder.rungs)
    if ladder.verdict is Verdict.FAIL:
        fix = advise(ladder.failed.fix) if ladder.failed and ladder.failed.fix else None
        yield fail(file_system, ladder.headline, *message, cause=ladder.cause or "", fix=fix)
    elif ladder.verdict is Verdict.UNKNOWN:
        yield unknown(file_system, ladder.headline, *message)
    else:
        yield ok(file_system, ladder.headline, *message, rules_out=REFUTED)
