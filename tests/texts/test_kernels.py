"""The kernel that runs beside the kernels that Lustre's modules are for, in one text."""

from __future__ import annotations

import pytest

from diag.knowledge.runbooks import load_knowledge
from diag.model.symptom import TextStream
from diag.texts.kernels import hits_of_kernels
from diag.texts.symptoms import read_symptoms

KNOWLEDGE = load_knowledge()
UNAME = "$ uname -r\n6.8.0-1043-aws\n"
DPKG = "ii  lustre-client-modules-{}  2.15.6-1fsx21  amd64  Lustre Linux kernel module\n"
OTHER, SAME = DPKG.format("6.8.0-1039-aws"), DPKG.format("6.8.0-1043-aws")


@pytest.mark.parametrize(
    "text",
    [
        UNAME + "$ dpkg -l | grep lustre\n" + OTHER,
        OTHER + "\nLinux ip-10-0-0-7 6.8.0-1043-aws #45-Ubuntu SMP\n",
        "`uname -r` says 6.8.0-1043-aws, and dpkg shows\n" + OTHER,
        UNAME + "lustre-client-modules-6.8.0-1039-aws/noble,now 2.15.6-1fsx21 amd64 [installed]\n",
        UNAME + "filename:       /lib/modules/6.8.0-1039-aws/updates/kernel/fs/lustre/lustre.ko\n",
        "# uname -r\n2.6.32-573.el6.x86_64\n# rpm -q lustre-client-modules\n"
        "lustre-client-modules-2.7.0-2.6.32_504.8.1.el6.x86_64\n",
    ],
)
def test_modules_for_another_kernel_alone_are_none_for_this_one(text: str) -> None:
    hits = hits_of_kernels(text, KNOWLEDGE)
    assert [(hit.cause, hit.weight) for hit in hits] == [("kernel-module-version-mismatch", "decisive")]


@pytest.mark.parametrize(
    "text",
    [
        UNAME + SAME,
        UNAME + OTHER + SAME,
        UNAME,
        OTHER,
        # Removed, or only on offer.
        UNAME + OTHER.replace("ii ", "rc "),
        UNAME + "lustre-client-modules-6.8.0-1039-aws - Lustre Linux kernel module\n",
        UNAME + "lustre-client-modules-6.8.0-1039-aws/noble 2.15.6-1fsx21 amd64\n",
        # Built on the node for each kernel.
        UNAME + OTHER + "ii  lustre-client-modules-dkms  2.15.6  all\n",
        # Two nodes.
        UNAME + SAME + "$ uname -r\n6.8.0-1039-aws\n" + OTHER,
        "# uname -r\n2.6.32-504.8.1.el6.x86_64\nlustre-client-modules-2.7.0-2.6.32_504.8.1.el6.x86_64\n",
    ],
)
def test_what_proves_nothing_is_no_hit(text: str) -> None:
    assert hits_of_kernels(text, KNOWLEDGE) == ()


def test_it_is_named_beside_what_the_mount_says() -> None:
    text = "mount.lustre: mount 10.0.0.9@tcp:/fsx at /fsx failed: No such device\nAre the lustre modules loaded?\n"
    report = read_symptoms((TextStream("", iter(((text + UNAME + OTHER).encode(),))),), KNOWLEDGE)
    hits = [hit.cause for group in report.groups for symptom in group.symptoms for hit in symptom.hits]
    assert "kernel-module-version-mismatch" in hits
