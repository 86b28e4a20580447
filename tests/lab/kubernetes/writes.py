"""Create, replace, patch and delete, as kube-apiserver's registry does them: metadata, defaults, immutable fields.

Sources: apiserver pkg/registry/generic/registry/store.go, kubernetes pkg/apis/*/validation and pkg/registry/*/strategy.
"""

import copy
import datetime
import json
import uuid
from collections.abc import Callable
from typing import Any

import yaml

from tests.lab.kubernetes import status
from tests.lab.kubernetes.patch import json_patch, merge_patch, strategic_patch, three_way
from tests.lab.kubernetes.resources import Resource, named
from tests.lab.kubernetes.status import ApiError
from tests.lab.kubernetes.world import Cluster, Object

# metadata that the server alone writes.
_SERVERS_OWN = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink")
_WITHOUT_STATUS = {"configmaps", "secrets", "serviceaccounts", "storageclasses", "csidrivers", "csinodes", "events"}
_PROTECTION = {
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "persistentvolumes": "kubernetes.io/pv-protection",
}
_GRACE = 30


class Writes:
    """Changes one cluster; `clock` is the server's."""

    def __init__(self, cluster: Cluster, clock: Callable[[], datetime.datetime]) -> None:
        self.cluster = cluster
        self.clock = clock
        self._applied: dict[tuple[Resource, str, str, str], Object] = {}

    def now(self) -> str:
        """The time as Kubernetes writes it."""
        return self.clock().strftime("%Y-%m-%dT%H:%M:%SZ")

    def create(self, resource: Resource, namespace: str, obj: Object, *, dry_run: bool = False) -> Object:
        """The object as it is stored.

        Raises:
            ApiError: it exists, its namespace does not, or it is invalid.
        """
        obj = copy.deepcopy(obj)
        # A null is no value: `annotations:` with nothing below it.
        metadata = obj["metadata"] = {key: value for key, value in obj.get("metadata", {}).items() if value is not None}
        if resource.namespaced:
            if metadata.setdefault("namespace", namespace) != namespace:
                text = "the namespace of the provided object does not match the namespace sent on the request"
                raise status.bad_request(text)
            if self.cluster.find(named("namespaces"), namespace, "") is None:
                raise status.not_found(named("namespaces"), namespace)
        if metadata.get("resourceVersion") not in (None, "", "0"):
            raise ApiError(500, "InternalError", "resourceVersion should not be set on objects to be created")
        for key in (*_SERVERS_OWN, "managedFields"):
            metadata.pop(key, None)
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + uuid.uuid4().hex[:5]
        if not metadata.get("name"):
            raise status.invalid(resource, "", "metadata.name: Required value: name or generateName is required")
        if self.cluster.find(resource, metadata["name"], namespace) is not None:
            raise status.already_exists(resource, metadata["name"])
        obj |= {"apiVersion": resource.api_version, "kind": resource.kind}
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": self.now(), "generation": 1}
        if resource.plural in _WITHOUT_STATUS:
            metadata.pop("generation")
        else:
            obj["status"] = {}
        if protection := _PROTECTION.get(resource.plural):
            metadata["finalizers"] = sorted({*metadata.get("finalizers", ()), protection})
        self._default(resource, obj)
        _validate(resource, obj)
        if not dry_run:
            self.cluster.add(obj)
        return obj

    def replace(self, resource: Resource, new: Object, name: str, namespace: str, *, dry_run: bool = False) -> Object:
        """The object after a PUT.

        Raises:
            ApiError: there is none, it was changed meanwhile, or a field may not change.
        """
        return self._update(resource, self._present(resource, name, namespace), copy.deepcopy(new), dry_run=dry_run)

    def replace_status(self, resource: Resource, new: Object, name: str, namespace: str) -> Object:
        """The object with the status of another."""
        present = self._present(resource, name, namespace)
        present["status"] = copy.deepcopy(new.get("status", {}))
        self.cluster.touch(present)
        return present

    def patch(
        self,
        resource: Resource,
        name: str,
        namespace: str,
        content_type: str,
        body: bytes,
        *,
        subresource: str = "",
        manager: str = "",
        dry_run: bool = False,
    ) -> Object:
        """The object after a patch of the kind that `content_type` names; a server-side apply may create it.

        Raises:
            ApiError: there is none, or the outcome is not accepted.
        """
        if content_type == "application/apply-patch+yaml":
            return self._apply(resource, name, namespace, yaml.safe_load(body), manager, dry_run=dry_run)
        present = self._present(resource, name, namespace)
        patch = json.loads(body)
        if content_type == "application/json-patch+json":
            new = json_patch(present, patch)
        elif content_type == "application/merge-patch+json":
            new = merge_patch(copy.deepcopy(present), patch)
        elif content_type == "application/strategic-merge-patch+json":
            new = strategic_patch(copy.deepcopy(present), patch)
        else:
            text = "the body of the request was in an unknown format - accepted media types include:"
            kinds = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
            raise ApiError(415, "UnsupportedMediaType", f"{text} {kinds}")
        if subresource == "status":
            return self.replace_status(resource, new, name, namespace)
        return self._update(resource, present, new, dry_run=dry_run)

    def delete(self, resource: Resource, name: str, namespace: str, options: Object) -> Object | None:
        """Deletes an object, or marks it when a finalizer or a grace period keeps it.

        Returns:
            the object that is left for now, None when it is gone.

        Raises:
            ApiError: there is none, or it is not the one that was meant.
        """
        present = self._present(resource, name, namespace)
        metadata = present["metadata"]
        wanted = (options.get("preconditions") or {}).get("uid")
        if wanted and wanted != metadata["uid"]:
            raise status.precondition_failed(resource, name, wanted, metadata["uid"])
        if options.get("dryRun"):
            return present
        if options.get("propagationPolicy") == "Orphan":
            self._orphan(metadata["uid"])
        grace = self._grace(resource, present, options)
        if not grace and not metadata.get("finalizers"):
            self.cluster.remove(resource.qualified, name, namespace)
            return None
        if not metadata.get("deletionTimestamp") or grace < metadata.get("deletionGracePeriodSeconds", 0):
            ends = self.clock() + datetime.timedelta(seconds=grace)
            metadata["deletionTimestamp"] = ends.strftime("%Y-%m-%dT%H:%M:%SZ")
            metadata["deletionGracePeriodSeconds"] = grace
            self.cluster.touch(present)
        return present

    def scale(self, resource: Resource, name: str, namespace: str) -> Object:
        """The scale subresource of a workload."""
        return _scale_of(self._present(resource, name, namespace))

    def set_scale(self, resource: Resource, name: str, namespace: str, scale: Object) -> Object:
        """Sets a workload's replicas as a scale says."""
        present = self._present(resource, name, namespace)
        new = copy.deepcopy(present)
        new["spec"]["replicas"] = int(scale["spec"].get("replicas", 0))
        return _scale_of(self._update(resource, present, new))

    def _present(self, resource: Resource, name: str, namespace: str) -> Object:
        found = self.cluster.find(resource, name, namespace)
        if found is None:
            raise status.not_found(resource, name)
        return found

    def _update(self, resource: Resource, present: Object, new: Object, *, dry_run: bool = False) -> Object:
        old, metadata = present["metadata"], new["metadata"]
        name = old["name"]
        if metadata.get("uid") not in (None, "", old["uid"]):
            raise status.precondition_failed(resource, name, metadata["uid"], old["uid"])
        if metadata.get("resourceVersion") not in (None, "", old["resourceVersion"]):
            raise status.changed_meanwhile(resource, name)
        for key in _SERVERS_OWN:
            metadata.pop(key, None)
            if key in old:
                metadata[key] = old[key]
        metadata["resourceVersion"] = old["resourceVersion"]
        if metadata.get("name", name) != name:
            raise status.bad_request("the name of the object does not match the name on the URL")
        if resource.plural not in _WITHOUT_STATUS:
            new["status"] = present.get("status", {})
        self._default(resource, new)
        _validate(resource, new)
        _validate_change(resource, present, new)
        if new == present or dry_run:
            return new
        if new.get("spec") != present.get("spec") and resource.plural not in _WITHOUT_STATUS:
            metadata["generation"] = old.get("generation", 1) + 1
        present.clear()
        present.update(new)
        self.cluster.touch(present)
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers") and resource.plural != "pods":
            self.cluster.remove(resource.qualified, name, metadata.get("namespace", ""))
        return present

    def _apply(
        self, resource: Resource, name: str, namespace: str, wanted: Object, manager: str, *, dry_run: bool
    ) -> Object:
        key = (resource, namespace, name, manager)
        present = self.cluster.find(resource, name, namespace)
        if present is None:
            made = self.create(resource, namespace, wanted, dry_run=dry_run)
        else:
            # What the manager applied before and no longer names is taken away, as its managed fields are.
            new = three_way(self._applied.get(key, {}), wanted, present)
            made = self._update(resource, present, new, dry_run=dry_run)
        if not dry_run:
            self._applied[key] = copy.deepcopy(wanted)
        return made

    def _grace(self, resource: Resource, present: Object, options: Object) -> int:
        if resource.plural != "pods" or not present["spec"].get("nodeName"):
            return 0
        if present.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            return 0
        asked = options.get("gracePeriodSeconds")
        return int(present["spec"].get("terminationGracePeriodSeconds", _GRACE) if asked is None else asked)

    def _orphan(self, owner: str) -> None:
        for dependent in self.cluster.everything():
            owners = dependent["metadata"].get("ownerReferences", [])
            kept = [reference for reference in owners if reference["uid"] != owner]
            if len(kept) != len(owners):
                dependent["metadata"]["ownerReferences"] = kept
                self.cluster.touch(dependent)

    def _default(self, resource: Resource, obj: Object) -> None:
        spec = obj.get("spec") or {}
        if resource.plural == "persistentvolumes":
            spec.setdefault("volumeMode", "Filesystem")
            spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
        elif resource.plural == "persistentvolumeclaims":
            spec.setdefault("volumeMode", "Filesystem")
            if "storageClassName" not in spec and (default := self._default_class()):
                spec["storageClassName"] = default
        elif resource.plural == "storageclasses":
            obj.setdefault("reclaimPolicy", "Delete")
            obj.setdefault("volumeBindingMode", "Immediate")
        elif resource.plural in ("deployments", "statefulsets", "replicasets"):
            spec.setdefault("replicas", 1)
        elif resource.plural == "secrets" and "stringData" in obj:
            import base64

            plain = obj.pop("stringData")
            encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
            obj["data"] = obj.get("data", {}) | encoded
        pod = spec if resource.plural == "pods" else (spec.get("template") or {}).get("spec")
        if pod:
            for key, value in (("restartPolicy", "Always"), ("serviceAccountName", "default")):
                pod.setdefault(key, value)
            pod.setdefault("terminationGracePeriodSeconds", _GRACE)
            pod.setdefault("schedulerName", "default-scheduler")

    def _default_class(self) -> str:
        marked = "storageclass.kubernetes.io/is-default-class"
        for found in self.cluster.all("storageclasses"):
            if (found["metadata"].get("annotations") or {}).get(marked) == "true":
                return str(found["metadata"]["name"])
        return ""


def _scale_of(workload: Object) -> Object:
    metadata, spec = workload["metadata"], workload["spec"]
    labels = (spec.get("selector") or {}).get("matchLabels") or {}
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": spec.get("replicas", 1)},
        "status": {
            "replicas": (workload.get("status") or {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in labels.items()),
        },
    }


def _validate(resource: Resource, obj: Object) -> None:
    """What the server refuses in an object whatever it was before."""
    name, spec = obj["metadata"]["name"], obj.get("spec") or {}
    problems = []
    if resource.plural == "persistentvolumes":
        if not spec.get("accessModes"):
            problems.append("spec.accessModes: Required value")
        if not spec.get("capacity"):
            problems.append("spec.capacity: Required value")
        if "csi" in spec and not spec["csi"].get("volumeHandle"):
            problems.append("spec.csi.volumeHandle: Required value")
    elif resource.plural == "persistentvolumeclaims":
        if not spec.get("accessModes"):
            problems.append("spec.accessModes: Required value: at least 1 access mode is required")
        if "storage" not in (spec.get("resources") or {}).get("requests", {}):
            problems.append("spec.resources[storage]: Required value")
    elif resource.plural == "storageclasses" and not obj.get("provisioner"):
        problems.append("provisioner: Required value")
    elif resource.plural in ("deployments", "daemonsets", "statefulsets"):
        selected = (spec.get("selector") or {}).get("matchLabels") or {}
        labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
        if not selected or any(labels.get(key) != value for key, value in selected.items()):
            problems.append("spec.template.metadata.labels: Invalid value: `selector` does not match template `labels`")
    if problems:
        raise status.invalid(resource, name, problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")


def _validate_change(resource: Resource, old: Object, new: Object) -> None:
    """What the server refuses to change."""
    name = old["metadata"]["name"]
    before, after = old.get("spec") or {}, new.get("spec") or {}

    def changed(*keys: str, of: Object = before, to: Object = after) -> bool:
        return any(of.get(key) != to.get(key) for key in keys)

    problem = ""
    if resource.plural == "persistentvolumes":
        if changed("csi", "nfs", "hostPath", "awsElasticBlockStore", "local"):
            problem = "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation"
        elif changed("volumeMode"):
            problem = f"spec.volumeMode: Invalid value: {json.dumps(after.get('volumeMode'))}: field is immutable"
    elif resource.plural == "persistentvolumeclaims":
        free = ("resources", "volumeAttributesClassName")
        # The binder itself writes the name of the volume into a claim that has none.
        if not before.get("volumeName"):
            free = (*free, "volumeName")
        if {key: value for key, value in before.items() if key not in free} != {
            key: value for key, value in after.items() if key not in free
        } or (changed("resources") and (old.get("status") or {}).get("phase") != "Bound"):
            problem = (
                "spec: Forbidden: spec is immutable after creation except resources.requests and"
                " volumeAttributesClassName for bound claims"
            )
    elif resource.plural == "storageclasses":
        for key in ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"):
            if changed(key, of=old, to=new):
                problem = f"{key}: Forbidden: updates to {key} are forbidden."
    elif resource.plural == "pods":
        problem = _pod_change(before, after)
    elif resource.plural == "statefulsets":
        free = ("replicas", "ordinals", "template", "updateStrategy", "minReadySeconds")
        free = (*free, "persistentVolumeClaimRetentionPolicy", "revisionHistoryLimit")
        if {k: v for k, v in before.items() if k not in free} != {k: v for k, v in after.items() if k not in free}:
            problem = (
                "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template',"
                " 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and"
                " 'minReadySeconds' are forbidden"
            )
    elif resource.plural in ("deployments", "daemonsets", "replicasets") and changed("selector"):
        problem = f"spec.selector: Invalid value: {json.dumps(after.get('selector'))}: field is immutable"
    elif resource.plural == "jobs" and changed("template", "selector", "completions"):
        problem = "spec.template: Invalid value: field is immutable"
    if problem:
        raise status.invalid(resource, name, problem)


def _pod_change(before: Object, after: Object) -> str:
    def fixed(spec: Object) -> Any:
        spec = copy.deepcopy(spec)
        for key in ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"):
            spec.pop(key, None)
        for container in (*spec.get("containers", ()), *spec.get("initContainers", ())):
            container.pop("image", None)
        return spec

    if fixed(before) == fixed(after):
        return ""
    return (
        "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
        "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing"
        " tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
    )
