"""The configuration file `lustre-doctor.toml`: read, checked, with the line of every fault."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection
from typing import Any, NoReturn

import msgspec

from diag.model.exit_code import WrongUsage
from diag.model.verdict import Verdict

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(?P<open>\[\[?)\s*(?P<name>[^\[\]]+?)\s*\]\]?\s*(?:#.*)?")


_KEY = re.compile(r"""\s*(?P<key>[A-Za-z0-9_-]+|"[^"]*"|'[^']*')\s*=""")


_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


def lines_of(text: str) -> dict[Path, int]:
    """The 1-based line of every table and key by its path; entries of arrays of tables by number.

    What is inside an inline table or a string over several lines may be missing: ask `line_of` for the nearest.
    """
    found: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = tuple(part.strip("\"'") for part in _PART.findall(header["name"]))
            if header["open"] == "[[":
                nth = counts.get(table, 0)
                counts[table] = nth + 1
                found.setdefault(table, number)
                table = (*table, nth)
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, key["key"].strip("\"'")), number)
    return found


def line_of(path: Path, lines: dict[Path, int]) -> int:
    """The line of a path, or of the nearest thing around it; 0 when nothing is known."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return 0


PYPROJECT = ("tool", "lustre-doctor")


SEVERITIES = {"warn": Verdict.WARN, "fail": Verdict.FAIL}


ACCEPTED = {"warn": Verdict.WARN, "unknown": Verdict.UNKNOWN, "fail": Verdict.FAIL}


CHOICES = {"fail-on": ("fail", "warn"), "unknown": ("fail", "pass")}


LISTS = ("only", "skip", "runbooks")


KEYS = (*LISTS, *CHOICES, "severities", "suppress")


NEEDED = ("check", "subject", "verdict", "reason", "owner", "expires")


class BadConfig(WrongUsage):
    """The configuration cannot be taken; the message names file, line and what is wrong."""


class Suppression(msgspec.Struct, frozen=True):
    """One accepted finding: nobody is stopped by it until it expires or gets worse."""

    check: str
    subject: str
    """A glob over `Kind name` or `Kind namespace/name`."""
    verdict: Verdict
    """How bad it is accepted; what is worse comes back."""
    reason: str
    owner: str
    expires: datetime.date
    """The last day on which it holds."""


class Config(msgspec.Struct, frozen=True):
    """What the file says; empty where it says nothing."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    runbooks: tuple[str, ...] = ()
    fail_on: str = ""
    unknown: str = ""
    severities: dict[str, Verdict] = {}
    suppressions: tuple[Suppression, ...] = ()


def parse(text: str, file: str, names: Collection[str], checks: Collection[str], root: Path = ()) -> Config:
    """The configuration under `root` of a TOML text. Raises BadConfig.

    `names` may be selected (checks, layers, families), `checks` may have a severity or be suppressed.
    """
    import tomllib

    try:
        document: Any = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadConfig(f"{file}: {error}") from error
    for step in root:
        document = document.get(step, {}) if isinstance(document, dict) else {}
    return _Reader(text, file, root).config(document, frozenset(names), frozenset(checks))


class _Reader:
    """Knows the line of every key, for its error messages."""

    def __init__(self, text: str, file: str, root: Path) -> None:
        self.lines = lines_of(text)
        self.file = file
        self.root = root

    def refuse(self, path: Path, message: str) -> NoReturn:
        line = line_of((*self.root, *path), self.lines)
        raise BadConfig(f"{self.file}{f':{line}' if line else ''}: {message}")

    def config(self, document: Any, names: frozenset[str], checks: frozenset[str]) -> Config:
        if not isinstance(document, dict):
            self.refuse((), f"{'.'.join(map(str, self.root))} is no table")
        for key in document:
            if key not in KEYS:
                self.refuse((key,), f"unknown key {key!r}; known are {', '.join(KEYS)}")
        lists = {key: self.texts(document, key) for key in LISTS}
        for key in ("only", "skip"):
            for name in lists[key]:
                if name not in names:
                    self.refuse((key,), f"{key}: {name!r} is neither a check nor a layer (`lustre-doctor checks`)")
        chosen = {key: self.choice((key,), document.get(key, ""), options) for key, options in CHOICES.items()}
        return Config(
            **lists,
            fail_on=chosen["fail-on"],
            unknown=chosen["unknown"],
            severities=self.severities(document.get("severities", {}), checks),
            suppressions=self.suppressions(document.get("suppress", []), checks),
        )

    def texts(self, document: dict[str, Any], key: str) -> tuple[str, ...]:
        given = document.get(key, [])
        if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
            self.refuse((key,), f"{key} must be a list of texts")
        return tuple(given)

    def choice(self, path: Path, given: Any, options: Collection[str]) -> str:
        if given and given not in options:
            self.refuse(path, f"{path[-1]} is {given!r}, wanted {' or '.join(options)}")
        return str(given)

    def severities(self, given: Any, checks: frozenset[str]) -> dict[str, Verdict]:
        if not isinstance(given, dict):
            self.refuse(("severities",), 'severities must be a table: check = "warn" or "fail"')
        for check, severity in given.items():
            self.known(("severities", check), check, checks)
            if severity not in SEVERITIES:
                self.refuse(("severities", check), f"{check} is {severity!r}, wanted {' or '.join(SEVERITIES)}")
        return {check: SEVERITIES[severity] for check, severity in given.items()}

    def suppressions(self, given: Any, checks: frozenset[str]) -> tuple[Suppression, ...]:
        if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
            self.refuse(("suppress",), "suppress must be written as [[suppress]] tables")
        return tuple(self.suppression(("suppress", number), item, checks) for number, item in enumerate(given))

    def suppression(self, path: Path, item: dict[str, Any], checks: frozenset[str]) -> Suppression:
        for key in item:
            if key not in NEEDED:
                self.refuse((*path, key), f"unknown key {key!r}; known are {', '.join(NEEDED)}")
        for key in NEEDED:
            if not item.get(key):
                self.refuse(path, f"a suppression needs {key!r}: {', '.join(NEEDED)}")
            if key != "expires" and not isinstance(item[key], str):
                self.refuse((*path, key), f"{key} must be a text")
        self.known((*path, "check"), item["check"], checks)
        verdict = ACCEPTED[self.choice((*path, "verdict"), item["verdict"], ACCEPTED)]
        expires = self.date((*path, "expires"), item["expires"])
        return Suppression(item["check"], item["subject"], verdict, item["reason"], item["owner"], expires)

    def known(self, path: Path, check: str, checks: frozenset[str]) -> None:
        if check not in checks:
            self.refuse(path, f"no check is called {check!r} (`lustre-doctor checks`)")

    def date(self, path: Path, given: Any) -> datetime.date:
        if isinstance(given, datetime.datetime):
            return given.date()
        if isinstance(given, datetime.date):
            return given
        try:
            return datetime.date.fromisoformat(str(given))
        except ValueError:
            self.refuse(path, f"expires is {given!r}, wanted a date like 2027-01-31")
