"""The driver's images: can this cluster pull each of them."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Kind, Layer, Subject, Table, Unavailable, check, fail, ok, warn
from diag.advice.identity import let_pull
from diag.advice.steps import advise
from diag.analysis.claims import Provisioning
from diag.analysis.driver.images import NO_EGRESS, PULL_DENIED, BadImage, Judgement, judge_images, parse_image
from diag.analysis.driver.node_plugin import ARCHITECTURE
from diag.analysis.driver.workloads import missing_component
from diag.analysis.network.routing import subnets_without_way_out
from diag.knowledge.partitions import partition_of
from diag.knowledge.registries import regions_of
from diag.model.unavailable import value_or
from diag.resources.ec2 import Instance, NatGateway, RouteTable
from diag.resources.eks import ClusterIdentity
from diag.resources.iam import Role
from diag.resources.kubernetes import Event, PersistentVolumeClaim, Pod, Workload

CAUSES = (
    "image-pull-wrong-region-ecr", "image-invalid-reference", "image-pull-no-egress", "image-pull-denied",
    "image-not-found", "image-pull-rate-limited",
)  # fmt: skip


@check("driver-image", layer=Layer.DRIVER, speaks_for=(*CAUSES, ARCHITECTURE))
def driver_image(
    node_plugin: Workload | Unavailable,
    controller: Workload | Unavailable,
    driver_pods: tuple[Pod, ...],
    warning_events: tuple[Event, ...] | Unavailable,
    provisioning: Provisioning | Unavailable,
    cluster_identity: ClusterIdentity,
    instances: Table[Instance] | Unavailable,
    route_tables: tuple[RouteTable, ...] | Unavailable,
    refused_roles: Table[Role] | Unavailable,
    nat_gateways: tuple[NatGateway, ...] | Unavailable,
) -> Iterator[Draft]:
    """Every image of the driver can be pulled in the cluster's region.

    A mount needs the node plugin on its node, side-cars included; without an image the plugin never registers and
    the pod waits with "driver name fsx.csi.aws.com not found in the list of registered CSI drivers". The controller
    makes and resizes file systems only. A registry of your own is never blamed for its name.

    pass: every reference is well formed, its registry serves the region, and no pod waits for an image
    warn: its registry belongs to another Region, which nodes reach over the internet alone; or only the controller
        lacks one, unasked
    fail: a reference that no runtime accepts, a registry of another partition, or of another Region while the nodes
        have no way out, or a failed pull
    unknown: the DaemonSets or pods could not be listed
    skip: there is no such half of the driver
    source: EKS User Guide, add-on image registries (2024-12-18); distribution/reference grammar; kubelet image reasons
    """
    events = value_or(warning_events, ())
    asked = value_or(provisioning, Provisioning()).pending
    roles = value_or(refused_roles, Table())
    has_way_out = not subnets_without_way_out(
        value_or(instances, Table()), value_or(route_tables, ()), value_or(nat_gateways, ())
    )
    for half, workload in (("node plugin", node_plugin), ("controller", controller)):
        if isinstance(workload, Unavailable):
            yield missing_component(half, workload)
            continue
        mounts = half == "node plugin"
        judged = judge_images(workload, driver_pods, events, cluster_identity.region, has_way_out=has_way_out)
        for found in judged:
            fix = found.fix or _let_it_be_pulled(found, roles, cluster_identity)
            yield _draft(workload, found, fix, mounts, asked)
        if not judged:
            images = sorted({c.image for c in workload.spec.template.spec.containers})
            where = cluster_identity.region or "their registries"
            message = f"the images of the {half} fit {where}, no pod waits for one"
            yield ok(workload, message, *images, rules_out=CAUSES if mounts else ())


def _draft(
    workload: Workload, found: Judgement, fix: Fix | None, mounts: bool, asked: tuple[PersistentVolumeClaim, ...]
) -> Draft:
    message = f"image {found.image!r} of {workload.subject} ({found.container}): {found.why}"
    if not found.certain or not (mounts or asked):
        return warn(workload, message, *found.evidence, cause=found.cause, fix=fix)
    nodes = [Subject(Kind.NODE, pod.spec.node_name) for pod in found.pods if pod.spec.node_name]
    return fail(workload, message, *found.evidence, cause=found.cause, fix=fix, concerns=nodes if mounts else asked)


def _let_it_be_pulled(found: Judgement, roles: Table[Role], identity: ClusterIdentity) -> Fix | None:
    """What opens the way of an image that is named rightly; None where the runbook's words are as good."""
    image = parse_image(found.image)
    if isinstance(image, BadImage):
        return None
    if found.cause == NO_EGRESS and any("x509: " in text for text in (found.why, *found.evidence)):
        request = "let the nodes trust the authority of the certificate that the registry, or a proxy before it, shows"
        return advise(request, by="whoever runs the nodes")
    if found.cause == NO_EGRESS and image.ecr is None:
        request = (
            "Give the nodes a way to the registry of the image (a NAT gateway, a proxy), or copy the image to a private"
            " registry that they reach and name it in the values of the chart: a public registry has no VPC endpoint."
        )
        return advise(request, by="whoever runs the network, or the registry of this account")
    lets_us_in = image.ecr is not None and (image.ecr.account == identity.account or regions_of(image.ecr.account))
    refused = (roles.values.get(pod.spec.node_name) for pod in found.pods)
    names = dict.fromkeys(role.role_name for role in refused if role)
    partition = partition_of(identity.region)
    if found.cause == PULL_DENIED and lets_us_in and names and partition:
        return let_pull(names, partition.id)
    return None
