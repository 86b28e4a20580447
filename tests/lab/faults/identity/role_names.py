"""Annotations that name something other than the controller's role."""

from typing import TYPE_CHECKING

from tests.lab.aws.moto_backends import ACCOUNT
from tests.lab.faults import symptoms
from tests.lab.faults.identity.irsa import ANNOTATION, annotate, annotations
from tests.lab.faults.identity.refusals import refused
from tests.lab.faults.registry import fault
from tests.lab.incident import STORAGE_CLASS
from tests.lab.setup import ROLE

if TYPE_CHECKING:
    from tests.lab.lab import Lab

OTHER_ACCOUNT = "210987654321"


@fault("irsa-annotation-names-a-policy", cause="irsa-role-arn-malformed")
def irsa_annotation_names_a_policy(lab: "Lab") -> None:
    """The policy's ARN was copied instead of the role's."""
    arn = lab.site.arn("iam", "policy/FSxLustreCSIDriver")
    annotate(lab, arn)
    refused(lab, f"ValidationError: Request ARN is invalid: {arn}", 400)


@fault("irsa-annotation-of-another-partition", cause="irsa-role-arn-malformed", world="govcloud")
def irsa_annotation_of_another_partition(lab: "Lab") -> None:
    """Copied from a page that knows the commercial partition only."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
    annotate(lab, arn)
    refused(lab, f"ValidationError: Request ARN is invalid: {arn}", 400)


@fault("irsa-role-under-another-path", cause="irsa-role-missing", world="role-with-path")
def irsa_role_under_another_path(lab: "Lab") -> None:
    """The annotation leaves the role's path out, which is part of its ARN."""
    annotate(lab, lab.site.arn("iam", f"role/{ROLE}"))
    refused(lab, "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)


def _of_this_account(lab: "Lab") -> bool:
    return annotations(lab)[ANNOTATION].split(":")[4] == ACCOUNT


@fault("role-of-another-account-makes-elsewhere", cause="storageclass-network-missing", gone=_of_this_account)
def role_of_another_account_makes_elsewhere(lab: "Lab") -> None:
    """STS gives the role, and FSx looks for the subnet in the role's account."""
    annotate(lab, lab.site.arn("iam", f"role/{ROLE}").replace(ACCOUNT, OTHER_ACCOUNT))
    subnet = lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"]["subnetId"]
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        f" 3c0f9a8e-1f5c-4a63-9f0a-0b7b3a2d6c59, InvalidNetworkSettings: The subnet ID '{subnet}' does not exist",
    )
