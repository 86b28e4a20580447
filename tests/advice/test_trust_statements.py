"""The statements of a trust policy that a new one keeps, whatever the policy holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from diag.advice.identity import trust_pod_identity, trust_web_identity
from diag.analysis.identity.irsa import shut_strangers_out
from diag.model.fix import Fix
from diag.resources.iam import DEFAULT_AUDIENCE, Role
from tests.checks.given_identity import CLUSTER, ISSUER, PROVIDER_ARN, STS, SUBJECT, account, role, statement, trust

ONE = {"Effect": "Allow", "Action": "sts:AssumeRole"}


def written(fix: Fix) -> list[Any]:
    """The statements of the policy that a fix writes, but for the one that it adds at the end."""
    words = next(step.argv for step in fix.steps if "update-assume-role-policy" in step.argv)
    return list(json.loads(words[words.index("--policy-document") + 1])["Statement"][:-1])


@pytest.mark.parametrize(("found", "kept"), [(ONE, [ONE]), (7, []), ("x", []), ([7, None, ONE], [ONE]), (None, [])])
def test_what_is_no_statement_is_not_kept(found: Any, kept: list[Any]) -> None:
    old = Role("driver", "arn:aws:iam::123456789012:role/driver", {"Statement": found})
    assert written(trust_pod_identity(old, CLUSTER)) == kept


def sub(*names: str, issuer: str = ISSUER) -> dict[str, Any]:
    return {"StringEquals": {f"{issuer}:sub": [f"system:serviceaccount:kube-system:{name}" for name in names]}}


OWN = "fsx-csi-controller-sa"
BLUE = ISSUER[:-4] + "BLUE"
THEIRS = [
    statement(sub(OWN, issuer=BLUE), Principal={"Federated": PROVIDER_ARN.replace(ISSUER, BLUE)}),
    statement(sub(OWN, "ebs-csi-controller-sa")),
    statement(sub(f"{OWN}-2")),
    statement(sub("efs-csi-controller-sa")),
    statement({"StringNotEquals": {f"{ISSUER}:sub": SUBJECT}}),
    statement(sub(OWN), Effect="Deny"),
    {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/ci"}, "Action": "sts:AssumeRole"},
]
"""Of another cluster's account of that name, of others beside this one, of one whose name begins alike, of a person."""


def test_a_fix_of_the_trust_takes_no_statement_that_lets_others_in() -> None:
    broken = statement({"StringEquals": {f"{ISSUER}:sub": SUBJECT, f"{ISSUER}:aud": "wrong"}})
    fix = trust_web_identity(role(trust(broken, *THEIRS)), account(), CLUSTER, DEFAULT_AUDIENCE)
    assert written(fix) == THEIRS


def test_a_fix_of_what_lets_strangers_in_takes_that_statement_alone() -> None:
    narrow = [one for one in THEIRS if "StringNotEquals" not in one.get("Condition", {})]
    wide = statement({"StringLike": {f"{ISSUER}:sub": "system:serviceaccount:kube-system:*", f"{ISSUER}:aud": STS}})
    assert written(shut_strangers_out(role(trust(wide, *THEIRS)), account(), CLUSTER)) == narrow
