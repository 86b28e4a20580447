"""Kubernetes objects of a document, as the typed facts that the API would give."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from diag import decode
from diag.grammar.spelling import nearest
from diag.grammar.yaml_tree import BadYaml, Value, plain
from diag.knowledge.kubernetes_fields import VOLUME_SOURCES, fields_of, shape_of
from diag.model.finding import Correction, Location
from diag.resources.kubernetes import (
    ClaimVolume,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    PodTemplate,
    PodVolume,
    ServiceAccount,
    StorageClass,
    Workload,
)
from diag.resources.manifests import DEFAULT_NAMESPACE, PlannedAccount, Problem
from diag.sources.manifests.fields import QUOTE, misfits
from diag.sources.manifests.inventory import Inventory, merge, place

T = TypeVar("T")

DRIVER = "aws-fsx-csi-driver"
_PATH = re.compile(r" - at `\$\.?([^`]*)`")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_QUANTITIES = (("spec", "capacity"), ("spec", "resources", "requests"))
"""Maps whose values Kubernetes takes as numbers too. Source: Kubernetes API, resource.Quantity."""

_MAPS = frozenset({"volumeAttributes", "parameters", "labels", "annotations", "matchLabels"})
"""Maps of strings. Source: Kubernetes API; Go encoding/json decodes null as the empty string there."""

TEMPLATES = {
    "Deployment": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Where a workload keeps its pods' template. Source: Kubernetes API reference, apps/v1 and batch/v1."""


def is_object(root: Value) -> bool:
    """Whether a document is a Kubernetes object, a list of some, or plainly meant to be one."""
    return bool(root.text("kind") and root.text("apiVersion")) or bool(_half_named(root))


def objects_in(root: Value, file: str) -> Inventory:
    """The objects of a document that a Lustre volume can depend on; lists are opened, other kinds passed by."""
    kind = root.text("kind")
    items = root.at("items")
    if kind.endswith("List") and items is not None and isinstance(items.content, list):
        return merge(objects_in(item, file) for item in items.content)
    if wrong := _half_named(root) or _misnamed(root):
        return Inventory(problems=(_problem(file, root.at("apiVersion") or root.at("kind") or root, wrong),))
    read = _READERS.get(kind)
    if read is None or root.text("apiVersion") != _VERSIONS[kind]:
        return Inventory()
    found = tuple(misfits(root, shape_of(kind)))
    if kind not in _ALWAYS_OURS and not _has_claims_or_driver(root, root.at(*TEMPLATES.get(kind, ())) or root):
        return Inventory()
    problems = tuple(_problem(file, misfit.value, misfit.message, misfit.correction) for misfit in found)
    if any(misfit.is_lost for misfit in found):
        return Inventory(problems=problems)
    try:
        return merge((read(root, file), Inventory(problems=problems)))
    except BadYaml as bad:
        return Inventory(problems=(*problems, Problem(Location(file, bad.line, bad.column), bad.message)))


def _problem(file: str, value: Value, message: str, correction: Correction | None = None) -> Problem:
    return Problem(Location(file, value.line, value.column), message, correction)


def _half_named(root: Value) -> str:
    """Why a document that is plainly one of our objects is none to kubectl: it has no apiVersion, or no kind."""
    kind, version = root.text("kind"), root.text("apiVersion")
    if kind in _VERSIONS and not version and root.at("metadata") is not None:
        return f"apiVersion is missing; {kind} is in {_VERSIONS[kind]}"
    ours = any(root.at(*path) is not None for path in _MARKS)
    return (
        f"kind is missing; kubectl does not know what this {version} object is" if version and not kind and ours else ""
    )


def _misnamed(root: Value) -> str:
    """Why no API server has such a kind in such a version, where one of ours is plainly meant."""
    kind, version = root.text("kind"), root.text("apiVersion")
    meant = kind if kind in _VERSIONS else SHORT_NAMES.get(kind.lower(), "") or nearest(kind, _VERSIONS)
    wanted = _VERSIONS.get(meant, "")
    group, _, number = version.rpartition("/")
    if not meant or (kind == meant and version == wanted):
        return ""
    if kind == meant:
        own = "." not in group or group.endswith(".k8s.io") or nearest(version, (wanted,))
        return f"no server has {kind} in {version}; it is in {wanted}" if own else ""
    is_ours = _VERSIONS[meant].rpartition("/")[0] == group and number == "v1"
    return f"no server has a kind {kind} in {version}; {meant} is meant" if is_ours else ""


def _volume(root: Value, file: str) -> Inventory:
    volume = convert(root, PersistentVolume)
    spec, kinds = root.at("spec"), fields_of("V1PersistentVolumeSpec")
    given = spec.content if spec and isinstance(spec.content, dict) else {}
    sources = [key for key, item in given.items() if kinds.get(key, "").endswith(VOLUME_SOURCES) and item.content]
    if len(sources) != 1:
        what = " and ".join(sources) or "none"
        raise BadYaml(f"spec: a volume has exactly one source, and this has {what}", root.line, root.column)
    return Inventory(volumes=(volume,), places=(place(volume.subject, file, root),))


def _claim(root: Value, file: str) -> Inventory:
    claim = convert(root, PersistentVolumeClaim)
    return Inventory(claims=(claim,), places=(place(claim.subject, file, root),))


def _storage_class(root: Value, file: str) -> Inventory:
    storage_class = convert(root, StorageClass)
    return Inventory(classes=(storage_class,), places=(place(storage_class.subject, file, root),))


def _account(root: Value, file: str) -> Inventory:
    account = convert(root, ServiceAccount)
    ours = account.metadata.label("app.kubernetes.io/name") == DRIVER or "fsx" in account.metadata.name
    if account.role_arn is None or not ours:
        return Inventory()
    return Inventory(accounts=(PlannedAccount(account),), places=(place(account.subject, file, root),))


def _pod(root: Value, file: str) -> Inventory:
    pod = convert(root, Pod)
    claims = tuple(_ephemeral_claims(root.at("spec", "volumes"), pod))
    if claims:
        pod = _with_claims(pod, [claim.metadata.name for claim in claims])
    if not pod.spec.claim_names:
        return Inventory()
    places = tuple(place(subject, file, root) for subject in (pod.subject, *(claim.subject for claim in claims)))
    return Inventory(pods=(pod,), claims=claims, places=places)


def _ephemeral_claims(volumes: Value | None, pod: Pod) -> Iterator[PersistentVolumeClaim]:
    """The claims that a pod makes for itself and that go with it: `<pod>-<volume>`. Source: Kubernetes documentation,
    generic ephemeral volumes."""
    for volume in volumes.content if volumes and isinstance(volumes.content, list) else ():
        template = volume.at("ephemeral", "volumeClaimTemplate")
        if template is not None:
            claim = convert(template, PersistentVolumeClaim, named=False)
            name = f"{pod.metadata.name}-{volume.text('name')}"
            meta = msgspec.structs.replace(claim.metadata, name=name, namespace=pod.metadata.namespace)
            yield msgspec.structs.replace(claim, metadata=meta)


def _workload(root: Value, file: str) -> Inventory:
    kind = root.text("kind")
    template = root.at(*TEMPLATES[kind])
    if template is None:
        raise BadYaml(f"this {kind} has no {'.'.join(TEMPLATES[kind])}", root.line, root.column)
    shape = convert(template, PodTemplate, named=False)
    meta = convert(root, ServiceAccount).metadata
    pod = Pod(msgspec.structs.replace(shape.metadata, name=meta.name, namespace=meta.namespace), shape.spec)
    claims = tuple(_ephemeral_claims(template.at("spec", "volumes"), pod))
    claims += tuple(_claims_of(root, pod)) if kind == "StatefulSet" else ()
    found: list[Inventory] = []
    if claims:
        pod = _with_claims(pod, [claim.metadata.name for claim in claims])
        found.append(Inventory(claims=claims, places=tuple(place(claim.subject, file, root) for claim in claims)))
    if any(DRIVER in container.image for container in shape.spec.containers):
        workload = msgspec.structs.replace(convert(root, Workload), kind=kind)
        found.append(Inventory(drivers=(workload,), places=(place(workload.subject, file, root),)))
    elif pod.spec.claim_names:
        found.append(Inventory(pods=(pod,), places=(place(pod.subject, file, root),)))
    return merge(found)


def _has_claims_or_driver(root: Value, template: Value) -> bool:
    """Whether a pod or a workload can be about Lustre: most are not, and are not taken apart."""
    volumes = template.at("spec", "volumes")
    listed = volumes.content if volumes and isinstance(volumes.content, list) else ()
    if root.at("spec", "volumeClaimTemplates") or any(
        v.at("persistentVolumeClaim") or v.at("ephemeral") for v in listed
    ):
        return True
    containers = template.at("spec", "containers")
    listed = containers.content if containers and isinstance(containers.content, list) else ()
    return any(DRIVER in container.text("image") for container in listed)


def _claims_of(root: Value, pod: Pod) -> Iterator[PersistentVolumeClaim]:
    """The claims that a StatefulSet makes for its first pod: `<template>-<name>-0`."""
    templates = root.at("spec", "volumeClaimTemplates")
    for template in templates.content if templates and isinstance(templates.content, list) else ():
        claim = convert(template, PersistentVolumeClaim)
        name = f"{claim.metadata.name}-{pod.metadata.name}-0"
        meta = msgspec.structs.replace(claim.metadata, name=name, namespace=pod.metadata.namespace)
        yield msgspec.structs.replace(claim, metadata=meta)


def _with_claims(pod: Pod, names: list[str]) -> Pod:
    made = (PodVolume(name, ClaimVolume(name)) for name in names)
    volumes = (*(pod.spec.volumes or ()), *made)
    return msgspec.structs.replace(pod, spec=msgspec.structs.replace(pod.spec, volumes=volumes))


_READERS: dict[str, Callable[[Value, str], Inventory]] = {
    "PersistentVolume": _volume,
    "PersistentVolumeClaim": _claim,
    "StorageClass": _storage_class,
    "ServiceAccount": _account,
    "Pod": _pod,
    **dict.fromkeys(TEMPLATES, _workload),
}

_VERSIONS = {
    **dict.fromkeys(("PersistentVolume", "PersistentVolumeClaim", "Pod", "ServiceAccount"), "v1"),
    "StorageClass": "storage.k8s.io/v1",
    **dict.fromkeys(("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"), "apps/v1"),
    **dict.fromkeys(("Job", "CronJob"), "batch/v1"),
}
"""Where each kind is served. Source: Kubernetes v1.34 API reference; the deprecated API migration guide."""


SHORT_NAMES = {"pv": "PersistentVolume", "pvc": "PersistentVolumeClaim", "sc": "StorageClass", "sa": "ServiceAccount",
               "po": "Pod", "deploy": "Deployment", "rs": "ReplicaSet", "sts": "StatefulSet", "ds": "DaemonSet",
               "cj": "CronJob"}  # fmt: skip
"""What kubectl takes on its command line and no manifest may say. Source: Kubernetes v1.34 kubectl api-resources."""

_ALWAYS_OURS = frozenset({"PersistentVolume", "PersistentVolumeClaim", "StorageClass", "ServiceAccount"})
"""Kinds that are read whatever they hold; of the others only those with claims or the driver."""

_MARKS = (("provisioner",), ("spec", "csi"), ("spec", "volumeName"), ("spec", "resources", "requests", "storage"))
"""Fields that only our kinds have."""

_CLUSTER_WIDE = frozenset({"PersistentVolume", "StorageClass"})


def convert(value: Value, shape: type[T], *, named: bool = True) -> T:
    """A value as a typed object, in the namespace `default` where it names none.

    Raises BadYaml at the field that has a wrong type, or at the object when it has no name.
    """
    raw = plain(value)
    if not isinstance(raw, dict):
        raise BadYaml("wanted an object", value.line, value.column)
    raw.pop("status", None)
    for path in _QUANTITIES:
        _as_text(raw, path)
    meta = raw.setdefault("metadata", {})
    if isinstance(meta, dict) and named:
        meta["name"] = meta.get("name") or meta.get("generateName") or ""
        if not meta["name"]:
            raise BadYaml(f"this {raw.get('kind', 'object')} has no metadata.name", value.line, value.column)
        if raw.get("kind") not in _CLUSTER_WIDE:
            meta["namespace"] = meta.get("namespace") or DEFAULT_NAMESPACE
    try:
        return decode.convert(_without_nulls(raw), shape)
    except msgspec.ValidationError as error:
        raise _misplaced(str(error), value) from None


def _without_nulls(raw: Any) -> Any:
    """The API takes null for an absent field, and for an empty string among strings."""
    if isinstance(raw, dict):
        for key in _MAPS & raw.keys():
            raw[key] = {name: "" if item is None else item for name, item in (raw[key] or {}).items()}
        return {key: _without_nulls(item) for key, item in raw.items() if item is not None}
    return [_without_nulls(item) for item in raw] if isinstance(raw, list) else raw


def _as_text(raw: dict[str, Any], path: tuple[str, ...]) -> None:
    here: Any = raw
    for step in path:
        here = here.get(step) if isinstance(here, dict) else None
    if isinstance(here, dict):
        for key, item in here.items():
            if isinstance(item, int | float) and not isinstance(item, bool):
                here[key] = str(item)


def _misplaced(message: str, value: Value) -> BadYaml:
    """The error at the field that it speaks of. A map's wrong item is the first whose type is not the wanted one."""
    found = _PATH.search(message)
    here, steps = value, []
    for name, index in _STEP.findall(found[1] if found else ""):
        step: str | int = int(index) if index.isdigit() else name
        if index == "..." and isinstance(here.content, dict):
            step = next((key for key, item in here.content.items() if not isinstance(item.content, str)), "")
        below = here.at(step)
        steps.append(str(step))
        if below is None:
            break
        here = below
    what = _PATH.sub("", message).replace("`str`", f"a string {QUOTE}").replace("`", "")
    where = ".".join(step for step in steps if step)
    return BadYaml(f"{where}: {what[:1].lower()}{what[1:]}" if where else what, here.line, here.column)
