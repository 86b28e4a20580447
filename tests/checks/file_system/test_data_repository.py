"""The link between a file system and S3."""

from __future__ import annotations

import pytest

from checks.file_system.data_repository import link_to_s3_works
from diag import Verdict
from diag.resources.fsx import (
    DataRepositoryAssociation,
    DataRepositoryConfiguration,
    FailureDetails,
)
from tests.checks import given
from tests.checks.given_file_system import OTHER, judge, lustre


def association(lifecycle: str, *, of: str = given.FS) -> DataRepositoryAssociation:
    return DataRepositoryAssociation("dra-1", of, lifecycle, "/data", "s3://bucket/data", FailureDetails("no access"))


@pytest.mark.parametrize("lifecycle", ["MISCONFIGURED", "FAILED"])
def test_a_broken_link_is_a_warning_whichever_kind_it_is(lifecycle: str) -> None:
    newer = judge(link_to_s3_works, data_repository_associations=(association(lifecycle),))
    legacy = DataRepositoryConfiguration(lifecycle, "s3://bucket", failure_details=FailureDetails("no access"))
    older = judge(link_to_s3_works, lustre(data_repository_configuration=legacy))
    for found in (newer, older):
        assert (found.verdict, found.cause) == (Verdict.WARN, "data-repository-misconfigured")
        assert "no access" in found.message


def test_links_in_order_or_of_others_or_none_at_all() -> None:
    assert judge(link_to_s3_works, data_repository_associations=(association("AVAILABLE"),)).verdict is Verdict.PASS
    strangers = (association("FAILED", of=OTHER),)
    assert judge(link_to_s3_works, data_repository_associations=strangers).verdict is Verdict.SKIP
    assert judge(link_to_s3_works).verdict is Verdict.SKIP


def test_links_are_unknown_when_they_may_not_be_read() -> None:
    denied = given.denied("fsx:DescribeDataRepositoryAssociations")
    found = judge(link_to_s3_works, data_repository_associations=denied)
    assert found.verdict is Verdict.UNKNOWN
    assert found.unavailable == (denied,)
