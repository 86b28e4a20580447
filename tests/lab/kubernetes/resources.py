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
    short_names: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    custom: bool = False
    """Of a CustomResourceDefinition, which is installed where there is an object of it."""

    @property
    def api_version(self) -> str:
        """`v1`, or `group/version`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """The name as error texts spell it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _core(
    plural: str,
    kind: str,
    *short_names: str,
    namespaced: bool = True,
    fields: frozenset[str] | None = None,
    subresources: tuple[str, ...] = (),
) -> Resource:
    fields = fields or (_NAMESPACED if namespaced else _ANY)
    return Resource("", "v1", plural, kind, namespaced, fields, short_names, subresources)


def _workload(plural: str, kind: str, short: str, *fields: str, scale: bool = True) -> Resource:
    subresources = ("status", "scale") if scale else ("status",)
    return Resource("apps", "v1", plural, kind, True, _NAMESPACED | set(fields), (short,), subresources)


def _storage(plural: str, kind: str, *short_names: str) -> Resource:
    return Resource("storage.k8s.io", "v1", plural, kind, False, _ANY, short_names)


def _rbac(plural: str, kind: str, namespaced: bool) -> Resource:
    fields = _NAMESPACED if namespaced else _ANY
    return Resource("rbac.authorization.k8s.io", "v1", plural, kind, namespaced, fields)


def _custom(group: str, version: str, plural: str, kind: str, namespaced: bool = False) -> Resource:
    return Resource(group, version, plural, kind, namespaced, _NAMESPACED if namespaced else _ANY, custom=True)


RESOURCES: tuple[Resource, ...] = (
    _core("namespaces", "Namespace", "ns", namespaced=False, fields=_ANY | {"status.phase"}, subresources=("status",)),
    _core("nodes", "Node", "no", namespaced=False, fields=_ANY | {"spec.unschedulable"}, subresources=("status",)),
    _core("pods", "Pod", "po", fields=_POD_FIELDS, subresources=("status", "log", "exec", "eviction")),
    _core("persistentvolumes", "PersistentVolume", "pv", namespaced=False, subresources=("status",)),
    _core("persistentvolumeclaims", "PersistentVolumeClaim", "pvc", subresources=("status",)),
    _core("events", "Event", "ev", fields=_EVENT_FIELDS),
    _core("serviceaccounts", "ServiceAccount", "sa"),
    _core("configmaps", "ConfigMap", "cm"),
    _core("services", "Service", "svc", subresources=("status",)),
    _core("resourcequotas", "ResourceQuota", "quota", subresources=("status",)),
    _core("limitranges", "LimitRange", "limits"),
    _core("secrets", "Secret", fields=_NAMESPACED | {"type"}),
    _workload("deployments", "Deployment", "deploy"),
    _workload("daemonsets", "DaemonSet", "ds", scale=False),
    _workload("replicasets", "ReplicaSet", "rs", "status.replicas"),
    _workload("statefulsets", "StatefulSet", "sts"),
    Resource("batch", "v1", "cronjobs", "CronJob", True, _NAMESPACED),
    Resource("apps", "v1", "controllerrevisions", "ControllerRevision", True, _NAMESPACED),
    _storage("storageclasses", "StorageClass", "sc"),
    _storage("csidrivers", "CSIDriver"),
    _storage("csinodes", "CSINode"),
    _storage("volumeattachments", "VolumeAttachment"),
    Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", True, _NAMESPACED, ("netpol",)),
    Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", True, _NAMESPACED),
    Resource("coordination.k8s.io", "v1", "leases", "Lease", True, _NAMESPACED),
    Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", True, _NAMESPACED, ("pdb",)),
    _rbac("clusterroles", "ClusterRole", False),
    _rbac("clusterrolebindings", "ClusterRoleBinding", False),
    _rbac("roles", "Role", True),
    _rbac("rolebindings", "RoleBinding", True),
    Resource("batch", "v1", "jobs", "Job", True, _NAMESPACED | {"status.successful"}, (), ("status",)),
    _custom("cilium.io", "v2", "ciliumnetworkpolicies", "CiliumNetworkPolicy", True),
    _custom("cilium.io", "v2", "ciliumclusterwidenetworkpolicies", "CiliumClusterwideNetworkPolicy"),
    _custom("crd.projectcalico.org", "v1", "networkpolicies", "NetworkPolicy", True),
    _custom("crd.projectcalico.org", "v1", "globalnetworkpolicies", "GlobalNetworkPolicy"),
    _custom("policy.networking.k8s.io", "v1alpha1", "adminnetworkpolicies", "AdminNetworkPolicy"),
    _custom("policy.networking.k8s.io", "v1alpha1", "baselineadminnetworkpolicies", "BaselineAdminNetworkPolicy"),
    _custom("policy.networking.k8s.io", "v1alpha2", "clusternetworkpolicies", "ClusterNetworkPolicy"),
    _custom("networking.k8s.aws", "v1alpha1", "clusternetworkpolicies", "ClusterNetworkPolicy"),
    _custom("networking.k8s.aws", "v1alpha1", "applicationnetworkpolicies", "ApplicationNetworkPolicy", True),
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
