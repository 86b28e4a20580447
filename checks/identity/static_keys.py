"""Static AWS keys that come before the controller's role."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Unavailable, check, ok, unknown, warn
from diag.advice.driver import restart
from diag.advice.steps import caution, change, guard, save, undo
from diag.analysis.driver.workloads import missing_component
from diag.analysis.identity.controller import Given, StaticKeys
from diag.model.fix import Danger
from diag.resources.kubernetes import Workload


@check("static-keys", layer=Layer.IDENTITY, speaks_for="static-aws-keys-win", opt_in=True)
def no_static_keys_before_the_role(
    controller: Workload | Unavailable,
    controller_role: Given | Unavailable,
    static_keys: StaticKeys | Unavailable,
) -> Iterator[Draft]:
    """No static access key comes before the controller's role.

    The driver takes AWS_ACCESS_KEY_ID from the optional secret aws-secret, and the AWS SDK prefers such a key to
    any role: an old or foreign one then fails although role and trust policy are right. Asked only when named, since
    it takes the right to get that secret; even then its metadata alone is asked for, never its contents.

    pass: there is no key, or there is no role that it could hide
    warn: there are both a key and a role
    unknown: whether the secret exists could not be seen
    skip: there is no controller
    source: aws-fsx-csi-driver chart 1.17.0, controller-deployment.yaml; AWS SDKs, standardized credential providers
    """
    if isinstance(controller, Unavailable):
        yield missing_component("controller Deployment", controller)
        return
    subject = controller.subject
    if isinstance(static_keys, Unavailable):
        yield unknown(subject, f"whether it has static keys is not known: {static_keys}", because=(static_keys,))
    elif not static_keys.given:
        yield ok(subject, "it has no static AWS keys")
    elif isinstance(controller_role, Unavailable):
        yield ok(subject, f"it signs with the keys of {static_keys.where}, and has no role beside", rules_out=())
    else:
        message = f"the keys of {static_keys.where} come before its role {controller_role.role_arn}"
        fix = _drop_keys(static_keys, controller) if static_keys.removable else None
        yield warn(subject, message, cause="static-aws-keys-win", fix=fix)


_USERS = (
    "kubectl -n {driver_namespace} get deployments,daemonsets,statefulsets,cronjobs -o custom-columns="
    "NAME:.metadata.name,KEYS:.spec..secretKeyRef.name,ALL:.spec..secretRef.name,FILES:.spec..secretName"
    " > users-of-secrets.txt"
)


def _drop_keys(keys: StaticKeys, controller: Workload) -> Fix:
    namespace, _, secret = keys.where.removeprefix("secret ").partition("/")
    names = {"driver_namespace": namespace, "secret": secret, "controller": controller.metadata.name}
    return Fix(
        (
            caution("The saved file holds the keys: keep it safe, then destroy it."),
            caution("The EBS driver's chart reads a secret of this name too: the guard stops where another uses it."),
            save(_USERS, names),
            save("kubectl -n {driver_namespace} get secret {secret} -o yaml > {secret}.before.yaml", names),
            guard("test -s users-of-secrets.txt", names),
            guard("""sh -c '! grep -v "^{controller} " users-of-secrets.txt | grep {secret}'""", names),
            guard("test -s {secret}.before.yaml", names),
            change("kubectl -n {driver_namespace} delete secret {secret}", names, danger=Danger.DESTROYS),
            *restart(namespace, controller.metadata.name, changes="makes new pods, which use the role"),
            undo("kubectl replace --force -f {secret}.before.yaml", names),
            undo("kubectl -n {driver_namespace} rollout restart deployment/{controller}", names),
        )
    )
