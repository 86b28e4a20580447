"""Options and attributes that may be shown with their values, and those that may not."""

from __future__ import annotations

import msgspec
import pytest

from diag.knowledge.harmless import shown_options, shown_values
from diag.resources.kubernetes import PersistentVolume, StorageClass


@pytest.mark.parametrize(
    "option",
    [
        "flock", "rw,flock,_netdev", "retry=3", "context=system_u:object_r:x:s0", "x-systemd.requires=a.service",
        "unheard=5", "unheard=yes", "unheard", "skpath=/etc/lustre/key",
    ],
)  # fmt: skip
def test_what_lustre_and_mount_know_is_shown(option: str) -> None:
    assert shown_options((option,)) == (option,)


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ("user=bob,pass=hunter2,flock", "user=[removed],pass=[removed],flock"),
        ("password=hunter2", "password=[removed]"),
        ("Retry=abc", "Retry=[removed]"),
    ],
)
def test_any_other_value_is_not(option: str, shown: str) -> None:
    assert shown_options((option,)) == (shown,)


def test_attributes_are_shown_by_name_however_it_is_spelt_and_by_harmless_values() -> None:
    harmless = {
        "dnsname": "x", "mountName": "y", "perUnitStorageThroughput": "z", "csi.storage.k8s.io/pvc/name": "data",
        "unheard": "250", "unheard-of": "true", "server": "fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com",
        "throughput": "${THROUGHPUT}", "type": "PERSISTENT_2", "subnet": "subnet-0123456789abcdef0",
    }  # fmt: skip
    assert shown_values(harmless) == harmless
    assert shown_values({"apiKey": "hunter2", "secret": "s3cr3t"}) == {"apiKey": "[removed]", "secret": "[removed]"}


def test_no_fact_holds_a_value_that_may_be_a_credential() -> None:
    csi = {"driver": "smb.csi.k8s.io", "volumeHandle": "h", "volumeAttributes": {"source": "//nas/x", "dnsname": "d"}}
    spec = {"csi": csi, "mountOptions": ["vers=3.0", "password=hunter2"]}
    volume = msgspec.convert({"metadata": {"name": "pv"}, "spec": spec}, PersistentVolume)
    assert volume.spec.mount_options == ("vers=3.0", "password=[removed]")
    assert volume.attributes == {"source": "[removed]", "dnsname": "d"}
    made = msgspec.json.decode(
        b'{"metadata": {}, "parameters": {"deploymentType": "x", "key": "hunter2"}, "mountOptions": ["pass=hunter2"]}',
        type=StorageClass,
    )
    assert made.parameters == {"deploymentType": "x", "key": "[removed]"} and made.mount_options == ("pass=[removed]",)
