"""A volume that names an Amazon File Cache asks of it no more than a mount."""

from __future__ import annotations

from typing import Any

import pytest

from checks.request.file_cache import caches_are_mounted_and_no_more
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.fsx import FileCache, LustreConfiguration
from diag.resources.kubernetes import PersistentVolume
from diag.resources.table import Table
from tests.checks.given import FS, REGION, denied, findings, volume

ID = "fc-0123456789abcdef0"
NAME = f"{ID}.fsx.{REGION}.amazonaws.com"
CACHE = FileCache(
    ID, lifecycle="AVAILABLE", dns_name=NAME, lustre_configuration=LustreConfiguration(mount_name="cachebev")
)


def of_cache(handle: str = ID, *, dns_name: str = NAME, mount_name: str = "cachebev", **spec: Any) -> PersistentVolume:
    return volume(fs=handle, attributes={"dnsname": dns_name, "mountname": mount_name}, **spec)


def judged(made: PersistentVolume, caches: Any = None) -> Finding:
    facts = Table({ID: CACHE}) if caches is None else caches
    (finding,) = findings(caches_are_mounted_and_no_more, persistent_volumes=(made,), file_caches=facts)
    return finding


@pytest.mark.parametrize(
    "made",
    [of_cache(), of_cache("any-unique-text"), of_cache(mount_name="cachebev/data"), of_cache(dns_name="10.0.1.9")],
)
def test_a_cache_that_is_there_and_kept_passes(made: PersistentVolume) -> None:
    assert judged(made).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("made", "caches", "named"),
    [
        (of_cache(), Table[FileCache](), "has none of that id"),
        (of_cache(), Table({ID: FileCache(ID, lifecycle="DELETING")}), "is DELETING"),
        (of_cache(mount_name="fsx"), None, "'fsx', the file cache"),
        (of_cache(mount_name=""), None, "'fsx', the file cache"),
        (of_cache(dns_name=f"{FS}.fsx.{REGION}.amazonaws.com"), None, f"has {NAME}"),
        (of_cache(dns_name=""), None, f"has {NAME}"),
    ],
)
def test_one_that_cannot_be_mounted_fails(made: PersistentVolume, caches: Any, named: str) -> None:
    finding = judged(made, caches)
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "file-cache-in-volume")
    assert named in finding.message


def test_another_mount_name_is_replaced_by_the_caches_own() -> None:
    fix = judged(of_cache(mount_name="fsx")).fix
    assert fix is not None and any("cachebev" in command for command in fix.commands)


def test_one_that_is_to_be_deleted_warns_and_the_fix_keeps_it() -> None:
    finding = judged(of_cache(persistentVolumeReclaimPolicy="Delete"))
    assert (finding.verdict, finding.cause) == (Verdict.WARN, "file-cache-in-volume")
    assert finding.fix is not None and '"Retain"' in finding.fix.commands[0]


def test_a_file_system_is_none_and_needs_no_answer() -> None:
    assert judged(volume(), denied("fsx:DescribeFileCaches")).verdict is Verdict.SKIP


def test_what_fsx_did_not_tell_is_unknown() -> None:
    finding = judged(of_cache(), denied("fsx:DescribeFileCaches"))
    assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "fsx:DescribeFileCaches")
