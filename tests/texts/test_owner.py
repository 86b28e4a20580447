"""Whose text it is: another driver's or file system's failure is not ours to explain."""
# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from diag.diagnosis.explain import explain
from diag.knowledge.runbooks import load_knowledge
from diag.model.symptom import TextStream
from diag.texts.owner import Owner, is_of_another, is_of_server, names_another
from diag.texts.symptoms import SymptomReport, read_symptoms

KNOWLEDGE = load_knowledge()


NOT_OURS: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("not_ours.yaml").read_text("utf-8"))


def causes_of(text: str) -> list[str]:
    report = read(text)
    groups = ((group.mount, group.symptoms) for group in report.groups)
    found = explain(groups, KNOWLEDGE.causes, report.mounted, owner=report.owner, unknown=report.unknown)
    return [cause.id for diagnosis in found for cause in diagnosis.causes]


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
        'waiting for a volume to be created, either by external provisioner "fuseim.pri/ifs" or manually',
        "volume.beta.kubernetes.io/storage-provisioner: k8s-sigs.io/nfs-subdir-external-provisioner",
        "driver name ch.ctrox.csi.s3-driver not found in the list of registered CSI drivers",
        'AttachVolume.Attach succeeded for volume "pvc-80ce90f2"',
        "code = InvalidArgument desc = There is no block device frontend for volume vm-0",
    ],
)
def test_a_text_of_another_system_is_anothers(text: str) -> None:
    assert is_of_another(text)


@pytest.mark.parametrize(
    "text",
    [
        "driver name fsx.csi.aws.com not found in the list of registered CSI drivers",
        "driver name azurelustre.csi.azure.com not found in the list of registered CSI drivers",
        'waiting for a volume to be created, either by external provisioner "fsx.csi.aws.com" or manually',
        "External provisioner is provisioning volume for claim default/data",
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
    assert read(efs).owner is Owner.ANOTHER


def test_a_decisive_text_of_anothers_log_names_no_cause() -> None:
    text = "ebs.csi.aws.com v1.20.0\npanic: error getting Node ip-10-0-0-1.ec2.internal: dial tcp 172.20.0.1:443: i/o timeout\n"
    assert read(text).groups == ()


def test_a_mount_that_succeeded_is_said_to_be_so() -> None:
    text = "exit status 0\n[ 559.800] LNet: Added LNI 10.77.0.3@tcp [8/256/0/180]\n[ 562.000] Lustre: Mounted ddyezbev-client\n"
    assert (read(text).groups, read(text).mounted) == ((), ("ddyezbev",))
    assert read(f"{text}[ 600.000] Lustre: Unmounted ddyezbev-client\n").mounted == ()


@pytest.mark.parametrize("text", [text for texts in NOT_OURS.values() for text in texts])
def test_no_cause_is_claimed_for_a_text_that_no_client_is_to_blame_for(text: str) -> None:
    assert causes_of(text) == []


@pytest.mark.parametrize(
    ("servers", "clients"),
    [
        ("/dev/sdb", "10.77.0.2@tcp:/ddyezbev"),
        ("ostpool/ost0", "mgs@o2ib:/ostpool/ost0"),
        ("LABEL=fs-OST0001", "10.0.0.1@tcp:/fs"),
    ],
)
def test_the_source_of_a_mount_says_whether_a_server_or_a_client_mounts(servers: str, clients: str) -> None:
    text = "mount.lustre: mount {} at /mnt/x failed: Input/output error\nIs the MGS running?"
    assert read(text.format(servers)).owner is Owner.SERVER
    assert causes_of(text.format(servers)) == []
    assert "mgs-unreachable-network" in causes_of(text.format(clients))


def test_a_servers_line_beside_a_clients_failure_hides_nothing() -> None:
    text = (
        "oss1 kernel: LustreError: 9000:0:(obd_mount_server.c:1992:server_fill_super()) Unable to start targets: -5\n"
        "client1 kernel: LustreError: 156-2: The client profile 'ddyezbev-client' could not be read from the MGS.  Does that filesystem exist?\n"
    )
    assert causes_of(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "LustreError: 1:0:(obd_mount.c:1608:lustre_fill_super()) Unable to mount  (-5)",
        "Lustre: testfs-OST0001-osc-ffff8880a1b2c000: Connection to testfs-OST0001 (at 10.0.0.4@tcp) was lost",
        "modprobe: FATAL: Module lustre not found in directory /lib/modules/5.14.0-427.el9.x86_64",
        "mount.lustre: mount fs-0123456789abcdef0.fsx.us-west-2.amazonaws.com@tcp:/ddyezbev/data at /mnt failed: File exists",
        "mount.lustre: according to /etc/mtab 10.77.0.2@tcp:/ddyezbev is already mounted on /mnt/fsx",
    ],
)
def test_a_clients_line_is_not_a_servers(text: str) -> None:
    assert not is_of_server(text)


def server_log(lines: int) -> str:
    kinds = (
        "LustreError: {n}:0:(obd_mount_server.c:1992:server_fill_super()) Unable to start targets: -5",
        "LustreError: 15f-b: fs1-OST0001: cannot register this server with the MGS: rc = -5. Is the MGS running?",
    )
    stamps = (
        f"Nov 23 {n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d} oss1 kernel: [{n}.1] " for n in range(lines)
    )
    return "".join(f"{stamp}{kinds[n % 2].format(n=n)}\n" for n, stamp in enumerate(stamps))


REFUSED = (
    "Nov 24 10:00:00 ip-10-0-1-11 kubelet[1]: mount\n"
    "Nov 24 10:00:00 ip-10-0-1-11 kernel: [9.1] LustreError: 16a-d: Server MGS version (2.10.5.0) refused connection from "
    "this client with an incompatible version (2.15.6).  Client must be recompiled\n"
)


@pytest.mark.parametrize("lines", [50, 9000])
def test_a_server_log_of_any_size_is_judged_as_a_whole(lines: int) -> None:
    log = server_log(lines)
    assert (len(log) > 1 << 20) == (lines == 9000)
    assert (read(log).owner, read(log).groups) == (Owner.SERVER, ())
    with_client = read(log + REFUSED)
    assert with_client.owner is Owner.OPEN
    assert "client-server-version-mismatch" in causes_of(log + REFUSED)
