"""No pod waits for a secret that its volume names and the driver does not read."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Unavailable, check, ok, skip, warn
from diag.advice.steps import caution, change, person
from diag.model.fix import StepKind
from diag.resources.kubernetes import PersistentVolume, Pod


@check("volume-secret", layer=Layer.REQUEST, each="volumes", speaks_for="csi-secret-unusable")
def waits_for_no_secret(
    volume: PersistentVolume, claim_pods: dict[str, tuple[Pod, ...]] | Unavailable
) -> Iterator[Draft]:
    """No pod waits for a secret that its volume names and the driver does not read.

    The kubelet fetches the secret of nodePublishSecretRef before it asks the driver, which takes none. Whether the
    secret exists is not asked: that takes a right to secrets. The kubelet's event says it.

    pass: the pods that use the volume have it, or no pod does
    warn: the volume names a secret, and a pod waits on its node
    unknown: volumes could not be read
    skip: it names no secret
    source: Kubernetes v1.34 pkg/volume/csi/csi_mounter.go; aws-fsx-csi-driver v1.9.0 pkg/driver/node.go
    """
    secret, ref = volume.spec.csi.node_publish_secret_ref if volume.spec.csi else None, volume.spec.claim_ref
    if secret is None:
        yield skip(volume, "it names no secret")
        return
    pods = (
        () if isinstance(claim_pods, Unavailable) or ref is None else claim_pods.get(f"{ref.namespace}/{ref.name}", ())
    )
    waiting = [pod for pod in pods if pod.spec.node_name and not pod.is_up and not pod.is_terminating]
    named = f"secret {secret.namespace}/{secret.name}"
    if not waiting:
        yield ok(volume, f"no pod waits for its {named}", rules_out=())
        return
    names = {"secret": secret.name, "secret_namespace": secret.namespace}
    make = "kubectl -n {secret_namespace} create secret generic {secret}"
    fix = Fix(
        (
            caution("Do this only if no such secret exists. An empty one is enough, because the driver reads none."),
            change(make, names, changes="Make an empty secret; the kubelet finds it at its next try."),
            person("Delete the secret {secret} of namespace {secret_namespace} again.", names, kind=StepKind.UNDO),
        )
    )
    message = f"the kubelet has to read its {named} before it mounts, and the driver does not need it"
    yield warn(volume, message, cause="csi-secret-unusable", fix=fix, concerns=waiting)
