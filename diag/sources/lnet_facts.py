"""Facts about Lustre itself: what each file system's management server says on the wire, asked only when wanted."""

from __future__ import annotations

import threading
import time

from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.registry import fact
from diag.resources.ec2 import NetworkInterface
from diag.resources.fsx import FileSystem
from diag.resources.lnet_probe import Ladder
from diag.resources.table import Table
from diag.resources.target import Settings
from diag.sources.source import Source

TIMEOUT_S = 8.0
"""For one file system: longer than the 5 s for which somebody else's idle connection holds an acceptor up."""

PAST_EVERY_DEADLINE_S = 86400.0


class Prober(Source):
    """Climbs the ladder of `lustre-doctor probe`, one server at a time, if the person asked for it."""

    def __init__(self, *, wanted: bool) -> None:
        self.wanted = wanted
        self._interrupted = threading.Event()

    def cancel(self) -> None:
        """Stop probing: the running probe sees an expired deadline and disconnects cleanly."""
        self._interrupted.set()

    def _now(self) -> float:
        return time.monotonic() + (PAST_EVERY_DEADLINE_S if self._interrupted.is_set() else 0.0)

    def ask(self, address: str, port: int, mount_name: str) -> Ladder:
        """The ladder at one address. Raises Unreadable when the run was interrupted before."""
        from diag.sources.lnet.ladder import World, climb
        from diag.sources.lnet.target import Options, Target

        if self._interrupted.is_set():
            raise Unreadable(Unavailable(f"the server at {address}", Reason.TIMEOUT, "the run was interrupted"))
        return climb(Target(address, port, mount_name or None), Options(timeout=TIMEOUT_S), World(now=self._now))


@fact(layer=Layer.LNET, label="probe of")
def ladders(
    prober: Prober,
    mounted_file_systems: tuple[FileSystem, ...],
    network_interfaces: Table[NetworkInterface],
    settings: Settings,
) -> Table[Ladder] | Unavailable:
    """The ladder at the primary ENI of each Lustre file system, by id: that is where the MGS answers.

    Source: FSx user guide, mounting by IP: the first of NetworkInterfaceIds is the primary one.
    """
    if not prober.wanted:
        return Unavailable("the servers' own answers", Reason.NOT_ASKED, remedy="ask with --probe-lnet")
    values: dict[str, Ladder] = {}
    missing: dict[str, Unavailable] = {}
    for system in mounted_file_systems:
        if not system.is_lustre or not system.network_interface_ids:
            missing[system.id] = Unavailable(system.id, Reason.ABSENT, "FSx names no Lustre server of it")
            continue
        eni = network_interfaces.get(system.network_interface_ids[0])
        if isinstance(eni, Unavailable):
            missing[system.id] = eni
        else:
            try:
                values[system.id] = prober.ask(eni.private_ip_address, settings.lustre_port, system.mount_name)
            except Unreadable as interrupted:
                missing[system.id] = interrupted.unavailable
    return Table(values, missing)
