"""File systems of plans, templates and skeletons against what FSx takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checks.request.planned_file_system import planned_file_systems_can_be_made
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from tests.checks.given import findings
from tests.manifests.test_terraform import FS, file_system
from tests.manifests.written import plan, read

WHOLE = {"storage_capacity": 1200, "subnet_ids": ["subnet-0123456789abcdef0"], "file_system_type_version": "2.15"}


def judged(folder: Path, text: str) -> tuple[Finding, ...]:
    return findings(planned_file_systems_can_be_made, manifest_set=read(folder, text, "plan.json"))


@pytest.mark.parametrize(
    ("values", "verdict", "word"),
    [
        ({}, Verdict.PASS, ""),
        ({"per_unit_storage_throughput": None, "import_path": None, "efa_enabled": False}, Verdict.PASS, ""),
        ({"deployment_type": "PERSISTENT_2", "per_unit_storage_throughput": 250}, Verdict.PASS, ""),
        ({"deployment_type": "PERSISTENT_2", "per_unit_storage_throughput": 200}, Verdict.FAIL, "per_unit_storage"),
        ({"deployment_type": "PERSISTENT_1", "per_unit_storage_throughput": 125}, Verdict.FAIL, "per_unit_storage"),
        ({"storage_capacity": 3600}, Verdict.FAIL, "storage_capacity is '3600'"),
        ({"storage_capacity": None}, Verdict.FAIL, "needs storage_capacity"),
        ({"deployment_type": "PERSISTENT_2", "per_unit_storage_throughput": 250, "import_path": "s3://data"},
         Verdict.FAIL, "import_path"),
        ({"deployment_type": "PERSISTENT_2", "per_unit_storage_throughput": 250,
          "metadata_configuration": [{"mode": "USER_PROVISIONED", "iops": 2000}]}, Verdict.FAIL,
         "metadata_configuration.iops is '2000'"),
        ({"kms_key_id": "alias/mine"}, Verdict.WARN, "kms_key_id"),
        ({"subnet_ids": ["subnet-xxxxxxxx"]}, Verdict.FAIL, "never filled in"),
        ({"subnet_ids": ["subnet-1"]}, Verdict.FAIL, "subnet_ids"),
    ],
)  # fmt: skip
def test_a_plan_keeps_the_rules_of_a_class(tmp_path: Path, values: dict[str, Any], verdict: Verdict, word: str) -> None:
    [found] = judged(tmp_path, plan(file_system(**{**WHOLE, **values})))
    assert (found.verdict, word in found.message) == (verdict, True), found.message


def test_what_is_known_after_apply_breaks_nothing(tmp_path: Path) -> None:
    unknown = {"unknown": {"per_unit_storage_throughput": True, "subnet_ids": True}}
    given = {**WHOLE, "deployment_type": "PERSISTENT_2", "subnet_ids": None}
    [found] = judged(tmp_path, plan({**file_system(**given), **unknown}))
    assert found.verdict is Verdict.PASS


def test_what_the_source_leaves_out_is_not_open(tmp_path: Path) -> None:
    """The provider marks what nobody wrote as known after apply too; the plan's configuration tells them apart."""
    unwritten = {
        **file_system(**{**WHOLE, "file_system_type_version": None}),
        "unknown": {"file_system_type_version": True},
    }
    written = {FS: {"subnet_ids": ["var.subnet"], "deployment_type": []}}
    assert not read(tmp_path, plan(unwritten, references=written), "plan.json").file_systems[0].version_is_open
    named = {FS: {**written[FS], "file_system_type_version": ["data.x.y"]}}
    assert read(tmp_path, plan(unwritten, references=named), "plan.json").file_systems[0].version_is_open
