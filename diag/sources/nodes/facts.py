"""The fact of what the nodes say of themselves."""

from __future__ import annotations

from collections.abc import Sequence

from diag.analysis.volumes import Mount
from diag.grammar.spelling import did_you_mean
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable
from diag.registry import fact
from diag.resources.ec2 import Instance, NetworkInterface
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import Node, PersistentVolume, Pod
from diag.resources.node_report import NodeReport
from diag.resources.table import Table
from diag.resources.target import Settings
from diag.sources.nodes.ask import NodeAsk, Plugin, questions_of
from diag.sources.nodes.reader import NodeReader
from diag.sources.nodes.selection import choose

PLUGIN_CONTAINER = "fsx-plugin"
"""Source: aws-fsx-csi-driver chart 1.17.0, node-daemonset.yaml."""


@fact(layer=Layer.CLIENT, label="what the node says", names={"node": "host"})
def node_truths(
    node_reader: NodeReader,
    nodes: tuple[Node, ...] | Unavailable,
    mounts: tuple[Mount, ...] | Unavailable,
    driver_pods: tuple[Pod, ...] | Unavailable,
    volumes: tuple[PersistentVolume, ...] | Unavailable,
    mounted_file_systems: tuple[FileSystem, ...] | Unavailable,
    network_interfaces: Table[NetworkInterface] | Unavailable,
    instances: Table[Instance] | Unavailable,
    cluster_identity: ClusterIdentity | Unavailable,
    settings: Settings,
) -> Table[NodeReport] | Unavailable:
    """What the chosen nodes say of themselves, by node name; empty when no way in was asked for.

    The rights that it takes depend on the way: docs/nodes.md.
    """
    if not node_reader.is_asked:
        return Table()
    asks, missing = _asks(node_reader, nodes, mounts, driver_pods, instances)
    if isinstance(asks, Unavailable):
        return asks
    names = () if isinstance(volumes, Unavailable) else tuple(v.dns_name for v in volumes if v.dns_name)
    questions = questions_of(names, _addresses(mounted_file_systems, network_interfaces), settings.lustre_port)
    region = "" if isinstance(cluster_identity, Unavailable) else cluster_identity.region
    found = node_reader.read(asks, questions, region)
    return Table(found.values, {**found.missing, **missing})


def _asks(
    reader: NodeReader,
    nodes: tuple[Node, ...] | Unavailable,
    mounts: tuple[Mount, ...] | Unavailable,
    driver_pods: tuple[Pod, ...] | Unavailable,
    instances: Table[Instance] | Unavailable,
) -> tuple[tuple[NodeAsk, ...] | Unavailable, dict[str, Unavailable]]:
    options = reader.options
    if options.via == "local":
        return _this_machine(reader, nodes)
    if isinstance(nodes, Unavailable):
        # Named nodes can be reached over SSH without a cluster; instance ids through SSM.
        if options.recorded is not None:
            return tuple(NodeAsk(name) for name in options.recorded.values), {}
        names = tuple(name for name in options.nodes if name not in ("all", "affected", "sample"))
        if names and options.via in ("ssh", "ssm"):
            return tuple(NodeAsk(n, n, n if n.startswith("i-") else "") for n in names), {}
        return nodes, {}
    chosen = choose(nodes, () if isinstance(mounts, Unavailable) else mounts, instances, options.nodes)
    known = {name for node in nodes for name in (node.name, node.internal_ip, node.instance_id) if name}
    strangers = {
        name: Unavailable(
            f"node {name}",
            Reason.ABSENT,
            f"the cluster has no node of that name{did_you_mean(name, known)}",
            remedy="see --nodes",
        )
        for name in chosen.strangers
    }
    plugins = {} if isinstance(driver_pods, Unavailable) else _plugins(driver_pods)
    asks = tuple(
        NodeAsk(node.name, node.internal_ip, node.instance_id, plugins.get(node.name), _kernel_of(node))
        for node in chosen.nodes
    )
    return asks, strangers


def _kernel_of(node: Node) -> str:
    info = node.status.node_info
    return f"{info.kernel_version} {info.architecture}" if info.kernel_version else ""


def _this_machine(
    reader: NodeReader, nodes: tuple[Node, ...] | Unavailable
) -> tuple[tuple[NodeAsk, ...], dict[str, Unavailable]]:
    """The node that lustre-doctor runs on, under the cluster's name for it; without a cluster any machine.

    A laptop's name servers and modules say nothing of a cluster that it is no node of, so it is not asked then.
    """
    import socket

    from diag.sources.nodes.local import Local

    own, name = Local(reader.here), reader.here or socket.gethostname()
    if isinstance(nodes, Unavailable):
        return (NodeAsk(name),), {}
    for node in nodes:
        if own.is_here(NodeAsk(node.name, node.internal_ip)):
            return (NodeAsk(node.name, node.internal_ip),), {}
    if reader.here:
        return (NodeAsk(name),), {}
    detail = "this machine, which --via local reads, is not a node of the cluster"
    remedy = "run lustre-doctor on a node, or use --via exec, ssm or ssh"
    return (), {name: Unavailable(f"node {name}", Reason.ABSENT, detail, remedy=remedy)}


def _plugins(pods: Sequence[Pod]) -> dict[str, Plugin]:
    """The driver's running container on each node."""
    found = {}
    for pod in pods:
        if pod.status.phase != "Running" or pod.is_terminating or not pod.spec.node_name:
            continue
        if all(container.name != PLUGIN_CONTAINER for container in pod.spec.containers) or _is_controller(pod):
            continue
        statuses = {status.name: status for status in pod.status.container_statuses or ()}
        status = statuses.get(PLUGIN_CONTAINER)
        image = (status.image_id or status.image) if status else ""
        namespace, name = pod.metadata.namespace, pod.metadata.name
        found[pod.spec.node_name] = Plugin(namespace, name, PLUGIN_CONTAINER, image.rpartition("@")[2] or image)
    return found


def _is_controller(pod: Pod) -> bool:
    """The controller's pod has a container of the same name, without the node's privileges."""
    return any(container.name == "csi-provisioner" for container in pod.spec.containers)


def _addresses(
    file_systems: tuple[FileSystem, ...] | Unavailable, interfaces: Table[NetworkInterface] | Unavailable
) -> tuple[str, ...]:
    if isinstance(file_systems, Unavailable) or isinstance(interfaces, Unavailable):
        return ()
    ids = (id for system in file_systems for id in system.network_interface_ids)
    found = (interfaces.values[id].private_ip_address for id in ids if id in interfaces)
    return tuple(dict.fromkeys(address for address in found if address))
