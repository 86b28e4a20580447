"""The procedures that several runbooks share: what a remedy gives, with an incident's values, as steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from diag.advice import driver, replace_claim, replace_class, replace_node, replace_volume
from diag.advice.steps import Values, caution, change, person, undo
from diag.advice.workloads import Owner, renew, renew_by_name
from diag.grammar.command import Verbatim
from diag.grammar.ids import MOUNT_OPTION
from diag.knowledge.cause import Procedure
from diag.model.fix import Step


def _volume(given: Mapping[str, Any], values: Values) -> tuple[Step, ...]:
    owner = _owner(values)
    names = _with_uid(values, "volume_uid")
    if "{right_handle}" in str(given) and not values.get("right_handle"):
        # It is to name another file system, and what is known is of the one that it names now.
        names = {name: value for name, value in names.items() if name not in ("right_dnsname", "right_mountname")}
    return replace_volume.steps(names, owner and (owner,), given.get("volume", {}), given.get("claim", {}))


def _pods(given: Mapping[str, Any], values: Values) -> tuple[Step, ...]:
    owner, pod = _owner(values), given.get("pod")
    if owner is not None:
        return renew((owner,), pod)
    if pod:
        return renew_by_name(values, pod)
    return (person("replace the pods that use the volume: their owner's (kubectl rollout restart), or one by itself"),)


def _add_mount_option(given: Mapping[str, Any], values: Values) -> tuple[Step, ...]:
    former = str(values.get("mount_options", "")).split(",") if values.get("mount_options") else []
    is_known = "mount_options" in values and all(map(MOUNT_OPTION.fits, former))
    patch = "kubectl patch pv {volume} --type=merge -p {patch}"
    after = {**values, "patch": {"spec": {"mountOptions": Verbatim([*(former if is_known else ()), given["option"]])}}}
    unknown = "write the volume's other mount options into the list: the patch replaces the list"
    steps = (change(patch, after, changes="the volume's mount options"), *_pods({}, values))
    if not is_known:
        return (caution(unknown), *steps)
    return (*steps, undo(patch, {**values, "patch": {"spec": {"mountOptions": Verbatim(former or None)}}}))


def _with_uid(values: Values, name: str) -> Values:
    """The values with the uid of the object that the procedure replaces."""
    return {**values, "uid": values.get(name, "")}


def _owner(values: Values) -> Owner | None:
    """What runs the pod of this incident; None where that is not known."""
    kind, _, name = str(values.get("workload", "")).partition("/")
    replicas = str(values.get("replicas", "1"))
    if not name or not replicas.isdecimal():
        return None
    kinds = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet", "job": "Job",
             "pod": "Pod", "replicaset": "ReplicaSet"}  # fmt: skip
    return Owner(str(values.get("namespace", "")), kinds.get(kind, kind), name, int(replicas))


PROCEDURES: Mapping[Procedure, Callable[[Mapping[str, Any], Values], tuple[Step, ...]]] = {
    Procedure.REPLACE_VOLUME: _volume,
    Procedure.REPLACE_CLAIM: lambda given, values: replace_claim.steps(
        _with_uid(values, "claim_uid"), given.get("spec", {})
    ),
    Procedure.REPLACE_CLASS: lambda given, values: replace_class.steps(
        values, given, _with_uid(values, "claim_uid"), _owner(values)
    ),
    Procedure.DRIVER_SETTING: lambda given, values: driver.setting(given, values),
    Procedure.UPDATE_ADDON: lambda given, values: driver.addon_steps(values, version=str(given.get("version", ""))),
    Procedure.REBOOT_NODE: lambda given, values: replace_node.reboot_node(values, _owner(values)),
    Procedure.UPDATE_NODES: lambda given, values: replace_node.update_nodes(values, _owner(values)),
    Procedure.ADD_MOUNT_OPTION: _add_mount_option,
    Procedure.REPLACE_PODS: lambda given, values: _pods(given, values),
}
