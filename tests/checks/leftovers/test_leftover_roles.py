"""Every IAM role made for the driver has a service account that may take it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checks.leftovers.leftover_roles import roles_are_assumed
from diag.model.verdict import Verdict
from diag.resources.teardown import Issuer, TrustedRole
from tests.checks.given import REGION, service_account
from tests.checks.given_leftovers import GONE, only, role


class TestRoles:
    def test_of_a_cluster_that_is_gone(self) -> None:
        assert only(roles_are_assumed, driver_roles=(role(GONE),)).verdict is Verdict.WARN

    def test_of_a_service_account_that_is_gone(self) -> None:
        finding = only(roles_are_assumed, driver_roles=(role(account="fsx:fsx-csi-old-sa"),))
        assert finding.verdict is Verdict.WARN and "fsx/fsx-csi-old-sa" in finding.message
        assert finding.fix is not None and "aws iam delete-role --role-name driver" in finding.fix.commands

    def test_of_another_regions_cluster_are_not_judged(self) -> None:
        finding = only(roles_are_assumed, driver_roles=(role(GONE, region="us-east-1"),))
        assert (finding.verdict, finding.fix) == (Verdict.SKIP, None)
        assert "a cluster of us-east-1" in finding.message and "Region ap-northeast-2" in finding.message

    def test_of_another_accounts_cluster_are_not_offered_for_deletion(self) -> None:
        finding = only(roles_are_assumed, driver_roles=(role(GONE),))
        assert finding.fix is not None and finding.fix.commands == ()
        assert "delete nothing before its owner is known" in finding.fix.note

    @pytest.mark.parametrize(
        "further",
        [
            {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
            {"Principal": {"Service": "pods.eks.amazonaws.com"}},
            role(account="kube-system:other-app").assume_role_policy_document["Statement"][0],
        ],
    )
    def test_that_somebody_else_may_take_as_well_are_not_offered(self, further: dict[str, Any]) -> None:
        old = role(account="fsx:fsx-csi-old-sa")
        statements = [*old.assume_role_policy_document["Statement"], further]
        shared = TrustedRole("driver", "", {"Statement": statements})
        there = (service_account(), service_account("other-app", "kube-system"))
        finding = only(roles_are_assumed, driver_roles=(shared,), service_accounts=there)
        assert finding.verdict is Verdict.WARN and finding.fix is not None and finding.fix.commands == ()

    @pytest.mark.parametrize("operator", ["StringNotEquals", "StringNotLike", "ForAllValues:StringNotEquals"])
    def test_that_all_but_the_missing_account_may_take_are_not_offered(self, operator: str) -> None:
        (own,) = role(account="fsx:fsx-csi-old-sa").assume_role_policy_document["Statement"]
        others = TrustedRole(
            "driver",
            "",
            {"Statement": [{**own, "Condition": {operator: {"x": "system:serviceaccount:fsx:fsx-csi-old-sa"}}}]},
        )
        finding = only(roles_are_assumed, driver_roles=(others,))
        assert finding.verdict is Verdict.WARN and finding.fix is not None and finding.fix.commands == ()

    @pytest.mark.parametrize("host", ["api.aws", "api.amazonwebservices.com.cn"])
    def test_of_the_newer_issuers_are_judged_alike(self, host: str) -> None:
        """oidc-eks.<region>.api.aws, of October 2024."""
        old, new = f"oidc.eks.{REGION}.amazonaws.com", f"oidc-eks.{REGION}.{host}"
        document = json.loads(json.dumps(role(GONE).assume_role_policy_document).replace(old, new))
        newer = TrustedRole("driver", "", document)
        assert newer.issuers == (Issuer(REGION, GONE),)
        assert only(roles_are_assumed, driver_roles=(newer,)).verdict is Verdict.WARN

    @pytest.mark.parametrize(
        "used", [role("AAAABBBBCCCCDDDD", "any:fsx-csi-sa"), role(account="*:fsx-csi-controller-sa")]
    )
    def test_of_another_cluster_or_by_wildcard_are_left_alone(self, used: TrustedRole) -> None:
        assert only(roles_are_assumed, driver_roles=(used,)).verdict is Verdict.PASS
