"""The volume's capacity is not larger than the file system."""

from __future__ import annotations

from typing import Any

import pytest

from checks.request.volume_capacity import promises_no_more_than_there_is
from diag.model.verdict import Verdict
from diag.resources.fsx import FileSystem
from diag.resources.table import Table
from tests.checks.given import FS, denied, file_system, table, verdicts, volume
from tests.checks.given_volume_request import only


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
