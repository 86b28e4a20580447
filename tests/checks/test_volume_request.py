"""What a PersistentVolume asks of the driver."""

from __future__ import annotations

from typing import Any

import pytest

from checks.request.mount_options import client_knows_the_options
from checks.request.storageclass_mount_options import volumes_get_known_options
from checks.request.volume_access import can_be_accessed_so
from checks.request.volume_capacity import promises_no_more_than_there_is
from checks.request.volume_driver import names_the_driver
from diag.declare.check import Check
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.fsx import FileSystem
from diag.resources.table import Table
from tests.checks.given import FS, claim, denied, file_system, findings, storage_class, table, verdicts, volume


def only(check: Check, **facts: Any) -> Finding:
    (finding,) = findings(check, **facts)
    return finding


@pytest.mark.parametrize(
    "check",
    [names_the_driver, can_be_accessed_so, promises_no_more_than_there_is, client_knows_the_options],
    ids=lambda check: check.id,
)
class TestAllOfThem:
    def test_the_healthy_world_passes(self, check: Check) -> None:
        assert verdicts(check) == (Verdict.PASS,)

    def test_unknown_names_the_permission(self, check: Check) -> None:
        finding = only(check, persistent_volumes=denied("list persistentvolumes"))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list persistentvolumes")


class TestDriver:
    @pytest.mark.parametrize("driver", ["efs.csi.aws.com", "fsx.csi.amazon.com", "fsx.openzfs.csi.aws.com"])
    def test_another_driver_on_a_lustre_volume(self, driver: str) -> None:
        finding = only(names_the_driver, persistent_volumes=(volume(driver=driver),))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "pv-wrong-driver")

    def test_a_siblings_own_volume_is_not_lustres(self) -> None:
        openzfs = volume(
            driver="fsx.openzfs.csi.aws.com",
            attributes={"DNSName": f"{FS}.fsx.us-east-1.amazonaws.com", "ResourceType": "filesystem"},
        )
        efs = volume("efs-pv", driver="efs.csi.aws.com", attributes={})
        assert verdicts(names_the_driver, persistent_volumes=(openzfs, efs)) == ()


class TestAccess:
    @pytest.mark.parametrize("modes", [["ReadOnlyMany"], ["ReadOnlyMany", "ReadWriteMany"]])
    def test_the_first_mode_is_the_one_that_the_driver_is_asked(self, modes: list[str]) -> None:
        finding = only(can_be_accessed_so, persistent_volumes=(volume(accessModes=modes),))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "access-mode-rejected")

    @pytest.mark.parametrize("modes", [["ReadWriteMany", "ReadOnlyMany"], ["ReadWriteOnce"], []])
    def test_modes_that_the_driver_takes(self, modes: list[str]) -> None:
        assert verdicts(can_be_accessed_so, persistent_volumes=(volume(accessModes=modes),)) == (Verdict.PASS,)

    def test_lustre_is_no_block_device(self) -> None:
        finding = only(can_be_accessed_so, persistent_volumes=(volume(volumeMode="Block"),))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "volume-mode-block")


class TestCapacity:
    @pytest.mark.parametrize("text", ["1200Gi", "100Gi", "1.2T", "1200G", "1288490188800"])
    def test_no_more_than_there_is(self, text: str) -> None:
        given = (volume(capacity={"storage": text}),)
        assert verdicts(promises_no_more_than_there_is, persistent_volumes=given) == (Verdict.PASS,)

    @pytest.mark.parametrize("text", ["1201Gi", "2400Gi", "1.2Ti", "2e12"])
    def test_more_is_warned_of_and_never_fails(self, text: str) -> None:
        finding = only(promises_no_more_than_there_is, persistent_volumes=(volume(capacity={"storage": text}),))
        assert (finding.verdict, finding.cause) == (Verdict.WARN, "capacity-mismatch")
        assert finding.fix is not None and '"1200Gi"' in finding.fix.commands[0]

    def test_a_file_system_that_fsx_does_not_have_is_told_elsewhere(self) -> None:
        assert verdicts(promises_no_more_than_there_is, file_systems=table()) == (Verdict.SKIP,)

    @pytest.mark.parametrize(
        "systems",
        [
            denied("fsx:DescribeFileSystems"),
            Table[FileSystem]({}, {FS: denied("fsx:DescribeFileSystems")}),
        ],
        ids=["all", "this one"],
    )
    def test_unknown_where_fsx_could_not_be_asked(self, systems: Any) -> None:
        finding = only(promises_no_more_than_there_is, file_systems=systems)
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "fsx:DescribeFileSystems")

    def test_no_quantity_is_compared_with_nothing(self) -> None:
        given = (volume(capacity={"storage": "plenty"}),)
        assert verdicts(promises_no_more_than_there_is, persistent_volumes=given) == (Verdict.SKIP,)

    def test_the_size_is_that_of_the_file_system_itself(self) -> None:
        bigger = table(file_system(storage_capacity=4800))
        given = (volume(capacity={"storage": "4800Gi"}),)
        assert verdicts(promises_no_more_than_there_is, persistent_volumes=given, file_systems=bigger) == (
            Verdict.PASS,
        )


class TestMountOptions:
    @pytest.mark.parametrize("option", ["nfsvers=4.1", "tls", "Flock", "hard", "uid=1000", "retry="])
    def test_one_unknown_word_refuses_the_mount(self, option: str) -> None:
        finding = only(client_knows_the_options, persistent_volumes=(volume(mountOptions=["flock", option]),))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "bad-mount-option")
        assert finding.fix is not None and '{"mountOptions": ["flock"]}' in finding.fix.commands[0]

    @pytest.mark.parametrize(
        "options", [["flock", "noatime"], ["flock,_netdev"], ["x-systemd.automount", "nofail"], ["retry=5"], ["ro"], []]
    )
    def test_known_words_and_those_of_fstab_pass(self, options: list[str]) -> None:
        given = (volume(mountOptions=options),)
        assert verdicts(client_knows_the_options, persistent_volumes=given) == (Verdict.PASS,)

    def test_a_word_that_begins_like_another_is_warned_of(self) -> None:
        finding = only(client_knows_the_options, persistent_volumes=(volume(mountOptions=["rootsquash"]),))
        assert finding.verdict is Verdict.WARN and "takes the mount option 'rootsquash' for 'ro'" in finding.message

    def test_without_flock_it_is_told_and_not_warned_of(self) -> None:
        finding = only(client_knows_the_options)
        assert finding.verdict is Verdict.PASS and "without flock" in finding.message

    def test_the_options_of_a_class_matter_to_claims_that_wait_for_it(self) -> None:
        bad = (storage_class(mountOptions=["tls"]),)
        world = {"claims": (claim(volume="", phase="Pending"),), "persistent_volumes": (), "storage_classes": bad}
        finding = only(volumes_get_known_options, **world)
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "bad-mount-option")
        assert verdicts(volumes_get_known_options, storage_classes=bad) == ()
        good = {**world, "storage_classes": (storage_class(mountOptions=["flock"]),)}
        assert verdicts(volumes_get_known_options, **good) == (Verdict.PASS,)
