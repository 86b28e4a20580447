"""What a person would see: events, pod and claim states, worded as kubelet, driver and mount.lustre word them."""

import copy
import uuid
from typing import TYPE_CHECKING, Any

from tests.lab.incident import CLAIM, STORAGE_CLASS, VOLUME, WORKLOAD, WORKLOAD_NAMESPACE

if TYPE_CHECKING:
    from tests.lab.lab import Lab

Object = dict[str, Any]
_KUBELET = "kubelet"
_PROVISIONER = "fsx.csi.aws.com_fsx-csi-controller-6b9bbc9d-6wn6k_2c4f0a52-6f7e-4f65-8a0f-2a7a4b6d0c11"


def volume(lab: "Lab") -> Object:
    """The world's PersistentVolume."""
    return lab.kube.get("persistentvolumes", VOLUME)


def attributes(lab: "Lab") -> dict[str, str]:
    """Its volumeAttributes."""
    found: dict[str, str] = volume(lab)["spec"]["csi"]["volumeAttributes"]
    return found


def claim(lab: "Lab") -> Object:
    """The world's PersistentVolumeClaim, whatever a fault has called it."""
    for found in lab.kube.all("persistentvolumeclaims", WORKLOAD_NAMESPACE):
        if found["spec"].get("volumeName") == VOLUME:
            return found
    return lab.kube.get("persistentvolumeclaims", CLAIM, WORKLOAD_NAMESPACE)


def pod(lab: "Lab") -> Object:
    """The pod that mounts the volume, whatever a fault has called it."""
    for found in lab.kube.all("pods", WORKLOAD_NAMESPACE):
        if any("persistentVolumeClaim" in volume for volume in found["spec"].get("volumes", ())):
            return found
    return lab.kube.get("pods", WORKLOAD, WORKLOAD_NAMESPACE)


def pod_waits(lab: "Lab") -> None:
    """The pod hangs in ContainerCreating."""
    status = pod(lab)["status"]
    status["phase"] = "Pending"
    for key in ("podIP", "podIPs"):
        status.pop(key, None)
    names = [container["name"] for container in status["containerStatuses"]]
    for condition in status["conditions"]:
        if condition["type"] in ("Ready", "ContainersReady"):
            condition["status"] = "False"
            condition["reason"] = "ContainersNotReady"
            condition["message"] = f"containers with unready status: [{' '.join(names)}]"
        if condition["type"] == "PodReadyToStartContainers":
            condition["status"] = "False"
    for container in status["containerStatuses"]:
        container.pop("containerID", None)
        container |= {
            "imageID": "",
            "ready": False,
            "started": False,
            "state": {"waiting": {"reason": "ContainerCreating"}},
        }


def pod_unscheduled(lab: "Lab", message: str, scheduler: str = "default-scheduler") -> None:
    """The pod has no node, and the scheduler says why."""
    target = pod(lab)
    scheduled = [e for e in lab.kube.all("events", WORKLOAD_NAMESPACE) if e["reason"] == "Scheduled"]
    lab.kube.remove_all("events", scheduled)
    target["spec"].pop("nodeName", None)
    target["status"] = {
        "phase": "Pending",
        "qosClass": "BestEffort",
        "conditions": [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": message,
                "lastProbeTime": None,
                "lastTransitionTime": lab.site.time(9),
            }
        ],
    }
    event(lab, target, "FailedScheduling", message, scheduler)


def event(
    lab: "Lab", about: Object, reason: str, message: str, component: str, *, kind: str = "Warning", count: int = 4
) -> None:
    """Records an event about an object."""
    metadata = about["metadata"]
    namespace = metadata.get("namespace", "default")
    host = about["spec"].get("nodeName") if component == _KUBELET else None
    name = f"{metadata['name']}.{uuid.uuid5(uuid.NAMESPACE_OID, f'{reason} {message}').hex[:16]}"
    lab.kube.add(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace, "creationTimestamp": lab.site.time(7)},
            "involvedObject": {
                "apiVersion": about["apiVersion"],
                "kind": about["kind"],
                "name": metadata["name"],
                "namespace": namespace,
                "uid": metadata["uid"],
            },
            "reason": reason,
            "message": message,
            "type": kind,
            "count": count,
            "eventTime": None,
            "firstTimestamp": lab.site.time(7),
            "lastTimestamp": lab.site.time(1),
            "source": {"component": component} | ({"host": host} if host else {}),
            "reportingComponent": component,
            "reportingInstance": host or "",
        }
    )


def setup_fails(lab: "Lab", error: str) -> None:
    """kubelet could not set the volume up, with the gRPC error of the driver or its own."""
    pod_waits(lab)
    message = f'MountVolume.SetUp failed for volume "{VOLUME}" : {error}'
    event(lab, pod(lab), "FailedMount", message, _KUBELET)


def mount_fails(lab: "Lab", exit_status: int, output: str) -> None:
    """The driver's mount command failed; `{source}` and `{target}` in `output` are filled in."""
    source, target = mount_source(lab), mount_target(lab)
    options = volume(lab)["spec"].get("mountOptions", [])
    flags = f"-o {','.join(options)} " if options else ""
    setup_fails(
        lab,
        f'rpc error: code = Internal desc = Could not mount "{source}" at "{target}":'
        f" mount failed: exit status {exit_status}\n"
        "Mounting command: mount\n"
        f"Mounting arguments: -t lustre {flags}{source} {target}\n"
        f"Output: {output.format(source=source, target=target)}\n",
    )


def mount_source(lab: "Lab") -> str:
    """What the driver mounts: its default for a mountname that is absent or empty is `fsx` (node.go)."""
    given = attributes(lab)
    return f"{given.get('dnsname', '')}@tcp:/{given.get('mountname') or 'fsx'}"


def mount_target(lab: "Lab") -> str:
    """Where kubelet wants it."""
    return f"/var/lib/kubelet/pods/{pod(lab)['metadata']['uid']}/volumes/kubernetes.io~csi/{VOLUME}/mount"


def no_such_name(lab: "Lab") -> None:
    """ENOENT: the MGS answers and has no such file system."""
    mount_fails(
        lab,
        2,
        "mount.lustre: mount {source} at {target} failed: No such file or directory\n"
        "Is the MGS specification correct?\n"
        "Is the filesystem name correct?\n"
        "If upgrading, is the copied client log valid? (see upgrade docs)",
    )


def name_unresolved(lab: "Lab") -> None:
    """The helper cannot resolve the DNS name; usage() ends it with 22."""
    mount_fails(
        lab,
        22,
        "mount.lustre: Can't parse NID '{source}'\n\n"
        "This mount helper should only be invoked via the mount (8) command,\n"
        "e.g. mount -t lustre dev dir\n\n"
        "usage: mount.lustre [-fhnvV] [-o <cliopt>] <mgstarget> <mountpt>\n"
        "\t<mgstarget>: the server MGS and filesystem for a client:\n"
        "\t\t<mgsnid>[:<altmgsnid>...]:/<filesystem>[/<subdir>]",
    )


def invalid_argument(lab: "Lab") -> None:
    """EINVAL: versions that do not talk, or an option the client does not know."""
    name = mount_source(lab).rpartition(":/")[2]
    mount_fails(
        lab,
        22,
        "mount.lustre: mount {source} at {target} failed: Invalid argument\n"
        "This may have multiple causes.\n"
        f"Is '{name}' the correct filesystem name?\n"
        "Are the mount options correct?\n"
        "Check the syslog for more info.",
    )


def unreachable(lab: "Lab") -> None:
    """EIO: nothing answers on 988."""
    mount_fails(lab, 5, "mount.lustre: mount {source} at {target} failed: Input/output error\nIs the MGS running?")


def timed_out(lab: "Lab") -> None:
    """ETIMEDOUT, as newer clients and AWS's own page have it."""
    mount_fails(lab, 110, "mount.lustre: mount {source} at {target} failed: Connection timed out")


def no_module(lab: "Lab") -> None:
    """ENODEV: the node's kernel has no Lustre module."""
    mount_fails(
        lab,
        19,
        "mount.lustre: mount {source} at {target} failed: No such device\n"
        "Are the lustre modules loaded?\n"
        "Check /etc/modprobe.conf and /proc/filesystems",
    )


def not_registered(lab: "Lab", driver: str = "fsx.csi.aws.com") -> None:
    """kubelet of the pod's node does not know the driver."""
    pod_waits(lab)
    message = (
        f'MountVolume.MountDevice failed for volume "{VOLUME}" : kubernetes.io/csi: attacher.MountDevice failed to'
        f" create newCsiDriverClient: driver name {driver} not found in the list of registered CSI drivers"
    )
    event(lab, pod(lab), "FailedMount", message, _KUBELET)


def plugin_gone(lab: "Lab", nodes: list[str]) -> None:
    """No node plugin runs on these nodes, and they do not know the driver."""
    for pod_there in lab.kube.all("pods"):
        metadata = pod_there["metadata"]
        if metadata.get("labels", {}).get("app") == "fsx-csi-node" and pod_there["spec"]["nodeName"] in nodes:
            lab.kube.remove("pods", metadata["name"], metadata["namespace"])
    for csinode in lab.kube.all("csinodes"):
        if csinode["metadata"]["name"] in nodes:
            csinode["spec"]["drivers"] = None


def claim_waits(lab: "Lab", *messages: tuple[str, str, str]) -> None:
    """The claim is Pending and the pod waits for it; `messages` are (reason, text, component) about the claim."""
    waiting = claim(lab)
    waiting["status"] = {"phase": "Pending"}
    waiting["metadata"].get("annotations", {}).pop("pv.kubernetes.io/bind-completed", None)
    for reason, text, component in messages:
        kind = "Normal" if reason == "ExternalProvisioning" else "Warning"
        event(lab, waiting, reason, text, component, kind=kind)
    pod_unscheduled(
        lab,
        "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/3 nodes are"
        " available: 3 Preemption is not helpful for scheduling.",
    )


def second_volume(lab: "Lab", name: str, **spec: Any) -> Object:
    """The pod mounts a second volume, bound by a claim of its own; `spec` has what differs from the first."""
    made, asked = copy.deepcopy(volume(lab)), copy.deepcopy(claim(lab))
    metadata = {"name": name, "creationTimestamp": lab.site.time(500)}
    made |= {"metadata": metadata, "spec": made["spec"] | spec}
    asked["metadata"] = metadata | {"name": f"{name}-claim", "namespace": WORKLOAD_NAMESPACE}
    for field in ("storageClassName", "accessModes"):
        asked["spec"][field] = made["spec"][field]
    asked["spec"]["volumeName"] = name
    lab.kube.add(asked)
    made["spec"]["claimRef"] = made["spec"]["claimRef"] | {key: asked["metadata"][key] for key in ("name", "uid")}
    lab.kube.add(made)
    where = pod(lab)["spec"]
    where["volumes"].append({"name": name, "persistentVolumeClaim": {"claimName": f"{name}-claim"}})
    where["containers"][0]["volumeMounts"].append({"name": name, "mountPath": f"/{name}"})
    return made


def make_ephemeral(lab: "Lab") -> Object:
    """The pod's volume is a generic ephemeral one of the driver's class; its claim comes back."""
    owner, old = pod(lab), claim(lab)
    (own,) = (volume for volume in owner["spec"]["volumes"] if volume.pop("persistentVolumeClaim", None))
    asked = {"storageClassName": STORAGE_CLASS, **{key: old["spec"][key] for key in ("accessModes", "resources")}}
    own["ephemeral"] = {"volumeClaimTemplate": {"spec": asked}}
    lab.kube.remove("persistentvolumeclaims", old["metadata"]["name"], WORKLOAD_NAMESPACE)
    reference = {"apiVersion": "v1", "kind": "Pod", "name": owner["metadata"]["name"], "controller": True}
    reference |= {"uid": owner["metadata"]["uid"], "blockOwnerDeletion": True}
    old["metadata"] |= {"name": f"{owner['metadata']['name']}-{own['name']}", "ownerReferences": [reference]}
    volume(lab)["spec"]["claimRef"]["name"] = old["metadata"]["name"]
    lab.kube.add(old)
    return old


def add_class_of_ebs(lab: "Lab", binding: str, **metadata: object) -> None:
    """A StorageClass gp3 of another driver beside ours."""
    lab.kube.add(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "gp3", "creationTimestamp": lab.site.time(600), **metadata},
            "provisioner": "ebs.csi.aws.com",
            "reclaimPolicy": "Delete",
            "volumeBindingMode": binding,
        }
    )


def provision_dynamically(lab: "Lab") -> None:
    """The claim asks the StorageClass for a volume instead of naming one; nothing is provisioned yet."""
    claim(lab)["spec"].pop("volumeName", None)
    claim(lab)["spec"]["storageClassName"] = STORAGE_CLASS
    lab.kube.remove("persistentvolumes", VOLUME)


WAITING_FOR = (
    "Waiting for a volume to be created either by the external provisioner 'fsx.csi.aws.com' or manually by the system"
    " administrator. If volume creation is delayed, please verify that the provisioner is running and correctly"
    " registered."
)


def being_provisioned(lab: "Lab") -> None:
    """A dynamic claim whose file system is being made: nothing has failed yet."""
    provision_dynamically(lab)
    claim(lab)["metadata"]["creationTimestamp"] = lab.site.time(3)
    claim_waits(lab, ("ExternalProvisioning", WAITING_FOR, "persistentvolume-controller"))


def last_words(lab: "Lab", text: str) -> None:
    """The pod's container ended with a message, as terminationMessagePolicy FallbackToLogsOnError keeps it."""
    status = pod(lab)["status"]["containerStatuses"][0]
    status["restartCount"] = 3
    status["lastState"] = {
        "terminated": {"exitCode": 1, "reason": "Error", "message": text, "finishedAt": lab.site.time(2)}
    }


def provisioning_fails(lab: "Lab", error: str) -> None:
    """A dynamic claim whose provisioning ends in a gRPC error of the driver."""
    provision_dynamically(lab)
    claim_waits(
        lab,
        ("ExternalProvisioning", WAITING_FOR, "persistentvolume-controller"),
        (
            "ProvisioningFailed",
            f'failed to provision volume with StorageClass "{STORAGE_CLASS}": {error}',
            _PROVISIONER,
        ),
    )


def create_fails(lab: "Lab", error: str) -> None:
    """Provisioning that FSx, IAM or STS refused."""
    name = f"pvc-{claim(lab)['metadata']['uid']}"
    provisioning_fails(
        lab,
        f'rpc error: code = Internal desc = Could not create volume "{name}": CreateFileSystem failed: {error}',
    )
