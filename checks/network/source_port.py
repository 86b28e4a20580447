"""Address translation that rewrites the client's source port."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Reason, Table, Unavailable, Unreadable, check, ok, skip, warn
from diag.advice.steps import change, undo, wait
from diag.analysis.network.paths import Clients
from diag.analysis.network.security_groups import holds_range
from diag.analysis.pods import is_mounted_now
from diag.analysis.volumes import Mount
from diag.resources.ec2 import Subnet
from diag.resources.eks import SourceNat
from diag.resources.fsx import FileSystem


@check("source-port", layer=Layer.NETWORK, each="mounted_file_systems", speaks_for="source-port-rewritten-snat")
def source_port_stays(
    file_system: FileSystem,
    clients: dict[str, Clients],
    source_nat: SourceNat | Unavailable,
    mounts: tuple[Mount, ...],
    subnets: Table[Subnet] | Unavailable,
) -> Iterator[Draft]:
    """The VPC CNI does not rewrite the source port of Lustre's connections.

    FSx refuses a connection from another source port than 988 and 1018 to 1023, and the mount ends in "Is the MGS
    running?" although 988 answers. By default the VPC CNI translates what leaves the VPC, with ports of its own choice,
    and so also what comes from the node's own address; inside the VPC it translates nothing. Networking of the pods
    (custom networking, pod ENIs, network policies) does not matter: the node mounts.

    pass: file system and nodes share the VPC, the CNI translates nothing, keeps ports or excludes the file system's
        subnets, or a pod has it mounted
    warn: traffic to the file system leaves the VPC, and the CNI chooses the source ports of what leaves
    unknown: the aws-node DaemonSet or the nodes' instances could not be read
    skip: ranges are excluded, and the file system's subnets cannot be seen; or another CNI is at work
    source: aws-fsx-csi-driver docs/troubleshooting.md; amazon-vpc-cni-k8s README, issue 1969; Lustre 2.15.8
        lnet/lnet/acceptor.c
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
    found = [] if isinstance(subnets, Unavailable) else [subnets.get(id) for id in file_system.subnet_ids]
    ranges = tuple(one.cidr_block for one in found if isinstance(one, Subnet))
    if source_nat.external or source_nat.randomize == "none":
        yield ok(file_system, "what leaves the VPC keeps its source port", text)
    elif source_nat.excluded and not ranges:
        yield skip(file_system, "ranges are excluded from translation; the file system's subnets cannot be seen")
    elif ranges and all(any(holds_range(spared, one) for spared in source_nat.excluded) for one in ranges):
        yield ok(file_system, f"what goes to {', '.join(ranges)} is excluded from translation", text)
    elif is_mounted_now(mount for mount in mounts if mount.volume.handle == file_system.id):
        yield ok(file_system, "a pod has it mounted, so its servers accept the nodes' source ports", text, rules_out=())
    else:
        message = (
            f"{file_system.id} is in {file_system.vpc_id}, the nodes are not: the VPC CNI chooses their source ports"
        )
        nodes = [node for group in outside for node in group.nodes]
        fix = _keep_ports(source_nat, ranges)
        yield warn(file_system, message, text, cause="source-port-rewritten-snat", fix=fix, concerns=nodes)


def _keep_ports(present: SourceNat, ranges: tuple[str, ...]) -> Fix:
    """Take no port at random, or exclude the file system's subnets as well; the undo writes what was there."""
    rolled = wait("kubectl -n kube-system rollout status daemonset/aws-node --timeout=10m")
    keep = "Let the VPC CNI keep the source port of what leaves the VPC. aws-node restarts one node at a time."
    former = present.randomize if present.randomize in ("prng", "hashrandom") else "prng"
    steps = (change(f"{_SET}RANDOMIZESNAT=none", changes=keep), rolled, undo(f"{_SET}RANDOMIZESNAT={former}"))
    spare = (
        "Let the VPC CNI no longer translate what goes there, from pods either. aws-node restarts one node at a time."
    )
    names = {"cidrs": ",".join(dict.fromkeys((*present.excluded, *ranges))), "former_cidrs": ",".join(present.excluded)}
    exclude = change(f"{_SET}EXCLUDE_SNAT_CIDRS={{cidrs}}", names, changes=spare)
    back = undo(f"{_SET}EXCLUDE_SNAT_CIDRS{'={former_cidrs}' if present.excluded else '-'}", names)
    return Fix(steps, (Fix((exclude, rolled, back)),) if ranges else ())


_SET = "kubectl -n kube-system set env daemonset/aws-node -c aws-node AWS_VPC_K8S_CNI_"
