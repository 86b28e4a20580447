"""Tables of the documentation that repeat what the program knows."""

from __future__ import annotations

import ast
import re

import diag
from diag import api
from diag.cli import cli
from diag.model.exit_code import ExitCode
from tests.docs.commands import ROOT

VARIABLE = re.compile(r"_?[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+|TERM|COLUMNS|KUBECONFIG|CLICOLOR")
GIVEN_TO_CHILDREN = {"KUBERNETES_EXEC_INFO", "LC_ALL"}
"""What is set for programs that lustre-doctor starts, and not read."""
OF_BOTO3 = {"AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"}
"""What boto3 reads by itself: its own documentation lists the rest."""


def read_by_the_program() -> set[str]:
    """Every name of a variable in a module that reads the environment."""
    found: set[str] = set()
    for path in (*(ROOT / "diag").rglob("*.py"), *(ROOT / "checks").rglob("*.py")):
        text = path.read_text("utf-8")
        if "os.environ" in text or "envvar=" in text or "_COMPLETE" in text:
            nodes = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
            found |= {value for value in nodes if isinstance(value, str) and VARIABLE.fullmatch(value)}
    return found - GIVEN_TO_CHILDREN


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def test_the_environment_variables_are_those_that_are_read() -> None:
    listed = set(re.findall(r"`([^`]+)`", "".join(re.findall(r"^\| (`[^|]*) \|", page("environment.md"), re.M))))
    assert listed - OF_BOTO3 == read_by_the_program() - OF_BOTO3
    assert listed >= OF_BOTO3


def test_the_exit_codes_are_those_of_the_program() -> None:
    rows = re.findall(r"^\| (\d) \| `(\w+)` \|", page("exit-codes.md"), re.M)
    assert {name: int(code) for code, name in rows} == ExitCode.__members__
    assert set(re.findall(r"\b\d\b", str(cli.epilog))) == {code for code, _ in rows}


def test_the_names_for_programs_are_those_of_the_package() -> None:
    [listed] = re.findall(
        r"these names of it are an\s+interface: ([^.]*), and what", " ".join(page("python.md").split())
    )
    assert set(re.findall(r"`(\w+)`", listed)) == diag._FOR_PROGRAMS.keys()
    assert all(callable(getattr(diag, name)) for name in diag._FOR_PROGRAMS)
    assert set(api.__all__) <= set(dir(api)) and "<!-- generated: plugin-names -->" in page("plugins.md")


def test_the_comparison_is_dated() -> None:
    assert re.search(r"on 20\d\d-\d\d-\d\d;", page("comparison.md"))
