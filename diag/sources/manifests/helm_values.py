"""Helm values of the driver's chart: its images and its service accounts, as the chart would render them.

Source: aws-fsx-csi-driver chart 1.17.0, values.yaml and templates (controller-deployment, node-daemonset,
controller-serviceaccount, node-serviceaccount).
"""

from __future__ import annotations

from collections.abc import Iterator

from diag.grammar.yaml_tree import BadYaml, Value, documents
from diag.model.finding import Location
from diag.resources.kubernetes import Container, Metadata, PodSpec, PodTemplate, ServiceAccount, Workload, WorkloadSpec
from diag.resources.manifests import PlannedAccount, Problem
from diag.sources.manifests.inventory import Inventory, merge, place

REPOSITORY = "aws-fsx-csi-driver"
NAMESPACE = "kube-system"
ROLE_KEY = "eks.amazonaws.com/role-arn"

HALVES = {"controller": ("Deployment", "fsx-csi-controller"), "node": ("DaemonSet", "fsx-csi-node")}
"""The two halves of the values, and what the chart makes of each."""


DEEPEST = 3
"""How deep the driver's values may lie in those of charts around it."""


def is_driver_values(root: Value) -> bool:
    """Whether a document is values for the driver's chart, by itself or as a dependency of others."""
    return not root.at("apiVersion") and any(True for _ in _driver_values(root))


def values_in(root: Value, file: str) -> Inventory:
    """The workloads and accounts that the values make, as far as the values themselves say."""
    found = merge(_half(values, file, half) for values in _driver_values(root) for half in HALVES)
    return Inventory(seen=("values of the driver's chart without an image or a role",)) if found.is_empty else found


def is_release(root: Value) -> bool:
    """Whether a document has Argo CD or Flux install a chart with values of its own.

    Source: Argo CD Application and ApplicationSet, source.helm; Flux HelmRelease, spec.values.
    """
    group = root.text("apiVersion").partition("/")[0]
    return (group, root.text("kind")) in {
        ("argoproj.io", "Application"), ("argoproj.io", "ApplicationSet"), ("helm.toolkit.fluxcd.io", "HelmRelease"),
    }  # fmt: skip


def release_in(root: Value, file: str) -> Inventory:
    """What the driver's chart makes of the values in a release of it, or of a chart around it."""
    return merge(_release(chart, values, file) for chart, values in _releases(root) if values is not None)


def _releases(root: Value) -> Iterator[tuple[str, Value | None]]:
    """Each chart that the document installs, with the values that it gives."""
    if root.text("kind") == "HelmRelease":
        chart = root.text("spec", "chart", "spec", "chart") or root.text("spec", "chartRef", "name")
        yield chart, root.at("spec", "values")
        return
    spec = root.at("spec", "template", "spec") if root.text("kind") == "ApplicationSet" else root.at("spec")
    several = spec.at("sources") if spec else None
    one = spec.at("source") if spec else None
    sources = several.content if several and isinstance(several.content, list) else [one] if one else []
    for source in sources:
        chart = source.text("chart") or source.text("path")
        yield chart, source.at("helm", "values")
        yield chart, source.at("helm", "valuesObject")


def _release(chart: str, values: Value, file: str) -> Inventory:
    if isinstance(values.content, str):
        try:
            values = next(documents(values.content, values.line + 1), Value({}, values.line, values.column))
        except BadYaml as bad:
            why = f"the values of {chart or 'the chart'} are not YAML: {bad.message}"
            return Inventory(problems=(Problem(Location(file, bad.line, bad.column), why),))
    if chart.rstrip("/").rpartition("/")[2] == REPOSITORY:
        return merge(_half(values, file, half) for half in HALVES)
    ours = values.at(REPOSITORY) if chart else values  # a chart around the driver's, or one that is not named
    return values_in(ours, file) if ours and is_driver_values(ours) else Inventory()


def _driver_values(root: Value, depth: int = 0) -> Iterator[Value]:
    """The values of each copy of the driver's chart: at the root, or under its name or alias in an umbrella chart."""
    if not isinstance(root.content, dict):
        return
    if _are_the_drivers(root):
        yield root
    elif depth < DEEPEST:
        for item in root.content.values():
            yield from _driver_values(item, depth + 1)


def _are_the_drivers(root: Value) -> bool:
    """The driver's image, or a service account of one of its halves."""
    return REPOSITORY in root.text("image", "repository") or any(
        root.at(half, "serviceAccount") is not None for half in HALVES
    )


def _half(root: Value, file: str, half: str) -> Inventory:
    kind, name = HALVES[half]
    found: list[Inventory] = []
    image = root.at("image")
    if image is not None and root.text("image", "repository"):
        tag = image.at("tag")
        reference = root.text("image", "repository") + (f":{tag.content}" if tag and tag.content is not None else "")
        spec = WorkloadSpec(template=PodTemplate(spec=PodSpec(containers=(Container("fsx-plugin", reference),))))
        workload = Workload(Metadata(name, NAMESPACE), kind, spec)
        found.append(Inventory(drivers=(workload,), places=(place(workload.subject, file, image),)))
    given = root.at(half, "serviceAccount")
    arn = root.at(half, "serviceAccount", "annotations", ROLE_KEY)
    if given is not None and arn is not None:
        create = given.at("create")
        account_name = root.text(half, "serviceAccount", "name") or f"fsx-csi-{half}-sa"
        text = "" if arn.content is None else str(arn.content)
        account = ServiceAccount(Metadata(account_name, NAMESPACE, annotations={ROLE_KEY: text}))
        ignored = create is not None and create.content is False
        found.append(
            Inventory(accounts=(PlannedAccount(account, ignored),), places=(place(account.subject, file, given),))
        )
    return merge(found)
