"""What the nodes that fail have in common that the others have not."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Mapping, Set

import msgspec

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
