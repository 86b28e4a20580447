"""What the controller's role, FSx's own role and the bucket allow."""

from typing import TYPE_CHECKING

from tests.lab.aws.moto_backends import ACCOUNT
from tests.lab.faults import symptoms
from tests.lab.faults.identity.refusals import not_allowed
from tests.lab.faults.identity.role_rights import allow_only
from tests.lab.faults.registry import fault
from tests.lab.setup import BUCKET, ROLE

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("driver-role-without-create", cause="iam-missing-permission")
def driver_role_without_create(lab: "Lab") -> None:
    """The role may read FSx and not create."""
    iam = lab.client("iam")
    for policy in iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=ROLE, PolicyArn=policy["PolicyArn"])
    read_only = f"arn:{lab.site.partition}:iam::aws:policy/AmazonFSxReadOnlyAccess"
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=read_only)
    not_allowed(lab, f"arn:{lab.site.partition}:sts::{ACCOUNT}:assumed-role/{ROLE}/1763931600000000000")


@fault("import-path-denied", cause="s3-access-denied")
def import_path_denied(lab: "Lab") -> None:
    """FSx may not read the bucket the StorageClass links."""
    lab.kube.get("storageclasses", "fsx-sc")["parameters"]["s3ImportPath"] = "s3://somebody-elses-bucket"
    lab.aws.switches.foreign_buckets.add("somebody-elses-bucket")
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d2d, BadRequest: Access denied for import path.",
    )


@fault("service-linked-role-refused", cause="service-linked-role-missing")
def service_linked_role_refused(lab: "Lab") -> None:
    """The first linked file system needs a role that the caller may not make."""
    own = {
        "Action": "iam:CreateServiceLinkedRole",
        "Resource": lab.site.arn("iam", "role/aws-service-role/fsx.amazonaws.com/*"),
    }
    allow_only(lab, {"Effect": "Allow", "Action": ["fsx:*", "s3:*"], "Resource": "*"}, {"Effect": "Allow", **own})
    lab.kube.get("storageclasses", "fsx-sc")["parameters"]["s3ImportPath"] = f"s3://{BUCKET}"
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d41, BadRequest: Amazon FSx is unable to create Service-Linked-Role to"
        " access the S3 bucket. Ensure the IAM role or user you are using has the required permissions.",
    )
