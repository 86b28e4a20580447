"""`checks` and `facts` list what is installed, and explain one of them."""

from __future__ import annotations

import click
import pytest

from diag.cli import cli
from diag.sources.world import load_registry

REGISTRY = load_registry()


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(list(arguments), standalone_mode=False) == 0
    return capsys.readouterr().out


def test_every_fact_is_one_line_with_its_layer_and_permissions(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "facts").splitlines()
    assert len(lines) == len(REGISTRY.facts) + 2
    [line] = [line for line in lines if line.split()[1:2] == ["file_systems"]]
    assert line.startswith("file-system") and line.endswith("fsx:DescribeFileSystems")


def test_every_check_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "checks").splitlines()
    assert [line.split()[1] for line in lines[2:]] == [check.id for check in REGISTRY.checks]


def test_one_fact_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "facts", "vpcs")
    assert text.startswith("vpcs (layer dns)\nThe VPCs in which names are asked, with their two DNS attributes.\n")
    assert "worked out from: described_vpcs, dns_support, dns_hostnames\n" in text
    assert "vpc-dns" in text.partition("used by: ")[2]


def test_one_that_is_read_and_always_needed(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "facts", "cluster_identity")
    assert "read from: settings, kube_context, kube, aws\n" in text
    assert "optional permissions: list nodes\n" in text
    assert "always read: the report needs it\n" in text


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["facts", "file_systms"], "no fact is called 'file_systms'; did you mean file_systems"),
        (["facts", "zzz"], "no fact is called 'zzz'; `lustre-doctor facts` lists them"),
        (["checks", "tcp-989"], "no check is called 'tcp-989'; did you mean tcp-988"),
    ],
)
def test_a_name_that_nothing_has(arguments: list[str], hint: str) -> None:
    with pytest.raises(click.UsageError) as raised:
        cli.main(arguments, standalone_mode=False)
    assert raised.value.message.startswith(hint)


@pytest.mark.parametrize(("option", "value"), [("--option", "2"), ("--with", "run.json")])
def test_what_is_asked_of_one_runbook_needs_its_id(option: str, value: str) -> None:
    with pytest.raises(click.UsageError, match=f"{option} needs the id of a runbook"):
        cli.main(["runbook", option, value], standalone_mode=False)
