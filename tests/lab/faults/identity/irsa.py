"""IAM roles for service accounts: annotation, role, provider, trust, injection."""

import json
from typing import TYPE_CHECKING, Any

from tests.lab.aws.eks import trust_policy
from tests.lab.aws.moto_backends import ACCOUNT
from tests.lab.faults.identity.refusals import not_allowed, refused
from tests.lab.faults.registry import fault
from tests.lab.setup import NAMESPACE, ROLE, SERVICE_ACCOUNT

if TYPE_CHECKING:
    from tests.lab.lab import Lab

ANNOTATION = "eks.amazonaws.com/role-arn"


@fault("irsa-role-name-empty", cause="irsa-role-arn-malformed")
def irsa_role_name_empty(lab: "Lab") -> None:
    """${ROLE_NAME} was not set when the annotation was written."""
    empty = lab.site.arn("iam", "role/")
    annotate(lab, empty)
    refused(lab, f"ValidationError: Request ARN is invalid: {empty}", 400)


@fault("irsa-role-deleted", cause="irsa-role-missing")
def irsa_role_deleted(lab: "Lab") -> None:
    """The annotation names a role that is gone."""
    iam = lab.client("iam")
    for policy in iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=ROLE, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=ROLE)
    refused(lab, "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)


@fault("irsa-annotation-absent", cause="irsa-annotation-missing")
def irsa_annotation_absent(lab: "Lab") -> None:
    """Neither an annotation nor Pod Identity: the controller falls back to the node's role."""
    del annotations(lab)[ANNOTATION]
    uninject(lab)
    user = f"arn:{lab.site.partition}:sts::{ACCOUNT}:assumed-role/eks-node-role/i-0a1b2c3d4e5f60718"
    not_allowed(lab, user)


@fault("irsa-provider-absent", cause="oidc-provider-missing")
def irsa_provider_absent(lab: "Lab") -> None:
    """The cluster's issuer has no identity provider in IAM."""
    assert lab.account is not None
    lab.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=lab.account.provider_arn)
    text = f"InvalidIdentityToken: No OpenIDConnect provider found in your account for {lab.account.issuer}"
    refused(lab, text, 400)


@fault("irsa-subject-of-another-account", cause="irsa-trust-policy")
def irsa_subject_of_another_account(lab: "Lab") -> None:
    """The trust policy follows the upstream page: another namespace and another name."""
    _trust(lab, namespace="kube-system", service_account="fsx-csi-controller-sa")


@fault("irsa-audience-wrong", cause="irsa-trust-policy")
def irsa_audience_wrong(lab: "Lab") -> None:
    """The condition asks for an audience that EKS's tokens do not have."""
    _trust(lab, audience="kubernetes.default.svc")


@fault("irsa-provider-of-another-cluster", cause="irsa-trust-policy")
def irsa_provider_of_another_cluster(lab: "Lab") -> None:
    """The role trusts the provider of a cluster that was replaced."""
    _trust(lab, issuer=f"https://oidc.eks.{lab.site.region}.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF")


@fault("irsa-pods-older-than-annotation", cause="irsa-not-injected")
def irsa_pods_older_than_annotation(lab: "Lab") -> None:
    """Annotated after the controller's pods were made: the webhook mutates at creation only."""
    uninject(lab)
    user = f"arn:{lab.site.partition}:sts::{ACCOUNT}:assumed-role/eks-node-role/i-0a1b2c3d4e5f60718"
    not_allowed(lab, user)


def _named_by_all(lab: "Lab") -> bool:
    role = annotations(lab).get(ANNOTATION)
    return all(variable["value"] == role for variable in _injected(lab, "AWS_ROLE_ARN"))


@fault("irsa-pods-with-the-former-role", cause="irsa-not-injected", gone=_named_by_all)
def irsa_pods_with_the_former_role(lab: "Lab") -> None:
    """The annotation was corrected, and the pods go on as the role of last year, which is gone."""
    role = annotations(lab)[ANNOTATION]
    annotate(lab, lab.site.arn("iam", "role/fsx-of-last-year"))
    annotations(lab)[ANNOTATION] = role
    refused(lab, "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)


def _template(lab: "Lab") -> dict[str, Any]:
    template: dict[str, Any] = lab.kube.get("deployments", "fsx-csi-controller", NAMESPACE)["spec"]["template"]
    return template


def _without_role_by_hand(lab: "Lab") -> bool:
    return not any(variable["name"] == "AWS_ROLE_ARN" for variable in _template(lab)["spec"]["containers"][0]["env"])


@fault("irsa-role-by-hand", cause="irsa-not-injected", gone=_without_role_by_hand)
def irsa_role_by_hand(lab: "Lab") -> None:
    """Before the annotation somebody had written a role into the Deployment, which the webhook leaves alone."""
    irsa_pods_with_the_former_role(lab)
    by_hand = {"name": "AWS_ROLE_ARN", "value": lab.site.arn("iam", "role/fsx-of-last-year")}
    _template(lab)["spec"]["containers"][0]["env"].append(by_hand)


SKIP = "eks.amazonaws.com/skip-containers"


def _not_skipped(lab: "Lab") -> bool:
    return SKIP not in (_template(lab)["metadata"].get("annotations") or {})


@fault("irsa-skipped-for-the-driver", cause="irsa-not-injected", gone=_not_skipped)
def irsa_skipped_for_the_driver(lab: "Lab") -> None:
    """An annotation of the pods keeps the webhook away from the driver's container, however often they restart."""
    pods = (pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"]["app"] == "fsx-csi-controller")
    for made in (_template(lab), *pods):
        made["metadata"].setdefault("annotations", {})[SKIP] = "fsx-plugin"
    irsa_pods_older_than_annotation(lab)


def annotations(lab: "Lab") -> dict[str, str]:
    """The annotations of the controller's service account."""
    found: dict[str, str] = lab.kube.get("serviceaccounts", SERVICE_ACCOUNT, NAMESPACE)["metadata"]["annotations"]
    return found


def annotate(lab: "Lab", role: str) -> None:
    """Gives the controller another role: in the annotation, and in the pods that started since."""
    annotations(lab)[ANNOTATION] = role
    for variable in _injected(lab, "AWS_ROLE_ARN"):
        variable["value"] = role


def _controller_containers(lab: "Lab") -> list[dict[str, Any]]:
    return [
        container
        for pod in lab.kube.all("pods", NAMESPACE)
        if pod["metadata"]["labels"].get("app") == "fsx-csi-controller"
        for container in pod["spec"]["containers"]
    ]


def _injected(lab: "Lab", name: str) -> list[dict[str, str]]:
    containers = _controller_containers(lab)
    return [variable for container in containers for variable in container["env"] if variable["name"] == name]


def uninject(lab: "Lab") -> None:
    """Takes away what the pod identity webhook adds at a pod's creation."""
    names = {
        "AWS_STS_REGIONAL_ENDPOINTS",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    }
    for container in _controller_containers(lab):
        container["env"] = [variable for variable in container["env"] if variable["name"] not in names]
        container["volumeMounts"] = [m for m in container["volumeMounts"] if m["name"] != "aws-iam-token"]
    for pod in lab.kube.all("pods", NAMESPACE):
        pod["spec"]["volumes"] = [v for v in pod["spec"]["volumes"] if v["name"] != "aws-iam-token"]


def _trust(
    lab: "Lab",
    namespace: str = NAMESPACE,
    service_account: str = SERVICE_ACCOUNT,
    audience: str = "sts.amazonaws.com",
    issuer: str = "",
) -> None:
    assert lab.account is not None
    issuer = issuer or lab.account.issuer
    provider = lab.site.arn("iam", f"oidc-provider/{issuer.removeprefix('https://')}")
    policy = trust_policy(provider, issuer, namespace, service_account).replace("sts.amazonaws.com", audience)
    assert json.loads(policy)
    lab.client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=policy)
    refused(lab, "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
