"""The driver's pods, and the Deployment and DaemonSet that own them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from diag.model.finding import Draft, skip, unknown
from diag.model.layer import Layer
from diag.model.subject import Kind, Subject
from diag.model.unavailable import Reason, Unavailable
from diag.registry import fact
from diag.resources.kubernetes import FSX_DRIVER, Container, Pod, ServiceAccount, Workload
from diag.resources.manifests import ManifestSet
from diag.resources.target import Target


def pods_of(workload: Workload, pods: Iterable[Pod]) -> tuple[Pod, ...]:
    """The pods that the workload's selector takes in, in its namespace."""
    wanted = (workload.spec.selector.match_labels if workload.spec.selector else None) or {}
    return tuple(
        pod
        for pod in pods
        if wanted
        and pod.metadata.namespace == workload.metadata.namespace
        and wanted.items() <= (pod.metadata.labels or {}).items()
    )


def containers_of(workload: Workload, pods: Iterable[Pod]) -> tuple[Container, ...]:
    """The distinct containers of the template and of its pods, which may still be older ones."""
    specs = (workload.spec.template.spec, *(pod.spec for pod in pods))
    found = {(c.name, c.image): c for spec in specs for c in (*(spec.init_containers or ()), *spec.containers)}
    return tuple(found.values())


DRIVER = Subject(Kind.CSI_DRIVER, FSX_DRIVER)


def missing_component(part: str, missing: Unavailable) -> Draft:
    """Skip where the part does not exist (another check says whether that is a fault), unknown where nobody saw it."""
    if missing.reason is Reason.ABSENT:
        return skip(DRIVER, f"there is no {part}: {missing.detail}")
    return unknown(DRIVER, f"cannot see the {part}: {missing}", because=(missing,))


LEASE = "fsx-csi-aws-com"
"""The provisioner's: the driver's name, as lease names are written. Source: kubernetes-csi/csi-lib-utils
leaderelection/leader_election.go; external-provisioner cmd/csi-provisioner/csi-provisioner.go."""


CONTROLLER_ACCOUNTS = ("fsx-csi-controller-sa",)
"""The controller's service account where no Deployment says otherwise. Source: aws-fsx-csi-driver chart 1.17.0."""


@fact(layer=Layer.DRIVER)
def controller(deployments: tuple[Workload, ...]) -> Workload | Unavailable:
    """The driver's controller Deployment."""
    for deployment in deployments:
        if runs_driver(deployment):
            return deployment
    named = (d for d in deployments if d.metadata.name == "fsx-csi-controller")
    return next(
        named, Unavailable("controller Deployment of the driver", Reason.ABSENT, "no Deployment runs its image")
    )


@fact(layer=Layer.DRIVER)
def node_plugin(daemon_sets: tuple[Workload, ...]) -> Workload | Unavailable:
    """The driver's node DaemonSet."""
    for daemon_set in daemon_sets:
        if runs_driver(daemon_set):
            return daemon_set
    named = (d for d in daemon_sets if d.metadata.name == "fsx-csi-node")
    return next(named, Unavailable("node DaemonSet of the driver", Reason.ABSENT, "no DaemonSet runs its image"))


def runs_driver(workload: Workload) -> bool:
    """Whether a Deployment or DaemonSet runs the driver's image."""
    return any(is_driver_image(container.image) for container in workload.spec.template.spec.containers)


def is_driver_image(image: str) -> bool:
    """Whether it is the driver's, from whichever registry."""
    return "aws-fsx-csi-driver" in image


_TAG = re.compile(r"aws-fsx-csi-driver:v?([0-9]+\.[0-9]+\.[0-9]+)")


def release_of(controller: Workload | Unavailable, manifests: ManifestSet | Unavailable) -> str:
    """The release of the driver that will provision: that of the manifests before the cluster's; empty when unknown."""
    planned = () if isinstance(manifests, Unavailable) else manifests.drivers
    live = () if isinstance(controller, Unavailable) else (controller,)
    for workload in (*planned, *live):
        for container in workload.spec.template.spec.containers:
            if found := _TAG.search(container.image):
                return found[1]
    return ""


@fact(layer=Layer.DRIVER)
def driver_pods(
    live_pods: tuple[Pod, ...] | Unavailable, live_driver_pods: tuple[Pod, ...] | Unavailable, target: Target
) -> tuple[Pod, ...] | Unavailable:
    """The driver's pods, controller and node plugins. No manifest holds them, so the live ones must be readable."""
    pods = live_driver_pods if target.namespaces else live_pods
    if isinstance(pods, Unavailable):
        return pods
    return tuple(
        pod
        for pod in pods
        if pod.metadata.label("app.kubernetes.io/name") == "aws-fsx-csi-driver"
        or any(is_driver_image(container.image) for container in pod.spec.containers)
    )


@fact(layer=Layer.IDENTITY)
def controller_account(
    service_accounts: tuple[ServiceAccount, ...], controller: Workload | Unavailable
) -> ServiceAccount | Unavailable:
    """The service account that the controller really runs as."""
    if isinstance(controller, Unavailable):
        names, namespace = CONTROLLER_ACCOUNTS, ""
    else:
        names = (controller.spec.template.spec.service_account_name or "default",)
        namespace = controller.metadata.namespace
    for account in service_accounts:
        if account.metadata.name in names and namespace in ("", account.metadata.namespace):
            return account
    if isinstance(controller, Unavailable) and controller.reason is not Reason.ABSENT:
        return controller
    where = f"{namespace}/{names[0]}" if namespace else names[0]
    return Unavailable(f"service account {where}", Reason.ABSENT, "the controller's service account does not exist")
