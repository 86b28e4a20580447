"""Who the controller is comes before what it may do, and a role of another account is no role of this one."""

from __future__ import annotations

import pytest

from tests.faults.matrix import run
from tests.lab.faults.identity.above_the_role import bound
from tests.lab.faults.identity.irsa import ANNOTATION, annotations
from tests.lab.faults.identity.refusals import refused
from tests.lab.faults.identity.role_rights import allow_only
from tests.lab.faults.request.storage_class import own_key
from tests.lab.lab import Lab
from tests.lab.setup import ROLE

pytestmark = pytest.mark.lab


def test_what_sts_refuses_comes_before_what_could_only_fail_after_it(lab: Lab) -> None:
    lab.load("healthy")
    lab.inject("irsa-audience-wrong")
    allow_only(lab, {"Effect": "Allow", "Action": "fsx:DescribeFileSystems", "Resource": "*"})
    (diagnosis,) = run(lab)["diagnoses"]
    named = [cause["id"] for cause in diagnosis["causes"] if cause["verdict"] == "confirmed"]
    assert named == ["irsa-trust-policy", "iam-missing-permission"]


def test_what_no_request_has_reached_is_no_stray_failure(lab: Lab) -> None:
    """Every pair of the two kinds stands in tests/diagnosis/test_credentials_first.py; here is one as it is shown."""
    lab.load("healthy")
    lab.client("kms").disable_key(KeyId=own_key(lab))
    lab.inject("irsa-audience-wrong")
    report = run(lab)
    (diagnosis,) = report["diagnoses"]
    assert diagnosis["causes"][0]["id"] == "irsa-trust-policy"
    (key,) = (finding for finding in report["findings"] if finding["cause"] == "kms-key-unusable")
    assert f"file-system: not reached yet: {key['message']}" in diagnosis["consequences"]


def test_a_boundary_is_not_asked_where_no_call_gets_out(lab: Lab) -> None:
    lab.load("private-cluster")
    bound(lab, "s3:*")
    lab.inject("fsx-endpoint-absent")
    (diagnosis,) = run(lab)["diagnoses"]
    named = [cause["id"] for cause in diagnosis["causes"] if cause["verdict"] != "ruled-out"]
    assert named == ["aws-endpoint-unreachable", "iam-denied-by-boundary"]


def test_no_command_changes_a_role_of_this_account_for_one_of_another(lab: Lab) -> None:
    lab.load("healthy")
    annotations(lab)[ANNOTATION] = f"arn:{lab.site.partition}:iam::210987654321:role/{ROLE}"
    refused(lab, "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
    report = run(lab)
    (diagnosis,) = report["diagnoses"]
    first = diagnosis["causes"][0]
    assert first["id"] == "irsa-trust-policy"
    assert not any(f"--role-name {ROLE}" in command for command in first["fix"]["commands"])
    (judged,) = (finding for finding in report["findings"] if finding["check"] == "irsa-role")
    assert "belongs to account 210987654321" in judged["message"]


def test_the_provider_of_a_role_of_another_account_is_made_there(lab: Lab) -> None:
    lab.load("healthy")
    assert lab.account is not None
    annotations(lab)[ANNOTATION] = f"arn:{lab.site.partition}:iam::210987654321:role/{ROLE}"
    said = f"No OpenIDConnect provider found in your account for {lab.account.issuer}"
    refused(lab, f"InvalidIdentityToken: {said}", 400)
    first = run(lab)["diagnoses"][0]["causes"][0]
    assert first["id"] == "oidc-provider-missing"
    assert "with credentials of 210987654321" in first["fix"]["steps"][0]["text"]
    assert "arn:aws:iam::210987654321:oidc-provider/" in str(first["fix"]["steps"])
