"""Builders of facts for the tests of checks: one healthy world, and one function for each thing that may differ.

`findings(check, **facts)` fills every fact that the test does not give: derived ones are worked out from the given
ones as in a run, the rest come from `healthy()`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from diag.analysis.volumes import Mount
from diag.engine.judge import run_check
from diag.knowledge.runbooks import load_knowledge
from diag.model.finding import Finding
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.registry import Check
from diag.resources.eks import ClusterIdentity, EksCluster
from diag.resources.fsx import FileSystem, LustreConfiguration
from diag.resources.kubernetes import (
    FSX_DRIVER,
    Condition,
    Container,
    ContainerStatus,
    CsiDriver,
    CsiDriverSpec,
    CsiNode,
    EndpointSlice,
    Event,
    Lease,
    Namespace,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    RbacBinding,
    RbacRole,
    ServiceAccount,
    StorageClass,
    Taint,
    Workload,
)
from diag.resources.manifests import ManifestSet
from diag.resources.table import Table
from diag.resources.target import Settings, Target
from diag.sources.world import load_registry

REGISTRY = load_registry()
CAUSES = frozenset(load_knowledge().causes)
REGION = "ap-northeast-2"
FS = "fs-0123456789abcdef0"
NOW = "2026-11-24T12:00:00Z"
LONG_AGO = "2026-10-01T00:00:00Z"
NODE = "node-a"
NAMESPACE = "kube-system"
DRIVER_IMAGE = "public.ecr.aws/fsx-csi-driver/aws-fsx-csi-driver:v1.9.0"
SIDECAR = "public.ecr.aws/csi-components"
REGISTRAR_IMAGE = f"{SIDECAR}/csi-node-driver-registrar:v2.16.0-eksbuild.3"
PROVISIONER_IMAGE = f"{SIDECAR}/csi-provisioner:v6.2.0-eksbuild.2"
AL2023 = ("Amazon Linux 2023.9.20251027", "6.12.46-66.121.amzn2023.x86_64")
AL2 = ("Amazon Linux 2", "5.10.245-241.976.amzn2.x86_64")
DRIVER_LABELS = {"app.kubernetes.io/name": "aws-fsx-csi-driver", "app.kubernetes.io/version": "1.9.0"}


def node(
    name: str = NODE,
    os: tuple[str, str] = AL2023,
    *,
    arch: str = "amd64",
    group: str = "workers",
    labels: Mapping[str, str] = {},
    taints: tuple[Taint, ...] = (),
    created: str = LONG_AGO,
    region: str = REGION,
    operating_system: str = "linux",
) -> Node:
    """A ready EC2 node; `os` is (osImage, kernelVersion)."""
    raw = {
        "metadata": {
            "name": name,
            "creationTimestamp": created,
            "labels": {
                "kubernetes.io/os": operating_system,
                "kubernetes.io/arch": arch,
                "kubernetes.io/hostname": name,
                "eks.amazonaws.com/nodegroup": group,
                "topology.kubernetes.io/region": region,
                "topology.kubernetes.io/zone": f"{region}a",
                **labels,
            },
        },
        "spec": {"providerID": f"aws:///{region}a/i-0{zlib.crc32(name.encode()):016x}"},
        "status": {
            "addresses": [{"type": "InternalIP", "address": "10.0.1.4"}],
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": created}],
            "nodeInfo": {
                "osImage": os[0], "kernelVersion": os[1], "architecture": arch, "operatingSystem": operating_system,
                "kubeletVersion": "v1.34.1-eks-113cf36",
            },
        },
    }  # fmt: skip
    made = msgspec.convert(raw, Node)
    return replace(made, spec=replace(made.spec, taints=taints or None))


def csi_node(name: str = NODE, *drivers: str) -> CsiNode:
    """A CSINode with the FSx driver registered, or with exactly the drivers given (`""` for none)."""
    names = [driver for driver in (drivers or (FSX_DRIVER,)) if driver]
    raw = {"metadata": {"name": name}, "spec": {"drivers": [{"name": n, "nodeID": name} for n in names] or None}}
    return msgspec.convert(raw, CsiNode)


def csi_driver(**spec: Any) -> CsiDriver:
    """The CSIDriver object as the chart makes it."""
    made = msgspec.convert({"metadata": {"name": FSX_DRIVER, "creationTimestamp": LONG_AGO}}, CsiDriver)
    chart = CsiDriverSpec(attach_required=False, fs_group_policy="ReadWriteOnceWithFSType")
    return replace(made, spec=replace(chart, **spec))


def file_system(
    id: str = FS,
    version: str = "2.15",
    *,
    deployment: str = "SCRATCH_2",
    mount_name: str = "abcdebev",
    region: str = REGION,
    **fields: Any,
) -> FileSystem:
    """An AVAILABLE Lustre file system; `fields` are those of FileSystem."""
    made = FileSystem(
        file_system_id=id,
        file_system_type="LUSTRE",
        file_system_type_version=version,
        lifecycle="AVAILABLE",
        storage_capacity=1200,
        vpc_id="vpc-0123456789abcdef0",
        subnet_ids=("subnet-0123456789abcdef0",),
        network_interface_ids=("eni-0123456789abcdef0",),
        dns_name=f"{id}.fsx.{region}.amazonaws.com",
        lustre_configuration=LustreConfiguration(deployment_type=deployment, mount_name=mount_name),
    )
    return replace(made, **fields)


def volume(
    name: str = "fsx-pv",
    fs: str = FS,
    *,
    claim: str = "fsx-pvc",
    namespace: str = "default",
    attributes: Mapping[str, str] | None = None,
    driver: str = FSX_DRIVER,
    **spec: Any,
) -> PersistentVolume:
    """A Bound static PersistentVolume of a file system; `spec` are further fields of the API's spec, in camel case."""
    usual = {"dnsname": f"{fs}.fsx.{REGION}.amazonaws.com", "mountname": "abcdebev"}
    raw = {
        "metadata": {"name": name, "creationTimestamp": LONG_AGO},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "capacity": {"storage": "1200Gi"},
            "claimRef": {"kind": "PersistentVolumeClaim", "name": claim, "namespace": namespace, "uid": "uid-claim"},
            "csi": {
                "driver": driver,
                "volumeHandle": fs,
                "volumeAttributes": dict(usual if attributes is None else attributes),
            },
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "fsx-sc",
            **spec,
        },
        "status": {"phase": "Bound"},
    }
    return msgspec.convert(raw, PersistentVolume)


def claim(
    name: str = "fsx-pvc",
    volume: str = "fsx-pv",
    *,
    namespace: str = "default",
    phase: str = "",
    **spec: Any,
) -> PersistentVolumeClaim:
    """A claim bound to the volume, or Pending when there is none."""
    raw = {
        "metadata": {"name": name, "namespace": namespace, "uid": "uid-claim", "creationTimestamp": LONG_AGO},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": "1200Gi"}},
            "storageClassName": "fsx-sc",
            "volumeName": volume,
            **spec,
        },
        "status": {"phase": phase or ("Bound" if volume else "Pending")},
    }
    return msgspec.convert(raw, PersistentVolumeClaim)


def storage_class(
    name: str = "fsx-sc", parameters: Mapping[str, str] = {}, *, provisioner: str = FSX_DRIVER, **fields: Any
) -> StorageClass:
    """A StorageClass of the driver."""
    raw = {"metadata": {"name": name}, "provisioner": provisioner, "parameters": dict(parameters) or None, **fields}
    return msgspec.convert(raw, StorageClass)


def pod(
    name: str = "pod-fsx",
    *,
    namespace: str = "default",
    node: str = NODE,
    claims: tuple[str, ...] = ("fsx-pvc",),
    phase: str = "Running",
    created: str = LONG_AGO,
    **spec: Any,
) -> Pod:
    """A pod that mounts the claims; `spec` are further fields of the API's spec, in camel case."""
    raw = {
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "creationTimestamp": created},
        "spec": {
            "nodeName": node,
            "containers": [{"name": "app", "image": "busybox"}],
            "volumes": [{"name": n, "persistentVolumeClaim": {"claimName": n}} for n in claims],
            **spec,
        },
        "status": {"phase": phase, "startTime": created},
    }
    return msgspec.convert(raw, Pod)


def mount(volume: PersistentVolume, claim: PersistentVolumeClaim, pod: Pod) -> Mount:
    """The pod's use of the volume, on the pod's node."""
    return Mount(volume, claim, pod, pod.spec.node_name)


def container(name: str, image: str, **fields: Any) -> dict[str, Any]:
    """One container of a pod or pod template, as the API writes it."""
    return {"name": name, "image": image, **fields}


def node_plugin(
    *, image: str = DRIVER_IMAGE, namespace: str = NAMESPACE, ready: int = 1, desired: int = 1, **spec: Any
) -> Workload:
    """The driver's DaemonSet as the chart makes it; `spec` are fields of the pod template's spec, in camel case."""
    raw = {
        "metadata": {"name": "fsx-csi-node", "namespace": namespace, "labels": DRIVER_LABELS},
        "kind": "DaemonSet",
        "spec": {
            "selector": {"matchLabels": {"app": "fsx-csi-node"}},
            "template": {
                "metadata": {"labels": {"app": "fsx-csi-node", **DRIVER_LABELS}},
                "spec": _plugin_spec(image) | spec,
            },
        },
        "status": {"desiredNumberScheduled": desired, "numberReady": ready, "numberAvailable": ready},
    }
    return msgspec.convert(raw, Workload)


def _plugin_spec(image: str) -> dict[str, Any]:
    kubelet = "/var/lib/kubelet"
    fargate = {"key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["fargate"]}
    return {
        "serviceAccountName": "fsx-csi-node-sa",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"operator": "Exists"}],
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [fargate]}]
                }
            }
        },
        "priorityClassName": "system-node-critical",
        "containers": [
            container("fsx-plugin", image, args=["--mode=node"]),
            container("node-driver-registrar", REGISTRAR_IMAGE),
        ],
        "volumes": [
            {"name": "kubelet-dir", "hostPath": {"path": kubelet}},
            {"name": "registration-dir", "hostPath": {"path": f"{kubelet}/plugins_registry/"}},
            {"name": "plugin-dir", "hostPath": {"path": f"{kubelet}/plugins/{FSX_DRIVER}/"}},
        ],
    }


VALUES = {"AWS_REGION": {"value": REGION}}
"""Of variables that are read."""


def controller(
    *,
    image: str = DRIVER_IMAGE,
    namespace: str = NAMESPACE,
    replicas: int = 2,
    ready: int = 2,
    account: str = "fsx-csi-controller-sa",
    env: tuple[str, ...] = (),
    elects: bool = False,
) -> Workload:
    """The driver's controller Deployment as the chart makes it; its provisioners elect a leader if asked to."""
    plugin = container(
        "fsx-plugin", image, args=["--mode=controller"], env=[{"name": name, **VALUES.get(name, {})} for name in env]
    )
    provisioner = container("csi-provisioner", PROVISIONER_IMAGE, args=[f"--leader-election={str(elects).lower()}"])
    resizer = container("csi-resizer", PROVISIONER_IMAGE.replace("provisioner", "resizer"))
    raw = {
        "metadata": {"name": "fsx-csi-controller", "namespace": namespace, "labels": DRIVER_LABELS},
        "kind": "Deployment",
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "fsx-csi-controller"}},
            "template": {
                "metadata": {"labels": {"app": "fsx-csi-controller", **DRIVER_LABELS}},
                "spec": {
                    "serviceAccountName": account,
                    "containers": [plugin, provisioner, resizer],
                },
            },
        },
        "status": {"replicas": replicas, "readyReplicas": ready, "availableReplicas": ready},
    }
    return msgspec.convert(raw, Workload)


def waiting(container: str, reason: str, message: str = "", *, image: str = "", restarts: int = 0) -> ContainerStatus:
    """A container that waits."""
    raw = {
        "name": container, "image": image, "ready": False, "restartCount": restarts,
        "state": {"waiting": {"reason": reason, "message": message}},
    }  # fmt: skip
    return msgspec.convert(raw, ContainerStatus)


def plugin_pod(
    node: str = NODE,
    *statuses: ContainerStatus,
    workload: Workload | None = None,
    phase: str = "Running",
    created: str = LONG_AGO,
    name: str = "",
) -> Pod:
    """A pod of the node plugin (or of `workload`): every container runs but those whose status is given."""
    owner = workload or node_plugin()
    given = {status.name: status for status in statuses}
    template = owner.spec.template
    running = {c.name: _running(c) for c in template.spec.containers}
    meta = {
        "name": name or f"{owner.metadata.name}-{node or 'pending'}",
        "namespace": owner.metadata.namespace,
        "uid": f"uid-{owner.metadata.name}-{node}",
        "creationTimestamp": created,
        "labels": template.metadata.labels,
        "ownerReferences": [{"kind": owner.kind, "name": owner.metadata.name}],
    }
    made = msgspec.convert({"metadata": meta}, Pod)
    ready = not given
    status = replace(
        made.status,
        phase=phase,
        start_time=created,
        container_statuses=tuple((running | given).values()),
        conditions=(Condition("Ready", "True" if ready else "False"),),
    )
    return replace(made, spec=replace(template.spec, node_name=node), status=status)


def _running(container: Container) -> ContainerStatus:
    digest = f"{container.image.rpartition(':')[0]}@sha256:{'ab' * 32}"
    return ContainerStatus(name=container.name, image=container.image, image_id=digest, ready=True)


def event(about: Pod | PersistentVolumeClaim, reason: str, message: str, *, last: str = NOW) -> Event:
    """A Warning event of a pod or a claim."""
    raw = {
        "metadata": {"name": f"{about.metadata.name}.18", "namespace": about.metadata.namespace},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "involvedObject": {
            "kind": about.subject.kind.value,
            "name": about.metadata.name,
            "namespace": about.metadata.namespace,
            "uid": about.metadata.uid,
        },
        "lastTimestamp": last,
    }
    return msgspec.convert(raw, Event)


def service_account(
    name: str = "fsx-csi-controller-sa", namespace: str = NAMESPACE, role_arn: str | None = None
) -> ServiceAccount:
    """A service account, with the IRSA annotation when an ARN is given."""
    annotations = {} if role_arn is None else {"eks.amazonaws.com/role-arn": role_arn}
    raw = {"metadata": {"name": name, "namespace": namespace, "annotations": annotations}}
    return msgspec.convert(raw, ServiceAccount)


def namespace(name: str, phase: str = "Active", **labels: str) -> Namespace:
    """A namespace with the label that every one has."""
    metadata = {"name": name, "labels": {"kubernetes.io/metadata.name": name, **labels}}
    return msgspec.convert({"metadata": metadata, "status": {"phase": phase}}, Namespace)


def endpoints(*addresses: str, ready: bool = True, port: int = 53) -> EndpointSlice:
    """The EndpointSlice of kube-dns."""
    given = [{"addresses": [address], "conditions": {"ready": ready}} for address in addresses or ("10.0.1.20",)]
    ports = [{"port": port, "protocol": protocol} for protocol in ("UDP", "TCP")]
    metadata = {"name": "kube-dns-1", "namespace": "kube-system"}
    return msgspec.convert({"metadata": metadata, "endpoints": given, "ports": ports}, EndpointSlice)


CHART_RULES = (
    ("", "persistentvolumes", ("get", "list", "watch", "create", "delete")),
    ("", "persistentvolumeclaims", ("get", "list", "watch", "update")),
    ("storage.k8s.io", "storageclasses", ("get", "list", "watch")),
    ("coordination.k8s.io", "leases", ("get", "watch", "list", "delete", "update", "create")),
)
"""Source: aws-fsx-csi-driver chart 1.17.0 controller-serviceaccount.yaml."""


def role(*rules: tuple[str, str, tuple[str, ...]], name: str = "provisioner", **more: Any) -> RbacRole:
    """A role of these rules, or of those of the chart."""
    made = [{"apiGroups": [g], "resources": [r], "verbs": v, **more} for g, r, v in rules or CHART_RULES]
    return msgspec.convert({"metadata": {"name": name}, "rules": made}, RbacRole)


def binding(role: str = "provisioner", *, kind: str = "ClusterRole") -> RbacBinding:
    """What gives the controller's account a role."""
    subject = {"kind": "ServiceAccount", "name": "fsx-csi-controller-sa", "namespace": NAMESPACE}
    raw = {"metadata": {"name": role}, "roleRef": {"kind": kind, "name": role}, "subjects": [subject]}
    return msgspec.convert(raw, RbacBinding)


def lease(holder: str = "fsx-csi-controller-node-a", renewed: str = NOW) -> Lease:
    """The provisioner's lease."""
    spec = {"holderIdentity": holder, "renewTime": renewed}
    return msgspec.convert({"metadata": {"name": "fsx-csi-aws-com"}, "spec": spec}, Lease)


def eks_cluster(name: str = "training", version: str = "1.34", **fields: Any) -> EksCluster:
    """An ACTIVE cluster."""
    raw = {
        "name": name,
        "arn": f"arn:aws:eks:{REGION}:111122223333:cluster/{name}",
        "version": version,
        "status": "ACTIVE",
        "resourcesVpcConfig": {"vpcId": "vpc-0123456789abcdef0", "clusterSecurityGroupId": "sg-0123456789abcdef0"},
        "identity": {"oidc": {"issuer": f"https://oidc.eks.{REGION}.amazonaws.com/id/0123456789ABCDEF"}},
        **fields,
    }
    return msgspec.convert(raw, EksCluster)


def identity(region: str = REGION, cluster: str = "training") -> ClusterIdentity:
    """Which cluster the run is about."""
    return ClusterIdentity(cluster, region, "111122223333", "kubeconfig", "kubeconfig")


def table(*items: FileSystem, missing: Mapping[str, Unavailable] = {}) -> Table[FileSystem]:
    """File systems by id."""
    return Table({item.id: item for item in items}, dict(missing))


def denied(what: str) -> Unavailable:
    """A fact that this identity may not read: `list nodes`, `fsx:DescribeFileSystems`."""
    return Unavailable(what, Reason.DENIED, "forbidden", permission=what)


def healthy() -> dict[str, Any]:
    """The read facts of a healthy world: one node, one volume, one pod, the driver by Helm."""
    return {
        "target": Target(),
        "settings": Settings(),
        "taken_at": NOW,
        "cluster_identity": identity(),
        "eks_cluster": eks_cluster(),
        "addons": (),
        "nodes": (node(),),
        "node_truths": Table(),
        "csi_nodes": (csi_node(),),
        "csi_drivers": (csi_driver(),),
        "persistent_volumes": (volume(),),
        "claims": (claim(),),
        "storage_classes": (storage_class(),),
        "pods": (pod(), plugin_pod(), plugin_pod(workload=controller())),
        "daemon_sets": (node_plugin(),),
        "deployments": (controller(),),
        "service_accounts": (service_account(),),
        "live_driver_pods": (),
        "warning_events": (),
        "refused_roles": Table(),
        "claim_events": (),
        "file_systems": table(file_system()),
        "instances": Table(),
        "controller_instances": Table(),
        "route_tables": (),
        "nat_gateways": (),
        "manifest_set": ManifestSet(),
        "namespaces": tuple(namespace(name) for name in ("default", NAMESPACE)),
        "resource_quotas": (),
        "limit_ranges": (),
        "driver_policies": (),
        "dns_policies": (),
        "other_policies": (),
        "node_local_corefile": (),
        "dns_firewall": (),
        "profile_resources": (),
        "idle_owners": (),
        "refused_owners": (),
        "dns_endpoints": (endpoints(),),
        "cluster_role_bindings": (binding(),),
        "role_bindings": (),
        "cluster_roles": (role(),),
        "namespace_roles": (),
        "provisioner_lease": lease(),
    }


def findings(check: Check, **given: Any) -> tuple[Finding, ...]:
    """What the check says of the given facts.

    Raises AssertionError when the check crashes, KeyError for a read fact that neither the test nor `healthy()` gives.
    """
    judged = run_check(check, worked_out([check], **given))
    assert not judged.errors, judged.errors[0].trace
    named = {id for finding in judged.findings for id in (finding.cause, *finding.rules_out) if id}
    assert named <= CAUSES, "a finding names a cause that no runbook has"
    verdicts = {finding.verdict.value for finding in judged.findings}
    assert verdicts <= {line.partition(":")[0] for line in check.page.splitlines()}, "the check's page leaves one out"
    return judged.findings


def worked_out(checks: Iterable[Check], *more: str, **given: Any) -> dict[str, Any]:
    """The given facts in a healthy world, and what the checks and further names need that is worked out from them."""
    values = healthy() | given
    values.setdefault("live_pods", values["pods"])
    for name in (*(need.name for check in checks for need in check.needs), *more):
        _resolve(name, values)
    return values


def verdicts(check: Check, **given: Any) -> tuple[Verdict, ...]:
    """The verdicts alone."""
    return tuple(finding.verdict for finding in findings(check, **given))


def _resolve(name: str, values: dict[str, Any]) -> None:
    if name in values:
        return
    fact = REGISTRY.facts[name]
    if REGISTRY.is_read(fact):
        raise KeyError(f"the test gives no {name!r}, and a healthy world has none")
    for need in fact.needs:
        _resolve(need.name, values)
    arguments = {need.name: values[need.name] for need in fact.needs}
    missing = next(
        (arguments[n.name] for n in fact.needs if not n.tolerant and isinstance(arguments[n.name], Unavailable)), None
    )
    values[name] = fact.function(**arguments) if missing is None else missing


replace = msgspec.structs.replace
