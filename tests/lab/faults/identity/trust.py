"""Trust policies that nearly fit."""

import json
from typing import TYPE_CHECKING, Any

from tests.lab.faults import symptoms
from tests.lab.faults.identity.refusals import refused
from tests.lab.faults.registry import fault
from tests.lab.setup import NAMESPACE, ROLE

if TYPE_CHECKING:
    from tests.lab.lab import Lab

_REFUSED = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"


@fault("irsa-wildcard-taken-literally", cause="irsa-trust-policy")
def irsa_wildcard_taken_literally(lab: "Lab") -> None:
    """StringEquals with a *, which only StringLike takes as a wildcard."""
    statement = _trusted(lab)[0]
    subject = f"{_issuer(lab)}:sub"
    statement["Condition"]["StringEquals"][subject] = f"system:serviceaccount:{NAMESPACE}:*"
    _trust(lab, statement)
    refused(lab, _REFUSED, 403)


@fault("irsa-denied-by-a-second-statement", cause="irsa-trust-policy")
def irsa_denied_by_a_second_statement(lab: "Lab") -> None:
    """The Allow fits; a Deny for all but one other namespace takes it back."""
    statement = _trusted(lab)[0]
    others = {"StringNotLike": {f"{_issuer(lab)}:sub": "system:serviceaccount:kube-system:*"}}
    _trust(lab, statement, {**statement, "Effect": "Deny", "Condition": others})
    refused(lab, _REFUSED, 403)


@fault("irsa-condition-of-another-issuer", cause="irsa-trust-policy")
def irsa_condition_of_another_issuer(lab: "Lab") -> None:
    """The principal was changed to the new cluster's provider, the condition keys were not."""
    statement = _trusted(lab)[0]
    old = f"oidc.eks.{lab.site.region}.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
    keys = statement["Condition"]["StringEquals"]
    statement["Condition"]["StringEquals"] = {key.replace(_issuer(lab), old): value for key, value in keys.items()}
    _trust(lab, statement)
    refused(lab, _REFUSED, 403)


@fault("irsa-trust-that-ran-out", cause="irsa-trust-policy")
def irsa_trust_that_ran_out(lab: "Lab") -> None:
    """A contractor's trust was meant to end, and did."""
    _trust_only_where(lab, DateLessThan={"aws:CurrentTime": "2024-07-01T00:00:00Z"})


@fault("irsa-trust-by-session-name", cause="irsa-trust-policy")
def irsa_trust_by_session_name(lab: "Lab") -> None:
    """The name of the session has to be a pipeline's; the driver's SDK names its own by the time."""
    _trust_only_where(lab, StringLike={"sts:RoleSessionName": "deploy-*"})


def _trust_only_where(lab: "Lab", **condition: dict[str, str]) -> None:
    """One more condition, which does not hold."""
    statement = _trusted(lab)[0]
    statement["Condition"] |= condition
    _trust(lab, statement)
    refused(lab, _REFUSED, 403)


@fault("pod-identity-without-session-tags", cause="pod-identity-trust", world="pod-identity")
def pod_identity_without_session_tags(lab: "Lab") -> None:
    """The role lets EKS assume it and not tag the session, which it always does."""
    statement = _trusted(lab)[0]
    _trust(lab, {**statement, "Action": "sts:AssumeRole"})
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, get identity: get credentials: failed to refresh cached credentials,"
        " failed to load credentials, : [5b1e9a70-92c6-4bb5-8a83-1d8f1a0f6c3f]: (AccessDeniedException): Unauthorized"
        " Exception! EKS does not have permissions to assume the associated role., fault: client",
    )


def _issuer(lab: "Lab") -> str:
    assert lab.account is not None
    return lab.account.issuer.removeprefix("https://")


def _trusted(lab: "Lab") -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = lab.client("iam").get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"][
        "Statement"
    ]
    return statements


def _trust(lab: "Lab", *statements: dict[str, Any]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    lab.client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=document)
