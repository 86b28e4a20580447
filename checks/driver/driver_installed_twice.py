"""More than one installation of the driver."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Unavailable, check, fail, ok, unknown, warn
from diag.advice.driver import release_of
from diag.advice.steps import advise, caution, change, wait
from diag.analysis.driver.workloads import DRIVER, runs_driver
from diag.analysis.nodes.eligibility import keeps_off, linux_nodes, node_list
from diag.model.fix import Danger
from diag.resources.eks import Addon
from diag.resources.kubernetes import Node, Workload


@check("driver-installed-twice", layer=Layer.DRIVER, speaks_for="csi-driver-installed-twice")
def driver_installed_twice(
    daemon_sets: tuple[Workload, ...], nodes: tuple[Node, ...], addons: tuple[Addon, ...] | Unavailable
) -> Iterator[Draft]:
    """The driver is installed once: as EKS add-on, or by Helm, or by manifests.

    Two node plugins on one node take turns on one socket, /var/lib/kubelet/plugins/fsx.csi.aws.com/csi.sock, whatever
    namespaces they are in; an add-on and a Helm release of the same objects undo each other's changes.

    pass: one installation, none, or several that share no node
    warn: the add-on is there and the DaemonSet belongs to a Helm release
    fail: several DaemonSets put the driver's node plugin on the same node
    unknown: DaemonSets or nodes could not be listed, or the add-on beside a Helm release not be described
    source: aws-fsx-csi-driver chart 1.17.0 templates/node.yaml (fixed hostPath); EKS User Guide, add-on conflicts
    """
    plugins = [item for item in daemon_sets if runs_driver(item)]
    names = " and ".join(str(plugin.subject) for plugin in plugins)
    templates = [plugin.spec.template.spec for plugin in plugins]
    shared = [n for n in linux_nodes(nodes) if sum(not keeps_off(spec, n, daemon=True) for spec in templates) > 1]
    helm = next(filter(None, map(release_of, plugins)), "")
    if shared:
        fix = _remove_one(addons)
        message = f"{names} both run the driver's node plugin on {node_list(shared)}"
        yield fail(DRIVER, message, fix=fix, concerns=shared)
    elif helm and isinstance(addons, Unavailable):
        message = (
            f"{names} belongs to the Helm release {helm!r}; whether the add-on is there too was not seen: {addons}"
        )
        yield unknown(DRIVER, message, because=(addons,))
    elif helm and addons and not isinstance(addons, Unavailable):
        message = f"{names} belongs to the Helm release {helm!r}, and the add-on {addons[0].addon_name} is there too"
        status = f"eks:DescribeAddon says {addons[0].status}"
        yield warn(DRIVER, message, status, cause="csi-driver-installed-twice", fix=_remove_one(addons))
    else:
        yield ok(DRIVER, f"{names or 'no DaemonSet'} runs the driver, once a node")


def _remove_one(addons: tuple[Addon, ...] | Unavailable) -> Fix:
    """The add-on goes where there is one: the other copy keeps its own account and role."""
    effect = "Mounts that are up stay up meanwhile, new ones wait"
    if isinstance(addons, Unavailable) or not addons:
        return advise(f"Remove one of them. {effect}.")
    where = "--cluster-name {cluster} --addon-name {addon}"
    names = {"cluster": addons[0].cluster_name, "addon": addons[0].addon_name}
    return Fix(
        (
            caution("See that the other copy has the role which provisions volumes (kubectl get serviceaccounts -A)."),
            change(
                f"aws eks delete-addon {where}",
                names,
                changes=f"Remove the add-on's copy. {effect}.",
                danger=Danger.INTERRUPTS,
            ),
            wait(f"aws eks wait addon-deleted {where}", names),
        )
    )
