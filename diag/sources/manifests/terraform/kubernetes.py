"""Kubernetes objects that Terraform's kubernetes provider makes, in the API's own shape.

Source: terraform-provider-kubernetes 2.38, persistent_volume, persistent_volume_claim, storage_class, manifest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diag.model.subject import Kind, Subject
from diag.sources.manifests.file_system import as_text
from diag.sources.manifests.terraform.document import Resource

Raw = dict[str, Any]


def object_of(resource: Resource) -> Raw | None:
    """The object that a resource makes; None for a resource that makes none of interest."""
    kind = resource.type.removesuffix("_v1")
    if kind == "kubernetes_manifest":
        manifest = resource.values.get("manifest")
        return manifest if isinstance(manifest, dict) else None
    shape = _SHAPES.get(kind)
    return shape(resource.values) if shape else None


def open_until_apply(resource: Resource) -> Subject | None:
    """The object of a resource that cannot be judged before apply; None when it can.

    Of a claim or a class the provider fills in some fields by itself: only a whole block leaves it open.
    """
    kind = _KINDS.get(resource.type.removesuffix("_v1"))
    whole = any(resource.unknown.get(attribute) is True for attribute in ("spec", "metadata", "parameters", "manifest"))
    if kind is None or not (whole or (kind is Kind.VOLUME and resource.is_unknown("spec"))):
        return None
    named = _one(resource.values.get("metadata")).get("name")
    return Subject(kind, named if isinstance(named, str) and "${" not in named else resource.address)


def _volume(values: Raw) -> Raw:
    spec = _one(values.get("spec"))
    csi = _one(_one(spec.get("persistent_volume_source")).get("csi"))
    made = {
        "accessModes": spec.get("access_modes"),
        "capacity": spec.get("capacity"),
        "mountOptions": spec.get("mount_options"),
        "persistentVolumeReclaimPolicy": spec.get("persistent_volume_reclaim_policy"),
        "storageClassName": spec.get("storage_class_name"),
        "volumeMode": spec.get("volume_mode"),
    }
    if csi:
        made["csi"] = {
            "driver": csi.get("driver"),
            "volumeHandle": csi.get("volume_handle"),
            "volumeAttributes": _strings(csi.get("volume_attributes")),
            "readOnly": csi.get("read_only"),
        }
    if ref := _one(spec.get("claim_ref")):
        made["claimRef"] = {"name": ref.get("name"), "namespace": ref.get("namespace") or "default"}
    return _object("v1", "PersistentVolume", values, spec=made)


def _claim(values: Raw) -> Raw:
    spec = _one(values.get("spec"))
    made = {
        "accessModes": spec.get("access_modes"),
        "resources": {"requests": _one(spec.get("resources")).get("requests")},
        "storageClassName": spec.get("storage_class_name"),
        "volumeMode": spec.get("volume_mode"),
        "volumeName": spec.get("volume_name"),
    }
    return _object("v1", "PersistentVolumeClaim", values, spec=made)


def _storage_class(values: Raw) -> Raw:
    return _object(
        "storage.k8s.io/v1",
        "StorageClass",
        values,
        provisioner=values.get("storage_provisioner"),
        parameters=_strings(values.get("parameters")),
        mountOptions=values.get("mount_options"),
        reclaimPolicy=values.get("reclaim_policy"),
        volumeBindingMode=values.get("volume_binding_mode"),
    )


_SHAPES: dict[str, Callable[[Raw], Raw]] = {
    "kubernetes_persistent_volume": _volume,
    "kubernetes_persistent_volume_claim": _claim,
    "kubernetes_storage_class": _storage_class,
}


_KINDS = {
    "kubernetes_persistent_volume": Kind.VOLUME,
    "kubernetes_persistent_volume_claim": Kind.CLAIM,
    "kubernetes_storage_class": Kind.STORAGE_CLASS,
    "kubernetes_manifest": Kind.MANIFEST,
}


def _strings(given: Any) -> Any:
    """A map of strings: Terraform writes a number or a bool in it as a string by itself."""
    return {key: as_text(item) for key, item in given.items()} if isinstance(given, dict) else given


def _object(version: str, kind: str, values: Raw, **rest: Any) -> Raw:
    meta = _one(values.get("metadata"))
    kept = {key: meta[key] for key in ("name", "namespace", "labels", "annotations") if meta.get(key)}
    return {"apiVersion": version, "kind": kind, "metadata": kept, **rest}


def _one(given: Any) -> Raw:
    """Terraform writes a nested block as a list of one."""
    first = given[0] if isinstance(given, list) and given else given
    return first if isinstance(first, dict) else {}
