"""What the controller's pods really sign with: an injected role, or static keys that come before it."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Reason, Unavailable, check, fail, ok, skip, unknown, warn
from diag.facts.controller import SKIP_CONTAINERS, Given, StaticKeys, injected, plugin_of
from diag.facts.kubernetes import Pod, ServiceAccount, Workload
from diag.facts.provisioning import NOT_IN_USE, Provisioning
from diag.facts.service_role import restart


@check("irsa-injected", layer=Layer.IDENTITY, speaks_for="irsa-not-injected")
def role_reached_the_pods(
    provisioning: Provisioning,
    controller: Workload | Unavailable,
    controller_account: ServiceAccount,
    controller_role: Given | Unavailable,
    controller_pods: tuple[Pod, ...],
) -> Iterator[Draft]:
    """The controller's pods carry the variables of the role that their service account is given.

    A webhook writes the role into a pod when the pod is created, never later: pods older than annotation or
    association go on without, and call FSx as the node or not at all until they are replaced.

    pass: every pod has AWS_WEB_IDENTITY_TOKEN_FILE or AWS_CONTAINER_CREDENTIALS_FULL_URI
    warn: some pods lack it, or all do and nothing is provisioned
    fail: all pods lack it while volumes are provisioned
    unknown: pods, service account or associations could not be read
    skip: the service account has no role, or no pod of the controller exists
    source: amazon-eks-pod-identity-webhook README and handler
    """
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
    if not bare:
        yield ok(account, f"{what} is injected into all {len(controller_pods)} pod(s) of the controller")
        return
    skipped = plugin_of(bare[0].spec).name in bare[0].metadata.annotation(SKIP_CONTAINERS)
    why = f"its annotation {SKIP_CONTAINERS} leaves the driver out" if skipped else "it is older than the role"
    message = f"{len(bare)} of {len(controller_pods)} pod(s) of the controller run without {what}: {bare[0].key}, {why}"
    name = "fsx-csi-controller" if isinstance(controller, Unavailable) else controller.metadata.name
    fix = Fix((restart(account.metadata.namespace, name),), "makes new pods, which get the role injected")
    broken = fail if provisioning.in_use and len(bare) == len(controller_pods) else warn
    yield broken(account, message, f"{bare[0].key} was created {bare[0].metadata.creation_timestamp}",
                 cause="irsa-not-injected", fix=fix)  # fmt: skip


@check("static-keys", layer=Layer.IDENTITY, speaks_for="static-aws-keys-win")
def no_static_keys_before_the_role(
    provisioning: Provisioning,
    controller: Workload,
    controller_role: Given | Unavailable,
    static_keys: StaticKeys | Unavailable,
) -> Iterator[Draft]:
    """No static access key comes before the controller's role.

    The driver takes AWS_ACCESS_KEY_ID from the optional secret aws-secret, and the AWS SDK prefers such a key to
    any role: an old or foreign one then fails although role and trust policy are right. Only the secret's
    existence is looked at, never its contents.

    pass: there is no key, or there is no role that it could hide
    warn: there are both a key and a role
    unknown: whether the secret exists could not be seen
    skip: nothing is provisioned dynamically
    source: aws-fsx-csi-driver chart 1.17.0, controller-deployment.yaml; AWS SDKs, standardized credential providers
    """
    subject = controller.subject
    if not provisioning.in_use:
        yield skip(subject, NOT_IN_USE)
    elif isinstance(static_keys, Unavailable):
        yield unknown(subject, f"whether it has static keys is not known: {static_keys}", because=(static_keys,))
    elif not static_keys.given:
        yield ok(subject, "it has no static AWS keys")
    elif isinstance(controller_role, Unavailable):
        yield ok(subject, f"it signs with the keys of {static_keys.where}, and has no role beside", rules_out=())
    else:
        message = f"the keys of {static_keys.where} come before its role {controller_role.role_arn}"
        fix = _drop_keys(static_keys, controller) if static_keys.removable else None
        yield warn(subject, message, cause="static-aws-keys-win", fix=fix)


def _drop_keys(keys: StaticKeys, controller: Workload) -> Fix:
    namespace, _, name = keys.where.removeprefix("secret ").partition("/")
    save = f"kubectl -n {namespace} get secret {name} -o yaml > {name}-before.yaml"
    drop = f"kubectl -n {namespace} delete secret {name}"
    note = "the saved file holds the keys: keep it safe, then destroy it"
    return Fix((save, drop, restart(namespace, controller.metadata.name)), note, f"kubectl apply -f {name}-before.yaml")
