"""Other ways for the controller to get its rights."""

import json
from typing import TYPE_CHECKING

from tests.lab.aws.moto_backends import ACCOUNT
from tests.lab.faults.identity.irsa import ANNOTATION, annotations, uninject
from tests.lab.faults.identity.proxy import PROXY, set_variables
from tests.lab.setup import NAMESPACE, ROLE, SERVICE_ACCOUNT, Account
from tests.lab.variants.registry import variant

if TYPE_CHECKING:
    from tests.lab.lab import Lab

_TOKEN_FILE = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token"


@variant("pod-identity")
def pod_identity(lab: "Lab", account: Account) -> None:
    """An association in EKS instead of an annotation, the agent as an add-on."""
    del annotations(lab)[ANNOTATION]
    uninject(lab)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }
        ],
    }
    lab.client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(trust))
    eks = lab.client("eks")
    eks.create_pod_identity_association(
        clusterName=lab.site.cluster,
        namespace=NAMESPACE,
        serviceAccount=SERVICE_ACCOUNT,
        roleArn=account.role_arn,
    )
    eks.create_addon(clusterName=lab.site.cluster, addonName="eks-pod-identity-agent", addonVersion="v1.3.9-eksbuild.3")
    _run_agent(lab)
    for pod in lab.kube.all("pods", NAMESPACE):
        if pod["metadata"]["labels"].get("app") != "fsx-csi-controller":
            continue
        for container in pod["spec"]["containers"]:
            container["env"] += [
                {"name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "regional"},
                {"name": "AWS_DEFAULT_REGION", "value": lab.site.region},
                {"name": "AWS_REGION", "value": lab.site.region},
                {"name": "AWS_CONTAINER_CREDENTIALS_FULL_URI", "value": "http://169.254.170.23/v1/credentials"},
                {"name": "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "value": _TOKEN_FILE},
            ]


@variant("trust-by-wildcard-list")
def trust_by_wildcard_list(lab: "Lab", account: Account) -> None:
    """One role for several service accounts, listed; the form EKS Blueprints writes."""
    host = account.issuer.removeprefix("https://")
    subjects = [f"system:serviceaccount:{NAMESPACE}:{name}" for name in (SERVICE_ACCOUNT, "fsx-csi-node-sa")]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": account.provider_arn},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {f"{host}:aud": ["sts.amazonaws.com"], f"{host}:sub": subjects},
                },
            }
        ],
    }
    lab.client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(trust))


@variant("role-with-path")
def role_with_path(lab: "Lab", account: Account) -> None:
    """The role stands under a path, which is part of its ARN and not of its name."""
    iam = lab.client("iam")
    policies = iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]
    trust = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    for policy in policies:
        iam.detach_role_policy(RoleName=ROLE, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=ROLE)
    iam.create_role(RoleName=ROLE, Path="/eks/irsa/", AssumeRolePolicyDocument=json.dumps(trust))
    for policy in policies:
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=policy["PolicyArn"])
    arn = f"arn:{lab.site.partition}:iam::{ACCOUNT}:role/eks/irsa/{ROLE}"
    annotations(lab)[ANNOTATION] = arn
    for pod in lab.kube.all("pods", NAMESPACE):
        for container in pod["spec"]["containers"]:
            for variable in container.get("env", ()):
                if variable["name"] == "AWS_ROLE_ARN":
                    variable["value"] = arn


def _run_agent(lab: "Lab") -> None:
    """The agent's DaemonSet, as the add-on makes it."""
    agent = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": "eks-pod-identity-agent",
            "namespace": "kube-system",
            "creationTimestamp": lab.site.time(600),
            "labels": {"app.kubernetes.io/name": "eks-pod-identity-agent"},
        },
        "spec": {
            "selector": {"matchLabels": {"app.kubernetes.io/name": "eks-pod-identity-agent"}},
            "template": {
                "metadata": {"labels": {"app.kubernetes.io/name": "eks-pod-identity-agent"}},
                "spec": {
                    "hostNetwork": True,
                    "tolerations": [{"operator": "Exists"}],
                    "containers": [
                        {
                            "name": "eks-pod-identity-agent",
                            "image": f"{lab.site.registry}/eks/eks-pod-identity-agent:v0.1.33",
                        }
                    ],
                },
            },
        },
        "status": {
            "currentNumberScheduled": 3,
            "desiredNumberScheduled": 3,
            "numberAvailable": 3,
            "numberMisscheduled": 0,
            "numberReady": 3,
            "observedGeneration": 1,
            "updatedNumberScheduled": 3,
        },
    }
    lab.kube.add(agent)


@variant("proxy-that-spares-the-cluster")
def proxy_that_spares_the_cluster(lab: "Lab", account: Account) -> None:
    """The controller asks AWS through the company's proxy; what is inside the cluster it asks itself."""
    spared = "localhost, 172.20.0.0/16, 169.254.0.0/16, .svc, .cluster.local"
    for name in ("fsx-plugin", "csi-provisioner"):
        set_variables(lab, name, http_proxy=PROXY, https_proxy=PROXY, no_proxy=spared)
