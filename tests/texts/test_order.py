# ruff: noqa: E501 - log lines are as long as they are
"""Order in time: what came first in a log explains the loss of a connection, and what came after it explains nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from diag.knowledge.precursors import precursors_table
from diag.knowledge.runbooks import load_knowledge
from diag.model.diagnosis import Diagnosis, Likelihood
from diag.model.symptom import TextStream
from diag.run.texts import explain_texts
from diag.texts.order import precursor_of

HOST, OTHER_HOST = "ip-10-0-1-2", "ip-10-0-9-9"
LOST = "Lustre: ddyezbev-MDT0000-mdc-ffff8880084ca000: Connection to ddyezbev-MDT0000 (at 10.77.0.2@tcp) was lost; in progress operations using this service will wait for recovery to complete"
RESTORED = "Lustre: ddyezbev-MDT0000-mdc-ffff8880084ca000: Connection restored to ddyezbev-MDT0000 (at 10.77.0.2@tcp)"
LOSS_CAUSES = {"mdt-unavailable", "connection-lost-network"}

KINDS = {
    "out-of-memory": (
        "Out of memory: Killed process 4242 (python3) total-vm:9000kB, anon-rss:8000kB, oom_score_adj:0",
        "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task=python3,pid=4242,uid=0",
        "System OOM encountered, victim process: python3, pid: 4242",
    ),
    "memory-pressure": (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Mi. Container app was using 9Gi",
        'eviction manager: attempting to reclaim, resourceName="memory"',
    ),
    "maintenance": (
        "Amazon FSx file system fs-0123456789abcdef0 is in maintenance",
        "fsx: weekly maintenance window started for fs-0123456789abcdef0",
        "FSx for Lustre: file server failover started",
    ),
    "network-changed": (
        '{"eventName": "RevokeSecurityGroupIngress", "groupId": "sg-0123"}',
        "aws ec2 detach-network-interface --attachment-id eni-attach-1",
    ),
    "link-down": (
        "ens5: Link is Down",
        "systemd-networkd: eth0: Lost carrier",
        "e1000e 0000:00:1f.6 eth0: NIC Link is Down",
    ),
    "node-stopped": (
        "System is rebooting.",
        "The system will reboot now!",
        'Shutdown manager detected new shutdown event, isNodeShuttingDownNow="event"',
        "Pod was terminated in response to imminent node shutdown.",
        "Reached target System Reboot.",
        "reboot: Restarting system",
    ),
    "instance-ended": (
        "Spot Interruption notice received, instance will be interrupted in two minutes",
        '{"detail-type": "EC2 Spot Instance Interruption Warning", "detail": {"instance-action": "terminate"}}',
        "SpotInterrupted: Spot interruption warning was triggered",
        "instance i-0123456789abcdef0 is being terminated",
    ),
    "node-drained": (
        f"Disrupting Node: Underutilized, {HOST}.ec2.internal",
        "disrupting node(s)",
        "Draining the node",
        "marked the node as toBeDeleted/unschedulable",
        "node is being drained, checking for remaining pods",
    ),
    "unmounted": ("Unmounting /mnt/fsx...", "umount /mnt/lustre", "umount -l /mnt/fsx"),
}
CASES = [(kind, text) for kind, texts in KINDS.items() for text in texts]

UPDATES = (
    "2026-11-29 03:00:00 upgrade linux-image-6.8.0-1039-aws:amd64 6.8.0-1039.41 6.8.0-1042.44",
    "2026-11-29 03:00:00 status installed linux-modules-6.8.0-1042-aws:amd64 6.8.0-1042.44",
    "2026-11-29 03:00:00,123 INFO Packages that were upgraded: linux-aws linux-image-aws",
    "2026-11-29T03:00:00+0000 SUBDEBUG Installed: kernel-6.1.132-147.221.amzn2023.x86_64",
    "2026-11-29T03:00:00+0000 SUBDEBUG Erase: kmod-lustre-client-2.15.6-1.el9.x86_64",
    "Nov 29 03:00:00 Updated: lustre-client-2.12.8-1.amzn2.x86_64",
)
MISSING = "modprobe: FATAL: Module lustre not found in directory /lib/modules/6.8.0-1042-aws"


def dmesg(at: int, text: str) -> str:
    return f"[{1000 + at:>6}.123456] {text}"


def iso(at: int, text: str) -> str:
    return f"2026-11-29T03:{at // 60:02}:{at % 60:02}.000000+00:00 {HOST} kernel: {text}"


def syslog(at: int, text: str, host: str = HOST) -> str:
    return f"Nov 29 03:{at // 60:02}:{at % 60:02} {host} kernel: {text}"


def klog(at: int, text: str) -> str:
    return f"I1129 03:{at // 60:02}:{at % 60:02}.000000    4711 manager.go:12] {text}"


def journald(at: int, text: str) -> str:
    micros = str((1795921200 + at) * 1_000_000)
    return json.dumps(
        {"__REALTIME_TIMESTAMP": micros, "_HOSTNAME": HOST, "SYSLOG_IDENTIFIER": "kernel", "MESSAGE": text}
    )


def bare(at: int, text: str) -> str:
    return text


FORMS = (dmesg, iso, syslog, klog, journald, bare)
STAMPED = (dmesg, iso, syslog, klog, journald)


def explained(*files: str) -> Diagnosis:
    def pieces(text: str) -> Iterator[bytes]:
        yield text.encode()

    streams = (TextStream(f"{number}.log", pieces(text)) for number, text in enumerate(files))
    (diagnosis,) = explain_texts(streams, load_knowledge()).report.diagnoses
    return diagnosis


def is_explained(diagnosis: Diagnosis) -> bool:
    return (
        "before the connection was lost" in str(diagnosis.causes) or "lost its connection after" in diagnosis.headline
    )


def lines(*given: str) -> str:
    return "\n".join((*given, ""))


def test_every_kind_has_samples() -> None:
    assert set(KINDS) == {one.id for one in precursors_table().precursors if one.explains == "loss"}
    assert {precursor_of(text) for text in UPDATES} == {"kernel-updated"}


@pytest.mark.parametrize(("kind", "text"), CASES)
def test_a_text_is_of_its_kind(kind: str, text: str) -> None:
    assert precursor_of(text) == kind


@pytest.mark.parametrize(("kind", "text"), CASES)
def test_what_came_first_leads(kind: str, text: str) -> None:
    own = next(one for one in precursors_table().precursors if one.id == kind)
    diagnosis = explained(lines(syslog(0, text), syslog(60, LOST)))
    best = diagnosis.best
    assert best is not None
    assert own.says in diagnosis.headline
    assert "0.log:1" in diagnosis.origins
    if own.cause:
        assert (best.id, best.verdict.value) == (own.cause, own.verdict)
        assert own.says in best.for_[0]
        assert "0.log:1" in best.for_[0]
    else:
        assert "no fault of its configuration is shown" in diagnosis.headline
        assert {c.id for c in diagnosis.causes if c.verdict is not Likelihood.RULED_OUT} == {"connection-lost-network"}
    others = [c for c in diagnosis.causes if c.id in LOSS_CAUSES and c.id != own.cause]
    assert all(own.says in str(c.against) for c in others)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", [texts[0] for texts in KINDS.values()])
def test_the_same_line_after_the_loss_explains_nothing(form: object, text: str) -> None:
    assert callable(form)
    assert is_explained(explained(lines(form(0, text), form(60, LOST))))
    assert not is_explained(explained(lines(form(0, LOST), form(60, text))))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", [texts[0] for texts in KINDS.values()])
def test_a_connection_that_came_back_in_between_is_not_explained(form: object, text: str) -> None:
    assert callable(form)
    assert not is_explained(explained(lines(form(0, text), form(30, RESTORED), form(60, LOST))))


@pytest.mark.parametrize("form", STAMPED)
def test_stamps_order_lines_that_are_out_of_order(form: object) -> None:
    assert callable(form)
    killed = KINDS["out-of-memory"][0]
    assert is_explained(explained(lines(form(60, LOST), form(0, killed))))
    assert not is_explained(explained(lines(form(60, killed), form(0, LOST))))


@pytest.mark.parametrize("form", STAMPED)
def test_a_loss_much_later_is_not_explained(form: object) -> None:
    assert callable(form)
    killed = KINDS["out-of-memory"][0]
    assert not is_explained(explained(lines(form(0, killed), form(1800, LOST))))


@pytest.mark.parametrize("form", [iso, syslog, klog, journald])
def test_several_files_are_ordered_by_their_stamps(form: object) -> None:
    assert callable(form)
    reboot = "System is rebooting."
    assert is_explained(explained(lines(form(60, LOST)), lines(form(0, "quiet"), form(30, reboot))))
    assert not is_explained(explained(lines(form(0, "quiet"), form(90, reboot)), lines(form(60, LOST))))


def test_files_whose_clocks_cannot_be_compared_explain_nothing() -> None:
    killed = KINDS["out-of-memory"][0]
    assert not is_explained(explained(lines(dmesg(0, "quiet"), dmesg(1, killed)), lines(dmesg(60, LOST))))
    assert not is_explained(explained(lines("quiet", killed), lines(LOST)))


def test_another_host_explains_nothing() -> None:
    killed = KINDS["out-of-memory"][0]
    assert not is_explained(explained(lines(syslog(0, killed, OTHER_HOST), syslog(60, LOST))))
    # Who is drained is in the text of a controller that runs elsewhere.
    drained = "Disrupting Node: Drifted, {}.ec2.internal"
    assert not is_explained(explained(lines(syslog(0, drained.format(OTHER_HOST)), syslog(60, LOST))))
    assert is_explained(explained(lines(syslog(0, drained.format(HOST), OTHER_HOST), syslog(60, LOST))))


def test_what_comes_while_the_connection_is_away_explains_no_further_loss() -> None:
    storage = LOST.replace("MDT0000-mdc", "OST0000-osc").replace("MDT0000", "OST0000")
    killed = KINDS["out-of-memory"][0]
    assert not is_explained(explained(lines(syslog(0, LOST), syslog(30, killed), syslog(60, storage))))


def test_an_eviction_stays_confirmed_and_says_what_came_before_it() -> None:
    evicted = "LustreError: ddyezbev-MDT0000-mdc-ffff8880084ca000: This client was evicted by ddyezbev-MDT0000; in progress operations using this service will fail."
    diagnosis = explained(lines(syslog(0, KINDS["out-of-memory"][0]), syslog(60, evicted)))
    assert [(c.id, c.verdict.value) for c in diagnosis.causes[:2]] == [
        ("client-evicted", "confirmed"),
        ("client-memory-pressure", "possible"),
    ]
    assert "before it, the kernel ended a process" in diagnosis.headline


@pytest.mark.parametrize(
    "text",
    [
        "Memory cgroup out of memory: Killed process 4242 (python3) total-vm:9000kB",
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/",
        "maintenance window started for the billing database",
        "maintenance of fs-0123456789abcdef0 completed",
        "eni1a2b3c4d5e6: Lost carrier",
        "spot price of m5.large is 0.03",
        "Unmounting /boot/efi...",
        "the driver was stopped",
        "Reached target Multi-User System.",
    ],
)
def test_words_alone_are_no_precursor(text: str) -> None:
    assert precursor_of(text) == ""
    assert not is_explained(explained(lines(syslog(0, text), syslog(60, LOST))))


@pytest.mark.parametrize("text", [texts[0] for texts in KINDS.values()])
def test_without_a_loss_nothing_is_claimed(text: str) -> None:
    diagnosis = explained(
        lines(syslog(0, text), syslog(60, "systemd[1]: Started Daily Cleanup of Temporary Directories."))
    )
    assert diagnosis.best is None


def test_a_mount_that_never_worked_is_not_explained() -> None:
    refused = "mount.lustre: mount 10.77.0.2@tcp:/ddyezbev at /mnt/fsx failed: Connection timed out"
    assert not is_explained(explained(lines(syslog(0, KINDS["out-of-memory"][0]), syslog(60, refused))))


def test_a_long_log_is_ordered_as_a_short_one() -> None:
    quiet = syslog(1, "audit: type=1400 apparmor=STATUS operation=profile_load") + "\n"
    padding = quiet * (1 + (1 << 20) // len(quiet))
    first, loss = lines(syslog(0, KINDS["instance-ended"][0])), lines(syslog(60, LOST))
    assert is_explained(explained(first + padding + loss))
    assert not is_explained(explained(lines(syslog(0, LOST)) + padding + lines(syslog(60, KINDS["instance-ended"][0]))))


def test_events_as_json_explain_a_log() -> None:
    event = {
        "kind": "Event", "reason": "SpotInterrupted", "message": "Spot interruption warning was triggered", "metadata": {"name": "n"},
        "involvedObject": {"kind": "Node", "name": f"{HOST}.ec2.internal"}, "firstTimestamp": "2026-11-29T03:00:00Z", "lastTimestamp": "2026-11-29T03:00:00Z",
    }  # fmt: skip
    events = json.dumps({"kind": "List", "items": [event]})
    assert is_explained(explained(events, lines(iso(60, LOST))))
    assert not is_explained(explained(events.replace(HOST, OTHER_HOST), lines(iso(60, LOST))))
    assert not is_explained(explained(events.replace("03:00:00", "03:05:00"), lines(iso(60, LOST))))


@pytest.mark.parametrize("update", UPDATES)
def test_an_update_explains_a_module_that_is_missing_after_it_and_no_lost_connection(update: str) -> None:
    says = "the kernel or the Lustre packages were updated"
    assert says in explained(lines(update, iso(60, MISSING))).headline
    assert says not in explained(lines(iso(0, MISSING), update.replace("03:00:00", "03:59:00"))).headline
    assert not is_explained(explained(lines(update, iso(60, LOST))))


def test_what_explains_a_loss_explains_no_missing_module() -> None:
    found = explained(lines(iso(0, KINDS["out-of-memory"][0]), iso(60, MISSING)))
    assert "memory" not in found.headline
