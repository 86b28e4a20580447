"""file-system-exists, -type, -state, -owner, maintenance, data-repository, efa-traffic, subnet-addresses, ip-family."""

from __future__ import annotations

from typing import Any

from diag.model.finding import Finding
from diag.registry import Check
from diag.resources.fsx import (
    FileSystem,
)
from tests.checks import given, given_network

OTHER = "fs-0b7e1c2d3f4a5b6c7"
DENIED = given.denied("fsx:DescribeFileSystems")


def judge(check: Check, system: FileSystem | None = None, **facts: Any) -> Finding:
    systems = {} if system is None else {"file_systems": given.table(system)}
    (finding,) = given.findings(check, **(given_network.network() | systems | facts))
    return finding


def lustre(**fields: Any) -> FileSystem:
    made = given.file_system()
    return given.replace(made, lustre_configuration=given.replace(made.lustre, **fields))
