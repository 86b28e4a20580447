"""A file system made from the StorageClass has a Lustre version that the nodes' client can talk to."""

from __future__ import annotations

import pytest

from checks.request.storageclass_version import version_suits_the_nodes
from diag.model.verdict import Verdict
from diag.resources.kubernetes import PersistentVolume
from tests.checks.given import (
    AL2,
    claim,
    file_system,
    node,
    replace,
    table,
    volume,
)
from tests.checks.given_storage_class import GOOD, SUBNET, asked, only, without


def made(name: str = "pvc-1") -> PersistentVolume:
    """A volume that the driver made."""
    by_hand = volume(name)
    notes = {"pv.kubernetes.io/provisioned-by": "fsx.csi.aws.com"}
    return replace(by_hand, metadata=replace(by_hand.metadata, annotations=notes))


class TestVersion:
    def test_a_version_that_the_nodes_can_mount(self) -> None:
        assert only(version_suits_the_nodes, **asked(GOOD)).verdict is Verdict.PASS

    @pytest.mark.parametrize("parameters", [without("fileSystemTypeVersion"), {"subnetId": SUBNET}])
    def test_without_a_version_2_10_is_made(self, parameters: dict[str, str]) -> None:
        finding = only(version_suits_the_nodes, **asked(parameters))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "storageclass-default-version")
        assert finding.fix is not None and any('"2.15"' in line for line in finding.fix.commands)

    def test_2_10_by_name_is_no_default(self) -> None:
        finding = only(version_suits_the_nodes, **asked(without(fileSystemTypeVersion="2.10")))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "client-server-version-mismatch")

    def test_a_misspelt_key_is_the_root(self) -> None:
        given = without("fileSystemTypeVersion", filesystemtypeversion="2.15")
        assert only(version_suits_the_nodes, **asked(given)).cause == "storageclass-unknown-parameter"

    def test_older_nodes_can_mount_the_default(self) -> None:
        given = asked(without("fileSystemTypeVersion"), nodes=(node(os=AL2),))
        assert only(version_suits_the_nodes, **given).verdict is Verdict.PASS

    def test_persistent_2_has_another_default(self) -> None:
        given = asked(without("fileSystemTypeVersion", deploymentType="PERSISTENT_2"))
        assert only(version_suits_the_nodes, **given).verdict is Verdict.PASS

    def test_one_kind_of_node_that_cannot_is_warned_of(self) -> None:
        given = asked(without("fileSystemTypeVersion"), nodes=(node(), node("node-b", AL2)))
        assert only(version_suits_the_nodes, **given).verdict is Verdict.WARN

    def test_volumes_made_so_fail_with_their_class(self) -> None:
        facts = {"persistent_volumes": (made(),), "claims": (claim(volume="pvc-1"),)}
        given = asked(without("fileSystemTypeVersion"), **facts, file_systems=table(file_system(version="2.10")))
        finding = only(version_suits_the_nodes, **given)
        assert finding.verdict is Verdict.FAIL
        assert [subject.name for subject in finding.concerns] == ["pvc-1"]

    def test_volumes_that_were_upgraded_are_not_blamed_for_their_class(self) -> None:
        facts = {"persistent_volumes": (made(),), "claims": (claim(volume="pvc-1"),)}
        given = asked(without("fileSystemTypeVersion"), **facts, file_systems=table(file_system(version="2.15")))
        finding = only(version_suits_the_nodes, **given)
        assert (finding.verdict, finding.concerns) == (Verdict.WARN, ())

    def test_a_kernel_that_no_table_knows(self) -> None:
        given = asked(GOOD, nodes=(node(os=("Flatcar Container Linux", "6.6.1-flatcar")),))
        assert only(version_suits_the_nodes, **given).verdict is Verdict.UNKNOWN

    def test_a_version_that_fsx_does_not_make_is_the_parameters_trouble(self) -> None:
        assert only(version_suits_the_nodes, **asked(without(fileSystemTypeVersion="2.16"))).verdict is Verdict.SKIP
