"""The map: every MDT and OST of a file system, from its configuration log, and whether LNet answers there."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from diag.model.verdict import Verdict
from diag.resources.lnet_probe import Step
from diag.sources.lnet import llog
from diag.sources.lnet.cursor import c_string
from diag.sources.lnet.llog import TargetKind
from tests.lab.lustre import Fault, LabFileSystem, LabTarget, LustreServer
from tests.lab.lustre.configlog import ConfigLog
from tests.lnet import transcript
from tests.lnet.climbing import climb_to, options, rung
from tests.patience import in_time

CODE = 0x020F0800


def read(log: ConfigLog) -> tuple[llog.ConfiguredTarget, ...]:
    return llog.targets(record for block in log.blocks for record in llog.decode_block(block))


def test_the_lab_writes_the_log_that_a_real_mgs_wrote() -> None:
    """Every record of the recorded log but for time stamps, step numbers and what lay in a marker's texts before."""
    recorded = transcript.load("2.15.8-existing").step("log-block").received[96 + 32 + 16 + 184 + 48 :]
    nids = ("10.77.0.2@tcp",)
    log = ConfigLog("ddyezbev", (LabTarget("MDT0000", nids), LabTarget("OST0000", nids)), CODE)
    (block,) = log.blocks
    real, ours = list(llog.decode_block(recorded)), list(llog.decode_block(block))
    assert [(r.index, r.kind, len(r.body)) for r in real] == [(r.index, r.kind, len(r.body)) for r in ours]
    for theirs, mine in zip(real, ours, strict=True):
        if llog.decode_config(theirs.body).command == llog.Command.MARKER:
            (_, marker), (_, ours_marker) = (llog.decode_config(record.body).buffers for record in (theirs, mine))
            assert marker[4:12] == ours_marker[4:12]
            assert c_string(marker[32:]) == c_string(ours_marker[32:])
        else:
            assert theirs.body == mine.body
    header = transcript.load("2.15.8-existing").step("log-header").received[96 + 32 + 8 + 184 :]
    assert log.header()[24:] == header[24:]


def test_failover_servers_and_several_nids_count_as_one_target() -> None:
    target = LabTarget("OST0001", ("10.0.0.1@tcp", "198.19.0.1@tcp1"), (("10.0.0.2@tcp",),))
    (found,) = read(ConfigLog("fsx", (target,), CODE))
    assert (found.name, found.kind) == ("fsx-OST0001", TargetKind.OST)
    assert [str(nid) for nid in found.nids] == ["10.0.0.1@tcp", "198.19.0.1@tcp1", "10.0.0.2@tcp"]


def test_replaced_nids_are_history() -> None:
    target = LabTarget("OST0000", ("10.0.0.9@tcp",), replaced=("10.0.0.1@tcp",))
    (found,) = read(ConfigLog("fsx", (target,), CODE))
    assert [str(nid) for nid in found.nids] == ["10.0.0.9@tcp"]


def test_a_removed_target_is_history() -> None:
    gone, there = LabTarget("OST0000", ("10.0.0.1@tcp",), removed=True), LabTarget("OST0001", ("10.0.0.2@tcp",))
    assert [target.name for target in read(ConfigLog("fsx", (gone, there), CODE))] == ["fsx-OST0001"]


def test_a_target_that_was_switched_off() -> None:
    (found,) = read(ConfigLog("fsx", (LabTarget("OST0000", ("10.0.0.1@tcp",), active=False),), CODE))
    assert found.active is False


@pytest.mark.parametrize("osts", [1, 2, 10, 40])
def test_a_whole_file_system_is_read_and_reached(osts: int) -> None:
    with LabFileSystem(osts) as fs:
        ladder = climb_to(fs.mgs, how=options(read_map=True))
    assert ladder.verdict is Verdict.PASS
    assert [target.name for target in ladder.targets] == [
        "ddyezbev-MDT0000",
        *(f"ddyezbev-OST{index:04x}" for index in range(osts)),
    ]
    assert [target.nids[0].nid for target in ladder.targets[1:]] == [f"{address}@tcp" for address in fs.addresses]
    assert {nid.verdict for target in ladder.targets for nid in target.nids} == {Verdict.PASS}
    assert fs.log == []
    assert [server.connections for server in (fs.mgs, *fs.servers)] == [1] * (osts + 1)


def test_an_ost_whose_server_is_down_is_named() -> None:
    with LabFileSystem(3, down=(1,)) as fs:
        ladder = climb_to(fs.mgs, how=options(read_map=True))
    assert (ladder.verdict, ladder.cause) == (Verdict.FAIL, "ost-unavailable")
    assert "ddyezbev-OST0001" in ladder.headline and "OST0000" not in ladder.headline
    assert any("connection refused" in line for line in rung(ladder, Step.MAP).details)
    assert rung(ladder, Step.FILE_SYSTEM).verdict is Verdict.PASS


def test_a_lost_mdt_outranks_a_lost_ost() -> None:
    targets = (LabTarget("MDT0000", ("127.0.9.1@tcp",)), LabTarget("OST0000", ("127.0.9.2@tcp",)))
    with LustreServer(targets=targets) as server:
        ladder = climb_to(server, how=options(read_map=True))
    assert ladder.cause == "mdt-unavailable"


def test_one_nid_that_answers_is_enough_for_a_target() -> None:
    own = "127.0.0.1@tcp"
    targets = (LabTarget("MDT0000", (own,)), LabTarget("OST0000", ("127.0.9.2@tcp",), ((own,),)))
    with LustreServer(targets=targets) as server:
        ladder = climb_to(server, how=options(read_map=True))
    assert ladder.verdict is Verdict.PASS
    assert [nid.verdict for nid in ladder.targets[1].nids] == [Verdict.FAIL, Verdict.PASS]


def test_a_nid_on_a_network_that_we_are_not_on_is_not_asked() -> None:
    targets = (LabTarget("MDT0000", ("127.0.0.1@tcp",)), LabTarget("OST0000", ("198.19.0.1@tcp1",)))
    with LustreServer(targets=targets) as server:
        ladder = climb_to(server, how=options(read_map=True))
    assert (ladder.verdict, ladder.cause) == (Verdict.UNKNOWN, None)
    assert "not asked" in ladder.targets[1].nids[0].message


def test_a_target_that_is_switched_off_is_not_asked_and_not_missed() -> None:
    own = "127.0.0.1@tcp"
    targets = (LabTarget("MDT0000", (own,)), LabTarget("OST0000", ("127.0.9.2@tcp",), active=False))
    with LustreServer(targets=targets) as server:
        ladder = climb_to(server, how=options(read_map=True))
    assert ladder.verdict is Verdict.PASS
    assert ladder.targets[1].active is False


def test_a_server_that_is_another_one_than_the_configuration_says() -> None:
    """Something answers on the address, but not under the NID that a client will ask for."""
    targets = (LabTarget("MDT0000", ("127.0.0.1@tcp",)), LabTarget("OST0000", ("127.0.1.77@tcp",)))
    # The port is chosen on 127.0.0.1, where every client of this machine has one too.
    with (
        LustreServer(targets=targets) as server,
        LustreServer(address="127.0.1.77", nid="10.0.0.8@tcp", mgs=False, port=server.port),
    ):
        ladder = climb_to(server, how=options(read_map=True))
    assert ladder.cause == "ost-unavailable"
    assert "opens, then the server" in ladder.targets[1].nids[0].message


@pytest.mark.parametrize("fault", [Fault.BROKEN_LOG, Fault.ENDLESS_LOG])
def test_a_log_that_cannot_be_read_is_unknown_and_ends(fault: Fault) -> None:
    targets = tuple(LabTarget(f"OST{index:04x}", ("127.0.0.1@tcp",)) for index in range(20))
    with LustreServer(targets=targets, faults=[fault]) as server:
        ladder = climb_to(server, how=options(read_map=True))
        assert server.exports == ()
    assert rung(ladder, Step.MAP).verdict is Verdict.UNKNOWN
    assert (ladder.verdict, ladder.knows_fsname) == (Verdict.UNKNOWN, True)


def test_no_map_without_a_name_that_the_mgs_knows() -> None:
    with LustreServer() as server:
        ladder = climb_to(server, "wrongfs1", how=options(read_map=True))
    assert rung(ladder, Step.MAP).verdict is Verdict.SKIP
    assert ladder.cause == "wrong-mountname"


@contextlib.contextmanager
def partly_dead(dead: int) -> Iterator[LustreServer]:
    """A file system whose first OSTs drop every SYN, as behind a firewall, and whose last one is well.

    A listener with a full backlog drops them.
    """
    with contextlib.ExitStack() as stack:
        alive = stack.enter_context(LustreServer(mgs=False))
        silent = [f"127.0.2.{index + 1}" for index in range(dead)]
        for address in silent:
            deaf = stack.enter_context(socket.create_server((address, alive.port), backlog=0))
            for _ in range(3):
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(deaf.getsockname())
        addresses = (*silent, alive.address)
        targets = tuple(LabTarget(f"OST{index:04x}", (f"{address}@tcp",)) for index, address in enumerate(addresses))
        yield stack.enter_context(LustreServer(targets=targets, address="127.0.2.100", port=alive.port))


def test_dead_servers_share_the_time_and_do_not_hide_the_living() -> None:
    with in_time(), partly_dead(2) as mgs:
        ladder = climb_to(mgs, how=options(timeout=3.3, read_map=True))
    assert ladder.cause == "ost-unavailable"
    assert [target.verdict for target in ladder.targets] == [Verdict.FAIL, Verdict.FAIL, Verdict.PASS]


def test_too_short_a_share_of_time_proves_nothing() -> None:
    with in_time(), partly_dead(10) as mgs:
        ladder = climb_to(mgs, how=options(timeout=1.0, read_map=True))
    assert (ladder.verdict, ladder.cause) == (Verdict.UNKNOWN, None)
    assert ladder.targets[-1].verdict is Verdict.PASS
