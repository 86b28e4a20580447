"""Pods that run where Lustre cannot be mounted, or ask for what a shared file system cannot give."""

import copy
from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.registry import fault
from tests.lab.incident import VOLUME

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("pod-on-fargate", cause="pod-on-fargate")
def pod_on_fargate(lab: "Lab") -> None:
    """A Fargate profile matches the namespace; Fargate mounts EFS volumes only."""
    pod = symptoms.pod(lab)
    pod["metadata"]["labels"]["eks.amazonaws.com/fargate-profile"] = "default"
    pod["spec"]["schedulerName"] = "fargate-scheduler"
    lab.aws.eks.cluster(lab.site.cluster).fargate_profiles.append("default")
    text = (
        "Pod not supported on Fargate: volumes not supported: fsx-volume not supported because: PVC fsx-pvc bound to"
        f" invalid PV {VOLUME} with CSI driver fsx.csi.aws.com"
    )
    symptoms.pod_unscheduled(lab, text, scheduler="fargate-scheduler")


@fault("pod-on-windows", cause="pod-on-windows")
def pod_on_windows(lab: "Lab") -> None:
    """The pod's node runs Windows, where the node plugin never goes."""
    name = symptoms.pod(lab)["spec"]["nodeName"]
    node = lab.kube.get("nodes", name)
    node["metadata"]["labels"] |= {"kubernetes.io/os": "windows", "node.kubernetes.io/windows-build": "10.0.20348"}
    node["status"]["nodeInfo"] |= {
        "operatingSystem": "windows",
        "osImage": "Windows Server 2022 Datacenter",
        "kernelVersion": "10.0.20348.4294",
    }
    symptoms.plugin_gone(lab, [name])
    symptoms.not_registered(lab)


@fault("pod-on-hybrid-node", cause="hybrid-node-unsupported")
def pod_on_hybrid_node(lab: "Lab") -> None:
    """The pod's node is a machine on premises: the chart puts the driver there too, and its kernel has no client."""
    name = symptoms.pod(lab)["spec"]["nodeName"]
    become_hybrid(lab, name)
    lab.kube.get("nodes", name)["status"]["nodeInfo"] |= {
        "osImage": "Amazon Linux 2023.3.20240108",
        "kernelVersion": "6.1.66-93.164.amzn2023.x86_64",
    }
    symptoms.no_module(lab)


def become_hybrid(lab: "Lab", name: str) -> None:
    """Makes a node one of EKS Hybrid Nodes."""
    node = lab.kube.get("nodes", name)
    node["metadata"]["labels"] |= {"eks.amazonaws.com/compute-type": "hybrid"}
    node["spec"]["providerID"] = f"eks-hybrid:///{lab.site.region}/{lab.site.cluster}/{name}"


@fault("two-volumes-one-handle", cause="duplicate-volumehandle")
def two_volumes_one_handle(lab: "Lab") -> None:
    """Kubernetes takes two volumes of one handle for one volume and mounts the first only."""
    volume, claim = copy.deepcopy(symptoms.volume(lab)), copy.deepcopy(symptoms.claim(lab))
    volume["metadata"] |= {"name": "fsx-pv-results", "uid": "f4c2c880-657b-4014-b23d-008dcfd53f94"}
    claim["metadata"] |= {"name": "fsx-pvc-results", "uid": "ee920896-4375-4f0b-b77d-6a6f80226a7b"}
    volume["spec"]["claimRef"] |= {"name": "fsx-pvc-results", "uid": claim["metadata"]["uid"]}
    claim["spec"]["volumeName"] = "fsx-pv-results"
    lab.kube.add(volume, claim)
    spec = symptoms.pod(lab)["spec"]
    spec["volumes"].append({"name": "results", "persistentVolumeClaim": {"claimName": "fsx-pvc-results"}})
    spec["containers"][0]["volumeMounts"].append({"name": "results", "mountPath": "/data/results"})
    symptoms.pod_waits(lab)
    text = (
        "Unable to attach or mount volumes: unmounted volumes=[results], unattached volumes=[], failed to process"
        " volumes=[]: context deadline exceeded"
    )
    symptoms.event(lab, symptoms.pod(lab), "FailedMount", text, "kubelet")


@fault("volume-mode-block", cause="volume-mode-block")
def volume_mode_block(lab: "Lab") -> None:
    """A raw device was asked for."""
    for obj in (symptoms.volume(lab), symptoms.claim(lab)):
        obj["spec"]["volumeMode"] = "Block"
    symptoms.pod_waits(lab)
    text = "Unable to attach or mount volumes: unmounted volumes=[fsx-volume], unattached volumes=[], failed to process"
    text += " volumes=[fsx-volume]: volume fsx-volume has volumeMode Block, but is specified in volumeMounts"
    symptoms.event(lab, symptoms.pod(lab), "FailedMount", text, "kubelet")


@fault("volume-of-another-driver", cause="pv-wrong-driver")
def volume_of_another_driver(lab: "Lab") -> None:
    """The EFS driver's name on an FSx volume."""
    symptoms.volume(lab)["spec"]["csi"]["driver"] = "efs.csi.aws.com"
    symptoms.not_registered(lab, driver="efs.csi.aws.com")


def _has_no_inline_volume(lab: "Lab") -> bool:
    return not any("csi" in volume for pod in lab.kube.all("pods") for volume in pod["spec"].get("volumes", ()))


@fault("volume-written-into-the-pod", cause="inline-volume-unsupported", gone=_has_no_inline_volume)
def volume_written_into_the_pod(lab: "Lab") -> None:
    """The attributes of the volume stand in the pod itself, as for the secrets of another driver."""
    attributes, pod = dict(symptoms.attributes(lab)), symptoms.pod(lab)
    for volume in pod["spec"]["volumes"]:
        if volume.pop("persistentVolumeClaim", None):
            volume["csi"] = {"driver": "fsx.csi.aws.com", "volumeAttributes": attributes}
    text = (
        'MountVolume.SetUp failed for volume "fsx-volume" : kubernetes.io/csi: mounter.SetUpAt failed to check volume'
        ' lifecycle mode: volume mode "Ephemeral" not supported by driver fsx.csi.aws.com (only supports'
        ' ["Persistent"])'
    )
    symptoms.pod_waits(lab)
    symptoms.event(lab, pod, "FailedMount", text, "kubelet")
