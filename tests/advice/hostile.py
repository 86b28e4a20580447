"""Values that want to be more than names, and a shell in which nothing but stubs of the named programs can start."""

from __future__ import annotations

import datetime
import subprocess
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from diag.advice.driver import CHART, HELM_RELEASE, MANAGED_BY
from diag.grammar.command import Verbatim
from diag.model.fix import Fix, Step
from diag.resources import eks, kubernetes
from diag.resources.kubernetes import Metadata
from diag.resources.table import Table

SHAPES = {**vars(kubernetes), **vars(eks)}
"""What builders of fixes take, which they import for their types alone."""

VALUES = (
    "x;pwned;#", "$(pwned)", "`pwned`", "x' ; pwned ; '", 'x" ; pwned ; "', "x\npwned\n", "x|pwned", "x&&pwned",
    "x&pwned&", "<(pwned)", ">pwned", "--all=true", "-o=jsonpath={.data}", "a b", "../../pwned", "~root", "x\\", "*",
    "'\"'`pwned`'\"'", "{volume}", "${IFS}pwned", "file://pwned",
)  # fmt: skip
"""What strangers may write into manifests, attributes, labels, logs and events."""

PROGRAMS = (
    "kubectl", "aws", "helm", "eksctl", "gcloud", "lustre-doctor", "test", "grep", "jq", "sh", "sudo", "umount",
    "mount", "mkdir", "systemctl", "tunefs.lustre", "lctl", "apt-get", "pwned", "reboot", "x", "file",
)  # fmt: skip


class Started(typing.NamedTuple):
    """What a shell did with a script."""

    programs: tuple[str, ...]
    files: tuple[str, ...]


class Shell:
    """Runs lines in bash with stubs alone on its PATH; each stub notes that it was started and succeeds."""

    def __init__(self, folder: Path) -> None:
        self._stubs, self._log = folder / "stubs", folder / "log"
        self._work = folder / "work"
        self._stubs.mkdir()
        self._work.mkdir()
        for name in PROGRAMS:
            stub = self._stubs / name
            stub.write_text(f"#!/bin/sh\necho {name} >> '{self._log}'\n")
            stub.chmod(0o755)
        # A script that waits in a loop has been tried when it begins to wait.
        (self._stubs / "sleep").write_text("#!/bin/sh\nkill -9 $PPID\n")
        (self._stubs / "sleep").chmod(0o755)

    def run(self, script: str, *options: str) -> Started:
        """What the script starts and writes."""
        self._log.write_text("")
        # `test` is a builtin: switched off, so that it is seen like every other program.
        given = f"enable -n test\n{script}\n"
        environment = {"PATH": str(self._stubs), "HOME": str(self._work)}
        subprocess.run(
            ("/bin/bash", "--norc", *options, "-c", given),
            cwd=self._work,
            env=environment,
            capture_output=True,
            timeout=60,
        )
        files = tuple(sorted(path.name for path in self._work.iterdir()))
        for path in self._work.iterdir():
            path.unlink()
        return Started(tuple(self._log.read_text().split()), files)


OURS = {"ports": "988", "off": ("enableDnsSupport",), "key": "a.b/c", "version": "2.15", "target": "2.15",
        "warning": "", "parent": None, "fix": None}  # fmt: skip
"""Arguments and fields that are ours alone: what the code itself writes there."""


def hostile_of(kind: Any, text: str, variant: int = 0, name: str = "") -> Any:
    """A value of a type whose every text is hostile. Variants choose among the ways on."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if name in OURS:
        return OURS[name]
    if kind is datetime.datetime:
        return datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    if origin is Table:
        return Table({text: hostile_of(arguments[0], text, variant)})
    if kind is str or kind is Any:
        return text
    if kind is bool:
        return bool(variant % 2)
    if kind in (int, float):
        return 1
    if kind is Verbatim:
        return Verbatim({text: text})
    if origin in (typing.Union, types.UnionType):
        known = [one for one in arguments if one is not type(None) and getattr(one, "__name__", "") != "Unavailable"]
        return None if not known or (type(None) in arguments and variant == 3) else hostile_of(known[0], text, variant)
    if origin is tuple and arguments[-1] is not ...:
        return tuple(hostile_of(one, text, variant) for one in arguments)
    if origin in (tuple, list, frozenset, Sequence, Iterable, Iterator):
        return (hostile_of(arguments[0], text, variant),)
    if origin in (dict, Mapping):
        return {text: hostile_of(arguments[1], text, variant)}
    if origin is Callable or origin is not None:
        raise NotImplementedError(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return list(kind)[variant % len(kind)]
    if kind is Metadata:
        return _metadata(text, variant)
    hints = typing.get_type_hints(kind, localns={**SHAPES, **vars(sys.modules[kind.__module__])})
    fields = {name: hint for name, hint in hints.items() if name in _fields(kind)}
    return kind(**{name: hostile_of(hint, text, variant, name) for name, hint in fields.items()})


def _fields(kind: Any) -> Iterable[str]:
    return kind.__struct_fields__ if issubclass(kind, msgspec.Struct) else kind._fields


def _metadata(text: str, variant: int) -> Metadata:
    installer = {1: {"annotations": {HELM_RELEASE: text}}, 2: {"labels": {MANAGED_BY: "EKS"}}}.get(variant, {})
    labels = {text: text, CHART: f"aws-fsx-csi-driver-{text}", **installer.get("labels", {})}
    return Metadata(
        name=text, namespace=text, uid=text, labels=labels, annotations={text: text, **installer.get("annotations", {})}
    )


def lines_of(made: Any) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """Every shell line of fixes and steps, with the steps it is made of."""
    if isinstance(made, Fix):
        for line in (*made.commands, *made.verify):
            yield line, tuple(step for step in made.steps if step.line and step.line in line)
        for step in made.steps:
            yield step.line or step.text, (step,)
        for other in made.alternatives:
            yield from lines_of(other)
    elif isinstance(made, Step):
        yield made.line or made.text, (made,)
    elif isinstance(made, tuple):
        for one in made:
            yield from lines_of(one)
