"""The controller: not there when a claim waits for it."""

from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.driver.objects import CONTROLLER
from tests.lab.faults.registry import fault
from tests.lab.setup import NAMESPACE

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("controller-scaled-to-zero", cause="csi-controller-not-running")
def controller_scaled_to_zero(lab: "Lab") -> None:
    """A dynamic claim waits for a provisioner that does not run."""
    deployment = lab.kube.get("deployments", CONTROLLER, NAMESPACE)
    deployment["spec"]["replicas"] = 0
    deployment["status"] = {"observedGeneration": 2, "conditions": deployment["status"]["conditions"]}
    gone = [pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"].get("app") == CONTROLLER]
    lab.kube.remove_all("pods", gone)
    symptoms.provision_dynamically(lab)
    symptoms.claim_waits(
        lab,
        (
            "ExternalProvisioning",
            "Waiting for a volume to be created either by the external provisioner 'fsx.csi.aws.com' or manually by"
            " the system administrator. If volume creation is delayed, please verify that the provisioner is running"
            " and correctly registered.",
            "persistentvolume-controller",
        ),
    )
