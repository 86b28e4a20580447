"""The resource types the lab's API server knows, and the field selectors each of them takes."""

from dataclasses import dataclass

_ANY = frozenset({"metadata.name"})
_NAMESPACED = _ANY | {"metadata.namespace"}
_EVENT_FIELDS = _NAMESPACED | {
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
}
# kubernetes pkg/apis/core/v1/conversion.go: AddFieldLabelConversionsForPod and its neighbours.
_POD_FIELDS = _NAMESPACED | {
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
}


@dataclass(frozen=True)
class Resource:
    """A resource type: where it stands in the API and what may be selected of it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    fields: frozenset[str]

    @property
    def api_version(self) -> str:
        """`v1`, or `group/version`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """The name as error texts spell it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _core(plural: str, kind: str, namespaced: bool = True, fields: frozenset[str] | None = None) -> Resource:
    return Resource("", "v1", plural, kind, namespaced, fields or (_NAMESPACED if namespaced else _ANY))


RESOURCES: tuple[Resource, ...] = (
    _core("namespaces", "Namespace", False, _ANY | {"status.phase"}),
    _core("nodes", "Node", False, _ANY | {"spec.unschedulable"}),
    _core("pods", "Pod", fields=_POD_FIELDS),
    _core("persistentvolumes", "PersistentVolume", False),
    _core("persistentvolumeclaims", "PersistentVolumeClaim"),
    _core("events", "Event", fields=_EVENT_FIELDS),
    _core("serviceaccounts", "ServiceAccount"),
    _core("configmaps", "ConfigMap"),
    _core("services", "Service"),
    _core("secrets", "Secret", fields=_NAMESPACED | {"type"}),
    Resource("apps", "v1", "deployments", "Deployment", True, _NAMESPACED),
    Resource("apps", "v1", "daemonsets", "DaemonSet", True, _NAMESPACED),
    Resource("apps", "v1", "replicasets", "ReplicaSet", True, _NAMESPACED | {"status.replicas"}),
    Resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", False, _ANY),
    Resource("storage.k8s.io", "v1", "csidrivers", "CSIDriver", False, _ANY),
    Resource("storage.k8s.io", "v1", "csinodes", "CSINode", False, _ANY),
    Resource("storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", False, _ANY),
    Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", True, _NAMESPACED),
    Resource("batch", "v1", "jobs", "Job", True, _NAMESPACED | {"status.successful"}),
    Resource("events.k8s.io", "v1", "events", "Event", True, frozenset({"metadata.name", "metadata.namespace"})),
)

# The same events under a second API group, in another shape.
EVENTS_V1 = RESOURCES[-1]

_BY_PATH = {(resource.group, resource.version, resource.plural): resource for resource in RESOURCES}
_BY_KIND = {(resource.api_version, resource.kind): resource for resource in RESOURCES}


def by_path(group: str, version: str, plural: str) -> Resource | None:
    """The resource behind a request path, if it is served."""
    return _BY_PATH.get((group, version, plural))


def of_object(api_version: str, kind: str) -> Resource:
    """The resource an object belongs to.

    Raises:
        KeyError: the lab does not serve that kind.
    """
    return _BY_KIND[api_version, kind]


def named(plural: str) -> Resource:
    """The resource of a plural name; `events` is the core one.

    Raises:
        KeyError: the lab does not serve it.
    """
    for resource in RESOURCES:
        if plural in (resource.plural, resource.qualified):
            return resource
    raise KeyError(plural)
