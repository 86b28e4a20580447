"""Controllers that get along without the documented annotation, or with more than one way to a role."""

import json
from typing import TYPE_CHECKING

from tests.lab.aws.moto_backends import ACCOUNT
from tests.lab.faults.identity.above_the_role import bound
from tests.lab.faults.identity.irsa import ANNOTATION, annotations, uninject
from tests.lab.faults.identity.role_rights import by_request_tag, by_resource_tag
from tests.lab.incident import STORAGE_CLASS
from tests.lab.setup import NAMESPACE, ROLE, SERVICE_ACCOUNT, Account
from tests.lab.variants.file_system import dynamic_provisioning
from tests.lab.variants.identity import pod_identity
from tests.lab.variants.registry import variant

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@variant("controller-acts-as-its-node")
def controller_acts_as_its_node(lab: "Lab", account: Account) -> None:
    """No role for the service account; the node's role may create file systems and IMDS lets pods in."""
    del annotations(lab)[ANNOTATION]
    uninject(lab)
    policy = f"arn:{lab.site.partition}:iam::aws:policy/AmazonFSxFullAccess"
    lab.client("iam").attach_role_policy(RoleName="eks-node-role", PolicyArn=policy)


@variant("role-with-boundary")
def role_with_boundary(lab: "Lab", account: Account) -> None:
    """The platform team bounds every role; this boundary allows what the driver does. Volumes are provisioned."""
    dynamic_provisioning(lab, account)
    bound(lab, "fsx:*", "s3:*", "iam:CreateServiceLinkedRole", "iam:AttachRolePolicy", "iam:PutRolePolicy")


@variant("static-volumes-without-role")
def static_volumes_without_role(lab: "Lab", account: Account) -> None:
    """Nothing is provisioned: neither a StorageClass nor a role is needed."""
    del annotations(lab)[ANNOTATION]
    uninject(lab)
    lab.kube.remove("storageclasses", "fsx-sc")


@variant("trust-by-prefix")
def trust_by_prefix(lab: "Lab", account: Account) -> None:
    """StringLike with the prefix of the driver's accounts, as AWS's own pages write it for other drivers."""
    host = account.issuer.removeprefix("https://")
    condition = {
        "StringLike": {f"{host}:sub": f"system:serviceaccount:{NAMESPACE}:fsx-csi-*"},
        "ForAnyValue:StringEquals": {f"{host}:aud": ["sts.amazonaws.com", "another-audience"]},
    }
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": account.provider_arn},
        "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
        "Condition": condition,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=document)


@variant("pod-identity-beside-old-annotation")
def pod_identity_beside_old_annotation(lab: "Lab", account: Account) -> None:
    """Moved to Pod Identity, which the webhook prefers; the annotation still names a role that is gone."""
    pod_identity(lab, account)
    annotations(lab)[ANNOTATION] = lab.site.arn("iam", "role/a-role-of-former-days")


@variant("role-by-request-tag")
def role_by_request_tag(lab: "Lab", account: Account) -> None:
    """File systems are made only with the tag of the team, which the class gives them."""
    dynamic_provisioning(lab, account)
    by_request_tag(lab, StringEquals={"aws:RequestTag/team": "ml"}, Null={"aws:RequestTag/CSIVolumeName": "false"})
    lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"]["extraTags"] = "team=ml,stage=test"


@variant("role-by-resource-tag")
def role_by_resource_tag(lab: "Lab", account: Account) -> None:
    """The driver may delete what carries its own tag, which is every file system that it made."""
    dynamic_provisioning(lab, account)
    by_resource_tag(lab, StringLike={"aws:ResourceTag/CSIVolumeName": "pvc-*"})


@variant("role-for-a-time")
def role_for_a_time(lab: "Lab", account: Account) -> None:
    """Trust and rights end on a day that is far away, and sessions of a day long past were revoked."""
    dynamic_provisioning(lab, account)
    iam = lab.client("iam")
    document = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    document["Statement"][0]["Condition"]["DateLessThan"] = {"aws:CurrentTime": "2099-01-01T00:00:00Z"}
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(document))
    denials = (
        {"DateLessThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}},
        {"DateGreaterThan": {"aws:CurrentTime": "2099-01-01T00:00:00Z"}},
        {"Bool": {"aws:SecureTransport": "false"}},
    )
    statements = [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": denial} for denial in denials]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName=ROLE, PolicyName="until-2099", PolicyDocument=policy)


@variant("pod-identity-by-conditions")
def pod_identity_by_conditions(lab: "Lab", account: Account) -> None:
    """The trust names any cluster of the account, the namespace and the service account."""
    pod_identity(lab, account)
    condition = {
        "ArnLike": {"aws:SourceArn": lab.site.arn("eks", "cluster/*", "*")},
        "StringEquals": {
            "aws:SourceAccount": ACCOUNT,
            "aws:RequestTag/kubernetes-namespace": NAMESPACE,
            "aws:RequestTag/kubernetes-service-account": SERVICE_ACCOUNT,
        },
    }
    trust = {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Condition": condition}
    document = {"Version": "2012-10-17", "Statement": [trust | {"Action": ["sts:AssumeRole", "sts:TagSession"]}]}
    lab.client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(document))
