"""What controller-permissions says of the rights of the controller's role."""

from __future__ import annotations

from typing import Any

import pytest

from checks.identity.controller_permissions import controller_is_allowed_what_it_does as controller_permissions
from diag.analysis.identity.permissions import Rights
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.table import Table
from tests.checks import given
from tests.checks.given_identity import ROLE_ARN, absent, association, keyed_controller, rights, world

EXPANDABLE = given.storage_class(allowVolumeExpansion=True)
RETAINED = given.storage_class(reclaimPolicy="Retain")
LINKED = given.storage_class(parameters={"s3ImportPath": "s3://training/data"})
CREATE = ["fsx:CreateFileSystem", "fsx:DescribeFileSystems", "fsx:TagResource"]


def found(own: Rights | None = None, **facts: Any) -> tuple[Finding, ...]:
    table = Table({ROLE_ARN: rights() if own is None else own})
    return given.findings(controller_permissions, **world(**({"controller_rights": table} | facts)))


def verdicts(own: Rights | None = None, **facts: Any) -> list[tuple[Verdict, str]]:
    return [(finding.verdict, finding.cause) for finding in found(own, **facts)]


def test_a_role_that_may_do_all_passes_and_rules_missing_rights_out() -> None:
    (finding,) = found()
    assert finding.verdict is Verdict.PASS
    assert finding.rules_out == ("iam-missing-permission", "iam-denied-by-boundary", "service-linked-role-missing")


@pytest.mark.parametrize("action", CREATE)
def test_a_right_that_every_creation_needs_fails(action: str) -> None:
    (finding,) = found(rights(action))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "iam-missing-permission")
    assert action in finding.message
    assert finding.fix and action in finding.fix.commands[0]


def test_a_right_to_delete_warns_unless_volumes_are_kept() -> None:
    lacks = rights("fsx:DeleteFileSystem")
    assert verdicts(lacks) == [(Verdict.WARN, "iam-missing-permission")]
    assert verdicts(lacks, storage_classes=(RETAINED,)) == [(Verdict.PASS, "")]


def test_a_right_to_resize_warns_where_a_class_allows_it() -> None:
    lacks = rights("fsx:UpdateFileSystem")
    assert verdicts(lacks, storage_classes=(EXPANDABLE,)) == [(Verdict.WARN, "iam-missing-permission")]
    assert verdicts(lacks) == [(Verdict.PASS, "")]


def test_the_first_file_system_of_an_account_needs_the_right_to_make_fsxs_role() -> None:
    lacks = rights("iam:CreateServiceLinkedRole")
    assert verdicts(lacks, fsx_service_role=False)[0] == (Verdict.FAIL, "service-linked-role-missing")
    assert verdicts(lacks, fsx_service_role=True) == [(Verdict.PASS, "")]
    assert verdicts(fsx_service_role=False) == [(Verdict.PASS, "")]
    assert verdicts(lacks, fsx_service_role=given.denied("iam:GetRole")) == [(Verdict.PASS, "")]


def test_a_link_needs_fsxs_own_role_or_the_buckets_policy() -> None:
    neither = rights("iam:PutRolePolicy", "s3:PutBucketPolicy", buckets=("training",))
    one = rights("iam:PutRolePolicy", buckets=("training",))
    assert (Verdict.WARN, "s3-access-denied") in verdicts(neither, storage_classes=(LINKED,))
    assert verdicts(one, storage_classes=(LINKED,)) == [(Verdict.PASS, "")]


def test_rights_that_iam_was_not_asked_about_are_unknown_and_name_the_permission() -> None:
    unread = given.denied("iam:SimulatePrincipalPolicy")
    (finding,) = found(rights(unknown=tuple(CREATE), unread=unread))
    assert (finding.verdict, finding.unavailable) == (Verdict.UNKNOWN, (unread,))


def test_a_right_that_the_documents_refuse_fails_though_iam_was_not_asked() -> None:
    unread = given.denied("iam:SimulatePrincipalPolicy")
    lacks = rights("fsx:TagResource", unknown=("fsx:CreateFileSystem",), unread=unread)
    assert verdicts(lacks) == [(Verdict.FAIL, "iam-missing-permission")]


def test_rights_that_could_not_be_read_are_unknown() -> None:
    hidden = Table[Rights](missing={ROLE_ARN: given.denied("iam:SimulatePrincipalPolicy")})
    (finding,) = found(controller_rights=hidden)
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.unavailable[0].permission == "iam:SimulatePrincipalPolicy"


def test_the_role_of_an_association_is_the_one_that_counts() -> None:
    other = "arn:aws:iam::111122223333:role/by-association"
    table = Table({ROLE_ARN: rights(), other: rights("fsx:CreateFileSystem")})
    (finding,) = found(controller_rights=table, pod_identity_associations=(association(other),))
    assert finding.verdict is Verdict.FAIL
    assert "by-association" in finding.message


@pytest.mark.parametrize(
    "facts",
    [
        {"storage_classes": (given.storage_class(provisioner="ebs.csi.aws.com"),)},
        {"role_arn": None},
        {"controller_rights": Table[Rights]()},
        {"deployments": (keyed_controller(optional=False),)},
        {"deployments": (keyed_controller(optional=None),)},
        {"service_accounts": ()},
    ],
)
def test_where_no_role_signs_there_is_nothing_to_judge(facts: dict[str, Any]) -> None:
    assert verdicts(rights("fsx:CreateFileSystem"), **facts) == [(Verdict.SKIP, "")]


def test_an_optional_secret_that_may_be_there_does_not_stop_the_judgement() -> None:
    controller = (keyed_controller(optional=True),)
    assert verdicts(rights("fsx:CreateFileSystem"), deployments=controller)[0][0] is Verdict.FAIL


def test_a_role_whose_existence_is_not_known_is_unknown() -> None:
    facts: dict[str, Any] = {"role_arn": None, "pod_identity_associations": absent("EKS cluster")}
    assert verdicts(**facts) == [(Verdict.UNKNOWN, "")]
