"""The node's kernel: no Lustre module in it, or one that cannot talk to this server."""

from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.registry import fault
from tests.lab.incident import WORKLOAD_NAMESPACE
from tests.lab.setup import FILE_SYSTEM_ID

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("kernel-before-lustre", cause="lustre-module-missing")
def kernel_before_lustre(lab: "Lab") -> None:
    """AL2023 carries the client from 6.1.79-99.167 on."""
    _nodes_run(lab, "Amazon Linux 2023.3.20240108", "6.1.66-93.164.amzn2023.x86_64")
    symptoms.no_module(lab)


@fault("ubuntu-without-module", cause="lustre-module-missing")
def ubuntu_without_module(lab: "Lab") -> None:
    """Ubuntu's client is a package of its own, which no EKS image has; this kernel is past the last one built for."""
    _nodes_run(lab, "Ubuntu 24.04.3 LTS", "6.14.0-1021-aws")
    symptoms.no_module(lab)


@fault("bottlerocket-before-lustre", cause="lustre-module-missing")
def bottlerocket_before_lustre(lab: "Lab") -> None:
    """Bottlerocket's first 6.1 kernels had no client."""
    _nodes_run(lab, "Bottlerocket OS 1.15.0 (aws-k8s-1.28)", "6.1.52")
    symptoms.no_module(lab)


@fault("old-client-new-server", cause="client-server-version-mismatch")
def old_client_new_server(lab: "Lab") -> None:
    """AL2's older 5.10 kernels bring client 2.10, which AWS's matrix does not pair with a 2.15 server."""
    _nodes_run(lab, "Amazon Linux 2", "5.10.130-118.517.amzn2.x86_64")
    symptoms.invalid_argument(lab)


@fault("al2023-nodes-old-server", cause="client-server-version-mismatch")
def al2023_nodes_old_server(lab: "Lab") -> None:
    """A PERSISTENT_1 of 2020 met its first AL2023 node group; the AL2 nodes still mount it."""
    system = lab.aws.fsx.file_system(FILE_SYSTEM_ID)
    system["FileSystemTypeVersion"] = "2.10"
    system["LustreConfiguration"]["DeploymentType"] = "PERSISTENT_1"
    node = lab.kube.get("nodes", lab.site.node(1, 5))
    node["status"]["nodeInfo"] |= {
        "osImage": "Amazon Linux 2",
        "kernelVersion": "5.10.245-245.983.amzn2.x86_64",
    }
    symptoms.invalid_argument(lab)


@fault("auto-mode-nodes-old-server", cause="client-server-version-mismatch", world="auto-mode")
def auto_mode_nodes_old_server(lab: "Lab") -> None:
    """Every node of Auto Mode has client 2.15, and the file system was made without a version."""
    lab.aws.fsx.file_system(FILE_SYSTEM_ID)["FileSystemTypeVersion"] = "2.10"
    symptoms.invalid_argument(lab)


@fault("rhel-10-client-needs-2.15", cause="client-server-version-mismatch")
def rhel_10_client_needs_2_15(lab: "Lab") -> None:
    """RHEL 10's 2.15 client is the one row of the matrix that does not take a 2.12 server."""
    lab.aws.fsx.file_system(FILE_SYSTEM_ID)["FileSystemTypeVersion"] = "2.12"
    _nodes_run(lab, "Red Hat Enterprise Linux 10.1 (Coughlan)", "6.12.0-124.8.1.el10_1.x86_64")
    symptoms.invalid_argument(lab)


def _nodes_run(lab: "Lab", image: str, kernel: str) -> None:
    for node in lab.kube.all("nodes"):
        node["status"]["nodeInfo"] |= {"osImage": image, "kernelVersion": kernel}


@fault("large-pages-without-client", cause="large-page-kernel")
def large_pages_without_client(lab: "Lab") -> None:
    """A 64k-page kernel on Graviton, older than the first one AWS builds a client for."""
    _nodes_run(lab, "Ubuntu 24.04.3 LTS", "6.14.0-1012-aws-64k")
    for node in lab.kube.all("nodes"):
        node["status"]["nodeInfo"]["architecture"] = "arm64"
        node["metadata"]["labels"]["kubernetes.io/arch"] = "arm64"
    symptoms.no_module(lab)


@fault("one-node-group-too-old", cause="lustre-module-missing")
def one_node_group_too_old(lab: "Lab") -> None:
    """The pod landed on the one group that was never renewed."""
    node = lab.kube.get("nodes", symptoms.pod(lab)["spec"]["nodeName"])
    node["status"]["nodeInfo"] |= {
        "osImage": "Amazon Linux 2023.3.20240108",
        "kernelVersion": "6.1.66-93.164.amzn2023.x86_64",
    }
    symptoms.no_module(lab)


def _all_ready(lab: "Lab") -> bool:
    """Whether every pod's node is there and ready."""
    ready = {
        node["metadata"]["name"]
        for node in lab.kube.all("nodes")
        if any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"]["conditions"])
    }
    return all(pod["spec"].get("nodeName") in ready for pod in lab.kube.all("pods", WORKLOAD_NAMESPACE))


@fault("node-stopped-answering", cause="node-not-ready", gone=_all_ready)
def node_stopped_answering(lab: "Lab") -> None:
    """The kubelet is silent: the pod looks as if it ran."""
    node = lab.kube.get("nodes", symptoms.pod(lab)["spec"]["nodeName"])
    for condition in node["status"]["conditions"]:
        condition |= {"status": "Unknown", "reason": "NodeStatusUnknown", "lastTransitionTime": lab.site.time(20)}
        condition["message"] = "Kubelet stopped posting node status."
    node["spec"]["taints"] = [{"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}]


@fault("node-gone-under-pod", cause="node-not-ready", gone=_all_ready)
def node_gone_under_pod(lab: "Lab") -> None:
    """A spot instance went while the pod waited for its volume; the pod is bound to a node that does not exist."""
    name = symptoms.pod(lab)["spec"]["nodeName"]
    symptoms.pod_waits(lab)
    symptoms.plugin_gone(lab, [name])
    lab.kube.remove("nodes", name)
    lab.kube.remove("csinodes", name)
