"""Climbing to a lab server as a root process on a node without LNet would."""

from __future__ import annotations

from diag.resources.lnet_probe import Ladder, Rung, Step
from diag.sources.lnet.host import HostLnet, LnetState
from diag.sources.lnet.ladder import Compatible, World, climb
from diag.sources.lnet.nid import Nid
from diag.sources.lnet.target import Options, Target
from tests.lab.lustre import LustreServer
from tests.lab.lustre.server import LAB_PRIVILEGED

PORTS = tuple(reversed(LAB_PRIVILEGED))
NO_LNET = HostLnet(LnetState.ABSENT, ())


def options(
    *, timeout: float = 5.0, read_map: bool = False, nid: str | None = None, client_version: str | None = None
) -> Options:
    return Options(
        timeout=timeout,
        map=read_map,
        nid=Nid.parse(nid) if nid else None,
        client_version=client_version,
        source_ports=PORTS,
    )


def world(host: HostLnet = NO_LNET, compatible: Compatible | None = None) -> World:
    return World(host=lambda: host, compatible=compatible)


def climb_to(
    server: LustreServer,
    mount_name: str | None = "ddyezbev",
    how: Options | None = None,
    where: World | None = None,
) -> Ladder:
    """One climb; a mistake that no client makes fails the test here."""
    ladder = climb(Target(server.address, server.port, mount_name), how or options(), where or world())
    assert server.mistakes == []
    return ladder


def rung(ladder: Ladder, step: Step) -> Rung:
    return next(rung for rung in ladder.rungs if rung.step is step)


def steps(ladder: Ladder) -> list[Step]:
    return [rung.step for rung in ladder.rungs]
