"""A known message that names no cause speaks for those that it mostly follows from; a server's and another's do not."""
# ruff: noqa: E501 - log lines are as long as they are

from __future__ import annotations

import pytest

from diag.knowledge.message_causes import message_causes
from diag.knowledge.messages import load_messages
from diag.model.diagnosis import Likelihood
from tests.texts.test_loose import KNOWLEDGE, verdicts

LINES = {
    "mount.lustre: mount 10.0.0.1@tcp:/scratch at /mnt failed: Interrupted system call": "mgs-unreachable-network",
    "mount.lustre: mount 10.0.0.1@tcp:/scratch at /mnt failed: Resource temporarily unavailable": "server-not-ready-race",
    "mount.lustre: mount 10.0.0.1@tcp:/scratch at /mnt failed: 자원이 일시적으로 사용 불가능함": "server-not-ready-race",
    "mount.lustre: mount 10.0.0.1@tcp:/scratch at /mnt failed: Protocol error": "wrong-service-on-988",
    "mount.lustre: mount 10.0.0.1@tcp:/scratch at /mnt failed: Permission denied": "mount-not-permitted",
    "mount.lustre: mount 10.0.0.1@tcp:/scratch at /mnt failed: Network is down": "lnet-not-configured",
    "mount: /fsx: special device fs-0123456789abcdef0.fsx.us-east-1.amazonaws.com@tcp:/abc does not exist.": "mount-helper-missing",
    "LustreError: 11-0: s1-OST0003-osc-ffff88: operation ost_write to node 10.0.0.1@tcp failed: rc = -28": "file-system-full",
    "LustreError: 1:0:(vvp_io.c:1056:vvp_io_commit_write()) Write page 0 of inode ffff failed -28": "file-system-full",
    "LustreError: 1:0:(dir.c:228:ll_get_dir_page()) error reading dir [0x2:0x1:0x0] at 0: rc -108": "client-evicted",
    "LustreError: 1:0:(lmv_obd.c:1263:lmv_statfs()) can't stat MDS #0 (s1-MDT0000-mdc-ffff), error -11": "mdt-unavailable",
    "LNetError: 11b-b: Connection to 10.0.0.1@tcp at host 10.0.0.1 on port 988 took too long: that node may be hung or experiencing high load.": "mgs-unreachable-network",
    "LNetError: 11a-8: Connection to 10.0.0.1@tcp at host 10.0.0.1 on port 988 was refused: check that Lustre is running on that node.": "mgs-down",
    "LNet: 3 peer NIs in recovery (showing 3): 10.0.0.1@tcp, 10.0.0.2@tcp, 10.0.0.3@tcp": "connection-lost-network",
    "modprobe: ERROR: could not insert 'lustre': Invalid argument": "kernel-module-version-mismatch",
}


@pytest.mark.parametrize(("text", "cause"), LINES.items())
def test_a_message_speaks_for_what_it_mostly_follows_from(text: str, cause: str) -> None:
    found = verdicts(text)
    assert next(iter(found)) == cause
    assert set(found.values()) == {Likelihood.POSSIBLE}


@pytest.mark.parametrize(
    "text",
    [
        "Lustre: Build Version: 2.15.8",
        "LNet: Added LNI 10.0.0.5@tcp [8/256/0/180]",
        "Lustre: s1-MDT0000-mdc-ffff88: Connection restored to 10.0.0.1@tcp (at 10.0.0.1@tcp)",
        "mount.lustre: increased '/sys/devices/virtual/bdi/lustrefs-ffff/read_ahead_kb' from 128 to 1024",
        "Lustre: ll_ost_io04_080: service thread pid 55122 was inactive for 80.284 seconds. The thread might be hung",
        "LustreError: 1:0:(ofd_obd.c:1000:ofd_create_hdl()) s1-OST0003: unable to precreate: rc = -28",
        "Lustre: 1:0:(client.c:2048:ptlrpc_expire_one_request()) @@@ Request sent has timed out for slow reply: o251->MGC10.0.0.1@tcp@0@lo:26/25",
        "modprobe: ERROR: could not insert 'zfs': Invalid argument",
        "mount: special device /dev/sdb1 does not exist.",
        "kernel: nfs: server 10.0.0.1 not responding, rc = -110",
    ],
)
def test_a_healthy_line_a_servers_and_anothers_speak_for_nothing(text: str) -> None:
    assert verdicts(text) == {}


def test_every_rule_is_of_what_there_is() -> None:
    catalogue = load_messages()
    ids = {message.id for message in catalogue.messages}
    kinds = {message.kind for message in catalogue.messages}
    programs = {name for one in catalogue.components.values() for name in (one.name, one.program)}
    for rule in message_causes():
        assert set(rule.causes) <= set(KNOWLEDGE.causes)
        assert set(rule.messages) <= ids
        assert set(rule.kinds) <= kinds
        assert set(rule.programs) <= programs
