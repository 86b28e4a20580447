"""Taking a node out of use for a clean kernel or a newer image: pods are moved away first."""

from __future__ import annotations

from collections.abc import Mapping

from diag.advice.steps import caution, change, guard, note, person, save, undo, wait
from diag.advice.workloads import Owner, Pause, pause
from diag.grammar.command import Value
from diag.model.fix import Danger, Step, StepKind

KARPENTER, NODE_GROUP = "karpenter", "nodegroup"
"""What makes another node when one goes; Karpenter stands for EKS Auto Mode as well."""

EMPTIED = "--ignore-daemonsets --delete-emptydir-data"
"""What a drain has to be told of the pods that nodes have."""
BOUNDED = f"{EMPTIED} --timeout=10m --skip-wait-for-delete-timeout=60"
_DRAIN = f"kubectl drain {{node}} {BOUNDED}"
"""Does not wait for a pod that hangs: one whose deletion is a minute overdue. Source: kubectl drain --help, 1.34."""
_GONE = "Delete the node: Karpenter, or EKS Auto Mode, ends its instance and starts one with a newer image."
_MOVED = f"Move the pods to other nodes. {_GONE}"
_ON_HYPERPOD = (
    "HyperPod: run `aws sagemaker batch-reboot-cluster-nodes --cluster-name <hyperpod-cluster> --node-ids {instance}`"
    " instead of aws ec2 reboot-instances."
)
"""Source: SageMaker AI developer guide, manually quarantine, replace or reboot a node of HyperPod with EKS."""
_ON_KARPENTER = (
    "Karpenter or EKS Auto Mode: do not reboot. After the drain run `kubectl delete node {node}` and skip the remaining"
    " steps. A new node is started."
)
_NOT_READY = (
    "If the node is NotReady, it ends no pod: run `kubectl cordon {node}` instead of the drain. Its pods end when it is"
    " back."
)
_REFUSED = (
    "If the drain ends with an error, stop. A PodDisruptionBudget forbids it, or nothing owns the pod that it names:"
    " save that pod, and drain with --force."
)
_ANOTHER_BOOT = (
    'sh -c \'for i in $(seq 90); do kubectl get node {node} -o jsonpath="{.status.nodeInfo.bootID}"'
    " | grep -qvxFf boot-of-{node}.txt && exit; sleep 10; done; exit 1'"
)
"""Ready alone says nothing: a node that reboots stays Ready for 40 seconds, and a fast one all the time.

Source: Kubernetes, node controller, nodeMonitorGracePeriod; kubelet, nodestatus setters, MachineInfo (bootID).
"""
_TAKES = (
    "A reboot takes 2 to 5 minutes. If a command ends with an error, after 15 to 20 minutes, look at `aws ec2"
    " describe-instance-status --instance-ids {instance}` and `lustre-doctor runbook node-not-ready`"
)
_DISKS = "The disks of the node keep their data, EBS and instance store."
"""Source: Amazon EC2 user guide, reboot your instance; instance store lifetime."""
_OLD_IMAGE = (
    "A group is ACTIVE after a failed update too. If nodes keep the old image, this says why: `aws eks"
    " describe-nodegroup --cluster-name {cluster} --nodegroup-name {nodegroup} --query nodegroup.health.issues`"
)
"""Source: EKS API reference, UpdateNodegroupVersion: a failed update is rolled back; botocore, NodegroupActive."""
_SHUT = "Keep new pods off the node."
_FORCED = "drain --force deletes pods that nothing owns. They are saved in pods-{node}.before.yaml: apply them again."


def reboot_node(values: Mapping[str, Value], owner: Owner | None, *, drains: bool = True) -> tuple[Step, ...]:
    """Move the pods away, reboot the node, and let pods onto it again. `owner` is what runs the pod of the incident.

    Karpenter and EKS Auto Mode replace the instance of a node whose object is deleted. Without `drains` the node is
    closed in place of the drain: a kubelet that does not answer ends no pod.
    """
    moves = "Move the pods to other nodes. What is in their emptyDir volumes is lost." if drains else _SHUT
    alone = _alone(owner) if drains else Pause((), ())
    drain = f"{_DRAIN} --force" if alone.stop else _DRAIN if drains else "kubectl cordon {node}"
    refused = () if alone.stop else (note(_REFUSED),)
    stuck = caution(
        "Every pod of the node stops. One that hangs in Lustre stays Terminating until the node is gone.",
        danger=Danger.INTERRUPTS,
    )
    unready = (*refused, note(_NOT_READY, values)) if drains else ()
    # Alone it says nothing: what follows runs only if it succeeded.
    away = change(drain, values, danger=Danger.INTERRUPTS)
    manager = values.get("node_manager")
    if manager == KARPENTER:
        gone = change("kubectl delete node {node}", values, changes=f"{moves} {_GONE}", danger=Danger.DESTROYS)
        again: tuple[Step, ...] = (stuck, *unready, away, gone)
        back: tuple[Step, ...] = ()
    else:
        unknown = (_ON_KARPENTER.replace("drain", "drain" if drains else "cordon"), _ON_HYPERPOD)
        again = (
            stuck,
            save("kubectl get node {node} -o jsonpath={.status.nodeInfo.bootID} > boot-of-{node}.txt", values),
            guard("test -s boot-of-{node}.txt", values),
            *unready,
            *(note(text, values) for text in unknown if manager is None),
            away,
            change("aws ec2 reboot-instances --instance-ids {instance}", values,
                   changes=f"{moves} Reboot the node. {_DISKS}", danger=Danger.INTERRUPTS),
            person(_TAKES, values, kind=StepKind.WAIT),
            wait(_ANOTHER_BOOT, values),
            wait("kubectl wait --for=condition=Ready node/{node} --timeout=15m", values),
            change("kubectl uncordon {node}", values, changes="Let pods onto the node again."),
        )  # fmt: skip
        back = (undo("kubectl uncordon {node}", values),)
    kept = save("kubectl get pods -A --field-selector spec.nodeName={node} -o yaml > pods-{node}.before.yaml", values)
    return (
        *((caution(_FORCED, values, danger=Danger.DESTROYS), kept) if alone.stop else ()),
        *alone.stop,
        *again,
        *alone.start,
        *back,
    )


def replace_node(values: Mapping[str, Value], owner: Owner | None) -> tuple[Step, ...]:
    """Move the pods away and end this node alone; what made it makes another, with an empty disk of the same size."""
    alone, manager = _alone(owner), values.get("node_manager")
    end = "aws autoscaling terminate-instance-in-auto-scaling-group --instance-id {instance}"
    if manager == KARPENTER:
        gone = change("kubectl delete node {node}", values, changes=_MOVED, danger=Danger.DESTROYS)
    else:
        effect = "Move the pods to other nodes and end the instance. Its node group starts another one."
        gone = change(f"{end} --no-should-decrement-desired-capacity", values, changes=effect, danger=Danger.DESTROYS)
    unknown = (
        "Karpenter or EKS Auto Mode: run `kubectl delete node {node}` instead of the command that ends the instance."
    )
    return (
        caution("What is on the node's own disks is lost.", danger=Danger.DESTROYS),
        *alone.stop,
        note(_REFUSED),
        *((note(unknown, values),) if manager is None else ()),
        change(_DRAIN, values, danger=Danger.INTERRUPTS),
        gone,
        *alone.start,
    )


def update_nodes(values: Mapping[str, Value], owner: Owner | None) -> tuple[Step, ...]:
    """Bring the node group to the newest image of its type; Karpenter takes a new node by itself.

    Nothing for a node that is known to be in neither, or whose image AWS does not make: EKS refuses then.
    """
    own_image = str(values.get("os_image", "")).startswith("Ubuntu")
    if own_image or (values.get("instance") and not values.get("node_manager")):
        return ()
    if values.get("node_manager") == KARPENTER:
        return (
            change(_DRAIN, values, danger=Danger.INTERRUPTS),
            change("kubectl delete node {node}", values, changes=_MOVED, danger=Danger.DESTROYS),
        )
    alone = _alone(owner)
    groups = str(values.get("nodegroups") or values.get("nodegroup", "")).split(",")
    group = "--cluster-name {cluster} --nodegroup-name {nodegroup}"
    return (
        caution("The group drains one node at a time. It cannot go back to the older image.", danger=Danger.INTERRUPTS),
        caution("If the launch template of the group names your own image, this does not help: update that image."),
        *alone.stop,
        *(
            change(
                f"aws eks update-nodegroup-version {group}", {**values, "nodegroup": name},
                changes="Update the node group to the newest image of its type.", danger=Danger.INTERRUPTS,
            )
            for name in groups
        ),
        *(wait(f"aws eks wait nodegroup-active {group}", {**values, "nodegroup": name}) for name in groups),
        *(person(_OLD_IMAGE, {**values, "nodegroup": name}, kind=StepKind.WAIT) for name in groups),
        *alone.start,
    )  # fmt: skip


def _alone(owner: Owner | None) -> Pause:
    """A pod that nothing owns does not come back by itself when its node is drained."""
    return pause([owner]) if owner is not None and owner.kind == "Pod" else Pause((), ())
