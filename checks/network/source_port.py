"""Address translation that rewrites the client's source port."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Reason, Unavailable, Unreadable, check, ok, skip, warn
from diag.advice.steps import change, undo, wait
from diag.analysis.network.paths import Clients
from diag.analysis.volumes import Mount
from diag.resources.eks import SourceNat
from diag.resources.fsx import FileSystem


@check("source-port", layer=Layer.NETWORK, each="mounted_file_systems", speaks_for="source-port-rewritten-snat")
def source_port_stays(
    file_system: FileSystem,
    clients: dict[str, Clients],
    source_nat: SourceNat | Unavailable,
    mounts: tuple[Mount, ...],
) -> Iterator[Draft]:
    """The VPC CNI does not rewrite the source port of Lustre's connections.

    FSx refuses a connection that does not come from a privileged port, and the mount ends in "Is the MGS running?"
    although 988 answers. By default the VPC CNI translates what leaves the VPC, with ports of its own choice; inside
    the VPC it translates nothing. Networking of the pods (custom networking, pod ENIs, network policies) does not
    matter: the node mounts.

    pass: file system and nodes share the VPC, the CNI translates nothing or keeps ports, or a pod has it mounted
    warn: traffic to the file system leaves the VPC, and the CNI chooses the source ports of what leaves
    unknown: the aws-node DaemonSet or the nodes' instances could not be read
    skip: AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS is set, whose ranges are not read, or another CNI is at work
    source: aws-fsx-csi-driver docs/troubleshooting.md; amazon-vpc-cni-k8s README; Lustre 2.15.8 lnet/lnet/acceptor.c
    """
    outside = [group for group in clients[file_system.id].groups if group.vpc_id != file_system.vpc_id]
    if not outside:
        yield ok(file_system, f"nodes and {file_system.id} are in {file_system.vpc_id}: nothing is translated")
        return
    if isinstance(source_nat, Unavailable):
        if source_nat.reason is not Reason.ABSENT:
            raise Unreadable(source_nat)
        yield skip(file_system, "the cluster does not run the VPC CNI itself, so its translation is not known")
        return
    setting = f"EXTERNALSNAT={str(source_nat.external).lower()}, RANDOMIZESNAT={source_nat.randomize}"
    text = f"aws-node: AWS_VPC_K8S_CNI_{setting.replace(', ', ', AWS_VPC_K8S_CNI_')}"
    if source_nat.external or source_nat.randomize == "none":
        yield ok(file_system, "what leaves the VPC keeps its source port", text)
    elif source_nat.excludes_ranges:
        yield skip(
            file_system, "ranges are excluded from translation; whether the file system's is among them is not read"
        )
    elif any(mount.volume.handle == file_system.id and mount.pod.is_up for mount in mounts):
        yield ok(file_system, "a pod has it mounted, so its servers accept the nodes' source ports", text, rules_out=())
    else:
        message = (
            f"{file_system.id} is in {file_system.vpc_id}, the nodes are not: the VPC CNI chooses their source ports"
        )
        command = "kubectl -n kube-system set env daemonset/aws-node AWS_VPC_K8S_CNI_RANDOMIZESNAT="
        note = "or exclude the file system's CIDR (AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS); restarts aws-node node by node"
        ready = wait("kubectl -n kube-system rollout status daemonset/aws-node --timeout=10m")
        fix = Fix((change(f"{command}none", changes=note), ready, undo(f"{command}prng")))
        nodes = [node for group in outside for node in group.nodes]
        yield warn(file_system, message, text, cause="source-port-rewritten-snat", fix=fix, concerns=nodes)
