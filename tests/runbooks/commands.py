"""The commands that runbooks print, found in front matter and body: file, line and argv of each simple command."""

from __future__ import annotations

import functools
import io
import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from diag.advice.driver import Installer
from diag.advice.names import sources
from diag.advice.runbook import fix_of, look_at
from diag.knowledge.cause import BY_HAND, PROMPT, SAYS
from diag.knowledge.index import BUILT_IN
from diag.knowledge.runbooks import load_knowledge

_PLACEHOLDER = re.compile(r"(?<![$\\{])\{([a-z_]+)\}")
_FOR_A_PERSON = re.compile(r"<[A-Za-z][^<>|&;()\n]*>|\$\{?[A-Za-z_]\w*\}?")
_ANY_VALUE = "20260101000000"
"""A number, a date and a name in one: what a person or a variable fills in is of a kind that nobody knows here."""
_FENCE = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
_HERE_DOCUMENT = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?(?P<rest>[^\n]*)\n.*?\n\s*\1$", re.DOTALL | re.MULTILINE)
_JOINT = "\v"
"""Stands for a line's end that ends no command."""
# What a shell or another program starts in its turn.
_BEFORE = {"sudo", "!", "then", "do", "else", "if", "while", "until", "time", "xargs", "{"}
EXAMPLES = {
    "cluster": "training-on-eks",
    "dns_name": "fs-0123456789abcdef0.fsx.us-east-1.amazonaws.com",
    "errno": "22",
    "exit_status": "22",
    "file_system": "fs-0123456789abcdef0",
    "account": "123456789012",
    "nid": "10.0.0.1@tcp",
    "node": "ip-10-0-0-1.ec2.internal",
    "region": "us-east-1",
    "other_region": "eu-central-1",
    "partition": "aws",
    "security_group": "sg-0123456789abcdef0",
    "node_security_group": "sg-0fedcba9876543210",
    "subnet": "subnet-0123456789abcdef0",
    "vpc": "vpc-0123456789abcdef0",
    "availability_zone": "us-east-1a",
    "target_version": "2.15",
    "path": "/data",
    "capacity": "1200",
    "import_path": "s3://my-bucket/prefix",
    "new_capacity": "2400",
    "quota_value": "200",
    "metadata_iops": "6000",
    "new_limit": "2T",
    "throughput": "500",
    "ports": "9443",
    "throughput_capacity": "8000",
    "one_more": "3",
    "ami": "ami-0123456789abcdef0",
    "backup": "backup-0123456789abcdef0",
    "task_id": "task-0123456789abcdef0",
    "bucket": "training-data",
    "object_key": "data/part-0001",
    "new_file_system": "fs-0fedcba9876543210",
    "replicas": "2",
    "rule_number": "90",
    "other_rule_number": "91",
    "node_vpc": "vpc-0fedcba9876543210",
    "node_subnet": "subnet-0fedcba9876543210",
    "role_arn": "arn:aws:iam::123456789012:role/example",
    "policy_arn": "arn:aws:iam::123456789012:policy/example",
    "boundary": "arn:aws:iam::123456789012:policy/boundary",
    "provider_arn": "arn:aws:iam::123456789012:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/0123",
    "issuer": "https://oidc.eks.us-east-1.amazonaws.com/id/0123",
    "issuer_host": "oidc.eks.us-east-1.amazonaws.com/id/0123",
    "thumbprint": "9e99a48a9960b14926bb7f3b02e22da2b0ab7280",
    "start_time": "2026-01-01T00:00:00Z",
    "end_time": "2026-01-02T00:00:00Z",
}
_AN_ARN = "arn:aws:iam::123456789012:role/example"


@dataclass(frozen=True)
class Command:
    """One simple command of a runbook, with example values in place of placeholders."""

    runbook: str
    line: int
    argv: tuple[str, ...]
    problem: str = ""
    """Why a shell cannot read it."""

    @property
    def where(self) -> str:
        """The place, as an editor opens it."""
        return f"runbooks/{self.runbook}.md:{self.line}"


def commands_of(path: Path) -> Iterator[Command]:
    """Every simple command of a runbook."""
    text = path.read_text("utf-8")
    for start, script in (*_front_matter(text), *_fences(text)):
        try:
            for line, argv in simple_commands(script):
                yield Command(path.stem, start + line, argv)
        except ValueError as problem:
            yield Command(path.stem, start, (), str(problem))


@functools.cache
def all_commands() -> tuple[Command, ...]:
    """Every simple command of every built-in runbook."""
    in_files = (command for path in sorted(BUILT_IN.glob("*.md")) for command in commands_of(path))
    return (*in_files, *_procedures())


def simple_commands(script: str) -> list[tuple[int, tuple[str, ...]]]:
    """The argvs that a shell script starts, those in `$(…)` included, each with the number of the line it begins on.

    Raises:
        ValueError: a quotation is not closed.
    """
    script = _PLACEHOLDER.sub(lambda found: EXAMPLES.get(found[1], f"the-{found[1].replace('_', '-')}"), script)
    script = _FOR_A_PERSON.sub(lambda found: _AN_ARN if "arn>" in found[0] else _ANY_VALUE, script)
    # A here document is the input of a command, no commands; its lines stay counted.
    script = _HERE_DOCUMENT.sub(lambda found: found["rest"] + _JOINT * found[0].count("\n"), script)
    script, substitutions = _take_substitutions(script)
    source = _Source(script.replace("\\\n", f" {_JOINT}"))
    lexer = shlex.shlex(source, posix=True, punctuation_chars="();|&<>\n")
    lexer.whitespace, lexer.whitespace_split = f" \t{_JOINT}", True
    found = [(line + more, argv) for line, inner in substitutions for more, argv in simple_commands(inner)]
    words: list[str] = []
    line, redirected = 0, False
    for token in itertools.chain(lexer, ";"):
        operator = set(token) <= set("();|&<>\n") and token
        if operator and set(token) & set("<>"):
            redirected = True
            if words and words[-1].isdigit():
                words.pop()
        elif operator:
            found += [(line, argv) for argv in _argv(words)]
            words = []
        elif redirected:
            redirected = False
        else:
            line = line if words else source.line
            words.append(token)
    return found


def _take_substitutions(script: str) -> tuple[str, list[tuple[int, str]]]:
    """The script with a word in place of each `$(…)`, and the scripts inside with the lines they begin on."""
    taken = []
    while (start := script.find("$(")) >= 0:
        depth, quote, end = 0, "", start + 1
        for end in range(start + 1, len(script)):
            letter = script[end]
            if quote:
                quote = "" if letter == quote else quote
            elif letter in "'\"":
                quote = letter
            else:
                depth += (letter == "(") - (letter == ")")
            if not depth:
                break
        inside = script[start + 2 : end]
        taken.append((script.count("\n", 0, start), inside))
        script = f"{script[:start]}substituted{_JOINT * inside.count(chr(10))}{script[end + 1 :]}"
    return script, taken


class _Source(io.StringIO):
    """A script that shlex reads: a comment ends before its line does, so that the line's end is still seen."""

    def readline(self, size: int | None = -1, /) -> str:
        text = super().readline(-1 if size is None else size)
        if text.endswith("\n"):
            self.seek(self.tell() - 1)
        return text

    @property
    def line(self) -> int:
        """How many lines are read."""
        read = self.getvalue()[: max(self.tell() - 1, 0)]
        return read.count("\n") + read.count(_JOINT)


def _argv(words: list[str]) -> list[tuple[str, ...]]:
    while words and (words[0] in _BEFORE or re.match(r"\w+=", words[0])):
        words = words[1:]
    return [tuple(words)] if words else []


def _front_matter(text: str) -> Iterator[tuple[int, str]]:
    """The commands of the front matter, with the line each begins on."""
    head = text.split("\n---\n", 1)[0]
    root = yaml.compose(head.removeprefix("---\n"), Loader=yaml.CSafeLoader)
    for key in ("prepare", "save", "guard", "command", "wait", "undo"):
        for node in _scalars(root, key):
            commands = node.value.splitlines()
            commands = ["" if line.startswith((BY_HAND, SAYS)) else line for line in commands]
            if key in ("wait", "undo"):
                commands = [line.removeprefix(PROMPT) if line.startswith(PROMPT) else "" for line in commands]
            # The document begins on the file's second line; a block scalar's text on the line after its mark.
            yield node.start_mark.line + 2 + (node.style in ("|", ">")), "\n".join(commands)


def _scalars(node: yaml.Node, key: str) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key and isinstance(value, yaml.ScalarNode):
                yield value
            elif name.value != "with":
                yield from _scalars(value, key)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _scalars(value, key)


def _procedures() -> Iterator[Command]:
    """What settles each cause, and the steps of its fix, as a run fills them."""
    for source in sources():
        for command in (source.command, source.otherwise):
            yield from (Command("names", 0, argv) for _, argv in simple_commands(command))
    for id, cause in load_knowledge().causes.items():
        for observation in cause.confirm:
            for line in look_at(observation, EXAMPLES).splitlines()[1:]:
                yield Command(id, 0, tuple(shlex.split(line)))
        for installer in Installer:
            fix = fix_of(cause, {**EXAMPLES, "installer": installer.value})
            for one in (fix, *fix.alternatives) if fix else ():
                yield from (Command(id, 0, step.argv) for step in one.steps if step.argv)


def _fences(text: str) -> Iterator[tuple[int, str]]:
    for found in _FENCE.finditer(text):
        yield text.count("\n", 0, found.start(1)) + 1, found[1].rstrip("\n")
