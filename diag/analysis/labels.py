"""What a label selector chooses of volumes, claims and the pods that use them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from diag.resources.kubernetes import LabelSelector, PersistentVolume, PersistentVolumeClaim, Pod

Key = tuple[str, str]
"""Namespace and name."""


class Chosen(msgspec.Struct, frozen=True):
    """Names of volumes, and keys of claims, those too that do not exist and that a pod waits for."""

    volumes: frozenset[str] = frozenset()
    claims: frozenset[Key] = frozenset()


def chosen_by_labels(
    selector: LabelSelector,
    volumes: Iterable[PersistentVolume],
    claims: Iterable[PersistentVolumeClaim],
    pods: Iterable[Pod],
) -> Chosen:
    """Those that have the labels together with what they belong to: a volume, its claim and one pod that uses it.

    A Deployment's labels are on its pods, a chart's often on the claim alone: nobody has to know which.
    """
    by_name, by_key = {volume.name: volume for volume in volumes}, {claim.key: claim for claim in claims}
    held = {(ref.namespace, ref.name): v for v in by_name.values() if (ref := v.spec.claim_ref)}
    held |= {c.key: by_name[c.spec.volume_name] for c in by_key.values() if c.spec.volume_name in by_name}
    users: dict[Key, list[Pod]] = {}
    for pod in pods:
        for name in pod.spec.claim_names:
            users.setdefault((pod.metadata.namespace, name), []).append(pod)
    found = set()
    for key in {*by_key, *held, *users}:
        own = [item.metadata.labels or {} for item in (held.get(key), by_key.get(key)) if item is not None]
        if key not in users:
            fits = selector.takes(*own)
        else:
            fits = any(selector.takes(*own, pod.metadata.labels or {}) for pod in users[key])
        found |= {key} if fits else set()
    bound = {volume.name for volume in held.values()}
    free = (v for v in by_name.values() if v.name not in bound and selector.takes(v.metadata.labels or {}))
    return Chosen(frozenset(v.name for v in (*free, *(held[key] for key in found & held.keys()))), frozenset(found))
