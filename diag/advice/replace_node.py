"""Taking a node out of use to get a clean kernel: drained first, then rebooted or replaced by what manages it."""

from __future__ import annotations

from collections.abc import Mapping

from diag.advice.steps import caution, change, person, undo
from diag.grammar.command import Value
from diag.model.fix import Danger, Step, StepKind

KARPENTER, NODE_GROUP = "karpenter", "nodegroup"
"""What makes another node when one goes; Karpenter stands for EKS Auto Mode as well."""


def replace_node(values: Mapping[str, Value]) -> tuple[Step, ...]:
    """Move the pods away, then reboot the node, or let Karpenter or its group replace it."""
    told = "moves the pods to other nodes; what is in emptyDir volumes is lost"
    drain = "kubectl drain {node} --ignore-daemonsets --delete-emptydir-data --timeout=10m"
    stuck = "every pod of the node stops; one that hangs in Lustre stays Terminating until the node is gone"
    before = (
        caution(stuck, danger=Danger.INTERRUPTS),
        change(drain, values, changes=told, danger=Danger.INTERRUPTS),
    )
    match values.get("node_manager"):
        case str(manager) if manager == KARPENTER:
            gone = "removes the node; Karpenter, or EKS Auto Mode, ends its instance and starts another"
            return (*before, change("kubectl delete node {node}", values, changes=gone, danger=Danger.DESTROYS))
        case str(manager) if manager == NODE_GROUP:
            end = (
                "aws autoscaling terminate-instance-in-auto-scaling-group --instance-id {instance}"
                " --no-should-decrement-desired-capacity"
            )
            gone = "ends the instance; its node group starts another"
            return (*before, change(end, values, changes=gone, danger=Danger.DESTROYS))
    reboot = "aws ec2 reboot-instances --instance-ids {instance}"
    return (
        *before,
        change(reboot, values, changes="reboots the node", danger=Danger.INTERRUPTS),
        person("until kubectl get node {node} shows it Ready again, some minutes", values, kind=StepKind.WAIT),
        change("kubectl uncordon {node}", values, changes="lets pods onto the node again"),
        undo("kubectl uncordon {node}", values),
    )
