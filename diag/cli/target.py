"""The target options as a typed target, refused when they cannot mean anything."""

from __future__ import annotations

import re
from typing import Any

import click

from diag.resources.target import Target

OBJECT_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?/)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
"""`name` or `namespace/name`. Source: Kubernetes documentation, object names and ids (RFC 1123)."""

FILE_SYSTEM_ID = re.compile(r"fs-[0-9a-f]{8,17}")
"""Source: fsx 2018-03-01, FileSystemId."""


def target_of(options: dict[str, Any]) -> Target:
    """The target. Raises click.UsageError for a name that no object can have."""
    for option, key in (("--namespace", "namespaces"), ("--pvc", "claims"), ("--pv", "volumes"), ("--pod", "pods")):
        for name in options[key]:
            if not OBJECT_NAME.fullmatch(name):
                raise click.UsageError(f"{option}: {name!r} is no name that a Kubernetes object can have")
    for id in options["file_systems"]:
        if not FILE_SYSTEM_ID.fullmatch(id):
            raise click.UsageError(f"--file-system: {id!r} is no file-system id (fs- and 8 to 17 hex digits)")
    namespaces = set(options["namespaces"])
    for name in (*options["claims"], *options["pods"]):
        if "/" in name:
            namespaces.add(name.partition("/")[0])
    whole = (
        options["volumes"]
        or options["file_systems"]
        or any("/" not in n for n in (*options["claims"], *options["pods"]))
    )
    return Target(
        namespaces=tuple(options["namespaces"]) if whole else tuple(sorted(namespaces)),
        claims=options["claims"],
        volumes=options["volumes"],
        pods=options["pods"],
        file_systems=options["file_systems"],
    )
