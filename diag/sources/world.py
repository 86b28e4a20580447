"""The whole of what a run can touch: the sources, and the facts that are read through them."""

from __future__ import annotations

import importlib
from typing import Any

import msgspec

from diag.registry import Fact, Registry, load, members_of
from diag.resources.manifests import ManifestSet
from diag.sources.nodes.reader import NodeOptions

SOURCES = ("aws", "kube", "resolver", "dialer", "prober", "node_reader", "manifests")
"""Names under which facts ask for the sources."""

FACT_MODULES = (
    "diag.analysis.claims",
    "diag.analysis.driver.node_plugin",
    "diag.analysis.driver.workloads",
    "diag.analysis.identity.controller",
    "diag.analysis.network.names",
    "diag.analysis.network.paths",
    "diag.analysis.nodes.differential",
    "diag.analysis.nodes.lustre_client",
    "diag.analysis.nodes.placement",
    "diag.analysis.planned",
    "diag.analysis.storage_classes",
    "diag.analysis.volume_usage",
    "diag.analysis.volumes",
    "diag.sources.discovery",
    "diag.sources.kubernetes.facts",
    "diag.sources.aws.fsx",
    "diag.sources.aws.addons",
    "diag.sources.aws.class_network",
    "diag.sources.aws.ec2",
    "diag.sources.aws.vpc",
    "diag.sources.aws.identity",
    "diag.sources.aws.leftovers",
    "diag.sources.aws.rights",
    "diag.sources.aws.controller_host",
    "diag.sources.dns",
    "diag.sources.tcp",
    "diag.sources.lnet_facts",
    "diag.sources.nodes.facts",
    "diag.sources.manifests.facts",
)
"""Modules that declare facts, those of others included."""

NO_MANIFESTS = ManifestSet()


class Options(msgspec.Struct, frozen=True):
    """How to reach the world; empty values take the usual defaults."""

    profile: str = ""
    region: str = ""
    kubeconfig: str = ""
    context: str = ""
    in_cluster: bool = False
    probe_lnet: bool = False
    nodes: NodeOptions = NodeOptions()


def facts() -> tuple[Fact, ...]:
    """Every built-in fact. Importing them loads neither boto3 nor the Kubernetes client."""
    found: dict[str, Fact] = {}
    for name in FACT_MODULES:
        for item in members_of(importlib.import_module(name)):
            if isinstance(item, Fact):
                found[item.name] = item
    return tuple(found.values())


def load_registry() -> Registry:
    """Every check and fact that is installed, plugins' included."""
    return load(facts(), SOURCES)


def open_world(options: Options, manifests: ManifestSet = NO_MANIFESTS) -> dict[str, Any]:
    """The live sources by name. Nothing is connected yet; manifests were read before, since a bad path ends the run."""
    from diag.sources.aws.session import Aws
    from diag.sources.dns import Resolver
    from diag.sources.kubernetes.client import Kube
    from diag.sources.lnet_facts import Prober
    from diag.sources.nodes.reader import NodeReader
    from diag.sources.tcp import Dialer

    aws = Aws(profile=options.profile, region=options.region)
    kube = Kube(kubeconfig=options.kubeconfig, context=options.context, in_cluster=options.in_cluster)
    return {
        "aws": aws,
        "kube": kube,
        "resolver": Resolver(),
        "dialer": Dialer(),
        "prober": Prober(wanted=options.probe_lnet),
        "node_reader": NodeReader(kube, aws, options.nodes),
        "manifests": manifests,
    }
