"""What STS answers in place of credentials, for reasons outside the role."""

from typing import TYPE_CHECKING

from tests.lab.aws.moto_backends import ACCOUNT
from tests.lab.faults import symptoms
from tests.lab.faults.driver.objects import CONTROLLER
from tests.lab.faults.identity.above_the_role import lifted
from tests.lab.faults.identity.endpoints import allow_where, lets_in
from tests.lab.faults.identity.refusals import refused
from tests.lab.faults.registry import fault
from tests.lab.setup import NAMESPACE, ROLE

if TYPE_CHECKING:
    from tests.lab.lab import Lab


def _answers(lab: "Lab") -> bool:
    """Whether STS gives credentials again: its owner sees to that, and no API shows it."""
    return not lab.hidden.sts_refuses


def _refuses(lab: "Lab", error: str, status: int) -> None:
    lab.hidden.sts_refuses = error
    refused(lab, error, status)


@fault("sts-not-active-in-region", cause="sts-not-active-in-region", gone=_answers)
def sts_not_active_in_region(lab: "Lab") -> None:
    """A security baseline switched the Region's STS off."""
    said = f"STS is not activated in this region for account:{ACCOUNT}. Your account administrator can activate STS in"
    _refuses(lab, f"RegionDisabledException: {said} this region using the IAM Console.", 403)


@fault("issuer-keys-out-of-reach", cause="oidc-provider-unusable", gone=_answers)
def issuer_keys_out_of_reach(lab: "Lab") -> None:
    """STS does not get the issuer's keys."""
    said = "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity"
    _refuses(lab, f"InvalidIdentityToken: {said} documentation for requirements", 400)


@fault("issuer-with-another-certificate", cause="oidc-provider-unusable", gone=_answers)
def issuer_with_another_certificate(lab: "Lab") -> None:
    """A proxy of the company's breaks TLS open before the issuer."""
    said = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
    _refuses(lab, f"InvalidIdentityToken: {said}", 400)


@fault("controller-token-expired", cause="irsa-token-expired")
def controller_token_expired(lab: "Lab") -> None:
    """The kubelet does not renew the token of pods that run for long."""
    pods = (pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"].get("app") == CONTROLLER)
    lab.hidden.expired_tokens.update(pod["metadata"]["uid"] for pod in pods)
    said = "Token expired: current date/time 1764400000 must be before the expiration date/time 1764396400"
    refused(lab, f"ExpiredTokenException: {said}", 400)


def _not_authorized(lab: "Lab", why: str) -> str:
    action, role = "sts:AssumeRoleWithWebIdentity", f"arn:{lab.site.partition}:iam::{ACCOUNT}:role/{ROLE}"
    user = f"arn:{lab.site.partition}:sts::{ACCOUNT}:federated-user/controller"
    return f"AccessDenied: User: {user} is not authorized to perform: {action} on resource: {role} {why}"


@fault(
    "sts-endpoint-policy-silent", cause="iam-denied-by-endpoint-policy", world="endpoints-with-policies",
    gone=lambda lab: lets_in(lab, "sts", "sts:AssumeRoleWithWebIdentity"),
)  # fmt: skip
def sts_endpoint_policy_silent(lab: "Lab") -> None:
    """The policy of the endpoint of STS wants the organization of a caller who has none yet."""
    allow_where(lab, "sts", "sts:*", {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}})
    refused(
        lab, _not_authorized(lab, "because no VPC endpoint policy allows the sts:AssumeRoleWithWebIdentity action"), 403
    )


@fault("web-identity-denied-by-organization", cause="iam-denied-by-organization", gone=_answers)
def web_identity_denied_by_organization(lab: "Lab") -> None:
    """A resource control policy lets tokens of known issuers alone take roles."""
    policy = "arn:aws:organizations::555566667777:policy/o-abcdefghij/resource_control_policy/p-12345678"
    _refuses(lab, _not_authorized(lab, f"with an explicit deny in a resource control policy: {policy}"), 403)


@fault("controller-clock-runs-away", cause="node-clock-wrong", gone=lifted)
def controller_clock_runs_away(lab: "Lab") -> None:
    """The controller's node slept, and signs with the time of before."""
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d44, api error InvalidSignatureException: Signature expired:"
        " 20261129T080000Z is now earlier than 20261129T081500Z (20261129T082000Z - 5 min.)",
    )
