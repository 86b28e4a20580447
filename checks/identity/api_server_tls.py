"""Whether it is the cluster that answers."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, ok, warn
from diag.resources.eks import ClusterIdentity
from diag.resources.target import KubeContext


@check("api-server-tls", layer=Layer.IDENTITY)
def api_server_is_verified(kube_context: KubeContext, cluster_identity: ClusterIdentity) -> Iterator[Draft]:
    """The certificate of the API server is verified, so that the answers of this run are the cluster's own.

    pass: the kubeconfig leaves verification on
    warn: it switches verification off (insecure-skip-tls-verify): whoever answers is taken for the cluster
    unknown: there is no usable kubeconfig
    source: Kubernetes documentation, kubeconfig (v1), Cluster
    """
    subject = cluster_identity.subject
    if not kube_context.skips_tls_verification:
        yield ok(subject, "the API server's certificate is verified")
        return
    entry = f"context {kube_context.name} of the kubeconfig sets insecure-skip-tls-verify"
    message = "TLS verification is switched off: whoever answers is taken for the cluster, and sees the credentials"
    yield warn(subject, message, entry, "remove it, and set certificate-authority-data")
