"""The two worlds everything starts from: the exit-22 incident, and the same cluster with everything right."""

from typing import TYPE_CHECKING, Any

from tests.lab.nodes import let_nodes_answer
from tests.lab.setup import FILE_SYSTEM_ID, Account, Plan, set_up_account
from tests.lab.site import Site

if TYPE_CHECKING:
    from tests.lab.lab import Lab

WORKLOAD = "pod-fsx"
WORKLOAD_NAMESPACE = "default"
VOLUME = "fsx-pv"
CLAIM = "fsx-pvc"
STORAGE_CLASS = "fsx-sc"
_KINDS = (
    "namespaces",
    "nodes",
    "serviceaccounts",
    "configmaps",
    "services",
    "endpointslices",
    "clusterroles",
    "clusterrolebindings",
    "leases",
    "storageclasses",
    "csidrivers",
    "csinodes",
    "daemonsets",
    "deployments",
    "replicasets",
    "persistentvolumes",
    "persistentvolumeclaims",
    "pods",
    "events",
)
INCIDENT_PLAN = Plan(version=None, complete_groups=False, least_privilege=False)


def build_incident(lab: "Lab", site: Site) -> Account:
    """A SCRATCH_2 file system made without a version, so 2.10; AL2023 nodes; a pod that hangs in ContainerCreating."""
    account = set_up_account(lab, site, INCIDENT_PLAN)
    _objects(lab, site, account)
    return account


def build_healthy(lab: "Lab", site: Site, plan: Plan | None = None) -> Account:
    """The same cluster set up with care: version 2.15, the groups AWS documents, a pod that runs."""
    account = set_up_account(lab, site, plan or Plan())
    _objects(lab, site, account)
    run_workload(lab)
    volume = lab.kube.get("persistentvolumes", VOLUME)
    volume["spec"]["mountOptions"] = ["flock"]
    storage_class = lab.kube.get("storageclasses", STORAGE_CLASS)
    storage_class["parameters"] = {
        "subnetId": account.private_subnets[0],
        "securityGroupIds": account.file_system_group,
        "deploymentType": "SCRATCH_2",
        "fileSystemTypeVersion": "2.15",
    }
    storage_class["mountOptions"] = ["flock"]
    pod = lab.kube.get("pods", WORKLOAD, WORKLOAD_NAMESPACE)
    image = "public.ecr.aws/amazonlinux/amazonlinux:2023"
    pod["spec"]["containers"][0]["image"] = image
    pod["status"]["containerStatuses"][0]["image"] = image
    return account


def heal_incident(lab: "Lab") -> None:
    """What the person does and what follows: the version is raised, the retried mount succeeds, the event ages out."""
    if lab.aws.fsx.file_system(FILE_SYSTEM_ID)["FileSystemTypeVersion"] != "2.15":
        lab.client("fsx").update_file_system(FileSystemId=FILE_SYSTEM_ID, FileSystemTypeVersion="2.15")
    run_workload(lab)


def run_workload(lab: "Lab") -> None:
    """The pod's mount succeeds: its container runs and its warnings are gone."""
    kube, site = lab.kube, lab.site
    pod = kube.get("pods", WORKLOAD, WORKLOAD_NAMESPACE)
    status = pod["status"]
    status["phase"] = "Running"
    status["podIP"] = site.address(1, 120)
    status["podIPs"] = [{"ip": status["podIP"]}]
    for condition in status["conditions"]:
        condition["status"] = "True"
        condition.pop("reason", None)
        condition.pop("message", None)
    container: dict[str, Any] = status["containerStatuses"][0]
    container |= {"ready": True, "started": True, "state": {"running": {"startedAt": site.time(1)}}}
    container["imageID"] = "sha256:" + "ab" * 32
    container["containerID"] = "containerd://" + "cd" * 32
    warnings = [event for event in kube.all("events", WORKLOAD_NAMESPACE) if event["type"] == "Warning"]
    kube.remove_all("events", warnings)


def _objects(lab: "Lab", site: Site, account: Account) -> None:
    for kind in _KINDS:
        lab.kube.add(*site.load(kind))
    for node in lab.kube.all("nodes"):
        zone = node["metadata"]["labels"]["topology.kubernetes.io/zone"]
        node["spec"]["providerID"] = f"aws:///{zone}/{account.instances[node['metadata']['name']]}"
    lab.api.issuer = account.issuer
    lab.serve(account.file_system)
    let_nodes_answer(lab)
