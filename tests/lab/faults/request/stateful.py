"""The workload as a StatefulSet's first pod, whose claim comes from a template."""

import copy
from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.incident import CLAIM, WORKLOAD, WORKLOAD_NAMESPACE

if TYPE_CHECKING:
    from tests.lab.lab import Lab

NAME, TEMPLATE = "trainer", "data"


def run_in_stateful_set(lab: "Lab") -> None:
    """Gives the workload's pod and claim an owner that makes both again; the volume stays."""
    pod, claim = copy.deepcopy(symptoms.pod(lab)), copy.deepcopy(symptoms.claim(lab))
    lab.kube.remove("pods", WORKLOAD, WORKLOAD_NAMESPACE)
    lab.kube.remove("persistentvolumeclaims", CLAIM, WORKLOAD_NAMESPACE)
    labels = {"app": NAME}
    claim["metadata"] |= {"name": f"{TEMPLATE}-{NAME}-0", "labels": labels}
    symptoms.volume(lab)["spec"]["claimRef"]["name"] = claim["metadata"]["name"]
    spec = copy.deepcopy(pod["spec"])
    spec.pop("nodeName")
    (used,) = (volume["name"] for volume in spec["volumes"] if "persistentVolumeClaim" in volume)
    spec["volumes"] = [volume for volume in spec["volumes"] if volume["name"] != used]
    for container in spec["containers"]:
        for mount in container["volumeMounts"]:
            mount["name"] = TEMPLATE if mount["name"] == used else mount["name"]
    owner = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": NAME, "namespace": WORKLOAD_NAMESPACE, "creationTimestamp": lab.site.time(60)},
        "spec": {
            "replicas": 1,
            "serviceName": NAME,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
            "volumeClaimTemplates": [{"metadata": {"name": TEMPLATE}, "spec": copy.deepcopy(claim["spec"])}],
        },
        "status": {"replicas": 1, "observedGeneration": 1},
    }
    owner["metadata"]["generation"] = 1
    lab.kube.add(owner)
    for volume in pod["spec"]["volumes"]:
        if volume["name"] == used:
            volume |= {"name": TEMPLATE, "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}
    pod["spec"]["containers"] = spec["containers"]
    reference = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": NAME, "controller": True}
    reference |= {"uid": owner["metadata"]["uid"], "blockOwnerDeletion": True}
    pod["metadata"] |= {"name": f"{NAME}-0", "labels": labels, "ownerReferences": [reference]}
    lab.kube.add(claim, pod)
