"""Commands for the driver as this cluster installed it: a Helm release, an EKS add-on, or plain manifests.

What one of them made, another takes back: `helm upgrade` of an add-on's cluster fails or installs the driver twice, and
an edit of a release's object is lost with its next upgrade.
"""

from __future__ import annotations

import enum

from diag.advice.steps import advise, caution, change, guard, save, undo, wait
from diag.model.fix import Danger, Fix, Step
from diag.resources.eks import DRIVER_ADDON, Addon
from diag.resources.kubernetes import Workload

PLUGIN = "fsx-plugin"
"""Name of the container that calls AWS and mounts. Source: aws-fsx-csi-driver chart 1.17.0."""
HELM_RELEASE = "meta.helm.sh/release-name"
"""Annotation of every object that Helm 3 made."""
MANAGED_BY, CHART = "app.kubernetes.io/managed-by", "helm.sh/chart"
"""Labels of the chart's objects; EKS writes itself into the first. Source: aws-fsx-csi-driver chart, _helpers.tpl."""
REPOSITORY = "https://kubernetes-sigs.github.io/aws-fsx-csi-driver"
MANIFESTS = "github.com/kubernetes-sigs/aws-fsx-csi-driver/deploy/kubernetes/overlays/stable/?ref=release-1.9"
"""Source of both: aws-fsx-csi-driver docs/install.md."""
SETTINGS = 'addon.configurationValues || `"{}"`'
"""The add-on's settings, an empty document where it has none."""
ROLLS = "rolls the driver's pods; mounted volumes stay mounted"


class Installer(enum.Enum):
    """What made the driver's objects, and takes other changes to them back."""

    HELM = "Helm"
    ADDON = "EKS add-on"
    MANIFESTS = "manifests"


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
        "release": release_of(workload),
        "chart_version": workload.metadata.label(CHART).rpartition("-")[2],
        "workload": f"{workload.kind.lower()}/{workload.metadata.name}",
    }


def upgrade(workload: Workload, settings: str, **values: str) -> tuple[Step, ...]:
    """`helm upgrade` of the very chart that is installed, with further `--set` options."""
    names = {**values_of(workload), **values}
    chart = f"aws-fsx-csi-driver --repo {REPOSITORY}"
    version = "--version {chart_version} " if names["chart_version"] else ""
    command = f"helm upgrade {{release}} {chart} {version}-n {{driver_namespace}} --reuse-values {settings}".rstrip()
    back = undo("helm rollback {release} -n {driver_namespace}", names)
    return (change(command, names, changes=ROLLS), rolled_out(workload), back)


def rolled_out(workload: Workload) -> Step:
    """Wait until the new pods are ready."""
    return wait("kubectl -n {driver_namespace} rollout status {workload} --timeout=5m", values_of(workload))


def restart(namespace: str, deployment: str = "fsx-csi-controller", *, changes: str = "") -> tuple[Step, ...]:
    """Replace the controller's pods, as they get role and settings at their creation alone."""
    names = {"driver_namespace": namespace, "controller": deployment}
    return (
        change("kubectl -n {driver_namespace} rollout restart deployment/{controller}", names, changes=changes),
        wait("kubectl -n {driver_namespace} rollout status deployment/{controller} --timeout=5m", names),
    )


def change_image(workload: Workload, container: str, image: str) -> Fix:
    """Give one container another image."""
    if release_of(workload) and container == PLUGIN and ":" in image:
        repository, _, tag = image.rpartition(":")
        options = "--set image.repository={repository} --set image.tag={tag}"
        return Fix(upgrade(workload, options, repository=repository, tag=tag))
    names = values_of(workload)
    command = "kubectl -n {driver_namespace} set image {workload} {container}={image}"
    return Fix(
        (
            change(command, {**names, "container": container, "image": image}, changes=ROLLS),
            rolled_out(workload),
            undo("kubectl -n {driver_namespace} rollout undo {workload}", names),
        )
    )


def scale(workload: Workload, replicas: int) -> Fix:
    """Give a Deployment that many replicas."""
    command, names = "kubectl -n {driver_namespace} scale {workload} --replicas={replicas}", values_of(workload)
    note = "starts the controller; a claim that waits is provisioned at once, which costs money"
    return Fix(
        (
            change(command, {**names, "replicas": str(replicas)}, changes=note),
            rolled_out(workload),
            undo(command, {**names, "replicas": "0"}),
        )
    )


def set_region(controller: Workload, region: str) -> Fix:
    """Tell the controller its region."""
    if release_of(controller):
        return Fix(upgrade(controller, "--set controller.region={region}", region=region))
    command, names = (
        f"kubectl -n {{driver_namespace}} set env {{workload}} -c {PLUGIN} AWS_REGION",
        values_of(controller),
    )
    steps = (
        change(f"{command}={{region}}", {**names, "region": region}, changes="rolls the controller"),
        rolled_out(controller),
        undo(f"{command}-", names),
    )
    return Fix((*_kept_by_addon(controller), *steps))


def reinstall(workload: Workload, addon: Addon | None = None, *first: Step) -> Fix:
    """Put the objects of an installation back as its chart, add-on or manifests have them, after a first step."""
    if addon is not None or installer_of(workload) is Installer.ADDON:
        return Fix((*first, *update_addon(addon or Addon(DRIVER_ADDON))))
    if release_of(workload):
        # The last step of an upgrade takes it back; nobody wants the broken state again.
        return Fix((*first, *upgrade(workload, "")[:-1]))
    told = "creates what is missing and leaves mounts alone"
    return Fix((*first, change(f"kubectl apply -k '{MANIFESTS}'", changes=told)))


def update_addon(addon: Addon, *, version: str = "") -> tuple[Step, ...]:
    """Have EKS write the add-on's objects again, with the role and the settings that it has.

    Without its role UpdateAddon falls back to the node's. Source: EKS API reference, UpdateAddon serviceAccountRoleArn.
    """
    names = {"cluster": addon.cluster_name, "addon": addon.addon_name, "role_arn": addon.service_account_role_arn,
             "addon_version": version}  # fmt: skip
    which, settings = "--cluster-name {cluster} --addon-name {addon}", "settings-of-{addon}.json"
    role = " --service-account-role-arn {role_arn}" if names["role_arn"] else ""
    other = " --addon-version {addon_version}" if version else ""
    return (
        caution("changes to its objects that were made by hand or by Helm are lost", danger=Danger.INTERRUPTS),
        save(f"aws eks describe-addon {which} --query '{SETTINGS}' --output text > {settings}", names),
        guard(f"test -s {settings}", names),
        change(f"aws eks update-addon {which}{other}{role} --configuration-values file://{settings}"
            " --resolve-conflicts OVERWRITE", names, changes="puts the add-on's objects back as EKS has them"),
        wait(f"aws eks wait addon-active {which}", names),
    )  # fmt: skip


def update(workload: Workload, version: str) -> Fix:
    """Bring the driver to a release."""
    names = values_of(workload)
    match installer_of(workload):
        case Installer.HELM:
            command = f"helm upgrade {{release}} aws-fsx-csi-driver --repo {REPOSITORY} -n {{driver_namespace}}"
            told = f"rolls the chart to its newest release, driver {version} or later; mounted volumes stay mounted"
            return Fix(
                (
                    change(f"{command} --reset-then-reuse-values", names, changes=told),
                    rolled_out(workload),
                    undo("helm rollback {release} -n {driver_namespace}", names),
                )
            )
        case Installer.ADDON:
            return advise(f"update the EKS add-on to a version with driver {version} or later")
    return Fix(
        (change(f"kubectl apply -k '{MANIFESTS}'", changes=f"applies the manifests; {ROLLS}"), rolled_out(workload))
    )


def set_kubelet_path(node_plugin: Workload, path: str) -> Fix:
    """Tell the node plugin the kubelet's own folder."""
    if release_of(node_plugin):
        return Fix(upgrade(node_plugin, "--set node.kubeletPath={path}", path=path))
    return advise(
        "give the DaemonSet's host paths the folder {path}, where its manifest says otherwise", {"path": path}
    )


def annotate_pods(node_plugin: Workload, key: str, value: str) -> Fix:
    """Give the DaemonSet's pods an annotation."""
    if release_of(node_plugin):
        name = key.replace(".", "\\.")
        return Fix(upgrade(node_plugin, f"--set-string 'node.podAnnotations.{name}={value}'"))
    patch = {"spec": {"template": {"metadata": {"annotations": {key: value}}}}}
    command, names = "kubectl -n {driver_namespace} patch {workload} --type=merge -p {patch}", values_of(node_plugin)
    return Fix((change(command, {**names, "patch": patch}, changes=ROLLS), rolled_out(node_plugin)))


def _kept_by_addon(workload: Workload) -> tuple[Step, ...]:
    if installer_of(workload) is not Installer.ADDON:
        return ()
    told = (
        "the next update of the EKS add-on may take this back: write it into the add-on's configuration values as well"
    )
    return (caution(told),)
