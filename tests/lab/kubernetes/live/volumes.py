"""What kube-controller-manager does for volumes: binding, protection in use, release and reclaim.

Sources: kubernetes pkg/controller/volume/persistentvolume/pv_controller.go, pvcprotection, pvprotection.
"""

from collections.abc import Callable
from typing import Any

from tests.lab.kubernetes.live.desk import Desk
from tests.lab.kubernetes.world import Object

_CLAIM_PROTECTION, _VOLUME_PROTECTION = "kubernetes.io/pvc-protection", "kubernetes.io/pv-protection"
_BOUND_BY_CONTROLLER, _BIND_COMPLETED = "pv.kubernetes.io/bound-by-controller", "pv.kubernetes.io/bind-completed"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
_SELECTED = "volume.kubernetes.io/selected-node"
_CONTROLLER = "persistentvolume-controller"
_UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "k": 1000, "M": 10**6, "G": 10**9, "T": 10**12}

Provision = Callable[[Object, Object], "Object | None"]
"""Makes the volume that a claim asks a class for; None when that failed, which it has said in an event itself."""
Reclaim = Callable[[Object], bool]
"""Deletes what is behind a volume; whether it is gone."""


class Volumes:
    """Binds, protects and reclaims."""

    def __init__(self, desk: Desk, provision: Provision, reclaim: Reclaim) -> None:
        self._desk = desk
        self._provision = provision
        self._reclaim = reclaim

    def settle(self) -> None:
        """One pass over claims and volumes."""
        for claim in self._desk.all("persistentvolumeclaims"):
            self._protect(claim, _CLAIM_PROTECTION, self._in_use(claim))
        for claim in self._desk.all("persistentvolumeclaims"):
            if not claim["metadata"].get("deletionTimestamp"):
                self._sync_claim(claim)
        for volume in self._desk.all("persistentvolumes"):
            self._sync_volume(volume)
        for volume in self._desk.all("persistentvolumes"):
            self._protect(volume, _VOLUME_PROTECTION, volume["status"].get("phase") == "Bound")

    def _protect(self, obj: Object, finalizer: str, in_use: bool) -> None:
        metadata = obj["metadata"]
        kept = metadata.get("finalizers", [])
        if not metadata.get("deletionTimestamp"):
            if finalizer not in kept:
                metadata["finalizers"] = [*kept, finalizer]
                self._desk.touch(obj)
        elif finalizer in kept and not in_use:
            metadata["finalizers"] = [other for other in kept if other != finalizer]
            self._desk.touch(obj)
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
            self._desk.remove(obj)

    def _in_use(self, claim: Object) -> bool:
        """Whether a pod that was ever scheduled, and has not ended, names the claim."""
        name, namespace = claim["metadata"]["name"], claim["metadata"]["namespace"]
        return any(
            name in claims_of(pod)
            and pod["spec"].get("nodeName")
            and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")
            for pod in self._desk.all("pods", namespace)
        )

    def _sync_claim(self, claim: Object) -> None:
        spec, status = claim["spec"], claim.setdefault("status", {})
        status.setdefault("phase", "Pending")
        volume = self._desk.find("persistentvolumes", spec["volumeName"]) if spec.get("volumeName") else None
        if _BIND_COMPLETED in (claim["metadata"].get("annotations") or {}):
            reference = (volume["spec"].get("claimRef") or {}) if volume is not None else {}
            if volume is None or (reference and reference.get("uid") != claim["metadata"]["uid"]):
                if status["phase"] != "Lost":
                    status["phase"] = "Lost"
                    text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
                    self._desk.event(claim, "ClaimLost", text, _CONTROLLER)
                    self._desk.touch(claim)
            elif status["phase"] != "Bound" or not volume["spec"].get("claimRef"):
                self._bind(claim, volume)
            return
        if spec.get("volumeName"):
            self._bind_named(claim, volume)
            return
        candidates = [volume for volume in self._desk.all("persistentvolumes") if self._available(volume, claim)]
        late = self._desk.find("storageclasses", spec.get("storageClassName") or "") or {}
        if late.get("volumeBindingMode") == "WaitForFirstConsumer":
            # The scheduler binds these, and to a volume that leaves a node alone.
            candidates = [volume for volume in candidates if self._leaves_a_node(volume)]
        fitting = [volume for volume in candidates if not mismatch(claim, volume)]
        if fitting:
            self._bind(claim, min(fitting, key=lambda volume: quantity(volume["spec"]["capacity"]["storage"])))
            return
        self._provision_for(claim)

    def _leaves_a_node(self, volume: Object) -> bool:
        required = (volume["spec"].get("nodeAffinity") or {}).get("required")
        return not required or any(any_term(required["nodeSelectorTerms"], node) for node in self._desk.all("nodes"))

    def _available(self, volume: Object, claim: Object) -> bool:
        reference = volume["spec"].get("claimRef")
        deleted = bool(volume["metadata"].get("deletionTimestamp"))
        return not deleted and (reference is None or self._means(reference, claim))

    @staticmethod
    def _means(reference: Object, claim: Object) -> bool:
        metadata = claim["metadata"]
        same = (reference.get("name"), reference.get("namespace")) == (metadata["name"], metadata["namespace"])
        return same and reference.get("uid") in (None, "", metadata["uid"])

    def _bind_named(self, claim: Object, volume: Object | None) -> None:
        name = claim["spec"]["volumeName"]
        if volume is None:
            self._desk.event(claim, "FailedBinding", f'volume "{name}" not found', _CONTROLLER)
        elif not self._available(volume, claim):
            text = f'volume "{name}" already bound to a different claim.'
            self._desk.event(claim, "FailedBinding", text, _CONTROLLER)
        elif problem := mismatch(claim, volume):
            text = f'Cannot bind to requested volume "{name}": {problem}'
            self._desk.event(claim, "VolumeMismatch", text, _CONTROLLER)
        else:
            self._bind(claim, volume)

    def _provision_for(self, claim: Object) -> None:
        name = claim["spec"].get("storageClassName", "")
        storage_class = self._desk.find("storageclasses", name) if name else None
        if storage_class is None:
            if name:
                text, reason = f'storageclass.storage.k8s.io "{name}" not found', "ProvisioningFailed"
            else:
                text = "no persistent volumes available for this claim and no storage class is set"
                reason = "FailedBinding"
            self._desk.event(claim, reason, text, _CONTROLLER)
            return
        provisioner = storage_class["provisioner"]
        annotations = claim["metadata"].setdefault("annotations", {})
        if storage_class.get("volumeBindingMode") == "WaitForFirstConsumer" and _SELECTED not in annotations:
            return
        if annotations.get(_PROVISIONER) != provisioner:
            annotations[_PROVISIONER] = annotations[f"volume.beta.{_PROVISIONER.removeprefix('volume.')}"] = provisioner
            text = (
                f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by"
                " the system administrator. If volume creation is delayed, please verify that the provisioner is"
                " running and correctly registered."
            )
            self._desk.event(claim, "ExternalProvisioning", text, _CONTROLLER, kind="Normal")
            self._desk.touch(claim)
        volume = self._provision(claim, storage_class)
        if volume is not None:
            self._desk.add(volume)

    def _bind(self, claim: Object, volume: Object) -> None:
        metadata, spec = claim["metadata"], volume["spec"]
        if not spec.get("claimRef"):
            volume["metadata"].setdefault("annotations", {})[_BOUND_BY_CONTROLLER] = "yes"
        spec["claimRef"] = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "resourceVersion": metadata["resourceVersion"],
            "uid": metadata["uid"],
        }
        volume["status"] = {"phase": "Bound", "lastPhaseTransitionTime": self._desk.now()}
        self._desk.touch(volume)
        annotations = metadata.setdefault("annotations", {})
        if not claim["spec"].get("volumeName"):
            annotations[_BOUND_BY_CONTROLLER] = "yes"
        annotations[_BIND_COMPLETED] = "yes"
        claim["spec"]["volumeName"] = volume["metadata"]["name"]
        claim["status"] = {"phase": "Bound", "accessModes": spec["accessModes"], "capacity": spec["capacity"]}
        self._desk.touch(claim)

    def _sync_volume(self, volume: Object) -> None:
        reference, status = volume["spec"].get("claimRef"), volume.setdefault("status", {})
        if reference is None:
            self._phase(volume, "Available")
            return
        claim = self._desk.find("persistentvolumeclaims", reference["name"], reference["namespace"])
        if not reference.get("uid"):
            # Bound beforehand by a person: it waits for its claim.
            self._phase(volume, "Available")
        elif claim is None or claim["metadata"]["uid"] != reference["uid"]:
            if status.get("phase") != "Failed":
                self._phase(volume, "Released")
            if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
                self._delete_volume(volume)
        elif status.get("phase") != "Bound" and claim["spec"].get("volumeName") == volume["metadata"]["name"]:
            self._phase(volume, "Bound")

    def _delete_volume(self, volume: Object) -> None:
        """Only the provisioner that made a volume deletes it; one that a person made ends in Failed."""
        made_by = (volume["metadata"].get("annotations") or {}).get(_PROVISIONED_BY, "")
        if made_by != volume["spec"].get("csi", {}).get("driver"):
            text = f"error getting deleter volume plugin for volume {volume['metadata']['name']!r}: no deletable volume"
            self._desk.event(volume, "VolumeFailedDelete", f"{text} plugin matched", _CONTROLLER)
            self._phase(volume, "Failed")
        elif self._reclaim(volume):
            self._desk.remove(volume)

    def _phase(self, volume: Object, phase: str) -> None:
        if volume["status"].get("phase") != phase:
            volume["status"] = {"phase": phase, "lastPhaseTransitionTime": self._desk.now()}
            self._desk.touch(volume)


def claims_of(pod: Object) -> list[str]:
    """Names of the claims a pod's volumes use."""
    volumes = pod["spec"].get("volumes") or ()
    return [volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume]


def mismatch(claim: Object, volume: Object) -> str:
    """Why a claim cannot have a volume, in the controller's words; empty when it can."""
    wanted, offered = claim["spec"], volume["spec"]
    if quantity(offered["capacity"]["storage"]) < quantity(wanted["resources"]["requests"]["storage"]):
        return "requested PV is too small"
    if wanted.get("storageClassName", "") != offered.get("storageClassName", ""):
        return "storageClassName does not match"
    if wanted.get("volumeMode", "Filesystem") != offered.get("volumeMode", "Filesystem"):
        return "incompatible volumeMode"
    if not set(wanted["accessModes"]) <= set(offered["accessModes"]):
        return "incompatible accessMode"
    labels = (wanted.get("selector") or {}).get("matchLabels") or {}
    if any((volume["metadata"].get("labels") or {}).get(key) != value for key, value in labels.items()):
        return "selector does not match"
    return ""


def any_term(terms: list[Object], node: Object) -> bool:
    """Whether one of the terms of a node selector takes the node."""
    return any(
        all(_matches(need, node["metadata"].get("labels") or {}) for need in term.get("matchExpressions", ()))
        for term in terms
    )


def _matches(need: Object, labels: dict[str, str]) -> bool:
    value, values = labels.get(need["key"]), need.get("values") or []
    answers: dict[str, Any] = {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }
    return bool(answers.get(need["operator"], True))


def quantity(text: Any) -> int:
    """Bytes of a quantity."""
    text = str(text)
    for unit, factor in _UNITS.items():
        if text.endswith(unit):
            return int(float(text.removesuffix(unit)) * factor)
    return int(float(text))
