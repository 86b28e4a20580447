"""Whose file system a volume names."""

from __future__ import annotations

import pytest

from checks.file_system.file_system_owner import file_system_is_this_clusters
from diag import Verdict
from diag.resources.fsx import (
    FileSystem,
    Tag,
)
from tests.checks import given, given_network
from tests.checks.given_file_system import DENIED, OTHER, judge
from tests.checks.given_network import PEER


def tagged(**tags: str) -> FileSystem:
    return given.file_system(tags=tuple(Tag(key, value) for key, value in tags.items()))


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"Name": "research-scratch"},
        {"kubernetes.io/cluster/training": "owned"},
        {"kubernetes.io/cluster/research": "shared"},
        {"kubernetes.io/cluster/research": "owned", "kubernetes.io/cluster/training": "owned"},
        {"eks:cluster-name": "training"},
    ],
)
def test_nothing_says_that_it_is_another_clusters(tags: dict[str, str]) -> None:
    assert judge(file_system_is_this_clusters, tagged(**tags)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "tags",
    [{"kubernetes.io/cluster/research": "owned"}, {"alpha.eksctl.io/cluster-name": "research"}],
)
def test_a_tag_of_another_cluster_is_a_warning(tags: dict[str, str]) -> None:
    found = judge(file_system_is_this_clusters, tagged(**tags))
    assert (found.verdict, found.cause) == (Verdict.WARN, "foreign-file-system")
    assert "research" in found.message


def test_one_far_away_while_an_unused_one_is_near_is_a_warning() -> None:
    far = given.file_system()
    near = given.file_system(OTHER, vpc_id=PEER)
    abroad = given_network.instances(given_network.instance(given.node(), "10.8.2.4", vpc_id=PEER))
    systems = given.table(far, near)
    found = judge(file_system_is_this_clusters, file_systems=systems, instances=abroad)
    assert (found.verdict, found.cause) == (Verdict.WARN, "foreign-file-system")
    assert OTHER in found.message
    both = (given.volume(), given.volume("other-pv", OTHER, claim="other"))
    used = given.findings(
        file_system_is_this_clusters,
        **(given_network.network() | {"file_systems": systems, "instances": abroad, "persistent_volumes": both}),
    )
    assert {finding.verdict for finding in used} == {Verdict.PASS}
    assert judge(file_system_is_this_clusters, far, instances=abroad).verdict is Verdict.PASS, "peered on purpose"


def test_whose_it_is_cannot_be_asked_without_the_clusters_name_or_fsx() -> None:
    nameless = given.identity(cluster="")
    assert judge(file_system_is_this_clusters, cluster_identity=nameless).verdict is Verdict.SKIP
    assert judge(file_system_is_this_clusters, file_systems=DENIED).verdict is Verdict.UNKNOWN
