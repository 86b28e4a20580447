"""After the mount: pods that cannot leave, cannot write, or take for ever to start."""

from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.registry import fault

if TYPE_CHECKING:
    from tests.lab.lab import Lab


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
    symptoms.event(lab, pod, "FailedUnmount", text, "kubelet")


@fault("ownership-set-recursively", cause="recursive-fsgroup-chown")
def ownership_set_recursively(lab: "Lab") -> None:
    """fsGroup on a volume of millions of files: kubelet changes every one before the pod starts."""
    lab.kube.get("csidrivers", "fsx.csi.aws.com")["spec"]["fsGroupPolicy"] = "File"
    symptoms.pod(lab)["spec"]["securityContext"] = {"fsGroup": 2000}
    symptoms.pod_waits(lab)
    text = (
        "Setting volume ownership for"
        f" {symptoms.mount_target(lab)} and fsGroup set. If the volume has a lot of files then setting volume"
        " ownership could be slow, see https://github.com/kubernetes/kubernetes/issues/69699"
    )
    symptoms.event(lab, symptoms.pod(lab), "VolumePermissionChangeInProgress", text, "kubelet")


@fault("claim-mounted-read-only", cause="volume-mounted-readonly")
def claim_mounted_read_only(lab: "Lab") -> None:
    """The pod writes, and asked for its claim read-only."""
    pod = symptoms.pod(lab)
    for volume in pod["spec"]["volumes"]:
        if "persistentVolumeClaim" in volume:
            volume["persistentVolumeClaim"]["readOnly"] = True
    lab.api.logs["default", pod["metadata"]["name"], "app"] = (
        "OSError: [Errno 30] Read-only file system: '/data/fsx/checkpoints/step-1000.pt'\n"
    )


@fault("flock-not-mounted", cause="flock-not-enabled")
def flock_not_mounted(lab: "Lab") -> None:
    """The application locks files, and the mount has no flock."""
    symptoms.volume(lab)["spec"]["mountOptions"] = []
    lab.api.logs["default", symptoms.pod(lab)["metadata"]["name"], "app"] = (
        "OSError: [Errno 38] Function not implemented: flock('/data/fsx/.cache/datasets.lock')\n"
    )
