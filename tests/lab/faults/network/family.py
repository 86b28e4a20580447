"""The cluster's IP family."""

from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.registry import fault

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("cluster-ipv6", cause="ipv6-cluster")
def cluster_ipv6(lab: "Lab") -> None:
    """An IPv6 cluster, where EKS does not support FSx for Lustre: pods have no IPv4 address to mount from."""
    network = lab.aws.eks.cluster(lab.site.cluster).cluster["kubernetesNetworkConfig"]
    network["ipFamily"] = "ipv6"
    network["serviceIpv6Cidr"] = "fd5a:5b2e:9c1d::/108"
    del network["serviceIpv4Cidr"]
    for number, pod in enumerate(lab.kube.all("pods")):
        if "podIP" in pod["status"]:
            pod["status"]["podIP"] = f"fd00:77::{number + 1:x}"
            pod["status"]["podIPs"] = [{"ip": pod["status"]["podIP"]}]
    symptoms.unreachable(lab)
