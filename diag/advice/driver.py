"""Commands for the driver as this cluster installed it: a Helm release, an EKS add-on, or plain manifests.

What one of them made, another takes back: `helm upgrade` on an add-on's cluster fails or installs the driver twice, and
an edit of a release's object is lost with its next upgrade.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from diag.advice.steps import Values, advise, caution, change, guard, note, person, save, save_once, undo, wait
from diag.model.fix import Danger, Fix, Step, StepKind

if TYPE_CHECKING:
    from diag.resources.eks import Addon
    from diag.resources.kubernetes import VolumeMount, Workload

PLUGIN = "fsx-plugin"
"""Name of the container that calls AWS and mounts. Source: aws-fsx-csi-driver chart 1.17.0."""
HELM_RELEASE = "meta.helm.sh/release-name"
"""Annotation of every object that Helm 3 made."""
MANAGED_BY, CHART, VERSION = "app.kubernetes.io/managed-by", "helm.sh/chart", "app.kubernetes.io/version"
"""Labels of the chart's objects; EKS writes itself into the first. Source: aws-fsx-csi-driver chart, _helpers.tpl."""
REPOSITORY = "https://kubernetes-sigs.github.io/aws-fsx-csi-driver"
MANIFESTS = "github.com/kubernetes-sigs/aws-fsx-csi-driver/deploy/kubernetes/overlays/stable/?ref=release-1.9"
"""Source of both: aws-fsx-csi-driver docs/install.md."""
KEPT = (
    'merge({configurationValues: addon.configurationValues || `"{}"`},'
    " addon.serviceAccountRoleArn && {serviceAccountRoleArn: addon.serviceAccountRoleArn} || `{}`)"
)
"""What an update of the add-on has to be given again: its role, and its settings or an empty document."""
ROLLS = "Make the change, which replaces the driver's pods. Mounted volumes stay mounted."
AS_INSTALLED = "Write the objects of the release again, as its chart has them. Mounted volumes stay mounted."
LASTING = (
    'If jq says "Invalid numeric literal", the add-on\'s settings are YAML: add this one by hand. If this version of'
    " the add-on does not have it, EKS refuses it and changes nothing."
)
"""What an edit of the add-on's objects needs to outlast its next update."""
GIVEN = "Give the add-on the setting, in addition to those it has."
GIVEN_TO_IT = "With the EKS add-on: also give it the setting, in addition to those it has."
"""The same where it is not known whether it is the add-on."""
BEFORE = "If the add-on has taken the setting, also run this:"
"""The case in which its settings of before have to be given back, beside the edit's undo."""
NOT_SET = (
    "The EKS add-on has no setting for this. Its next update takes the change back, and one with --resolve-conflicts"
    " OVERWRITE writes its own at once (`lustre-doctor runbook csi-addon-degraded`)."
)
OWNED_BY_OTHERS = (
    'If Helm 4 ends with "Apply failed with conflicts", somebody edited the objects: run the same command with'
    " --force-conflicts."
)
"""What puts an edited object back. Source: Helm 4, helm upgrade --force-conflicts of server-side apply."""
FORMER_RELEASE = "Apply the release that you had before in the same way, with its branch behind ref=."
NOT_KEPT = "The edit of the EKS add-on's objects lasts until its next update. The last steps make it last."


class Installer(enum.Enum):
    """What made the driver's objects, and takes other changes to them back."""

    HELM = "Helm"
    ADDON = "EKS add-on"
    MANIFESTS = "manifests"


EDITED = f"{Installer.ADDON.value} or {Installer.MANIFESTS.value}"
"""Where it is not known which of the two, and one command is for both."""
ANY, ANY_BUT_ADDON = f"{Installer.HELM.value}, {EDITED}", f"{Installer.HELM.value}, {Installer.MANIFESTS.value}"
"""On a page, whose readers have any installer; the second where an update of the add-on is what helps."""
WITH = "With "
"""Before the installer, in what the change of each does."""
INSTALLED_BY: Mapping[str, tuple[str, str]] = {
    EDITED: (
        "the EKS add-on or manifests installed the driver",
        "`helm list -A --filter fsx` shows no release then; `aws eks list-addons --cluster-name {cluster}` shows"
        " whether it is the add-on",
    ),
    Installer.HELM.value: ("Helm installed the driver", "`helm list -A --filter fsx` shows its release then"),
    Installer.ADDON.value: (
        "the EKS add-on installed the driver",
        "`aws eks list-addons --cluster-name {cluster}` shows it then",
    ),
    Installer.MANIFESTS.value: (
        "manifests installed the driver",
        "neither `helm list` nor `aws eks list-addons` shows it then",
    ),
}
"""For which clusters an option to change the driver is, as it goes on after "if", and how that is seen."""
WHO_INSTALLED = f"kubectl get daemonsets,deployments -A -l app.kubernetes.io/name=aws-fsx-csi-driver -L {MANAGED_BY}"
"""The same in one command, where the driver has objects."""
SAYS_WHO = (
    "The last column of this says what installed the driver: EKS (the add-on), Helm, or nothing (manifests). If it says"
    " Helm, but `helm list -A` has no release, Argo CD or Flux made it from the chart: change it there."
)


def installer_of(workload: Workload) -> Installer:
    """What made the driver's Deployment or DaemonSet."""
    if workload.metadata.label(MANAGED_BY) == "EKS":
        return Installer.ADDON
    return Installer.HELM if release_of(workload) else Installer.MANIFESTS


def release_of(workload: Workload) -> str:
    """The Helm release; empty where Helm did not install it."""
    return workload.metadata.annotation(HELM_RELEASE)


def values_of(workload: Workload) -> dict[str, str]:
    """The names that commands about the driver need."""
    return {
        "driver_namespace": workload.metadata.namespace,
        "installer": installer_of(workload).value,
        "release": release_of(workload),
        "chart_version": workload.metadata.label(CHART).rpartition("-")[2],
        "tag": f"v{version}" if (version := workload.metadata.label(VERSION)) else "",
        "driver_workload": f"{workload.kind.lower()}/{workload.metadata.name}",
    }


def setting(given: Mapping[str, Any], values: Values) -> tuple[Step, ...]:
    """Change one setting: `helm` has the options of `helm upgrade`, `manifests` the command without Helm.

    `says` has what the latter does where it rolls no pods, `undo` the command that takes it back, `addon` the JSON that
    the add-on's configuration values need, or null where an update of the add-on is what helps.
    """
    if values.get("installer") in (ANY, ANY_BUT_ADDON):
        return tuple(_by_each(given, values))
    rolls = wait(_ROLLOUT.replace("{driver_workload}", _workload_of(given, values)), values)
    if values.get("installer") == Installer.HELM.value:
        chart = f"aws-fsx-csi-driver --repo {REPOSITORY}"
        # What null takes away comes back with --reuse-values. Source: Helm 4.1, action.Upgrade.reuseValues.
        kept = "--reset-then-reuse-values" if "=null" in given["helm"] else "--reuse-values"
        where = "--version {chart_version} -n {driver_namespace}"
        upgrade = f"helm upgrade {{release}} {chart} {where} {kept} {given['helm']}"
        first = () if given["helm"] else (caution(OWNED_BY_OTHERS),)
        back = undo("helm rollback {release} -n {driver_namespace}", values)
        does = ROLLS if given["helm"] else AS_INSTALLED
        return (*first, change(upgrade.rstrip(), values, changes=does), rolls, back)
    is_addon = values.get("installer") in (Installer.ADDON.value, EDITED)
    if is_addon and (given.get("addon", "") is None or given["manifests"].startswith("kubectl apply")):
        # An update of the add-on does it; the manifests of an installation would stand beside its objects.
        return ()
    unkept = (caution(NOT_KEPT if "addon" in given else NOT_SET),) if is_addon else ()
    lasting = _lasting(given["addon"], values) if is_addon and "addon" in given else ()
    is_release = given["manifests"].startswith("kubectl apply -k")
    former = (person(FORMER_RELEASE, kind=StepKind.UNDO),) if is_release else ()
    taken_back = (undo(given["undo"], values),) if "undo" in given else former
    return (*unkept, change(given["manifests"], values, changes=given.get("says", ROLLS)), rolls, *taken_back, *lasting)


def _by_each(given: Mapping[str, Any], values: Values) -> Iterator[Step]:
    """One setting for a page, whose readers have any installer: the change of each says whose it is, in one order."""
    helm, other = Installer.HELM.value, str(values["installer"]).removeprefix(f"{Installer.HELM.value}, ")
    by = {one: setting(given, {**values, "installer": one}) for one in (helm, other)}
    yield from dict.fromkeys(step for steps in by.values() for step in steps if step.kind is StepKind.CAUTION)
    (upgrade,) = (step for step in by[helm] if step.kind is StepKind.CHANGE)
    first, *rest = (step for step in by[other] if step.kind not in (StepKind.CAUTION, StepKind.UNDO))
    same = _SAME if first.changes == upgrade.changes else first.changes
    yield msgspec.structs.replace(upgrade, changes=f"{_with(helm)}: {_going_on(upgrade.changes)}")
    yield msgspec.structs.replace(first, changes=f"Or {_going_on(_with(other))}: {_going_on(same)}")
    yield from rest
    for one, steps in by.items():
        back = [step for step in steps if step.kind is StepKind.UNDO]
        yield from (person(f"{_with(one)}:", kind=StepKind.UNDO), *back) if back else ()


_SAME = "Make the same change."


def _going_on(sentence: str) -> str:
    """A sentence that goes on behind some words."""
    return sentence[:1].lower() + sentence[1:]


def _with(installer: str) -> str:
    return WITH + installer.replace(Installer.ADDON.value, f"the {Installer.ADDON.value}")


def _lasting(wanted: str, values: Values) -> tuple[Step, ...]:
    """Have the add-on keep a setting. The option beside the file wins, and would take the place of other settings."""
    from diag.resources.eks import DRIVER_ADDON

    names, is_known = {"addon": DRIVER_ADDON, **values}, values["installer"] == Installer.ADDON.value
    # What null is to take away, a merge would leave; what is an object, it would add to.
    merged = "fromjson * $wanted | del(..|nulls)" if "null" in wanted else "fromjson * $wanted"
    update = f"aws eks update-addon {_WHICH} --resolve-conflicts PRESERVE --cli-input-json file://"
    return (
        note(LASTING),
        save_once(_save_addon(_BEFORE), names),
        guard(
            f"jq --argjson wanted '{wanted}' '.configurationValues |= ({merged} | tojson)' {_BEFORE} > {_AFTER}", names
        ),
        change(update + _AFTER, names, changes=GIVEN if is_known else GIVEN_TO_IT),
        *addon_active(names, is_known=is_known),
        person(BEFORE, kind=StepKind.UNDO),
        undo(update + _BEFORE, names),
    )


def _workload_of(given: Mapping[str, Any], values: Values) -> str:
    """Which of the driver's workloads a setting rolls; the one of the incident where it is of both."""
    known, manifests = values.get("driver_workload"), str(given.get("manifests", ""))
    if (" node." in given["helm"] or "daemonset" in manifests) and (values.get("node_plugin") or not known):
        return "daemonset/{node_plugin}"
    if (" controller." in given["helm"] and values.get("controller")) or not known:
        return "{driver_workload}" if "{driver_workload}" in manifests else "deployment/{controller}"
    return "{driver_workload}"


_ROLLOUT = "kubectl -n {driver_namespace} rollout status {driver_workload} --timeout=5m"


def rolled_out(values: Values) -> Step:
    """Wait until the new pods are ready."""
    return wait(_ROLLOUT, values)


def restart(namespace: str, deployment: str = "fsx-csi-controller", *, changes: str = "") -> tuple[Step, ...]:
    """Replace the controller's pods, as they get role and settings at their creation alone."""
    names = {"driver_namespace": namespace, "driver_workload": f"deployment/{deployment}"}
    again = change("kubectl -n {driver_namespace} rollout restart {driver_workload}", names, changes=changes)
    return (again, rolled_out(names))


def change_image(workload: Workload, container: str, image: str) -> Fix:
    """Give one container another image; the chart has a setting for the driver's own alone."""
    repository, _, tag = image.rpartition(":")
    names = {"container": container, "image": image, "repository": repository, "tag": tag, **values_of(workload)}
    if container != PLUGIN or not repository:
        names["installer"] = Installer.MANIFESTS.value
    return Fix(setting(IMAGE, names))


IMAGE = {
    "helm": "--set image.containerRegistry= --set image.repository={repository} --set image.tag={tag}",
    "manifests": "kubectl -n {driver_namespace} set image {driver_workload} {container}={image}",
    "undo": "kubectl -n {driver_namespace} rollout undo {driver_workload}",
}
REGION = {
    "helm": "--set controller.region={region}",
    "manifests": f"kubectl -n {{driver_namespace}} set env {{driver_workload}} -c {PLUGIN} AWS_REGION={{region}}",
    "undo": "kubectl -n {driver_namespace} rollout undo {driver_workload}",
    "addon": '{"controller":{"region":"{region}"}}',
}


def set_region(controller: Workload, region: str) -> Fix:
    """Tell the controller its region."""
    return Fix(setting(REGION, {"region": region, **values_of(controller)}))


def clear_role(controller: Workload) -> Fix:
    """Take away the role that the Deployment itself sets, so that its pods get that of their service account."""
    command = f"kubectl -n {{driver_namespace}} set env {{driver_workload}} -c {PLUGIN} AWS_ROLE_ARN-"
    return Fix((change(command, values_of(controller), changes=ROLLS), *_after_an_edit(controller)))


def unskip(controller: Workload, key: str) -> Fix:
    """Let the webhook give the controller's containers their role again."""
    patch = {"spec": {"template": {"metadata": {"annotations": {key: None}}}}}
    command = "kubectl -n {driver_namespace} patch {driver_workload} --type=merge -p {patch}"
    edit = change(command, {**values_of(controller), "patch": patch}, changes=ROLLS)
    return Fix((edit, *_after_an_edit(controller)))


def spare_from_proxy(controller: Workload, container: str, hosts: str) -> Fix:
    """Let a container of the controller go past its proxy to these hosts; no chart has a setting for it."""
    command = "kubectl -n {driver_namespace} set env {driver_workload} -c {container} NO_PROXY={no_proxy}"
    names = {**values_of(controller), "container": container, "no_proxy": hosts}
    return Fix((change(command, names, changes=ROLLS), *_after_an_edit(controller)))


def _after_an_edit(workload: Workload) -> tuple[Step, ...]:
    """What follows an edit of what no chart sets, and takes it back."""
    names = values_of(workload)
    return rolled_out(names), undo("kubectl -n {driver_namespace} rollout undo {driver_workload}", names)


MEMORY = {
    "helm": "--set node.resources.limits.memory={quantity}",
    "manifests": "kubectl -n {driver_namespace} set resources {driver_workload}"
    f" -c {PLUGIN} --limits=memory={{quantity}}",
    "undo": "kubectl -n {driver_namespace} rollout undo {driver_workload}",
    "addon": '{"node":{"resources":{"limits":{"memory":"{quantity}"}}}}',
}
SELECTOR = {
    "helm": "--set node.nodeSelector=null",
    "manifests": "kubectl -n {driver_namespace} patch {driver_workload} --type=json -p "
    """'[{"op":"replace","path":"/spec/template/spec/nodeSelector","value":{"kubernetes.io/os":"linux"}}]'""",
    "undo": "kubectl -n {driver_namespace} rollout undo {driver_workload}",
    "addon": '{"node":{"nodeSelector":null}}',
}


def raise_memory(node_plugin: Workload, memory: str) -> Fix:
    """Let the node plugin's container use more memory."""
    return Fix(setting(MEMORY, {"quantity": memory, **values_of(node_plugin)}))


def clear_node_selector(node_plugin: Workload) -> Fix:
    """Let the node plugin run on every Linux node again."""
    return Fix(setting(SELECTOR, values_of(node_plugin)))


def scale(workload: Workload, replicas: int) -> Fix:
    """Give a Deployment that many replicas."""
    command, names = "kubectl -n {driver_namespace} scale {driver_workload} --replicas={replicas}", values_of(workload)
    note = "Start the controller. A claim that waits is provisioned at once, which costs money."
    start = change(command, {**names, "replicas": str(replicas)}, changes=note)
    return Fix((start, rolled_out(names), undo(command, {**names, "replicas": "0"})))


def reinstall(workload: Workload, addon: Addon | None = None, *first: Step) -> Fix:
    """Put the objects of an installation back as its chart, add-on or manifests have them, after a first step."""
    from diag.resources.eks import DRIVER_ADDON, Addon

    names = values_of(workload)
    if addon is not None or installer_of(workload) is Installer.ADDON:
        return Fix((*first, *update_addon(addon or Addon(DRIVER_ADDON))))
    if installer_of(workload) is Installer.HELM:
        # The last step of an upgrade takes it back; nobody wants the broken state again.
        return Fix((*first, *setting({"helm": ""}, names)[:-1]))
    effect = "Create what is missing. Mounts are not affected."
    return Fix((*first, change(f"kubectl apply -k '{MANIFESTS}'", changes=effect)))


def update_addon(addon: Addon) -> tuple[Step, ...]:
    """Have EKS write the add-on's objects again, with the role and the settings that it has."""
    return addon_steps({"cluster": addon.cluster_name, "addon": addon.addon_name})


_WHICH, _SAVED = "--cluster-name {cluster} --addon-name {addon}", "update-of-{addon}-in-{cluster}.json"
"""The add-on, and the file that an update takes."""
_BEFORE, _AFTER = "update-of-{addon}-in-{cluster}.before.json", "update-of-{addon}-in-{cluster}.after.json"
"""The same file as the add-on was, and with one setting more."""


def _save_addon(file: str) -> str:
    """What an update has to be given again, in a file."""
    return f"aws eks describe-addon {_WHICH} --query '{KEPT}' --output json > {file}"


def addon_steps(values: Values, *, version: str = "", gives_role: bool = False) -> tuple[Step, ...]:
    """`aws eks update-addon` that loses neither role nor settings: one file takes both from the add-on to its update.

    With `gives_role` the add-on gets another role, {role_arn}. Without a role UpdateAddon falls back to the node's.
    Source: EKS API reference, UpdateAddon serviceAccountRoleArn; the option beside the file wins. Source: AWS CLI,
    --cli-input-json.
    """
    from diag.resources.eks import DRIVER_ADDON

    names = {"addon": DRIVER_ADDON, **values}
    options = f"{f' --addon-version {version}' if version else ''}" + (
        " --service-account-role-arn {role_arn}" if gives_role else ""
    )
    return (
        caution("Changes that were made to its objects by hand or by Helm are lost.", danger=Danger.INTERRUPTS),
        save(_save_addon(_SAVED), names),
        guard(f"grep -q configurationValues {_SAVED}", names),
        change(
            f"aws eks update-addon {_WHICH}{options} --cli-input-json file://{_SAVED} --resolve-conflicts OVERWRITE",
            names,
            changes=("Update the add-on to this version. " if version else "")
            + "EKS writes the add-on's objects again. Its role and its settings stay: they are in the file.",
        ),
        *addon_active(names),
    )


def addon_active(names: Values, *, is_known: bool = True) -> tuple[Step, ...]:
    """Wait for an add-on. The wait ends after ten minutes where an update failed, and does not say why.

    Without `is_known` the reader may have another installer, and nothing to wait for.
    Source: botocore, eks waiters-2.json, AddonActive: no state of a failed update is among its ends.
    """
    why = f"If it ends with an error, this says why: `aws eks describe-addon {_WHICH} --query addon.health.issues`"
    case = "" if is_known else f"Only with the {Installer.ADDON.value}. "
    return wait(f"aws eks wait addon-active {_WHICH}", names), person(case + why, names, kind=StepKind.WAIT)


def update(workload: Workload, version: str) -> Fix:
    """Bring the driver to a release."""
    names = values_of(workload)
    match installer_of(workload):
        case Installer.HELM:
            command = f"helm upgrade {{release}} aws-fsx-csi-driver --repo {REPOSITORY} -n {{driver_namespace}}"
            effect = f"Update the chart to its newest release, with driver {version} or later. Mounts stay."
            # A tag among the release's values is kept, and the chart brings its images for nothing.
            pinned = " --set image.tag={tag}" if _tag(workload) not in ("", names["tag"]) else ""
            newest = change(
                f"{command} --reset-then-reuse-values{pinned}", {**names, "tag": f"v{version}"}, changes=effect
            )
            return Fix((newest, rolled_out(names), undo("helm rollback {release} -n {driver_namespace}", names)))
        case Installer.ADDON:
            return advise(f"Update the EKS add-on to a version with driver {version} or later.")
    effect = f"Apply the manifests. {ROLLS}"
    return Fix((change(f"kubectl apply -k '{MANIFESTS}'", changes=effect), rolled_out(names)))


def _tag(workload: Workload) -> str:
    """The tag of the driver's own image."""
    images = (item.image for item in workload.spec.template.spec.containers if item.name == PLUGIN)
    return next(images, "").rpartition("/")[2].partition("@")[0].partition(":")[2]


def set_kubelet_path(node_plugin: Workload, path: str) -> Fix:
    """Tell the node plugin the kubelet's own folder."""
    if installer_of(node_plugin) is Installer.HELM:
        return Fix(setting({"helm": "--set node.kubeletPath={path}"}, {"path": path, **values_of(node_plugin)}))
    request = "Give the DaemonSet's host paths the folder {path}, if its manifest says otherwise."
    return advise(request, {"path": path})


def propagate(node_plugin: Workload, container: str, mount: VolumeMount) -> Fix:
    """Let what a container of the node plugin mounts be seen on its node. A chart has it so: nothing takes it back."""
    again = {"mountPath": mount.mount_path, "name": mount.name, "mountPropagation": "Bidirectional"}
    patch = {"spec": {"template": {"spec": {"containers": [{"name": container, "volumeMounts": [again]}]}}}}
    command = "kubectl -n {driver_namespace} patch {driver_workload} --type=strategic -p {patch}"
    edit = change(command, {**values_of(node_plugin), "patch": patch}, changes=ROLLS)
    return Fix((edit, *_after_an_edit(node_plugin)))


def annotate_pods(node_plugin: Workload, key: str, value: str) -> Fix:
    """Give the DaemonSet's pods an annotation."""
    dotted = key.replace(".", "\\.")
    given = {
        "helm": f"--set-string 'node.podAnnotations.{dotted}={value}'",
        "manifests": "kubectl -n {driver_namespace} patch {driver_workload} --type=merge -p {patch}",
    }
    patch = {"spec": {"template": {"metadata": {"annotations": {key: value}}}}}
    return Fix(setting(given, {"patch": patch, **values_of(node_plugin)}))
