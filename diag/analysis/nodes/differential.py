"""What the nodes that fail have in common that the others have not."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence, Set

import msgspec

from diag.model.finding import Draft, skip, unknown
from diag.model.layer import Layer
from diag.model.subject import Kind, Subject
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.registry import fact
from diag.resources.ec2 import Instance
from diag.resources.eks import ClusterIdentity
from diag.resources.kubernetes import Node
from diag.resources.node_report import NodeReport
from diag.resources.table import Table


class Fleet(msgspec.Struct, frozen=True):
    """What the nodes of a run say of themselves, and their traits."""

    truths: Table[NodeReport]
    traits: dict[str, dict[str, str]]
    """Of every node that was asked."""
    addresses: dict[str, tuple[str, ...]]
    """Addresses that EC2 and Kubernetes know of each, the InternalIP first."""
    subject: Subject
    why_none: Unavailable | None = None
    """Why no node was inspected."""


@fact(layer=Layer.CLIENT)
def fleet(
    node_truths: Table[NodeReport] | Unavailable,
    nodes: tuple[Node, ...] | Unavailable,
    instances: Table[Instance] | Unavailable,
    cluster_identity: ClusterIdentity | Unavailable,
) -> Fleet:
    """The answers of the nodes beside what the control plane knows of each."""
    name = "" if isinstance(cluster_identity, Unavailable) else cluster_identity.cluster
    subject = Subject(Kind.CLUSTER, name or "(this run)")
    if isinstance(node_truths, Unavailable):
        return Fleet(Table(), {}, {}, subject, node_truths)
    if not node_truths.values and not node_truths.missing:
        return Fleet(node_truths, {}, {}, subject, NOBODY_ASKED)
    by_name = {} if isinstance(nodes, Unavailable) else {node.name: node for node in nodes}
    names = (*node_truths.values, *node_truths.missing)
    traits = {name: traits_of(by_name.get(name), instances, node_truths.values.get(name)) for name in names}
    addresses = {name: _addresses(by_name[name], instances) for name in names if name in by_name}
    return Fleet(node_truths, traits, addresses, subject)


NOBODY_ASKED = Unavailable(
    "the nodes themselves",
    Reason.NOT_ASKED,
    "no node was inspected",
    remedy="give --via auto (or exec, ssh, ssm, local)",
)


def traits_of(node: Node | None, instances: Table[Instance] | Unavailable, report: NodeReport | None) -> dict[str, str]:
    """The traits of one node; those that are not known are left out."""
    found: dict[str, str] = {}
    if node is not None:
        info = node.status.node_info
        found = {
            "kernel": info.kernel_version,
            "OS image": info.os_image,
            "architecture": info.architecture,
            "zone": node.zone,
            "node group": node.node_group,
            "instance type": node.metadata.label("node.kubernetes.io/instance-type"),
        }
        instance = None if isinstance(instances, Unavailable) else instances.values.get(node.instance_id)
        if instance is not None:
            found |= {"subnet": instance.subnet_id, "AMI": instance.image_id, "instance type": instance.instance_type}
    if report is not None:
        found["kernel"] = report.kernel or found.get("kernel", "")
        found |= {"Lustre client": report.module_version, "driver image": report.image[-12:]}
    return {kind: value for kind, value in found.items() if value}


def _addresses(node: Node, instances: Table[Instance] | Unavailable) -> tuple[str, ...]:
    instance = None if isinstance(instances, Unavailable) else instances.values.get(node.instance_id)
    found = [node.internal_ip]
    if instance is not None:
        found += [instance.private_ip_address, *(i.private_ip_address for i in instance.network_interfaces)]
    return tuple(dict.fromkeys(address for address in found if address))


Traits = Mapping[str, Mapping[str, str]]
"""Node name → kind of trait (`kernel`, `subnet`) → its value. Unknown ones are left out."""


class Scope(enum.Enum):
    """Where a fault of several nodes sits."""

    NONE = "none"
    EVERYWHERE = "everywhere"
    """All alike: the file system, its network, or what all nodes share."""
    PLACE = "place"
    """A zone or subnet."""
    IMAGE = "image"
    """An operating system image, kernel or client."""
    GROUP = "group"
    """A node group or instance type."""
    SINGLE = "single"
    """One node, which nothing sets apart."""
    SCATTERED = "scattered"
    """Several nodes that no trait sets apart."""


KINDS: dict[str, Scope] = {
    "kernel": Scope.IMAGE,
    "OS image": Scope.IMAGE,
    "AMI": Scope.IMAGE,
    "Lustre client": Scope.IMAGE,
    "driver image": Scope.IMAGE,
    "architecture": Scope.IMAGE,
    "subnet": Scope.PLACE,
    "zone": Scope.PLACE,
    "node group": Scope.GROUP,
    "instance type": Scope.GROUP,
}
"""Kinds of traits, the most telling first."""


class Trait(msgspec.Struct, frozen=True, order=True):
    """One property of nodes: `kernel` `6.1.66-93.164.amzn2023.x86_64`."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class Differential(msgspec.Struct, frozen=True):
    """The failing nodes against the others that answered."""

    failing: int
    total: int
    exclusive: tuple[Trait, ...] = ()
    """Each alone: all that fail have it, and none of the others."""
    together: tuple[Trait, ...] = ()
    """Two of which only both together set the failing ones apart."""
    shared: tuple[tuple[Trait, int], ...] = ()
    """All that fail have it, and so do that many of the others; fewest first."""
    scope: Scope = Scope.NONE

    def __str__(self) -> str:
        """As people say it; empty where one node was asked or none fails."""
        if self.total < 2 or not self.failing:
            return ""
        head = f"{self.failing} of {self.total} nodes"
        if self.failing == self.total:
            return f"all {self.total} nodes alike, so no single node is to blame but something that they share"
        they, have = (f"all {self.failing} and only they", "they") if self.failing > 1 else ("it and only it", "it")
        if self.exclusive:
            return f"{head}; {they}: {', '.join(str(trait) for trait in self.exclusive)}"
        if self.together:
            return f"{head}; {they}: {' together with '.join(str(trait) for trait in self.together)}"
        if self.shared:
            trait, others = self.shared[0]
            return f"{head}; nothing sets {have.replace('they', 'them')} apart: {trait} too has {others} that are fine"
        return f"{head}; nothing that is known sets {have.replace('they', 'them')} apart"


def compare(failing: Set[str], passing: Set[str], traits: Traits) -> Differential:
    """Set the nodes that fail against those that pass. Nodes that gave no answer belong into neither."""
    total = len(failing) + len(passing)
    if not failing:
        return Differential(0, total)
    if not passing:
        return Differential(len(failing), total, scope=Scope.EVERYWHERE if len(failing) > 1 else Scope.SINGLE)
    common = _common(failing, traits)
    having = {
        trait: {name for name in passing if traits.get(name, {}).get(trait.kind) == trait.value} for trait in common
    }
    exclusive = tuple(trait for trait in common if not having[trait] and _is_known(passing, trait.kind, traits))
    if exclusive:
        return Differential(len(failing), total, exclusive, scope=KINDS[exclusive[0].kind])
    for pair in itertools.combinations(common, 2):
        if not having[pair[0]] & having[pair[1]] and all(_is_known(passing, trait.kind, traits) for trait in pair):
            return Differential(len(failing), total, together=pair, scope=KINDS[pair[0].kind])
    shared = sorted(((t, len(having[t])) for t in common if having[t]), key=lambda found: found[1])
    scope = Scope.SINGLE if len(failing) == 1 else Scope.SCATTERED
    return Differential(len(failing), total, shared=tuple(shared), scope=scope)


def _common(names: Set[str], traits: Traits) -> tuple[Trait, ...]:
    """Traits that all of the nodes have."""
    found = []
    for kind in KINDS:
        values = {traits.get(name, {}).get(kind) for name in names}
        value = values.pop()
        if not values and value:
            found.append(Trait(kind, value))
    return tuple(found)


def _is_known(names: Set[str], kind: str, traits: Traits) -> bool:
    """Whether the trait is known of every node: what is not known is not different."""
    return all(traits.get(name, {}).get(kind) for name in names)


_WORDS = {
    "nids": "NIDs",
    "imports": "connections to the targets",
    "connects": "TCP connects to port 988",
    "translations": "connection tracking",
    "blocked": "blocked processes",
    "clock_skew_s": "its clock",
    "names": "DNS answers",
}

EXAMPLES = 3
"""Nodes whose evidence a row shows."""


def judge_nodes(fleet: Fleet, judge: Callable[[NodeReport], Draft]) -> Iterator[Draft]:
    """Judge every node that answered, and put equal verdicts into one draft each.

    Where nobody was asked the drafts are one skip; nodes that gave no answer are one unknown for each reason.
    """
    if fleet.why_none is not None:
        yield _nobody(fleet, fleet.why_none)
        return
    yield from rows(fleet, [(report.node, judge(report)) for report in fleet.truths])
    yield from silent(fleet)


def rows(fleet: Fleet, judged: Sequence[tuple[str, Draft]]) -> Iterator[Draft]:
    """One draft for each group of nodes with the same verdict, message and cause."""
    groups: dict[tuple[Verdict, str, str | None], list[tuple[str, Draft]]] = {}
    for name, draft in judged:
        groups.setdefault((draft.verdict, draft.message, draft.cause), []).append((name, draft))
    fine = {name for name, draft in judged if draft.verdict is Verdict.PASS}
    for (verdict, message, _), same in groups.items():
        names = {name for name, _ in same}
        bad = verdict in (Verdict.FAIL, Verdict.WARN)
        apart = str(compare(names, fine, fleet.traits)) if bad else ""
        first = same[0][1]
        count = f"{len(names)} nodes: " if len(names) > 1 else ""
        evidence = tuple(dict.fromkeys(line for _, draft in same[:EXAMPLES] for line in draft.evidence))
        others = (Subject(Kind.NODE, name) for name, _ in same)
        yield msgspec.structs.replace(
            first,
            message=f"{count}{message}" + (f" ({apart})" if apart else ""),
            evidence=evidence,
            concerns=tuple(dict.fromkeys((*first.concerns, *others))),
        )


def silent(fleet: Fleet) -> Iterator[Draft]:
    """Nodes that were asked and gave no answer, one row for each reason."""
    reasons: dict[tuple[Reason, str], list[str]] = {}
    for name, missing in fleet.truths.missing.items():
        reasons.setdefault((missing.reason, missing.detail), []).append(name)
    for names in reasons.values():
        missing = fleet.truths.missing[names[0]]
        count = f"{len(names)} nodes" if len(names) > 1 else names[0]
        subjects = [Subject(Kind.NODE, name) for name in names]
        if missing.reason is Reason.NOT_ASKED:
            yield skip(subjects[0], f"{count} not inspected: {missing.detail}", concerns=subjects)
        else:
            yield unknown(
                subjects[0], f"{count} gave no answer: {missing.detail}", because=(missing,), concerns=subjects
            )


def not_reported(report: NodeReport, field: str) -> Draft:
    """The draft for a node whose report lacks a field: it was not asked, or it did not answer."""
    missing = report.why_missing(field)
    what = _WORDS.get(field, field.replace("_", " "))
    if missing.reason is Reason.NOT_ASKED:
        return skip(report, f"{what} not asked through {report.via.value}: {missing.detail}")
    return unknown(report, f"{what} not known: {missing.detail}", because=(missing,))


def _nobody(fleet: Fleet, why: Unavailable) -> Draft:
    if why.reason is Reason.NOT_ASKED:
        return skip(fleet.subject, f"{why.detail}: {why.remedy}" if why.remedy else why.detail)
    return unknown(fleet.subject, "no node could be inspected", because=(why,))
