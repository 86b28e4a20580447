"""Kubernetes objects of a document, as the typed facts that the API would give."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from diag import decode
from diag.grammar.yaml_tree import BadYaml, Value, plain
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
from diag.resources.manifests import PlannedAccount, Problem
from diag.sources.manifests.inventory import Inventory, merge, place

T = TypeVar("T")

DRIVER = "aws-fsx-csi-driver"
DEFAULT_NAMESPACE = "default"
_PATH = re.compile(r" - at `\$\.?([^`]*)`")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_QUANTITIES = (("spec", "capacity"), ("spec", "resources", "requests"))
"""Maps whose values Kubernetes takes as numbers too. Source: Kubernetes API, resource.Quantity."""

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
    """Whether a document is a Kubernetes object or a list of some."""
    return bool(root.text("kind") and root.text("apiVersion"))


def objects_in(root: Value, file: str) -> Inventory:
    """The objects of a document that a Lustre volume can depend on; lists are opened, other kinds passed by."""
    kind, version = root.text("kind"), root.text("apiVersion")
    items = root.at("items")
    if kind.endswith("List") and items is not None and isinstance(items.content, list):
        return merge(objects_in(item, file) for item in items.content)
    read = _READERS.get(kind)
    if read is None or (version != _VERSIONS.get(kind, version) and not _is_kubernetes_own(version)):
        return Inventory()
    try:
        if version != _VERSIONS.get(kind, version):
            where = root.at("apiVersion") or root
            raise BadYaml(f"no server has {kind} in {version}; it is in {_VERSIONS[kind]}", where.line, where.column)
        return read(root, file)
    except BadYaml as bad:
        quoted = Correction("", "", "") if QUOTE in bad.message else None
        return Inventory(problems=(Problem(Location(file, bad.line, bad.column), bad.message, quoted),))


def _volume(root: Value, file: str) -> Inventory:
    volume = convert(root, PersistentVolume)
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
    return Inventory(pods=(pod,), places=(place(pod.subject, file, root),)) if pod.spec.claim_names else Inventory()


def _workload(root: Value, file: str) -> Inventory:
    kind = root.text("kind")
    template = root.at(*TEMPLATES[kind])
    if template is None:
        raise BadYaml(f"this {kind} has no {'.'.join(TEMPLATES[kind])}", root.line, root.column)
    if not _has_claims_or_driver(root, template):
        return Inventory()
    shape = convert(template, PodTemplate, named=False)
    meta = convert(root, ServiceAccount).metadata
    pod = Pod(msgspec.structs.replace(shape.metadata, name=meta.name, namespace=meta.namespace), shape.spec)
    claims = tuple(_claims_of(root, pod)) if kind == "StatefulSet" else ()
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
    """Whether a workload can be about Lustre: most are not, and are not taken apart."""
    volumes = template.at("spec", "volumes")
    if volumes is not None or root.at("spec", "volumeClaimTemplates") is not None:
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


def _is_kubernetes_own(version: str) -> bool:
    """Whether an API group is Kubernetes' own: a custom resource may have any kind."""
    group = version.rpartition("/")[0]
    return group in ("", "apps", "batch", "extensions") or group.endswith(".k8s.io")


QUOTE = "(quote it)"
"""Said where a number or a bool stands for a string."""

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
    """The API takes null for an absent field."""
    if isinstance(raw, dict):
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
