"""Access keys in the secret that the driver prefers to any role."""

from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.driver.objects import CONTROLLER
from tests.lab.faults.registry import fault
from tests.lab.setup import NAMESPACE

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("static-keys-of-a-deleted-user", cause="static-aws-keys-win")
def static_keys_of_a_deleted_user(lab: "Lab") -> None:
    """The cluster was moved to IRSA, and the secret of former days stayed with keys that are gone."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": "aws-secret", "namespace": NAMESPACE, "creationTimestamp": lab.site.time(90000)},
        "data": {"key_id": "QUtJQUVYQU1QTEU=", "access_key": "bm90IGEga2V5"},
    }
    lab.kube.add(secret)
    controllers = (pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"]["app"] == CONTROLLER)
    lab.hidden.started_with_keys.update(pod["metadata"]["uid"] for pod in controllers)
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 3c0f9a8e-1f5c-4a63-9f0a-0b7b3a2d6c57, api error UnrecognizedClientException: The security token included in"
        " the request is invalid.",
    )
