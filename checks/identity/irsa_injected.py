"""Whether the role of the controller's service account reached its pods."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Reason, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.driver import clear_role, restart, unskip
from diag.analysis.claims import ClaimCase, Provisioning, waits_too_long
from diag.analysis.driver.workloads import missing_component
from diag.analysis.identity.controller import (
    SKIP_CONTAINERS,
    Given,
    Giver,
    injected,
    injected_role,
    plugin_of,
    role_in,
)
from diag.model.unavailable import value_or
from diag.resources.eks import PodIdentityAssociation
from diag.resources.kubernetes import Pod, ServiceAccount, Workload


@check("irsa-injected", layer=Layer.IDENTITY, speaks_for="irsa-not-injected")
def role_reached_the_pods(
    provisioning: Provisioning,
    controller: Workload | Unavailable,
    controller_account: ServiceAccount | Unavailable,
    controller_role: Given | Unavailable,
    controller_pods: tuple[Pod, ...],
    pod_identity_associations: tuple[PodIdentityAssociation, ...] | Unavailable,
    lustre_claims: tuple[ClaimCase, ...] | Unavailable,
    taken_at: str,
) -> Iterator[Draft]:
    """The controller's pods carry the variables of the role that their service account is given.

    A webhook writes the role into a pod when the pod is created, never later: pods older than annotation or
    association go on without, and call FSx as the node or not at all until they are replaced. Pods older than a
    changed annotation, or than an association beside it, go on as the former role. A role that the Deployment itself
    sets stays as well: the webhook leaves that variable alone.

    pass: every pod carries the role: AWS_ROLE_ARN names it, or Pod Identity gives it and its variable is there
    warn: some pods lack it, or all do and nothing is provisioned; or pods act as a role of another way or name
    fail: all pods lack it while volumes are provisioned; or all act as another role, and a claim gets no volume
    unknown: pods, service account or associations could not be read
    skip: the service account has no role, or no pod of the controller exists
    source: amazon-eks-pod-identity-webhook README and handler
    """
    if isinstance(controller_account, Unavailable):
        yield missing_component("service account of the controller", controller_account)
        return
    account = controller_account
    if isinstance(controller_role, Unavailable):
        if controller_role.reason is Reason.ABSENT:
            yield skip(account, "it has no role that could be injected")
        else:
            yield unknown(account, f"whether it has a role is not known: {controller_role}", because=(controller_role,))
        return
    if not controller_pods:
        yield skip(account, "no pod of the controller exists")
        return
    bare = [pod for pod in controller_pods if injected(pod) is None]
    what = f"{controller_role.role_arn} ({controller_role.giver.value})"
    former = [(pod, who) for pod in controller_pods if pod not in bare and (who := _another(pod, controller_role))]
    name = "fsx-csi-controller" if isinstance(controller, Unavailable) else controller.metadata.name
    fix = Fix(restart(account.metadata.namespace, name, changes="makes new pods, which get the role injected"))
    unseen = pod_identity_associations
    if not bare and former and isinstance(unseen, Unavailable) and injected(former[0][0]) is Giver.POD_IDENTITY:
        yield unknown(account, f"which role Pod Identity gives its pods is not known: {unseen}", because=(unseen,))
        return
    if not bare and former:
        pod, who = former[0]
        by_hand = isinstance(controller, Workload) and role_in(controller.spec.template.spec) == who
        message = f"{len(former)} of {len(controller_pods)} pod(s) of the controller still act as {who}, not as {what}"
        evidence = f"{pod.key} was created {pod.metadata.creation_timestamp}"
        why = f"Deployment {name} sets AWS_ROLE_ARN itself" if by_hand else f"{pod.key} is older than that"
        if by_hand and isinstance(controller, Workload):
            fix = clear_role(controller)
        waiting = provisioning.pending
        refused = [c.claim for c in value_or(lustre_claims, ()) if c.claim in waiting and _gets_nothing(c, taken_at)]
        say = fail if refused and len(former) == len(controller_pods) else warn
        concerns = refused if say is fail else ()
        yield say(account, f"{message}: {why}", evidence, cause="irsa-not-injected", fix=fix, concerns=concerns)
        return
    if not bare:
        yield ok(account, f"{what} is injected into all {len(controller_pods)} pod(s) of the controller")
        return
    skipped = plugin_of(bare[0].spec).name in bare[0].metadata.annotation(SKIP_CONTAINERS)
    if skipped and isinstance(controller, Workload) and controller.spec.template.metadata.annotation(SKIP_CONTAINERS):
        fix = unskip(controller, SKIP_CONTAINERS)
    why = f"its annotation {SKIP_CONTAINERS} leaves the driver out" if skipped else "it is older than the role"
    message = f"{len(bare)} of {len(controller_pods)} pod(s) of the controller run without {what}: {bare[0].key}, {why}"
    broken = fail if provisioning.in_use and len(bare) == len(controller_pods) else warn
    yield broken(account, message, f"{bare[0].key} was created {bare[0].metadata.creation_timestamp}",
                 cause="irsa-not-injected", fix=fix)  # fmt: skip


def _gets_nothing(case: ClaimCase, taken_at: str) -> bool:
    """Whether a claim was refused its volume, or waits for longer than FSx takes."""
    return bool(case.complaint) or waits_too_long(case.claim, taken_at)


def _another(pod: Pod, given: Given) -> str:
    """Who a pod acts as where that is not the role that new pods are given; empty where it is, or nothing shows."""
    giver, role = injected(pod), injected_role(pod)
    if giver is not given.giver:
        return f"{role or 'the role'} of {giver.value if giver else 'nobody'}"
    return role if giver is Giver.WEB_IDENTITY and role and role != given.role_arn else ""
