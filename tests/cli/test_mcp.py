"""The tools of an assistant, called by the SDK's own client: they read, redact, and refuse with a reason."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.command import Doctor
from tests.lab.lab import Lab

mcp = pytest.importorskip("mcp")

from diag.cli.mcp import make_server  # noqa: E402 - it needs the extra

EVENT = (
    'MountVolume.SetUp failed for volume "fsx-pv" : rpc error: code = Internal desc = Could not mount '
    '"fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com@tcp:/abcdebev" at "/x": mount failed: exit status 19\n'
    "Are the lustre modules loaded?"
)


def call(tool: str, redact: str = "shareable", **arguments: Any) -> tuple[bool, str]:
    """Whether the tool refused, and its text."""

    async def ask() -> tuple[bool, str]:
        async with mcp.Client(make_server(redact)) as client:
            answer = await client.call_tool(tool, arguments)
            return bool(answer.is_error), answer.content[0].text

    return asyncio.run(ask())


def test_every_tool_says_that_it_only_reads() -> None:
    async def tools() -> list[Any]:
        async with mcp.Client(make_server("shareable")) as client:
            return list((await client.list_tools()).tools)

    found = asyncio.run(tools())
    assert [tool.name for tool in found] == ["run", "explain", "probe", "runbook", "checks"]
    assert all(tool.annotations.read_only_hint and not tool.annotations.destructive_hint for tool in found)
    assert all(len(tool.description) > 80 for tool in found)


def test_explain_names_a_cause_in_the_json_of_every_report() -> None:
    failed, text = call("explain", text=EVENT)
    document = json.loads(text)
    assert not failed and document["schema"] == "lustre-doctor/v1"
    assert document["diagnoses"][0]["causes"][0]["id"] == "lustre-module-missing"


def test_a_runbook_and_a_check_in_full_and_in_lists() -> None:
    assert "lustre-module-missing: " in call("runbook", search="modinfo")[1]
    assert "id: lustre-module-missing" in call("runbook", id="lustre-module-missing")[1]
    assert call("checks", id="client-version")[1].startswith("client-version (layer client)\n")
    assert "tcp-988 (network): " in call("checks")[1]


@pytest.mark.parametrize(
    ("tool", "arguments", "why"),
    [
        ("runbook", {"id": "lustre-modul-missing"}, "did you mean lustre-module-missing"),
        ("run", {"namespace": "no/such"}, "is not"),
        ("run", {"only": "no-such-check"}, "no-such-check"),
        ("run", {"claim": "x --profile=y"}, "is not"),
        ("probe", {"target": "10.0.0.1", "client_version": "new"}, "is not"),
        ("explain", {"text": "x" * (4 * 1024 * 1024 + 1)}, "more than"),
    ],
)
def test_what_it_cannot_do_is_refused_with_the_reason(tool: str, arguments: dict[str, Any], why: str) -> None:
    failed, text = call(tool, **arguments)
    assert failed and why in text


def test_the_command_speaks_over_standard_input_and_ends_with_it() -> None:
    async def ask() -> str:
        program = str(Path(sys.executable).with_name("lustre-doctor"))
        parameters = mcp.StdioServerParameters(command=program, args=["mcp"])
        async with mcp.stdio_client(parameters) as streams, mcp.ClientSession(*streams) as session:
            await session.initialize()
            answer = await session.call_tool("checks", {"id": "tcp-988"})
            return str(answer.content[0].text)

    assert asyncio.run(ask()).startswith("tcp-988 (layer network)")


@pytest.mark.lab
def test_a_run_is_redacted_and_names_the_cause(doctor: Doctor, lab: Lab, tmp_path: Path) -> None:
    saved = tmp_path / "case.json"
    plain = doctor("run", "--format", "json", "--save", str(saved)).document
    shared = json.loads(call("run", snapshot=str(saved))[1])
    causes = [document["diagnoses"][0]["causes"][0]["id"] for document in (plain, shared)]
    assert causes == ["client-server-version-mismatch"] * 2
    assert "fs-04cb64a224a31f75d" in json.dumps(plain) and "fs-04cb64a224a31f75d" not in json.dumps(shared)
    assert "fs-04cb64a224a31f75d" in call("run", redact="none", snapshot=str(saved))[1]
