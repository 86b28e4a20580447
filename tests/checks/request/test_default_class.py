"""A claim that names no StorageClass gets Lustre's where Lustre's is a default."""

from __future__ import annotations

from typing import Any

from checks.request.default_class import lustre_is_no_default_beside_another
from diag import Verdict
from diag.model.finding import Finding
from diag.resources.kubernetes import StorageClass
from tests.checks import given

KEY = "storageclass.kubernetes.io/is-default-class"


def default(name: str, provisioner: str, created: str = given.LONG_AGO, says: str = "true") -> StorageClass:
    metadata = {"name": name, "annotations": {KEY: says}, "creationTimestamp": created}
    return given.storage_class(name, provisioner=provisioner, metadata=metadata)


OURS = default("fsx-sc", "fsx.csi.aws.com")
THEIRS = default("gp3", "ebs.csi.aws.com", given.NOW)


def found(*classes: StorageClass, **facts: Any) -> tuple[Finding, ...]:
    return given.findings(lustre_is_no_default_beside_another, storage_classes=classes, **facts)


def test_one_default_or_none_of_lustre() -> None:
    assert [told.verdict for told in found(OURS)] == [Verdict.PASS]
    assert found(given.storage_class(), THEIRS) == ()
    assert [told.verdict for told in found(OURS, default("gp3", "ebs.csi.aws.com", says="false"))] == [Verdict.PASS]


def test_two_defaults_warn() -> None:
    (told,) = found(OURS, THEIRS)
    assert (told.verdict, "gets gp3" in told.message) == (Verdict.WARN, True)
    assert told.fix is not None
    assert told.fix.commands[0].startswith("kubectl annotate storageclass fsx-sc --overwrite")


def test_of_defaults_of_one_age_the_first_name_counts() -> None:
    (told,) = found(OURS, default("a-first", "ebs.csi.aws.com"))
    assert "gets a-first" in told.message


def test_a_claim_that_went_to_the_wrong_one() -> None:
    claim = given.claim("shared", volume="", storageClassName="gp3")
    refused = given.event(claim, "ProvisioningFailed", "Volume capabilities not supported")
    (told,) = found(OURS, THEIRS, claims=(claim,), claim_events=(refused,))
    assert (told.verdict, told.cause, told.subject) == (Verdict.FAIL, "claim-volume-mismatch", claim.subject)
    alone = given.claim("own", volume="", storageClassName="gp3", accessModes=["ReadWriteOnce"])
    refused = given.event(alone, "ProvisioningFailed", "no capacity")
    assert [told.verdict for told in found(OURS, THEIRS, claims=(alone,), claim_events=(refused,))] == [Verdict.WARN]


def test_what_was_not_seen() -> None:
    (told,) = found(OURS, THEIRS, claim_events=given.denied("list events"))
    assert told.verdict is Verdict.UNKNOWN
