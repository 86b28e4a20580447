"""Targets that a run cannot inspect: they do not exist, are not Lustre's, or exclude each other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from diag.analysis.labels import chosen_by_labels
from diag.analysis.volumes import is_fsx_volume, matches, names_file_system
from diag.grammar.spelling import did_you_mean
from diag.model.unavailable import Reason, Unavailable
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume, PersistentVolumeClaim, Pod
from diag.resources.table import Table
from diag.resources.target import Target

Key = tuple[str, str]
"""Namespace and name."""


def missing_targets(target: Target, facts: Mapping[str, Any]) -> tuple[Unavailable, ...]:
    """What was named and cannot be inspected, each with what was probably meant.

    A list that could not be read says nothing: it may hold what was named.
    """
    if target.is_everything:
        return ()
    lists = _Lists(facts)
    found = tuple(_missing_namespaces(target, lists))
    found = found or tuple(
        itertools.chain(
            _missing_claims(target, lists),
            _missing_volumes(target, lists),
            _missing_pods(target, lists),
            _missing_file_systems(target, lists),
            _missing_labels(target, lists),
        )
    )
    return found or tuple(_contradictions(target, lists))


class _Lists:
    """What was listed; None for what could not be read."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        def read(name: str) -> Any:
            value = facts.get(name)
            return None if isinstance(value, Unavailable) else value

        self.volumes: tuple[PersistentVolume, ...] | None = read("persistent_volumes")
        self.claims: tuple[PersistentVolumeClaim, ...] | None = read("claims")
        self.pods: tuple[Pod, ...] | None = read("pods")
        self.file_systems: Table[FileSystem] | None = read("file_systems")
        self.lustre = frozenset(volume.name for volume in self.volumes or () if is_fsx_volume(volume))

    def of_claims(self, wanted: Callable[[Key], bool]) -> set[str]:
        """The Lustre volumes of the claims that are wanted."""
        named = {c.spec.volume_name for c in self.claims or () if wanted(c.key)}
        held = {v.name for v in self.volumes or () if wanted(_holder(v))}
        return (named | held) & self.lustre

    def of_pods(self, target: Target) -> set[str]:
        """The Lustre volumes of the pods that the target names."""
        keys = {key for pod in self.pods or () if matches(_key(pod), target.pods) for key in _claims_of(pod)}
        return self.of_claims(keys.__contains__)

    def with_labels(self, target: Target) -> set[str]:
        """The Lustre volumes that the target's selector takes, and claims that are to get one."""
        if target.selector is None:
            return set()
        lustre = [volume for volume in self.volumes or () if volume.name in self.lustre]
        chosen = chosen_by_labels(target.selector, lustre, self.claims or (), self.pods or ())
        waiting = {c.key for c in self.claims or () if not c.spec.volume_name} | self._not_there()
        return {*chosen.volumes, *("/".join(key) for key in chosen.claims & waiting)}

    def _not_there(self) -> set[Key]:
        """Claims that pods name and that do not exist."""
        return {key for pod in self.pods or () for key in _claims_of(pod)} - {claim.key for claim in self.claims or ()}


def _missing_namespaces(target: Target, lists: _Lists) -> Iterator[Unavailable]:
    """Kubernetes answers with empty lists for a namespace that does not exist, as for an empty one."""
    if lists.claims is None or lists.pods is None or lists.volumes is None:
        return
    seen = {claim.metadata.namespace for claim in lists.claims} | {pod.metadata.namespace for pod in lists.pods}
    seen |= {_holder(volume)[0] for volume in lists.volumes} - {""}
    named_with_objects = {name.partition("/")[0] for name in (*target.claims, *target.pods) if "/" in name}
    for namespace in target.namespaces:
        if namespace not in seen | named_with_objects:
            detail = f"no claim, and no pod that uses one, is in it{did_you_mean(namespace, seen)}"
            yield _absent("Namespace", namespace, detail)


def _missing_claims(target: Target, lists: _Lists) -> Iterator[Unavailable]:
    if lists.claims is None:
        return
    for name in target.claims:
        found = [claim for claim in lists.claims if matches(claim.key, (name,))]
        if not found:
            yield _absent("PersistentVolumeClaim", name, _not_found(name, (claim.key for claim in lists.claims)))
            continue
        bound = [claim.spec.volume_name for claim in found]
        if lists.volumes is not None and all(bound) and not lists.lustre.intersection(bound):
            detail = f"it is bound to {', '.join(bound)}, which is not an FSx for Lustre volume"
            yield _absent("PersistentVolumeClaim", name, detail)


def _missing_volumes(target: Target, lists: _Lists) -> Iterator[Unavailable]:
    if lists.volumes is None:
        return
    drivers = {volume.name: volume.spec.csi.driver for volume in lists.volumes if volume.spec.csi}
    for name in target.volumes:
        if name not in drivers:
            detail = f"not found{did_you_mean(name, lists.lustre or drivers)}"
            yield _absent("PersistentVolume", name, detail)
        elif name not in lists.lustre:
            yield _absent("PersistentVolume", name, f"it is of the driver {drivers[name]}, not FSx for Lustre")


def _missing_pods(target: Target, lists: _Lists) -> Iterator[Unavailable]:
    if lists.pods is None:
        return
    users = [pod for pod in lists.pods if pod.spec.claim_names]
    for name in target.pods:
        found = [pod for pod in users if matches(_key(pod), (name,))]
        if not found:
            yield _absent("Pod", name, _not_found(name, map(_key, users)) + " (only pods with a claim are listed)")
        elif lists.claims is not None and lists.volumes is not None:
            wanted = {key for pod in found for key in _claims_of(pod)}
            bound = {claim.key for claim in lists.claims if claim.spec.volume_name}
            if wanted <= bound and not lists.of_claims(wanted.__contains__):
                claims = ", ".join(sorted("/".join(key) for key in wanted))
                yield _absent("Pod", name, f"it uses no FSx for Lustre volume; its claims are {claims}")


def _missing_file_systems(target: Target, lists: _Lists) -> Iterator[Unavailable]:
    if lists.file_systems is None or lists.volumes is None:
        return
    known = {*lists.file_systems.values, *lists.file_systems.missing}
    for id in target.file_systems:
        if id not in known and not any(names_file_system(volume, (id,)) for volume in lists.volumes):
            detail = f"FSx does not list it in this Region, and no volume names it{did_you_mean(id, known)}"
            yield _absent("FileSystem", id, detail)


def _missing_labels(target: Target, lists: _Lists) -> Iterator[Unavailable]:
    if target.selector is None or lists.volumes is None or lists.claims is None or lists.pods is None:
        return
    if not lists.with_labels(target):
        lustre = (volume for volume in lists.volumes if volume.name in lists.lustre)
        about = itertools.chain(
            (v.metadata for v in lustre), (c.metadata for c in lists.claims), (pod.metadata for pod in lists.pods)
        )
        known = {f"{key}={value}" for metadata in about for key, value in (metadata.labels or {}).items()}
        what = str(target.selector)
        detail = f"no Lustre volume has these labels, with its claim and a pod that uses it{did_you_mean(what, known)}"
        yield _absent("Labels", what, detail)


def _contradictions(target: Target, lists: _Lists) -> Iterator[Unavailable]:
    """Two options, each of which selects volumes, and no volume in both."""
    if lists.volumes is None or lists.claims is None or lists.pods is None:
        return
    selected = {
        "--namespace": (target.namespaces, lists.of_claims(lambda key: key[0] in target.namespaces)),
        "--pvc": (target.claims, lists.of_claims(lambda key: matches(key, target.claims))),
        "--pod": (target.pods, lists.of_pods(target)),
        "--pv": (target.volumes, lists.lustre.intersection(target.volumes)),
        "--file-system": (
            target.file_systems,
            {v.name for v in lists.volumes if v.name in lists.lustre and names_file_system(v, target.file_systems)},
        ),
        "-l": ((str(target.selector),) if target.selector else (), lists.with_labels(target)),
    }
    given = [(f"{option} {' '.join(names)}", volumes) for option, (names, volumes) in selected.items() if names]
    for (one, its), (other, others) in itertools.combinations(given, 2):
        if its and others and its.isdisjoint(others):
            detail = f"no volume is in both: {one} selects {_listed(its)}, {other} selects {_listed(others)}"
            yield Unavailable(f"{one} with {other}", Reason.ABSENT, detail)
            return


def _absent(kind: str, name: str, detail: str) -> Unavailable:
    return Unavailable(f"{kind} {name}", Reason.ABSENT, detail)


def _not_found(name: str, known: Iterable[Key]) -> str:
    """That a name was not found, where its own is, and which ones are spelled nearly alike."""
    namespace, _, own = name.rpartition("/")
    keys = tuple(known)
    elsewhere = sorted({key[0] for key in keys if key[1] == own})
    if elsewhere:
        return f"not found; there is one in namespace {' and '.join(elsewhere)}"
    near = [key[1] for key in keys if namespace in ("", key[0])]
    return f"not found{did_you_mean(own, near)}"


def _listed(names: Collection[str]) -> str:
    shown = sorted(names)[:3]
    return ", ".join(shown) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _key(pod: Pod) -> Key:
    return (pod.metadata.namespace, pod.metadata.name)


def _claims_of(pod: Pod) -> Iterator[Key]:
    return ((pod.metadata.namespace, name) for name in pod.spec.claim_names)


def _holder(volume: PersistentVolume) -> Key:
    ref = volume.spec.claim_ref
    return (ref.namespace, ref.name) if ref else ("", "")
