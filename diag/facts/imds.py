"""Whether a pod reaches the instance metadata service of its node."""

from __future__ import annotations

from diag.facts.controller import is_auto_mode
from diag.facts.ec2 import Instance
from diag.facts.kubernetes import Node, Pod
from diag.facts.table import Table

HOPS_OF_A_POD = 2
"""An answer to a pod of its own network takes one hop more than to the node itself.

Source: EC2 user guide, instance metadata options, hop limit in a container environment.
"""


def why_closed(pod: Pod, node: Node | None, instances: Table[Instance]) -> str:
    """Why a pod gets no answer from the metadata service, in words; empty when it does.

    Raises Unreadable when the instance could not be read.
    """
    if node is None or not node.instance_id:
        return "it runs on no EC2 instance that is known"
    if is_auto_mode(node):
        return "EKS Auto Mode lets pods reach no instance metadata"
    options = instances[node.instance_id].metadata_options
    if options is None:
        return ""
    if options.http_endpoint == "disabled":
        return f"instance {node.instance_id} has its metadata service switched off"
    hops = options.http_put_response_hop_limit
    if hops is not None and hops < HOPS_OF_A_POD and options.http_tokens == "required" and not pod.spec.host_network:
        return f"instance {node.instance_id} has hop limit {hops} for metadata tokens, a pod needs {HOPS_OF_A_POD}"
    return ""
