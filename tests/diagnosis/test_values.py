"""What fills the placeholders of a runbook's commands."""

from __future__ import annotations

import pytest

from diag.diagnosis.values import of_cluster
from diag.resources.eks import ClusterIdentity
from tests.checks.given_identity import account

OWN, OTHER = "111122223333", "210987654321"


@pytest.mark.parametrize(("owner", "known", "role"), [(OWN, OWN, "fsx-csi"), (OTHER, "", "fsx-csi"), (OTHER, OWN, "")])
def test_a_role_of_another_account_is_not_named_as_one_of_this(owner: str, known: str, role: str) -> None:
    arn = f"arn:aws:iam::{owner}:role/fsx-csi"
    facts = {"cluster_identity": ClusterIdentity(account=known), "controller_account": account(arn)}
    values = of_cluster(facts)
    assert values.get("role", "") == role
    assert values["role_arn"] == arn
