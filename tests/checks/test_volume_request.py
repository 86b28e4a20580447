"""What a PersistentVolume asks of the driver."""

from __future__ import annotations

import pytest

from checks.request.mount_options import client_knows_the_options
from checks.request.storageclass_mount_options import volumes_get_known_options
from checks.request.volume_access import can_be_accessed_so
from checks.request.volume_capacity import promises_no_more_than_there_is
from checks.request.volume_driver import names_the_driver
from diag.model.verdict import Verdict
from diag.registry import Check
from tests.checks.given import claim, denied, storage_class, verdicts, volume
from tests.checks.given_volume_request import only


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


class TestMountOptions:
    @pytest.mark.parametrize("option", ["nfsvers=4.1", "tls", "Flock", "hard", "uid=1000", "retry="])
    def test_one_unknown_word_refuses_the_mount(self, option: str) -> None:
        finding = only(client_knows_the_options, persistent_volumes=(volume(mountOptions=["flock", option]),))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "bad-mount-option")
        assert finding.fix is not None and '{"mountOptions":["flock"]}' in finding.fix.commands[0]

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
