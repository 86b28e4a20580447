"""Refusals of policies above the role, which the reader cannot see or change: the message alone names them."""

import json
from typing import TYPE_CHECKING, Any

from tests.lab.faults import symptoms
from tests.lab.faults.identity.endpoints import allow_where, lets_in
from tests.lab.faults.registry import fault
from tests.lab.setup import ROLE

if TYPE_CHECKING:
    from tests.lab.lab import Lab


def _refused(lab: "Lab", why: str) -> None:
    assert lab.account is not None
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d40, api error AccessDeniedException: User:"
        " arn:aws:sts::111122223333:assumed-role/fsx-csi-role/1764374400 is not authorized to perform:"
        f" fsx:CreateFileSystem on resource: arn:aws:fsx:{lab.site.region}:111122223333:file-system/* {why}",
    )


def lifted(lab: "Lab") -> bool:
    """No API that the reader may use shows that the owner lifted it."""
    return False


@fault("service-control-policy-denies", cause="iam-denied-by-organization", gone=lifted)
def service_control_policy_denies(lab: "Lab") -> None:
    """The organization forbids FSx in this Region."""
    _refused(lab, "with an explicit deny in a service control policy")


def _takes_the_account(lab: "Lab") -> bool:
    return not lab.hidden.fsx_refuses


@fault("account-without-a-subscription", cause="account-not-enabled", gone=_takes_the_account)
def account_without_a_subscription(lab: "Lab") -> None:
    """A new account of the organization, whose registration nobody has completed."""
    lab.hidden.fsx_refuses = "api error OptInRequired: The AWS Access Key Id needs a subscription for the service"
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 403, RequestID:"
        f" 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d66, {lab.hidden.fsx_refuses}",
    )


def bound(lab: "Lab", *actions: str, deny: dict[str, Any] | None = None) -> None:
    """Gives the controller's role a permissions boundary that allows these actions, and denies what `deny` says."""
    iam = lab.client("iam")
    statements: list[dict[str, Any]] = [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]
    if deny:
        statements.append({"Effect": "Deny", "Resource": "*", **deny})
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    arn = iam.create_policy(PolicyName="platform-boundary", PolicyDocument=document)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=ROLE, PermissionsBoundary=arn)


@fault("permissions-boundary-without-fsx", cause="iam-denied-by-boundary")
def permissions_boundary_without_fsx(lab: "Lab") -> None:
    """The boundary of all roles allows S3 and EC2; the driver's role has every right beside it."""
    bound(lab, "s3:*", "ec2:*")
    _refused(lab, "because no permissions boundary allows the fsx:CreateFileSystem action")


@fault("permissions-boundary-denies", cause="iam-denied-by-boundary", gone=lifted)
def permissions_boundary_denies(lab: "Lab") -> None:
    """The boundary allows all and denies storage of one's own making: no Allow overrules that."""
    bound(lab, "*", deny={"Action": ["fsx:Create*", "fsx:TagResource"]})
    _refused(lab, "with an explicit deny in a permissions boundary")


@fault("permissions-boundary-silent", cause="iam-denied-by-boundary", gone=lifted)
def permissions_boundary_silent(lab: "Lab") -> None:
    """The boundary was written before the cluster provisioned file systems, and the reader may not look into it."""
    bound(lab, "s3:*", "ec2:*")
    lab.deny("iam:SimulatePrincipalPolicy", "iam:GetPolicy")
    _refused(lab, "because no permissions boundary allows the fsx:CreateFileSystem action")


@fault(
    "endpoint-policy-silent", cause="iam-denied-by-endpoint-policy", world="endpoints-with-policies",
    gone=lambda lab: lets_in(lab, "fsx", "fsx:CreateFileSystem"),
)  # fmt: skip
def endpoint_policy_silent(lab: "Lab") -> None:
    """The policy of FSx's endpoint asks for a tag of the caller's, which no API shows here."""
    allow_where(lab, "fsx", "fsx:*", {"StringEquals": {"aws:PrincipalTag/team": "storage"}})
    _refused(lab, "because no VPC endpoint policy allows the fsx:CreateFileSystem action")
