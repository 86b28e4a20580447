# ruff: noqa: E501 - log lines are as long as they are
"""One status, many causes: what else a text says distinguishes them, in the words of 2.10 to 2.17 clients."""

from __future__ import annotations

import pytest

from diag.knowledge.runbooks import load_knowledge
from diag.model.diagnosis import Likelihood
from tests.accuracy.measure import Answer, answer
from tests.accuracy.samples import Sample

KNOWLEDGE = load_knowledge()
CONFIRMED, LIKELY, POSSIBLE = Likelihood.CONFIRMED, Likelihood.LIKELY, Likelihood.POSSIBLE

EVENT = """MountVolume.SetUp failed for volume "data" : rpc error: code = Internal desc = Could not mount "fs-0a1b2c3d4e5f60718.fsx.eu-central-1.amazonaws.com@tcp:/k7xq3bev" at "/var/lib/kubelet/pods/0c1d/volumes/kubernetes.io~csi/data/mount": mount failed: exit status 22
Mounting command: mount
Mounting arguments: -t lustre fs-0a1b2c3d4e5f60718.fsx.eu-central-1.amazonaws.com@tcp:/k7xq3bev /var/lib/kubelet/pods/0c1d/volumes/kubernetes.io~csi/data/mount
"""
INVALID = """Output: mount.lustre: mount fs-0a1b2c3d4e5f60718.fsx.eu-central-1.amazonaws.com@tcp:/k7xq3bev at /var/lib/kubelet/pods/0c1d/volumes/kubernetes.io~csi/data/mount failed: Invalid argument
This may have multiple causes.
Is 'k7xq3bev' the correct filesystem name?
Are the mount options correct?
Check the syslog for more info.
"""
CANNOT_PARSE = """Output: mount.lustre: Can't parse NID 'fs-0a1b2c3d4e5f60718.fsx.eu-central-1.amazonaws.com@tcp:/k7xq3bev'

This mount helper should only be invoked via the mount (8) command,
e.g. mount -t lustre dev dir
"""


def explained(text: str) -> Answer:
    return answer(Sample("", "", "", "", False, text), text, KNOWLEDGE)


@pytest.mark.parametrize(
    ("text", "cause", "likelihood"),
    [
        (EVENT + INVALID, "client-server-version-mismatch", LIKELY),
        (EVENT + CANNOT_PARSE, "dns-resolution-failure", LIKELY),
        (EVENT + CANNOT_PARSE.replace("Can't parse NID", "Unsupported NID").replace(":/k7xq3bev'", "': rc = Unknown error -22."), "dns-resolution-failure", LIKELY),
        (
            EVENT + INVALID + "[ 10.100000] LustreError: 152-6: Unknown option 'noatimes', won't mount.\n"
            "[ 10.200000] LustreError: 7:0:(super25.c:182:lustre_fill_super()) llite: Unable to mount <unknown>: rc = -22\n",
            "bad-mount-option", CONFIRMED,
        ),
        (
            "[ 10.100000] LustreError: 7:0:(ldlm_lib.c:369:client_obd_setup()) target UUID must be 40 characters or less\n"
            "[ 10.200000] LustreError: 7:0:(super25.c:177:lustre_fill_super()) llite: Unable to mount <unknown>: rc = -22\n",
            "ipv6-nid-uuid-too-long", CONFIRMED,
        ),
        (
            "[ 10.100000] LustreError: 16a-d: Server MGS version (2.10.8.0) refused connection from this client with an incompatible version (2.14.0_ddn85).  Client must be recompiled\n",
            "client-server-version-mismatch", CONFIRMED,
        ),
        (
            "kernel: Lustre: Client version (2.15.7). Server MGS version (2.10.3.0) is much older than client. Consider upgrading server\n",
            "client-server-version-mismatch", LIKELY,
        ),
        (
            "kernel: LustreError: 156-2: The client profile 'k7xq3bev-client' could not be read from the MGS.  Does that filesystem exist?\n",
            "client-server-version-mismatch", LIKELY,
        ),
        (
            "LustreError: 7:0:(mgc_request.c:65:mgc_name2resid()) missing name: -sptlrpc\n",
            "mountname-missing", CONFIRMED,
        ),
    ],
)  # fmt: skip
def test_the_cause_is_told_apart(text: str, cause: str, likelihood: Likelihood) -> None:
    assert explained(text).causes[0] == (cause, likelihood)


def test_the_status_alone_names_no_cause_for_sure() -> None:
    assert all(likelihood is POSSIBLE for _, likelihood in explained(EVENT).causes)


def test_a_refusal_in_the_kernel_log_settles_the_event() -> None:
    kernel = (
        "[640442.328129] LustreError: 16a-d: Server MGS version (2.10.5.0) refused connection from this client with an incompatible version (2.15.6).  Client must be recompiled\n"
        "[640442.333114] LustreError: 156-2: The client profile 'k7xq3bev-client' could not be read from the MGS.  Does that filesystem exist?\n"
    )
    assert explained(EVENT + INVALID + kernel).causes[0] == ("client-server-version-mismatch", CONFIRMED)


@pytest.mark.parametrize(
    ("status", "output", "causes"),
    [
        (2, "failed: No such file or directory\nIs the MGS specification correct?\nIs the filesystem name correct?\nIf upgrading, is the copied client log valid? (see upgrade docs)", {"wrong-mountname"}),
        (5, "failed: Input/output error\nIs the MGS running?", {"mgs-unreachable-network"}),
        (19, "failed: No such device\nAre the lustre modules loaded?\nCheck /etc/modprobe.conf and /proc/filesystems", {"lustre-module-missing"}),
        (110, "failed: Connection timed out", {"mgs-unreachable-network"}),
        (36, "failed: File name too long", {"wrong-mountname", "mountname-too-long"}),
    ],
)  # fmt: skip
def test_other_statuses_have_their_own_causes(status: int, output: str, causes: set[str]) -> None:
    text = EVENT.replace("exit status 22", f"exit status {status}") + INVALID.split("failed:")[0] + output
    assert explained(text).top in causes


def test_the_kubelets_summary_is_never_a_cause() -> None:
    summary = "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[data]: timed out waiting for the condition"
    assert explained(summary).causes == () or all(likelihood is POSSIBLE for _, likelihood in explained(summary).causes)
    assert not any(likelihood is CONFIRMED for _, likelihood in explained(summary).causes)


@pytest.mark.parametrize(
    "text", ["hello world", "mount: permission problem of an unheard-of kind", "exit status 77", ""]
)
def test_an_unknown_text_is_not_guessed_at(text: str) -> None:
    assert explained(text).causes == ()
