"""No value that strangers wrote makes a command start anything but the program that it names, nor become an option.

Every command of every runbook, filled, and every function that builds a fix, with every text of its arguments hostile.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import checks
import diag.advice
import diag.analysis
from diag.advice.runbook import fix_of, look_at
from diag.advice.verify import seen_after
from diag.grammar.command import fill_text
from diag.grammar.placeholders import PLACEHOLDERS
from diag.knowledge.front_matter import split
from diag.knowledge.runbooks import load_knowledge
from diag.model.fix import Fix, Step
from tests.advice.hostile import SHAPES, VALUES, Shell, hostile_of, lines_of

KNOWLEDGE = load_knowledge()
PLATFORM_NAMES = ("Helm", "EKS add-on", "manifests")
FENCE = re.compile(r"^ *```sh\n(.*?)^ *```", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("shell"))


def values(text: str, installer: str = "") -> dict[str, str]:
    return {**dict.fromkeys(PLACEHOLDERS, text), "installer": installer}


def check(shell: Shell, line: str, steps: tuple[Step, ...]) -> None:
    started = shell.run(line)
    named = {step.argv[0] for step in steps if step.argv}
    if not named:
        # A sentence is not run; if somebody does, it may begin like a command of ours and start no stranger.
        assert "pwned" not in started.programs, line
        return
    assert set(started.programs) <= named, line
    assert set(started.files) <= {step.output for step in steps if step.output}, line


def test_the_shell_sees_what_is_injected(shell: Shell) -> None:
    assert shell.run("kubectl get pv x;pwned;#").programs == ("kubectl", "pwned")
    assert shell.run("kubectl get pv x > pwned").files == ("pwned",)
    assert shell.run("test -s x && kubectl get pv 'x;pwned'").programs == ("test", "kubectl")


@pytest.mark.parametrize("id", sorted(KNOWLEDGE.causes))
def test_no_fix_and_no_look_of_a_runbook_starts_a_stranger(id: str, shell: Shell) -> None:
    cause, lines = KNOWLEDGE.causes[id], dict[str, tuple[Step, ...]]()
    for text in VALUES:
        for installer in PLATFORM_NAMES:
            lines.update(lines_of(fix_of(cause, values(text, installer))))
        lines.update(lines_of(Fix(seen_after(cause, values(text)))))
    for line, steps in lines.items():
        check(shell, line, steps)
        assert not any(word in VALUES for step in steps for word in step.argv), line
    looks = {look for o in cause.confirm for text in VALUES for look in look_at(o, values(text)).splitlines()[1:]}
    for look in looks:
        assert set(shell.run(look).programs) <= {look.split()[0]}, look


@pytest.mark.parametrize("id", sorted(KNOWLEDGE.causes))
def test_no_script_of_a_runbooks_body_starts_a_stranger(id: str, shell: Shell) -> None:
    parts = split(Path(KNOWLEDGE.files[id]).read_text())
    assert parts is not None
    scripts = {fill_text(script, values(text)) for text in VALUES for script in FENCE.findall(parts[1])}
    for script in scripts:
        # Restricted: a runbook's own redirections and paths are not what is tried here.
        assert "pwned" not in shell.run(script, "--restricted").programs, script


def builders() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every function of ours that returns fixes or steps."""
    for package in (diag.advice, diag.analysis, checks):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for name, function in vars(module).items():
                if inspect.isfunction(function) and function.__module__ == found.name and _builds(function):
                    yield f"{found.name}.{name}", function


def _builds(function: Callable[..., Any]) -> bool:
    returned = str(inspect.signature(function).return_annotation)
    return re.fullmatch(r"(Fix|Step|Pause|tuple\[Step, \.\.\.\])( \| None)?", returned) is not None


BUILDERS = dict(builders())
OF_TEMPLATES = {
    f"diag.advice.{name}"
    for name in (
        "steps.caution", "steps.note", "steps.save", "steps.save_once", "steps.guard", "steps.change", "steps.wait",
        "steps.undo", "steps.person", "steps.put_back", "steps.advise", "steps._command",
        "driver.setting", "driver._lasting",
        "runbook.fix_of", "runbook._steps", "runbook._either", "procedures._volume", "runbook._saved",
        "workloads._stops", "replace_class._withdraw", "procedures._add_mount_option",
        "verify.with_verify", "verify.seen_after", "driver.annotate_pods", "lnet_options.change_options",
        "lnet_options._on_host",
    )
} | {"checks.leftovers._teardown.delete"}  # fmt: skip
"""What takes a template that we write, or the steps that another one made."""


@pytest.mark.parametrize("name", sorted(BUILDERS.keys() - OF_TEMPLATES))
def test_no_builder_of_a_fix_starts_a_stranger(name: str, shell: Shell) -> None:
    lines = dict[str, tuple[Step, ...]]()
    for text in VALUES:
        for variant in range(4):
            lines.update(lines_of(_call(BUILDERS[name], text, variant)))
    for line, steps in lines.items():
        check(shell, line, steps)
        for step in steps:
            assert not any(word in VALUES and word.startswith("-") for word in step.argv), line


def _call(function: Callable[..., Any], text: str, variant: int) -> Any:
    hints = typing.get_type_hints(function, localns={**SHAPES, **function.__globals__})
    arguments, named = [], {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            continue
        value = _argument(parameter.name, hints[parameter.name], text, variant)
        if parameter.kind is parameter.KEYWORD_ONLY:
            named[parameter.name] = value
        elif parameter.kind is not parameter.VAR_KEYWORD:
            arguments.append(value)
    return function(*arguments, **named)


def _argument(name: str, hint: Any, text: str, variant: int) -> Any:
    if name in ("values", "names"):
        return values(text, PLATFORM_NAMES[variant % 3])
    if name in ("patch", "spec", "claim_spec", "given", "parameters", "changes"):
        return {"volume": {"csi": {"volumeHandle": "{right_handle}"}}}
    if name in ("get", "file"):
        return "kubectl get pv {volume}" if name == "get" else "pv-{volume}"
    return hostile_of(hint, text, variant, name)
