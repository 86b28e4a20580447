"""After the mount: pods that cannot leave, cannot write, or take for ever to start."""

from typing import TYPE_CHECKING, Any

from tests.lab.faults import symptoms
from tests.lab.faults.registry import fault
from tests.lab.physics.hidden import Ailment

if TYPE_CHECKING:
    from tests.lab.lab import Lab


def _users(lab: "Lab") -> list[dict[str, Any]]:
    """The pods that use the volume."""
    return [pod for pod in lab.kube.all("pods") if any("persistentVolumeClaim" in v for v in pod["spec"]["volumes"])]


@fault("pod-stuck-terminating", cause="csi-node-pod-evicted-before-workload")
def pod_stuck_terminating(lab: "Lab") -> None:
    """The node drained its plugin first; nobody can unmount any more."""
    pod = symptoms.pod(lab)
    pod["metadata"] |= {"deletionTimestamp": lab.site.time(12), "deletionGracePeriodSeconds": 30}
    node = pod["spec"]["nodeName"]
    lab.kube.get("nodes", node)["spec"]["taints"] = [
        {"key": "ToBeDeletedByClusterAutoscaler", "value": "1763931600", "effect": "NoSchedule"}
    ]
    symptoms.plugin_gone(lab, [node])
    uid = pod["metadata"]["uid"]
    text = (
        f'UnmountVolume.TearDown failed for volume "fsx-volume" (UniqueName: "kubernetes.io/csi/fsx.csi.aws.com^'
        f'{symptoms.volume(lab)["spec"]["csi"]["volumeHandle"]}") pod "{uid}" (UID: "{uid}") : kubernetes.io/csi:'
        " mounter.SetUpAt failed to get CSI client: driver name fsx.csi.aws.com not found in the list of registered"
        " CSI drivers"
    )
    symptoms.event(lab, symptoms.pod(lab), "FailedUnmount", text, "kubelet")


@fault("ownership-set-recursively", cause="recursive-fsgroup-chown")
def ownership_set_recursively(lab: "Lab") -> None:
    """fsGroup on a volume of millions of files: kubelet changes every one before the pod starts."""
    lab.hidden.many_files = True
    lab.kube.get("csidrivers", "fsx.csi.aws.com")["spec"]["fsGroupPolicy"] = "File"
    symptoms.pod(lab)["spec"]["securityContext"] = {"fsGroup": 2000}
    symptoms.pod_waits(lab)
    text = (
        "Setting volume ownership for"
        f" {symptoms.mount_target(lab)} and fsGroup set. If the volume has a lot of files then setting volume"
        " ownership could be slow, see https://github.com/kubernetes/kubernetes/issues/69699"
    )
    symptoms.event(lab, symptoms.pod(lab), "VolumePermissionChangeInProgress", text, "kubelet")


def _may_write(lab: "Lab") -> bool:
    """Whether every pod has its claim for writing."""
    claims = [
        v["persistentVolumeClaim"]
        for pod in _users(lab)
        for v in pod["spec"]["volumes"]
        if "persistentVolumeClaim" in v
    ]
    return bool(claims) and not any(claim.get("readOnly") for claim in claims)


@fault("claim-mounted-read-only", cause="volume-mounted-readonly", gone=_may_write)
def claim_mounted_read_only(lab: "Lab") -> None:
    """The pod writes, and asked for its claim read-only."""
    pod = symptoms.pod(lab)
    for volume in pod["spec"]["volumes"]:
        if "persistentVolumeClaim" in volume:
            volume["persistentVolumeClaim"]["readOnly"] = True
    symptoms.last_words(lab, f"OSError: [Errno 30] Read-only file system: '{_data(lab)}/checkpoints/step-1000.pt'")


def _locks(lab: "Lab") -> bool:
    """Whether the volume is mounted with flock, by pods that started since."""
    users = _users(lab)
    fresh = all(not pod["status"]["containerStatuses"][0].get("lastState") for pod in users)
    return bool(users) and fresh and "flock" in symptoms.volume(lab)["spec"].get("mountOptions", ())


@fault("flock-not-mounted", cause="flock-not-enabled", gone=_locks)
def flock_not_mounted(lab: "Lab") -> None:
    """The application locks files, and the mount has no flock."""
    symptoms.volume(lab)["spec"]["mountOptions"] = []
    symptoms.last_words(lab, f"OSError: [Errno 38] Function not implemented: '{_data(lab)}/.cache/datasets.lock'")


def _writes_to_root(lab: "Lab") -> bool:
    """Whether the directory is the program's, or the program may do all."""
    users = _users(lab)
    as_root = all((pod["spec"].get("securityContext") or {}).get("runAsUser", 0) == 0 for pod in users)
    return bool(users) and (as_root or "/" in lab.hidden.directories)


@fault("volume-root-not-writable", cause="root-squash-or-permissions", gone=_writes_to_root)
def volume_root_not_writable(lab: "Lab") -> None:
    """The root directory of a new file system is root's, and the program is somebody else."""
    symptoms.pod(lab)["spec"]["securityContext"] = {"runAsUser": 1000}
    symptoms.last_words(lab, f"mkdir: cannot create directory '{_data(lab)}/run-7': Permission denied")


@fault("client-evicted-in-use", cause="client-evicted")
def client_evicted_in_use(lab: "Lab") -> None:
    """The servers cut the client off; the readiness probe meets it first."""
    lab.hidden.afflict(symptoms.pod(lab)["metadata"]["uid"], Ailment.EVICTED)
    text = (
        f"Readiness probe failed: ls: cannot access '{_data(lab)}/ready': Cannot send after transport endpoint shutdown"
    )
    symptoms.event(lab, symptoms.pod(lab), "Unhealthy", text, "kubelet")


def _end_without_unmount(lab: "Lab", why: Ailment) -> None:
    """The containers of the pod have ended, and its volume stays mounted on the node."""
    lab.hidden.afflict(symptoms.pod(lab)["spec"]["nodeName"], why)
    pod = symptoms.pod(lab)
    pod["metadata"] |= {"deletionTimestamp": lab.site.time(25), "deletionGracePeriodSeconds": 30}
    for status in pod["status"]["containerStatuses"]:
        status |= {
            "ready": False,
            "state": {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": lab.site.time(25)}},
        }


@fault("unmount-hangs", cause="umount-stuck-terminating")
def unmount_hangs(lab: "Lab") -> None:
    """Containers are gone, the driver's umount never comes back."""
    _end_without_unmount(lab, Ailment.UMOUNT_HANGS)


def _mounted_since(lab: "Lab") -> bool:
    """Whether every pod is younger than the volume."""
    made = symptoms.volume(lab)["metadata"]["creationTimestamp"]
    users = _users(lab)
    return bool(users) and all(pod["metadata"]["creationTimestamp"] >= made for pod in users)


@fault("volume-made-anew-under-pod", cause="different-file-system-per-node", gone=_mounted_since)
def volume_made_anew_under_pod(lab: "Lab") -> None:
    """The PersistentVolume was replaced while the pod kept the mount that the former one gave it."""
    pod, volume = symptoms.pod(lab), symptoms.volume(lab)
    pod["metadata"]["creationTimestamp"] = pod["status"]["startTime"] = lab.site.time(600)
    volume["metadata"]["creationTimestamp"] = lab.site.time(30)


def _data(lab: "Lab") -> str:
    """Where the pod has the volume."""
    return str(symptoms.pod(lab)["spec"]["containers"][0]["volumeMounts"][0]["mountPath"])


def _quota_raised(lab: "Lab") -> bool:
    """A person at a client raises it; no API shows that."""
    return False


@fault("user-over-quota", cause="lustre-quota-exceeded", gone=_quota_raised)
def user_over_quota(lab: "Lab") -> None:
    """The user's share is used up, while the file system has room."""
    symptoms.last_words(lab, f"OSError: [Errno 122] Disk quota exceeded: '{_data(lab)}/checkpoints/step-1000.pt'")


def _directory_exists(lab: "Lab") -> bool:
    return "run-7" in lab.hidden.directories


@fault("subpath-refused", cause="subpath-not-made", gone=_directory_exists)
def subpath_refused(lab: "Lab") -> None:
    """The kubelet is root, whom the servers squash: it may not make the directory."""
    symptoms.pod_waits(lab)
    pod = symptoms.pod(lab)
    mounted = pod["spec"]["containers"][0]["volumeMounts"][0]
    mounted["subPath"] = "run-7"
    for condition in pod["status"]["conditions"]:
        if condition["type"] == "PodReadyToStartContainers":
            condition["status"] = "True"
    name = pod["spec"]["containers"][0]["name"]
    text = f'failed to create subPath directory for volumeMount "{mounted["name"]}" of container "{name}"'
    waiting = {"reason": "CreateContainerConfigError", "message": text}
    pod["status"]["containerStatuses"][0]["state"] = {"waiting": waiting}
    symptoms.event(lab, pod, "Failed", f"Error: {text}", "kubelet")


def _has_room(lab: "Lab") -> bool:
    """A person deletes files or grows it; no API shows what is in use."""
    return False


@fault("no-space-left", cause="file-system-full", gone=_has_room)
def no_space_left(lab: "Lab") -> None:
    """Every OST is full, which is no quota."""
    symptoms.last_words(lab, f"OSError: [Errno 28] No space left on device: '{_data(lab)}/checkpoints/step-1000.pt'")


@fault("unmount-target-busy", cause="umount-stuck-terminating")
def unmount_target_busy(lab: "Lab") -> None:
    """A process of the node holds a file open: the driver's umount is refused, again and again."""
    _end_without_unmount(lab, Ailment.HELD_OPEN)
    target = symptoms.mount_target(lab)
    text = (
        f'UnmountVolume.TearDown failed for volume "fsx-volume" : kubernetes.io/csi: Unmounter.TearDownAt failed: rpc'
        f' error: code = Internal desc = Could not unmount "{target}": unmount failed: exit status 32\nUnmounting'
        f" arguments: {target}\nOutput: umount: {target}: target is busy.\n"
    )
    symptoms.event(lab, symptoms.pod(lab), "FailedUnmount", text, "kubelet")


def _container_not_made(lab: "Lab", reason: str, text: str, **asked: str) -> None:
    """The volume is mounted, and the container that wants a part of it cannot be made."""
    symptoms.pod_waits(lab)
    pod = symptoms.pod(lab)
    pod["spec"]["containers"][0]["volumeMounts"][0] |= asked
    for condition in pod["status"]["conditions"]:
        if condition["type"] == "PodReadyToStartContainers":
            condition["status"] = "True"
    pod["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": reason, "message": text}}
    symptoms.event(lab, pod, "Failed", f"Error: {text}", "kubelet")


def _whole_volume(lab: "Lab") -> bool:
    mounts = symptoms.pod(lab)["spec"]["containers"][0]["volumeMounts"]
    return not any("subPath" in at or "subPathExpr" in at for at in mounts)


@fault("subpath-onto-a-file", cause="subpath-not-made", gone=_whole_volume)
def subpath_onto_a_file(lab: "Lab") -> None:
    """The mountPath is a file in the image, and the subPath a directory."""
    name = symptoms.pod(lab)["spec"]["containers"][0]["name"]
    uid = symptoms.pod(lab)["metadata"]["uid"]
    text = (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed:"
        " unable to start container process: error during container init: error mounting"
        f' "/var/lib/kubelet/pods/{uid}/volume-subpaths/fsx-pv/{name}/0" to rootfs at "{_data(lab)}": mount'
        f" src=/proc/self/fd/9, dst={_data(lab)}: not a directory: unknown"
    )
    _container_not_made(lab, "RunContainerError", text, subPath="run-7")


@fault("subpath-of-unset-variable", cause="subpath-not-made", gone=_whole_volume)
def subpath_of_unset_variable(lab: "Lab") -> None:
    """subPathExpr names a variable that is not in the container's env."""
    _container_not_made(lab, "CreateContainerConfigError", "missing value for RUN", subPathExpr="$(RUN)")
