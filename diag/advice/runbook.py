"""A cause's remedies as fixes: the runbook's templates with an incident's values, for the reader's platform."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from diag.advice import driver, lnet_options, replace_claim, replace_class, replace_node, replace_volume
from diag.advice.driver import Installer
from diag.advice.inspect_node import on
from diag.advice.platform import UNKNOWN, Platform, has, is_for
from diag.advice.steps import Values, advise, caution, change, guard, person, save, undo, wait
from diag.advice.workloads import Owner, renew, renew_by_name
from diag.grammar.command import Verbatim, fill_text, parse
from diag.grammar.ids import MOUNT_OPTION
from diag.knowledge.cause import PROMPT, Cause, Observation, Procedure, Remedy
from diag.model.fix import Fix, Step, StepKind


def fix_of(
    cause: Cause, values: Mapping[str, str], platform: Platform = UNKNOWN, passed: Collection[str] = ()
) -> Fix | None:
    """The cause's safest remedy on that platform as a fix, the further ones as its alternatives.

    `passed` are checks of this path that found nothing wrong. Where no remedy is known there it says what to look for,
    without a command. None where the runbook has no remedy at all.
    """
    open_ = [remedy for remedy in cause.fix if not any(check in passed for check in remedy.unless)]
    tried = [(remedy, _steps(remedy, own)) for remedy in open_ for own in _variants(remedy, values)]
    fixes = [Fix(steps) for remedy, steps in tried if steps and _works(remedy, cause, steps, platform)]
    if fixes:
        return Fix(fixes[0].steps, tuple(fixes[1:]))
    looks = "; ".join(fill_text(observation.look, values) for observation in cause.confirm)
    return advise(f"no fix is known for this platform; look at: {looks}") if cause.fix and looks else None


def _variants(remedy: Remedy, values: Mapping[str, str]) -> list[Mapping[str, str]]:
    """The values, once for each way to install the driver where it is not known which this cluster has."""
    if remedy.procedure is not Procedure.DRIVER_SETTING or values.get("installer"):
        return [values]
    return [{**values, "installer": way.value} for way in (Installer.HELM, Installer.MANIFESTS)]


def look_at(observation: Observation, values: Mapping[str, str], platform: Platform = UNKNOWN) -> str:
    """What to look at and, on further lines, how."""
    typed = [on(observation.on, line, platform) for line in _lines(observation.command)]
    lines = [line for line in typed if has(platform, parse(line).words[0])]
    return "\n".join((fill_text(observation.look, values), *(change(line, values).line for line in lines)))


def _works(remedy: Remedy, cause: Cause, steps: Iterable[Step], platform: Platform) -> bool:
    programs = {step.argv[0] for step in steps if step.argv}
    return is_for(platform, remedy.platforms or cause.platforms) and all(has(platform, program) for program in programs)


def _steps(remedy: Remedy, values: Values) -> tuple[Step, ...]:
    procedure = PROCEDURES[remedy.procedure](remedy.with_, values) if remedy.procedure else ()
    if remedy.procedure and not procedure:
        return ()
    lines, changes = _lines(remedy.command), fill_text(remedy.changes, values)
    commands = [change(line, values, by=remedy.by, danger=remedy.danger) for line in lines[:-1]]
    commands += [change(line, values, changes=changes, by=remedy.by, danger=remedy.danger) for line in lines[-1:]]
    request = (person(changes, by=remedy.by),) if changes and not lines else ()
    return (
        *(caution(line, values, danger=remedy.danger) for line in _lines(remedy.caution)),
        *(step for line in _lines(remedy.save) for step in _once(save(line, values))),
        *(guard(line, values) for line in _lines(remedy.guard)),
        *procedure,
        *commands,
        *request,
        *(_either(wait, StepKind.WAIT, line, values) for line in _lines(remedy.wait)),
        *(_either(undo, StepKind.UNDO, line, values) for line in _lines(remedy.undo)),
    )


def _once(saving: Step) -> tuple[Step, ...]:
    """What an undo needs is saved once: a second run must not write over the only copy."""
    if ".before." not in saving.output:
        return (saving,)
    return (Step(StepKind.GUARD, ("test", "!", "-e", saving.output)), saving)


def _either(command: Callable[[str, Values], Step], kind: StepKind, line: str, values: Values) -> Step:
    if line.startswith(PROMPT):
        return command(line.removeprefix(PROMPT), values)
    return person(line, values, kind=kind)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _volume(given: Mapping[str, Any], values: Values) -> tuple[Step, ...]:
    owner = _owner(values)
    names = _with_uid(values, "volume_uid")
    if "{right_handle}" in str(given) and not values.get("right_handle"):
        # It is to name another file system, and what is known is of the one that it names now.
        names = {name: value for name, value in names.items() if name not in ("right_dnsname", "right_mountname")}
    return replace_volume.steps(names, owner and (owner,), given.get("volume", {}), given.get("claim", {}))


def _addon(given: Mapping[str, Any], values: Values) -> tuple[Step, ...]:
    is_other = values.get("installer") in (Installer.HELM.value, Installer.MANIFESTS.value)
    if is_other and not values.get("addon"):
        return ()
    return driver.addon_steps(values, version=str(given.get("version", "")))


def _pods(given: Mapping[str, Any], values: Values) -> tuple[Step, ...]:
    owner, pod = _owner(values), given.get("pod")
    if owner is not None:
        return renew((owner,), pod)
    if pod:
        return renew_by_name(values, pod)
    return (person("replace the pods that use the volume: their owner's (kubectl rollout restart), or one by itself"),)


def _add_mount_option(given: Mapping[str, Any], values: Values) -> tuple[Step, ...]:
    former = _mount_options(values)
    return _set_mount_options([*(former or ()), given["option"]], former, values)


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
    patch, before = "kubectl patch pv {volume} --type=merge -p {patch}", "pv-{volume}.options.yaml"
    after = {**values, "patch": {"spec": {"mountOptions": Verbatim(options or None)}}}
    steps = (change(patch, after, changes="the volume's mount options; only new pods notice"), *_pods({}, values))
    if former is not None:
        return (*steps, undo(patch, {**values, "patch": {"spec": {"mountOptions": Verbatim(former or None)}}}))
    return (
        caution("write every option of the volume that is to stay into the list: the patch replaces the list"),
        save(f"kubectl get pv {{volume}} -o yaml > {before}", values),
        guard(f"test -s {before}", values),
        *steps,
        person(f"patch the mountOptions of {before} into it again", values, kind=StepKind.UNDO),
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
    return Owner(str(values.get("namespace", "")), kinds.get(kind, kind), name, int(replicas))


PROCEDURES: Mapping[Procedure, Callable[[Mapping[str, Any], Values], tuple[Step, ...]]] = {
    Procedure.REPLACE_VOLUME: _volume,
    Procedure.REPLACE_CLAIM: lambda given, values: replace_claim.steps(
        _with_uid(values, "claim_uid"), given.get("spec", {}), _owner(values)
    ),
    Procedure.REPLACE_CLASS: lambda given, values: replace_class.steps(
        values, given, _with_uid(values, "claim_uid"), _owner(values)
    ),
    Procedure.DRIVER_SETTING: lambda given, values: driver.setting(given, values),
    Procedure.UPDATE_ADDON: lambda given, values: _addon(given, values),
    Procedure.REBOOT_NODE: lambda given, values: replace_node.reboot_node(values, _owner(values)),
    Procedure.LNET_OPTIONS: lambda given, values: lnet_options.change_options(
        values, _owner(values), line=given.get("line", ""), is_host=given["on"] == "host"
    ),
    Procedure.UPDATE_NODES: lambda given, values: replace_node.update_nodes(values, _owner(values)),
    Procedure.ADD_MOUNT_OPTION: _add_mount_option,
    Procedure.DROP_MOUNT_OPTION: _drop_mount_option,
    Procedure.REPLACE_PODS: lambda given, values: _pods(given, values),
}
