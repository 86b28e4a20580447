"""The whole of what a run can touch: the sources, and the facts that are read through them."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Iterator
from typing import Any

import msgspec

from diag.registry import Fact, Registry, load, members_of
from diag.resources.manifests import ManifestSet
from diag.sources.nodes.reader import NodeOptions

SOURCES = ("aws", "kube", "resolver", "dialer", "prober", "node_reader", "manifests")
"""Names under which facts ask for the sources."""

FACT_PACKAGES = ("diag.analysis", "diag.sources")
"""Where the built-in facts are declared."""

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
    modules = (importlib.import_module(name) for package in FACT_PACKAGES for name in _fact_modules(package))
    found = {item.name: item for module in modules for item in members_of(module) if isinstance(item, Fact)}
    return tuple(found.values())


def _fact_modules(package: str) -> Iterator[str]:
    """The modules of a package whose text declares a fact. Reading all takes 2 ms, importing all of them 150."""
    for root in importlib.import_module(package).__path__:
        for folder, folders, files in os.walk(root):
            folders.sort()
            for file in sorted(name for name in files if name.endswith(".py")):
                with open(os.path.join(folder, file), "rb") as text:  # noqa: PTH118, PTH123 - not worth pathlib's import
                    if b"\n@fact(" in text.read():
                        path = os.path.relpath(os.path.join(folder, file[:-3]), root)  # noqa: PTH118
                        yield f"{package}.{path.replace(os.sep, '.')}"


@functools.cache
def load_registry() -> Registry:
    """Every check and fact that is installed, plugins' included. Looked for once: it takes 15 ms."""
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
