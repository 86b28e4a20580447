"""Roles that may do nearly everything."""

import json
from typing import TYPE_CHECKING, Any

from tests.lab.aws.moto_backends import ACCOUNT
from tests.lab.faults import symptoms
from tests.lab.faults.identity.above_the_role import lifted as _lifted
from tests.lab.faults.registry import fault
from tests.lab.faults.request.storage_class import USE_OF_KEY, own_key
from tests.lab.incident import STORAGE_CLASS
from tests.lab.setup import ROLE

if TYPE_CHECKING:
    from tests.lab.lab import Lab

_DRIVER = ("Create", "Describe", "Update", "Delete")


@fault("driver-role-without-tagging", cause="iam-missing-permission")
def driver_role_without_tagging(lab: "Lab") -> None:
    """The four actions on file systems without fsx:TagResource, which every creation takes."""
    actions = [f"fsx:{verb}FileSystem{'s' if verb == 'Describe' else ''}" for verb in _DRIVER]
    allow_only(lab, {"Effect": "Allow", "Action": actions, "Resource": "*"})
    _refused(lab, "fsx:TagResource", lab.site.arn("fsx", "file-system/*", lab.site.region))


@fault("driver-role-denied-in-this-region", cause="iam-missing-permission")
def driver_role_denied_in_this_region(lab: "Lab") -> None:
    """An inline Deny of the platform team on creating file systems."""
    deny = {"Effect": "Deny", "Action": "fsx:CreateFileSystem", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    lab.client("iam").put_role_policy(RoleName=ROLE, PolicyName="no-new-storage", PolicyDocument=document)
    resource = lab.site.arn("fsx", "file-system/*", lab.site.region)
    _refused(lab, "fsx:CreateFileSystem", resource, "with an explicit deny in an identity-based policy")


@fault("driver-role-without-the-tag", cause="iam-missing-permission")
def driver_role_without_the_tag(lab: "Lab") -> None:
    """Rights go by tags: the policy lets roles of team storage use FSx, and this role has no such tag."""
    allow_only(lab, _for_team("storage"))
    _refused(lab, "fsx:CreateFileSystem", lab.site.arn("fsx", "file-system/*", lab.site.region))


@fault("driver-role-with-another-tag", cause="iam-missing-permission")
def driver_role_with_another_tag(lab: "Lab") -> None:
    """The role was made for another team."""
    lab.client("iam").tag_role(RoleName=ROLE, Tags=[{"Key": "team", "Value": "web"}])
    allow_only(lab, _for_team("storage"))
    _refused(lab, "fsx:CreateFileSystem", lab.site.arn("fsx", "file-system/*", lab.site.region))


def _for_team(name: str) -> dict[str, Any]:
    condition = {"StringEquals": {"aws:PrincipalTag/team": name}}
    actions = ["fsx:*", "iam:CreateServiceLinkedRole"]
    return {"Sid": "ByTeam", "Effect": "Allow", "Action": actions, "Resource": "*", "Condition": condition}


def by_request_tag(lab: "Lab", **condition: Any) -> None:
    """Rights go by the tags of what is made: file systems are created where the condition holds."""
    made = {"Effect": "Allow", "Action": ["fsx:CreateFileSystem", "fsx:TagResource"], "Resource": "*"}
    rest = [
        *(f"fsx:{verb}" for verb in ("DescribeFileSystems", "UpdateFileSystem", "DeleteFileSystem")),
        "s3:*",
        "iam:*",
    ]
    allow_only(lab, {**made, "Condition": condition}, {"Effect": "Allow", "Action": rest, "Resource": "*"})


def by_resource_tag(lab: "Lab", **condition: Any) -> None:
    """Rights go by the tags of what is there: file systems are deleted with their claims, where the condition holds."""
    for volume in lab.kube.all("persistentvolumes"):
        volume["spec"]["persistentVolumeReclaimPolicy"] = "Delete"
    iam = lab.client("iam")
    (attached,) = iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]
    which = {"PolicyArn": attached["PolicyArn"]}
    document = iam.get_policy_version(**which, VersionId="v1")["PolicyVersion"]["Document"]
    document["Statement"][-1]["Action"].remove("fsx:DeleteFileSystem")
    iam.create_policy_version(**which, PolicyDocument=json.dumps(document), SetAsDefault=True)
    allow = {"Effect": "Allow", "Action": "fsx:DeleteFileSystem", "Resource": "*", "Condition": condition}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName=ROLE, PolicyName="delete-by-tag", PolicyDocument=policy)


def _may_delete(lab: "Lab") -> bool:
    """Whether the file systems have the tag, or the role needs none: the owner of both decides."""
    return "delete-by-tag" not in lab.client("iam").list_role_policies(RoleName=ROLE)["PolicyNames"]


@fault(
    "driver-role-for-tagged-file-systems", cause="iam-missing-permission", world="dynamic-provisioning",
    gone=_may_delete,
)  # fmt: skip
def driver_role_for_tagged_file_systems(lab: "Lab") -> None:
    """The role may delete what another team's tag is on; what the driver makes has none."""
    by_resource_tag(lab, StringEquals={"aws:ResourceTag/team": "ml"})


@fault("driver-role-that-ran-out", cause="iam-missing-permission", gone=_lifted)
def driver_role_that_ran_out(lab: "Lab") -> None:
    """Rights were given until a day that is over."""
    allow = {"Effect": "Allow", "Action": ["fsx:*", "iam:CreateServiceLinkedRole"], "Resource": "*"}
    allow_only(lab, {**allow, "Condition": {"DateLessThan": {"aws:CurrentTime": "2024-07-01T00:00:00Z"}}})
    _refused(lab, "fsx:CreateFileSystem", lab.site.arn("fsx", "file-system/*", lab.site.region))


def _with_cost_center(lab: "Lab") -> bool:
    """Whether the class names one: which, only a person knows."""
    given = lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"].get("extraTags", "")
    return "cost-center" in given


@fault("driver-role-wants-a-request-tag", cause="iam-missing-permission")
def driver_role_wants_a_request_tag(lab: "Lab") -> None:
    """The platform lets nobody make a file system that does not say whose it is; the class has other tags."""
    by_request_tag(lab, StringEquals={"aws:RequestTag/team": "ml"})
    lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"]["extraTags"] = "stage=test"
    _refused(lab, "fsx:CreateFileSystem", lab.site.arn("fsx", "file-system/*", lab.site.region))


@fault("driver-role-denied-without-a-tag", cause="iam-missing-permission", gone=_with_cost_center)
def driver_role_denied_without_a_tag(lab: "Lab") -> None:
    """Nothing without a cost center."""
    deny = {"Effect": "Deny", "Action": "fsx:CreateFileSystem", "Resource": "*"}
    deny["Condition"] = {"Null": {"aws:RequestTag/cost-center": "true"}}  # type: ignore[assignment]
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    lab.client("iam").put_role_policy(RoleName=ROLE, PolicyName="tags-or-nothing", PolicyDocument=document)
    resource = lab.site.arn("fsx", "file-system/*", lab.site.region)
    _refused(lab, "fsx:CreateFileSystem", resource, "with an explicit deny in an identity-based policy")


@fault("driver-role-for-other-tags", cause="iam-missing-permission", gone=_with_cost_center)
def driver_role_for_other_tags(lab: "Lab") -> None:
    """The list of the tags that a request may have lacks the driver's own."""
    by_request_tag(lab, **{"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost-center"]}})
    _refused(lab, "fsx:TagResource", lab.site.arn("fsx", "file-system/*", lab.site.region))


@fault("driver-role-without-the-key", cause="iam-missing-permission")
def driver_role_without_the_key(lab: "Lab") -> None:
    """The key's policy leaves its use to the account's policies, and the role's speak of FSx alone."""
    key = own_key(lab)
    lab.client("iam").delete_role_policy(RoleName=ROLE, PolicyName=USE_OF_KEY)
    _refused(lab, "kms:CreateGrant", key)


@fault("first-file-system-of-the-account", cause="service-linked-role-missing")
def first_file_system_of_the_account(lab: "Lab") -> None:
    """No file system was ever made here, and the role may not make FSx's own role."""
    fsx = lab.client("fsx")
    for found in fsx.describe_file_systems()["FileSystems"]:
        fsx.delete_file_system(FileSystemId=found["FileSystemId"])
    actions = [f"fsx:{verb}FileSystem{'s' if verb == 'Describe' else ''}" for verb in _DRIVER]
    allow_only(lab, {"Effect": "Allow", "Action": [*actions, "fsx:TagResource"], "Resource": "*"})
    role = "role/aws-service-role/fsx.amazonaws.com/AWSServiceRoleForAmazonFSx"
    _refused(lab, "iam:CreateServiceLinkedRole", lab.site.arn("iam", role))


def allow_only(lab: "Lab", *statements: dict[str, Any]) -> None:
    """Leaves the controller's role one policy of these statements."""
    iam = lab.client("iam")
    for policy in iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=ROLE, PolicyArn=policy["PolicyArn"])
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_role_policy(RoleName=ROLE, PolicyName="driver", PolicyDocument=document)


def _refused(lab: "Lab", action: str, resource: str, why: str = "") -> None:
    user = f"arn:{lab.site.partition}:sts::{ACCOUNT}:assumed-role/{ROLE}/1763931600000000000"
    why = why or f"because no identity-based policy allows the {action} action"
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 3c0f9a8e-1f5c-4a63-9f0a-0b7b3a2d6c58, api error AccessDeniedException: User:"
        f" {user} is not authorized to perform: {action} on resource: {resource} {why}",
    )
