"""What a kubeconfig tells of its cluster without a call: EKS writes name, region and account into it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from diag.model.unavailable import Reason, Unavailable
from diag.resources.target import KubeContext
from diag.sanitize import one_line

CLUSTER_ARN = re.compile(r"^arn:[\w-]+:eks:(?P<region>[\w-]+):(?P<account>\d{12}):cluster/(?P<name>.+)$")
"""Cluster and context name that `aws eks update-kubeconfig` writes."""

EKSCTL_NAME = re.compile(r"^(?:.+@)?(?P<name>[\w-]+)\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.eksctl\.io$")
"""Context name that eksctl writes."""

ENDPOINT = re.compile(r"^https://[0-9A-F]+\.[\w-]+\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.eks\.", re.IGNORECASE)
"""EKS API server endpoint."""


REMEDY = "give --kubeconfig and --context, or run `aws eks update-kubeconfig --name <cluster>`"


def kubeconfig_paths(given: str | None) -> str:
    """The kubeconfig path list as kubectl takes it, read now: the official client remembers the one of its import."""
    return given or os.environ.get("KUBECONFIG") or "~/.kube/config"


def describe_context(kubeconfig: str | None, context: str | None) -> KubeContext | Unavailable:
    """The context with the cluster name, region and account that its names, endpoint and exec arguments carry."""
    import yaml

    paths = kubeconfig_paths(kubeconfig)
    try:
        config = _merged(paths)
        name = context or str(config.get("current-context") or "")
        entry = _named(config, "contexts", name).get("context") or {}
        cluster_entry = _named(config, "clusters", str(entry.get("cluster", ""))).get("cluster") or {}
        user = _named(config, "users", str(entry.get("user", ""))).get("user") or {}
        plugin = user.get("exec") or {}
    except (OSError, yaml.YAMLError, AttributeError, TypeError, UnicodeDecodeError) as error:
        return Unavailable("kubeconfig", Reason.GARBLED, f"{paths}: {one_line(error)}", remedy=REMEDY)
    if not entry:
        told = f"has no context {name!r}" if name else "names no context"
        return Unavailable("kubeconfig", Reason.ABSENT, f"{paths} {told}", remedy=REMEDY)
    server = str(cluster_entry.get("server", ""))
    arguments = [str(argument) for argument in plugin.get("args") or ()]
    environment = {str(var.get("name")): str(var.get("value")) for var in plugin.get("env") or ()}
    cluster, region, account = "", "", ""
    for text in (str(entry.get("cluster", "")), name):
        if match := CLUSTER_ARN.match(text) or EKSCTL_NAME.match(text):
            cluster, region = cluster or match["name"], region or match["region"]
            account = account or match.groupdict().get("account", "")
    cluster = _option(arguments, "--cluster-name", "-i", "--cluster-id") or cluster
    region = _option(arguments, "--region") or region or environment.get("AWS_REGION", "")
    if not region and (match := ENDPOINT.match(server)):
        region = match["region"]
    return KubeContext(name, server, cluster, region, account, environment.get("AWS_PROFILE", ""))


def _merged(paths: str) -> dict[str, Any]:
    """The files of a KUBECONFIG path list as one: the first entry of a name wins, as in the official client."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    merged: dict[str, Any] = {}
    for path in paths.split(os.pathsep):
        file = Path(path).expanduser()
        if not path or not file.is_file():
            continue
        config = yaml.load(file.read_text(), Loader=loader) or {}  # noqa: S506 - a safe loader
        for section in ("clusters", "contexts", "users"):
            merged.setdefault(section, []).extend(config.get(section) or ())
        merged["current-context"] = config.get("current-context") or merged.get("current-context", "")
    return merged


def _named(config: dict[str, Any], section: str, name: str) -> dict[str, Any]:
    return next((item for item in config.get(section) or () if item.get("name") == name), {})


def _option(arguments: list[str], *names: str) -> str:
    for position, argument in enumerate(arguments):
        if argument in names and position + 1 < len(arguments):
            return arguments[position + 1]
        if (parts := argument.partition("="))[1] and parts[0] in names:
            return parts[2]
    return ""
