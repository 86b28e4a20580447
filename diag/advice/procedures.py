"""The procedures that several runbooks share: what a remedy gives, with an incident's values, as steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from diag.advice import driver, lnet_options, replace_claim, replace_class, replace_group, replace_node, replace_volume
from diag.advice.driver import Installer
from diag.advice.steps import Values, caution, change, guard, note, person, put_back, save_object, undo, wait
from diag.advice.workloads import NOT_READY, PODS_ARE_REPLACED, Owner, ask_to_stop, pause, renew, renew_by_name
from diag.grammar.command import Verbatim
from diag.grammar.ids import MOUNT_OPTION
from diag.knowledge.cause import Procedure
from diag.model.fix import Danger, Step, StepKind


def _volume(given: Mapping[str, Any], values: Values) -> tuple[Step, ...]:
    owner = _owner(values)
    names = _with_uid(values, "volume_uid")
    if any(f"{{{name}}}" in str(given) and not values.get(name) for name in ("right_handle", "new_file_system")):
        # It is to name another file system, and what is known is of the one that it names now.
        names = {name: value for name, value in names.items() if name not in ("right_dnsname", "right_mountname")}
    is_gone = given.get("former") == "gone"
    patches = given.get("volume", {}), given.get("claim", {})
    return replace_volume.steps(names, owner and (owner,), *patches, is_gone=is_gone)


def _addon(given: Mapping[str, Any], values: Values) -> tuple[Step, ...]:
    is_other = values.get("installer") in (Installer.HELM.value, Installer.MANIFESTS.value)
    if is_other and not values.get("addon"):
        return ()
    return driver.addon_steps(values, version=str(given.get("version", "")))


def _pods(given: Mapping[str, Any], values: Values) -> tuple[Step, ...]:
    owner, pod = _owner(values), given.get("pod")
    if given.get("elsewhere"):
        shut = change("kubectl cordon {node}", values, changes="Send new pods to other nodes. Repair this node later.")
        first = (change(given["first"], values),) if "first" in given else ()
        return (shut, *first, *_pods({"pod": pod} if pod else {}, values), undo("kubectl uncordon {node}", values))
    if "stop" in given:
        stopped = ask_to_stop(values) if owner is None else pause((owner,))
        if given["stop"] == "first":
            return (*stopped.stop, wait(_AWAY, values), person(_STAYS, kind=StepKind.WAIT), *stopped.start)
        return (*stopped.stop, *(msgspec.structs.replace(step, kind=StepKind.UNDO) for step in stopped.start))
    if owner is not None:
        return renew((owner,), pod)
    if pod:
        return renew_by_name(values, pod)
    return _renew_unknown(values)


_AWAY = (
    'sh -c \'for i in $(seq 120); do kubectl -n {namespace} describe pvc {claim} | grep -q "Used By:.*none" && exit;'
    " sleep 5; done; exit 1'"
)
"""A pod that ends still writes, and is still named there. Source: kubectl, describe.go, getPodsForPVC."""
_STAYS = (
    "The command ends with an error after ten minutes. If `describe pvc` lists a finished pod then, delete it. Any"
    " other pod hangs in its unmount: `lustre-doctor runbook umount-stuck-terminating`"
)
_BY_OWNER = (
    NOT_READY,
    'A Job: suspend it instead, `kubectl -n {namespace} patch job/NAME -p \'{"spec":{"suspend":true}}\'`, and resume it'
    " by the same patch with false.",
    "A pod that nothing owns: save it instead, `kubectl -n {namespace} get pod {pod} -o yaml > pod.before.yaml`, take"
    " the line nodeName out of the file, and run `kubectl replace --force -f pod.before.yaml`",
)


def _renew_unknown(values: Values) -> tuple[Step, ...]:
    """Where it is not known what owns the pods."""
    which = (
        "Do this for each owner of pods that have the volume: `kubectl -n {namespace} describe pvc {claim}` lists the"
        " pods under Used By."
    )
    again = "kubectl -n {namespace} rollout restart {workload}"
    return (
        *(note(one, values) for one in (which, *_BY_OWNER)),
        change(again, values, changes=PODS_ARE_REPLACED, danger=Danger.INTERRUPTS),
        wait("kubectl -n {namespace} rollout status {workload} --timeout=10m", values),
    )


def _add_mount_option(given: Mapping[str, Any], values: Values) -> tuple[Step, ...]:
    former = _mount_options(values)
    kept = [one for one in former or () if one != f"no{given['option']}"]
    return _set_mount_options([*kept, given["option"]], former, values)


def _drop_mount_option(given: Mapping[str, Any], values: Values) -> tuple[Step, ...]:
    """Without the option that the client refused; where the list is not known, with the one that most volumes need."""
    former, refused = _mount_options(values), str(values.get("option", "")).partition("=")[0]
    if former is None or not refused:
        return _set_mount_options(["flock"], None, values)
    return _set_mount_options([one for one in former if one.partition("=")[0] != refused], former, values)


def _mount_options(values: Values) -> list[str] | None:
    """The volume's options; None where they are not known."""
    options = str(values.get("mount_options", "")).split(",") if values.get("mount_options") else []
    return options if "mount_options" in values and all(map(MOUNT_OPTION.fits, options)) else None


def _set_mount_options(options: list[str], former: list[str] | None, values: Values) -> tuple[Step, ...]:
    """The kubelet keeps what it read of a volume for a pod, so the pods are replaced as well.

    Source: Kubernetes, desired_state_of_world_populator.go, podPreviouslyProcessed.
    """
    after = {"mountOptions": Verbatim(options or None)}
    effect = "Set the volume's mount options. They count for new pods."
    if former is None:
        first = caution(
            "Write every option that the volume is to keep into the list: the patch replaces the whole list."
        )
        return (first, *_patch_volume(after, effect, values))
    back = {**values, "patch": {"spec": {"mountOptions": Verbatim(former or None)}}}
    return (
        change(_PATCH, {**values, "patch": {"spec": after}}, changes=effect), *_pods({}, values), undo(_PATCH, back),
    )  # fmt: skip


_PATCH = "kubectl patch pv {volume} --type=merge -p {patch}"


def _patch_volume(spec: Mapping[str, Any], effect: str, values: Values) -> tuple[Step, ...]:
    """Fields of the volume that can be edited in place, whether a claim has it or not; then its pods are replaced.

    Source: Kubernetes, pkg/apis/core/validation, ValidatePersistentVolumeUpdate: source, volumeMode and nodeAffinity
    alone cannot be edited.
    """
    before = "pv-{volume}.fields.before.yaml"
    return (
        save_object("kubectl get pv {volume}", "pv-{volume}.fields", values),
        guard(f"test -s {before}", values),
        change(_PATCH, {**values, "patch": {"spec": spec}}, changes=effect),
        *_pods({}, values),
        *put_back("pv-{volume}.fields", values),
    )


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
    return Owner(
        str(values.get("namespace", "")), kinds.get(kind, kind), name, int(replicas), str(values.get("pod", ""))
    )


PROCEDURES: Mapping[Procedure, Callable[[Mapping[str, Any], Values], tuple[Step, ...]]] = {
    Procedure.REPLACE_VOLUME: _volume,
    Procedure.REPLACE_CLAIM: lambda given, values: replace_claim.steps(
        _with_uid(values, "claim_uid"), given.get("spec", {}), _owner(values)
    ),
    Procedure.PATCH_VOLUME: lambda given, values: _patch_volume(
        given["spec"],
        "Save the volume and edit it in place. Its claim stays bound. The change counts for new pods.",
        values,
    ),
    Procedure.REPLACE_CLASS: lambda given, values: replace_class.steps(
        values, given, _with_uid(values, "claim_uid"), _owner(values)
    ),
    Procedure.DRIVER_SETTING: lambda given, values: driver.setting(given, values),
    Procedure.UPDATE_ADDON: lambda given, values: _addon(given, values),
    Procedure.REBOOT_NODE: lambda given, values: replace_node.reboot_node(
        values, _owner(values), drains=given.get("drain") != "false"
    ),
    Procedure.LNET_OPTIONS: lambda given, values: (
        lnet_options.load_by_host(values, _owner(values))
        if "loaded" in given
        else lnet_options.change_options(
            values,
            _owner(values),
            line=given.get("line", ""),
            option=given.get("option", ""),
            is_host=given["on"] == "host",
        )
    ),
    Procedure.REPLACE_NODE: lambda given, values: replace_node.replace_node(values, _owner(values)),
    Procedure.REPLACE_GROUP: lambda given, values: (
        replace_group.end_group(values) if "end" in given else replace_group.make_group(values)
    ),
    Procedure.UPDATE_NODES: lambda given, values: replace_node.update_nodes(values, _owner(values)),
    Procedure.ADD_MOUNT_OPTION: _add_mount_option,
    Procedure.DROP_MOUNT_OPTION: _drop_mount_option,
    Procedure.REPLACE_PODS: lambda given, values: _pods(given, values),
}
