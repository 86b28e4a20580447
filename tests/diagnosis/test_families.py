"""Families of texts that were once taken for something else: one line of each, as the programs print it."""
# ruff: noqa: E501

from __future__ import annotations

import pytest

from diag.diagnosis.explain import explain
from diag.knowledge.runbooks import load_knowledge
from diag.model.diagnosis import Diagnosis, Likelihood
from diag.model.symptom import TextStream
from diag.texts.symptoms import read_symptoms

KNOWLEDGE = load_knowledge()
MOUNT = "mount.lustre: mount 10.0.0.2@tcp:/fsname at /mnt/fsx failed: "
DENIED = (
    "User: arn:aws:sts::111122223333:assumed-role/ide/i-0a3fc08c2160000aa is not authorized to perform: "
    "fsx:CreateFileSystem on resource: arn:aws:fsx:eu-west-1:111122223333:file-system/*"
)
LOST = (
    "[ 10.500] Lustre: fsname-MDT0000-mdc-ffff8880: Connection to fsname-MDT0000 (at 10.0.0.2@tcp) was lost; in progress "
    "operations using this service will wait for recovery to complete\n"
)
UNREACHED = (
    "[ 99.100] Lustre: 3315:0:(client.c:2116:ptlrpc_expire_one_request()) @@@ Request sent has failed due to network error: "
    "[sent 1/real 1]  req@0 x1/t0(0) o250->MGC10.0.0.2@tcp@10.0.0.2@tcp:26/25 lens 520/544\n"
)


def diagnosed(text: str) -> Diagnosis:
    report = read_symptoms((TextStream("", iter((text.encode(),))),), KNOWLEDGE)
    (found,) = explain(report.groups, KNOWLEDGE.causes, report.mounted, owner=report.owner)
    return found


@pytest.mark.parametrize(
    ("text", "cause", "likelihood"),
    [
        (f"Error: creating FSx for Lustre File System: {DENIED}", "iam-missing-permission", Likelihood.CONFIRMED),
        (f"Could not create volume: rpc error: code = Internal: {DENIED}", "irsa-annotation-missing", Likelihood.LIKELY),
        (
            "Building initial module for 5.15.0-1101\nError! Bad return status for module build on kernel: 5.15.0-1101 "
            "(x86_64)\nConsult /var/lib/dkms/lustre-client-modules/2.15.6/build/make.log for more information.",
            "kernel-unsupported-by-client",
            Likelihood.CONFIRMED,
        ),
        (
            "LNetError: 11c-c: Protocol error connecting to fd00::5@tcp at host fd00::5 on port 988: is it running a "
            "compatible version of Lustre?",
            "ipv6-nid-uuid-too-long",
            Likelihood.LIKELY,
        ),
        (
            "LNetError: 11c-c: Protocol error connecting to 10.0.0.2@tcp at host 10.0.0.2:988: is it running a compatible "
            "version of Lustre?",
            "wrong-service-on-988",
            Likelihood.LIKELY,
        ),
        ("lnetctl: add:\n    - net:\n          descr: \"couldn't query intf eth9\"", "lnet-interface-missing", Likelihood.CONFIRMED),
        ("Lustre module not loaded\nLNet kernel module is not loaded", "lustre-module-missing", Likelihood.LIKELY),
        ("LNet kernel module is not loaded", "lnet-not-configured", Likelihood.LIKELY),
        (f"{MOUNT}No such device\nLNetError: 10f-e: Error parsing 'networks=\"tcp(eth0\"'", "lnet-not-configured", Likelihood.CONFIRMED),
        ("LNetError: 113-3: Unrecognised network type", "lnet-not-configured", Likelihood.CONFIRMED),
        (
            f"{MOUNT}Invalid argument\nAre the mount options correct?\n[ 1.500] LustreError: 4:0:(obd_mount.c:1:lmd_parse()) LNet "
            "Dynamic Peer Discovery is enabled on this node. 'network' mount option cannot be taken into account.",
            "bad-mount-option",
            Likelihood.CONFIRMED,
        ),
        ("mount.lustre: Can't parse NID ':/fsname'", "wrong-mgs-address", Likelihood.CONFIRMED),
        (f"{MOUNT}Not a directory", "mountpoint-missing", Likelihood.LIKELY),
        ("mount.lustre: mount 10.0.0.2@tcp:/fsname/a/b at /mnt failed: No such file or directory\n"
         "[ 1.500] LustreError: 4:0:(llite_lib.c:646:client_common_fill_super()) cannot mds_connect: rc = -2",
         "missing-subdirectory", Likelihood.CONFIRMED),
        (f"{MOUNT}No such file or directory\n"
         "[ 1.500] LustreError: 4:0:(llite_lib.c:646:client_common_fill_super()) cannot mds_connect: rc = -2",
         "missing-subdirectory", Likelihood.POSSIBLE),
        (UNREACHED, "mgs-unreachable-network", Likelihood.LIKELY),
        (LOST + UNREACHED, "connection-lost-network", Likelihood.POSSIBLE),
    ],
)  # fmt: skip
def test_the_text_names_its_cause(text: str, cause: str, likelihood: Likelihood) -> None:
    best = diagnosed(text).best
    assert best is not None
    assert (best.id, best.verdict) == (cause, likelihood)


def test_a_connection_that_was_lost_later_does_not_speak_for_the_time_before() -> None:
    best = diagnosed(UNREACHED + LOST).best
    assert best is not None
    assert best.id == "mgs-unreachable-network"


def test_versions_are_no_cause_where_the_metadata_server_answered() -> None:
    answered = "\n[ 1.500] LustreError: 11-0: fsname-MDT0000-mdc-f: operation mds_get_root to node 10.0.0.2@tcp failed: rc = -22"
    found = {cause.id: cause.verdict for cause in diagnosed(f"{MOUNT}Invalid argument{answered}").causes}
    assert found["client-server-version-mismatch"] is Likelihood.RULED_OUT
    assert diagnosed(f"{MOUNT}Invalid argument").causes[0].id == "client-server-version-mismatch"


def test_a_fix_for_terraform_names_no_kubectl() -> None:
    text = (
        "Error: Too many list items\n  with aws_fsx_lustre_file_system.default,\n"
        "Attribute subnet_ids supports 1 item maximum, but config has 3 declared."
    )
    best = diagnosed(text).best
    assert best is not None and best.fix is not None
    assert "kubectl" not in str(best.fix)
    assert "Terraform" in best.fix.title
