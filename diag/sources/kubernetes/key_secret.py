"""Learns whether the controller has static AWS keys, without ever reading them."""

from __future__ import annotations

import msgspec

from diag.analysis.identity.controller import StaticKeys, has_own_key, key_secret_of
from diag.model.unavailable import Reason, Unavailable
from diag.registry import fact
from diag.resources.kubernetes import Workload
from diag.sources.kubernetes.client import Kube


class _Metadata(msgspec.Struct):
    # Annotations are left out on purpose: kubectl apply writes the whole secret into one of them.
    name: str = ""


class _Secret(msgspec.Struct):
    metadata: _Metadata


@fact(permissions=("get secrets",))
def static_keys(kube: Kube, controller: Workload) -> StaticKeys | Unavailable:
    """Whether the secret that the controller may take an access key from exists: its metadata alone is asked for."""
    namespace = controller.metadata.namespace
    reference = key_secret_of(controller)
    if reference is None or not reference.name:
        own = has_own_key(controller)
        return StaticKeys(own, f"deployment {namespace}/{controller.metadata.name}" if own else "")
    found = kube.metadata(f"/api/v1/namespaces/{namespace}/secrets/{reference.name}", _Secret)
    if isinstance(found, Unavailable):
        return StaticKeys(False) if found.reason is Reason.ABSENT else found
    return StaticKeys(True, f"secret {namespace}/{reference.name}", reference.optional)
