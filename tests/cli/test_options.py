"""A command offers only what it does."""

from __future__ import annotations

import inspect
import re
import socket

import click
import pytest

from diag.cli import COMMANDS, cli
from diag.cli._output import FORMATS
from diag.resources.target import Settings, Target
from diag.run import request
from diag.sources.nodes.reader import NodeOptions
from diag.sources.world import Options as Reach

MAKES_A_REPORT = {"run", "explain"}


def command_of(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_command_offers_only_formats_that_it_prints(name: str) -> None:
    offered = [param.type.choices for param in command_of(name).params if param.name == "form"]  # type: ignore[attr-defined]
    wanted = FORMATS if name in MAKES_A_REPORT else ("text", "json")
    assert [tuple(choices) for choices in offered] in ([], [wanted])


@pytest.mark.parametrize("form", ["text", "json"])
def test_probe_prints_something_in_each_format_that_it_offers(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        code = command_of("probe").main(["127.0.0.1:" + str(port), "--format", form], standalone_mode=False)
    assert (code, capsys.readouterr().out.strip() != "") == (3, True)


def test_probe_does_not_offer_a_format_of_reports() -> None:
    with pytest.raises(click.BadParameter, match=r"'junit' is not one of 'text', 'json'"):
        command_of("probe").main(["127.0.0.1", "--format", "junit"], standalone_mode=False)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_option_of_a_command_is_used_by_it(name: str) -> None:
    command = command_of(name)
    assert command.callback is not None
    body = inspect.getsource(inspect.getmodule(command.callback)).partition("def command(")[2].partition("->")[2]  # type: ignore[arg-type]
    body += inspect.getsource(request) if "build_request" in body else ""
    by_name = {field for struct in (Target, Settings, Reach, NodeOptions) for field in struct.__struct_fields__}
    names = {str(param.name) for param in command.params if param.expose_value}
    passed_on = names if name == "probe" else by_name if "build_request" in body else set()
    assert {n for n in names - passed_on if not re.search(rf"\b{n}\b", body)} == set()
