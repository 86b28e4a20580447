"""Whose text it is: another driver's or file system's failure is not ours to explain."""
# ruff: noqa: E501

from __future__ import annotations

import pytest

from diag.knowledge.runbooks import load_knowledge
from diag.model.symptom import TextStream
from diag.texts.owner import is_of_another, names_another
from diag.texts.symptoms import SymptomReport, read_symptoms

KNOWLEDGE = load_knowledge()


def read(text: str) -> SymptomReport:
    return read_symptoms((TextStream("", iter((text.encode(),))),), KNOWLEDGE)


@pytest.mark.parametrize(
    "text",
    [
        'Driver Information Driver="ebs.csi.aws.com" Version="v1.20.0"',
        "driver name efs.csi.aws.com not found in the list of registered CSI drivers",
        "csi.vsphere.vmware.com: connection refused",
        "csi.trident.netapp.io is not registered",
        'Could not mount "fs-c952b1f1:/" : mounting arguments: -t efs fs-c952b1f1:/ /mnt',
        "mount.nfs4: access denied by server while mounting nfs.example:/",
        "FSx for OpenZFS: CreateFileSystem failed: BadRequest",
        "fsx ontap volume fsxvol1 is offline",
        "rook-ceph-operator: failed to create the pool",
    ],
)
def test_a_text_of_another_system_is_anothers(text: str) -> None:
    assert is_of_another(text)


@pytest.mark.parametrize(
    "text",
    [
        "driver name fsx.csi.aws.com not found in the list of registered CSI drivers",
        "driver name azurelustre.csi.azure.com not found in the list of registered CSI drivers",
        'spec.csi.volumeHandle: Required value; "storage.kubernetes.io/csiProvisionerIdentity"',
        "csi.storage.k8s.io/pod.name is set",
        "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims",
        "LDISKFS-fs (sda): mounted filesystem with ordered data mode",
    ],
)
def test_ours_and_nobodys_are_not(text: str) -> None:
    assert not names_another(text)


def test_a_text_that_names_both_is_split() -> None:
    efs = 'MountVolume.SetUp failed for volume "efs-pv" : rpc error: Could not mount "fs-1:/": mount failed: exit status 32\n' \
          "Mounting arguments: -t efs fs-1:/ /var/lib/kubelet/pods/1/mount\n"  # fmt: skip
    lustre = 'MountVolume.SetUp failed for volume "fsx-pv" : driver name fsx.csi.aws.com not found in the list of registered CSI drivers\n'
    (group,) = read(efs + lustre).groups
    assert group.mount.volume == "fsx-pv"
    assert read(efs).groups == ()
    assert read(efs).is_of_another


def test_a_decisive_text_of_anothers_log_names_no_cause() -> None:
    text = "ebs.csi.aws.com v1.20.0\npanic: error getting Node ip-10-0-0-1.ec2.internal: dial tcp 172.20.0.1:443: i/o timeout\n"
    assert read(text).groups == ()


def test_a_mount_that_succeeded_is_said_to_be_so() -> None:
    text = "exit status 0\n[ 559.800] LNet: Added LNI 10.77.0.3@tcp [8/256/0/180]\n[ 562.000] Lustre: Mounted ddyezbev-client\n"
    assert (read(text).groups, read(text).mounted) == ((), ("ddyezbev",))
    assert read(f"{text}[ 600.000] Lustre: Unmounted ddyezbev-client\n").mounted == ()
