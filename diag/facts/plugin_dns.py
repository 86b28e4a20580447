"""Which resolver the node plugin's pods ask, and with them mount.lustre."""

from __future__ import annotations

from diag.facts.kubernetes import Workload
from diag.model.unavailable import Unavailable


def asks_cluster_dns(node_plugin: Workload | Unavailable) -> bool:
    """Whether the pods of the DaemonSet ask CoreDNS; yes when it could not be read, as the chart makes it so.

    A pod on the host's network asks the node's resolver unless its policy is ClusterFirstWithHostNet. Source:
    Kubernetes documentation, DNS for Services and Pods; aws-fsx-csi-driver chart 1.17.0 node-daemonset.yaml.
    """
    if isinstance(node_plugin, Unavailable):
        return True
    spec = node_plugin.spec.template.spec
    if spec.dns_policy == "ClusterFirst":
        return not spec.host_network
    return spec.dns_policy == "ClusterFirstWithHostNet"
