"""What the API server refuses of volumes, claims, classes and pods before it keeps them.

Source: Kubernetes v1.34 pkg/apis/core/validation (ValidatePersistentVolume, ValidatePersistentVolumeClaim,
ValidatePodName), pkg/apis/storage/validation (ValidateStorageClass), apimachinery pkg/util/validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from diag.analysis.binding import class_of
from diag.analysis.claims import means_lustre
from diag.analysis.volumes import is_fsx_volume
from diag.grammar.ids import KUBERNETES_LABEL, KUBERNETES_NAME
from diag.grammar.unfilled import is_unfilled
from diag.late import late
from diag.model.finding import Correction
from diag.resources.kubernetes import Metadata, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass
from diag.resources.kubernetes.meta import LABEL_VALUE
from diag.resources.quantity import bytes_of

ACCESS_MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
VOLUME_MODES = ("Filesystem", "Block")
VOLUME_POLICIES = ("Retain", "Delete", "Recycle")
CLASS_POLICIES = ("Retain", "Delete")
BINDING_MODES = ("Immediate", "WaitForFirstConsumer")
_LABEL = late(LABEL_VALUE, re.ASCII)
_KEY = late(r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?", re.ASCII)
"""Source: Kubernetes documentation, labels and selectors, syntax and character set."""
MOST_PARAMETERS = 512
MOST_PARAMETER_BYTES = 256 << 10

_DRIVER = late(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?", re.IGNORECASE)
_PROVISIONER = late(r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[a-z0-9](?:[a-z0-9_.-]{0,61}[a-z0-9])?", re.I)

SHORT_MODES = {"RWO": "ReadWriteOnce", "ROX": "ReadOnlyMany", "RWX": "ReadWriteMany", "RWOP": "ReadWriteOncePod"}
"""How kubectl prints access modes. Source: Kubernetes v1.34 pkg/apis/core/v1/helper GetAccessModesAsString."""

_SIZE = late(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgtpe])(i?)(?:b|byte|bytes)?", re.IGNORECASE)


class Refused(NamedTuple):
    """Why the API server refuses an object, the field's name first, and the word that was certainly meant."""

    reason: str
    correction: Correction | None = None


def of_volume(volume: PersistentVolume) -> Iterator[Refused]:
    """Every reason why the API server refuses a PersistentVolume, the field's name first.

    The driver of a volume for Lustre has a check of its own.
    """
    spec = volume.spec
    yield from _named(volume.metadata, namespaced=False)
    yield from _modes(spec.access_modes, spec.volume_mode)
    yield from _size("capacity.storage", spec.capacity)
    yield from _one_of("persistentVolumeReclaimPolicy", spec.persistent_volume_reclaim_policy, VOLUME_POLICIES)
    yield from _name("storageClassName", spec.storage_class_name)
    if spec.csi is not None:
        if not spec.csi.volume_handle:
            yield Refused("volumeHandle is required")
        if is_fsx_volume(volume):
            return
        if not spec.csi.driver:
            yield Refused("driver is required")
        elif not _DRIVER.fullmatch(spec.csi.driver):
            yield Refused(f"driver is {spec.csi.driver!r}, wanted the name of a CSI driver")


def of_claim(claim: PersistentVolumeClaim) -> Iterator[Refused]:
    """Every reason why the API server refuses a PersistentVolumeClaim."""
    spec = claim.spec
    yield from _named(claim.metadata, namespaced=True)
    yield from _modes(spec.access_modes, spec.volume_mode)
    yield from _size("resources.requests.storage", spec.resources.requests)
    yield from _name("storageClassName", spec.storage_class_name or "")


def of_class(item: StorageClass) -> Iterator[Refused]:
    """Every reason why the API server refuses a StorageClass; the provisioner of one for Lustre has its own check."""
    yield from _named(item.metadata, namespaced=False)
    if not item.provisioner:
        yield Refused("provisioner is required")
    elif not (_PROVISIONER.fullmatch(item.provisioner) or is_unfilled(item.provisioner) or means_lustre(item)):
        yield Refused(f"provisioner is {item.provisioner!r}, wanted a name like fsx.csi.aws.com")
    yield from _one_of("reclaimPolicy", item.reclaim_policy, CLASS_POLICIES)
    yield from _one_of("volumeBindingMode", item.volume_binding_mode, BINDING_MODES)
    parameters = item.parameters or {}
    size = sum(len(key.encode()) + len(value.encode()) for key, value in parameters.items())
    if len(parameters) > MOST_PARAMETERS or size > MOST_PARAMETER_BYTES:
        yield Refused(f"parameters are more than {MOST_PARAMETERS}, or more than {MOST_PARAMETER_BYTES >> 10} KiB")


def of_pod(pod: Pod) -> Iterator[Refused]:
    """Every reason why the API server refuses a pod's name and what it says of claims."""
    yield from _named(pod.metadata, namespaced=True)
    if any(not name for name in pod.spec.claim_names):
        yield Refused("claimName is required")


Field = tuple[str, str]
"""Its name and its value."""


def fields_of_volume(volume: PersistentVolume) -> Iterator[Field]:
    """Names, references, size and modes of a volume: what a binder reads."""
    spec = volume.spec
    yield from fields_of_metadata(volume.metadata)
    yield "storageClassName", spec.storage_class_name
    if spec.claim_ref is not None:
        yield "claimRef", spec.claim_ref.name
        yield "claimRef", spec.claim_ref.namespace
    yield "storage", (spec.capacity or {}).get("storage", "")
    yield from (("accessModes", mode) for mode in spec.access_modes or ())
    yield "volumeMode", spec.volume_mode
    yield "persistentVolumeReclaimPolicy", spec.persistent_volume_reclaim_policy


def fields_of_claim(claim: PersistentVolumeClaim) -> Iterator[Field]:
    """The same of a claim."""
    yield from fields_of_metadata(claim.metadata)
    yield "volumeName", claim.spec.volume_name
    yield "storageClassName", class_of(claim)
    yield "storage", (claim.spec.resources.requests or {}).get("storage", "")
    yield from (("accessModes", mode) for mode in claim.spec.access_modes or ())
    yield "volumeMode", claim.spec.volume_mode


def fields_of_metadata(meta: Metadata) -> Iterator[Field]:
    """An object's name and namespace."""
    yield "name", meta.name
    yield "namespace", meta.namespace


def is_as_meant(claim: PersistentVolumeClaim, volume: PersistentVolume | None) -> bool:
    """Whether claim and volume are what somebody wanted: neither refused nor with a field that was never filled in."""
    refused = (*of_claim(claim), *(of_volume(volume) if volume else ()))
    fields = (*fields_of_claim(claim), *(fields_of_volume(volume) if volume else ()))
    return not refused and not any(is_unfilled(value) for _, value in fields)


def _named(meta: Metadata, *, namespaced: bool) -> Iterator[Refused]:
    yield from _name("name", meta.name.rstrip("-") if meta.name.strip("-") else meta.name)
    if namespaced and not KUBERNETES_LABEL.fits(meta.namespace) and not is_unfilled(meta.namespace):
        yield Refused(f"namespace is {meta.namespace!r}, wanted lower-case letters, digits and dashes, at most 63")
    for key, value in (meta.labels or {}).items():
        if not _LABEL.fullmatch(value) and not is_unfilled(value):
            yield Refused(f"label {key} is {value!r}, wanted at most 63 letters, digits, dashes, dots and underscores")
    for what, keys in (("label", meta.labels), ("annotation", meta.annotations)):
        for key in keys or {}:
            if not _KEY.fullmatch(key) and not is_unfilled(key):
                yield Refused(
                    f"the key of the {what} {key!r} is none that Kubernetes takes (a name like team or a.b/team)"
                )


def _name(field: str, value: str) -> Iterator[Refused]:
    """A value that was never filled in has another check."""
    if value and not KUBERNETES_NAME.fits(value) and not is_unfilled(value):
        yield Refused(f"{field} is {value!r}, wanted lower-case letters, digits, dashes and dots, at most 253")


def _modes(access: Sequence[str] | None, volume: str) -> Iterator[Refused]:
    if not access:
        yield Refused("accessModes are required")
    for mode in access or ():
        if mode not in ACCESS_MODES and not is_unfilled(mode):
            meant = SHORT_MODES.get(mode.upper()) or _meant(mode, ACCESS_MODES)
            certain = Correction("accessModes", mode, meant) if meant else None
            yield Refused(f"accessModes has {mode!r}, wanted one of {', '.join(ACCESS_MODES)}", certain)
    if "ReadWriteOncePod" in (access or ()) and len(access or ()) > 1:
        yield Refused("accessModes has ReadWriteOncePod beside another, and it goes alone")
    yield from _one_of("volumeMode", volume, VOLUME_MODES)


def _size(field: str, given: Mapping[str, str] | None) -> Iterator[Refused]:
    text = (given or {}).get("storage", "")
    size = bytes_of(text)
    if not text:
        yield Refused(f"{field} is required")
    elif is_unfilled(text):
        return
    elif size is None:
        certain = Correction("storage", text, meant) if (meant := _quantity(text)) else None
        yield Refused(f"{field} is {text!r}, wanted a quantity like 1200Gi", certain)
    elif size <= 0:
        yield Refused(f"{field} is {text!r}, which is not greater than zero")


def _one_of(field: str, value: str, words: Sequence[str]) -> Iterator[Refused]:
    if value and value not in words and not is_unfilled(value):
        certain = Correction(field, value, meant) if (meant := _meant(value, words)) else None
        yield Refused(f"{field} is {value!r}, wanted one of {', '.join(words)}", certain)


def _meant(value: str, words: Sequence[str]) -> str:
    """The word that differs in case, dashes and underscores alone; empty for none."""
    plain = re.sub(r"[-_ ]", "", value).lower()
    return next((word for word in words if word.lower() == plain), "")


def _quantity(text: str) -> str:
    """`1200 GiB` or `1200gi` as Kubernetes writes it; empty where the unit may mean two things."""
    match = _SIZE.fullmatch(text.strip())
    if match is None or match[2] == "m":
        return ""
    letter = "k" if match[2] in "kK" and not match[3] else match[2].upper()
    meant = f"{match[1]}{letter}{match[3].lower()}"
    return meant if bytes_of(meant) else ""
