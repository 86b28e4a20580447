"""Other nodes."""

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from tests.lab.faults.request.pod import become_hybrid
from tests.lab.nodes import let_nodes_answer
from tests.lab.setup import Account, Plan
from tests.lab.variants.dns import dns_on_the_nodes
from tests.lab.variants.registry import variant

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@variant("mixed-node-groups", plan=Plan(version="2.12"))
def mixed_node_groups(lab: "Lab", account: Account) -> None:
    """AL2 with client 2.12 beside AL2023 with 2.15: a 2.12 server takes both."""
    _runs(lab, lab.site.node(1, 5), "Amazon Linux 2", "5.10.245-245.983.amzn2.x86_64")


@variant("al2023-kernel-6.1")
def al2023_kernel_6_1(lab: "Lab", account: Account) -> None:
    """The kernel of EKS 1.30 to 1.32, past the first one with a client."""
    for node in account.instances:
        _runs(lab, node, "Amazon Linux 2023.9.20251027", "6.1.155-176.282.amzn2023.x86_64")


@variant("arm64-nodes")
def arm64_nodes(lab: "Lab", account: Account) -> None:
    """Graviton."""
    for name in account.instances:
        _runs(lab, name, "Amazon Linux 2023.9.20251027", "6.12.46-66.121.amzn2023.aarch64")
        node = lab.kube.get("nodes", name)
        node["status"]["nodeInfo"]["architecture"] = "arm64"
        node["metadata"]["labels"]["kubernetes.io/arch"] = "arm64"


@variant("ubuntu-nodes")
def ubuntu_nodes(lab: "Lab", account: Account) -> None:
    """Ubuntu 24.04 at a kernel AWS builds client packages for, installed by user data."""
    for node in account.instances:
        _runs(lab, node, "Ubuntu 24.04.3 LTS", "6.14.0-1015-aws")


@variant("auto-mode")
def auto_mode(lab: "Lab", account: Account) -> None:
    """EKS Auto Mode: Bottlerocket nodes named after their instances, with network, proxy and DNS built in."""
    dns_on_the_nodes(lab, account)
    for daemonset in ("aws-node", "kube-proxy"):
        lab.kube.remove("daemonsets", daemonset, "kube-system")
    instances = {}
    for name, instance in account.instances.items():
        _runs(lab, name, "Bottlerocket (EKS Auto, Standard) 2025.11.10 (aws-k8s-1.34-standard)", "6.12.53")
        labels = lab.kube.get("nodes", name)["metadata"]["labels"]
        for label in ("capacityType", "nodegroup", "nodegroup-image"):
            labels.pop(f"eks.amazonaws.com/{label}")
        labels |= {"eks.amazonaws.com/compute-type": "auto", "karpenter.sh/nodepool": "general-purpose"}
        _rename_node(lab, name, instance)
        instances[instance] = instance
        lab.client("ec2").modify_instance_metadata_options(InstanceId=instance, HttpPutResponseHopLimit=1)
    lab.account = replace(account, instances=instances)
    let_nodes_answer(lab)


@variant("hybrid-node-beside")
def hybrid_node_beside(lab: "Lab", account: Account) -> None:
    """A machine on premises joined the cluster, and no pod with a Lustre volume runs on it."""
    become_hybrid(lab, lab.site.node(1, 5))


def _rename_node(lab: "Lab", old: str, new: str) -> None:
    for kind in ("nodes", "csinodes", "pods", "events"):
        for obj in list(lab.kube.all(kind)):
            text = msgspec.json.encode(obj).decode()
            if old in text:
                metadata = obj["metadata"]
                lab.kube.remove(kind, metadata["name"], metadata.get("namespace", ""))
                lab.kube.add(msgspec.json.decode(text.replace(old, new)))


def _runs(lab: "Lab", name: str, image: str, kernel: str) -> None:
    lab.kube.get("nodes", name)["status"]["nodeInfo"] |= {"osImage": image, "kernelVersion": kernel}
