"""Judges a changed world in this process: only the facts and checks that the change can reach are worked out again."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from diag.engine.judge import run_check
from diag.model.finding import Finding
from diag.model.unavailable import Unavailable, Unreadable
from diag.model.verdict import Verdict
from diag.registry import Check, Fact
from diag.resources.target import Settings, Target
from diag.sources.lnet_facts import Prober
from diag.sources.nodes.reader import NodeOptions, NodeReader
from diag.sources.world import NO_MANIFESTS, load_registry
from tests.mutations.recorded import Document, RecordedAws, RecordedDialer, RecordedKube, RecordedResolver, World

LOUD = (Verdict.FAIL, Verdict.WARN, Verdict.UNKNOWN)


@dataclass(frozen=True)
class Judged:
    """What the checks found, and the code of ours that broke."""

    findings: tuple[Finding, ...]
    crashes: tuple[str, ...]

    @property
    def loud(self) -> tuple[Finding, ...]:
        """Findings that fail, warn or are unknown."""
        return tuple(finding for finding in self.findings if finding.verdict in LOUD)


class Bench:
    """One world with its facts and findings, against which its mutants are judged."""

    def __init__(self, world: World) -> None:
        registry = load_registry()
        self.world = world
        self._checks = registry.select()
        self._facts = registry.facts_of_run(self._checks)
        self._read = {fact.name for fact in self._facts if registry.is_read(fact)}
        kube, aws = RecordedKube(world), RecordedAws(world)
        self._given: dict[str, Any] = {
            "kube": kube,
            "aws": aws,
            "resolver": RecordedResolver(world),
            "dialer": RecordedDialer(),
            "prober": Prober(wanted=False),
            "node_reader": NodeReader(kube, aws, NodeOptions()),
            "manifests": NO_MANIFESTS,
            "target": Target(),
            "settings": Settings(region=world.region, dns_servers=("10.0.0.2",)),
            "taken_at": world.taken_at,
        }
        self.asked: dict[str, frozenset[str]] = {}
        """Kinds that each fact asked for."""
        self._values: dict[str, Any] = {}
        self._findings: dict[str, Judged] = {}
        values, crashes = self._facts_of("")
        assert not crashes, crashes
        self._values = values
        self._findings = {check.id: _run(check, values) for check in self._checks}
        self.healthy = self._joined(self._findings)

    @property
    def kinds_asked(self) -> frozenset[str]:
        """Every kind of object that some fact asked for."""
        return frozenset().union(*self.asked.values())

    def judge(self, kind: str, objects: list[Document]) -> Judged:
        """The world with other objects of one kind."""
        original = self.world.objects.get(kind, [])
        self.world.objects[kind] = objects
        try:
            values, crashes = self._facts_of(kind)
        finally:
            self.world.objects[kind] = original
        own = {
            check.id: self._findings[check.id]
            if all(values[need.name] is self._values[need.name] for need in check.needs)
            else _run(check, values)
            for check in self._checks
        }
        return self._joined(own, crashes)

    def _joined(self, own: Mapping[str, Judged], crashes: tuple[str, ...] = ()) -> Judged:
        found = [own[check.id] for check in self._checks]
        return Judged(
            tuple(finding for judged in found for finding in judged.findings),
            (*crashes, *(crash for judged in found for crash in judged.crashes)),
        )

    def _facts_of(self, changed: str) -> tuple[dict[str, Any], tuple[str, ...]]:
        values = dict(self._given)
        crashes = []
        for fact in self._facts:
            if self._is_same(fact, values, changed):
                values[fact.name] = self._values[fact.name]
                continue
            self.world.asked.clear()
            value, crash = _value(fact, values)
            if not changed:
                self.asked[fact.name] = frozenset(self.world.asked)
            if crash:
                crashes.append(crash)
            if fact.name in self._values and value == self._values[fact.name]:
                value = self._values[fact.name]
            values[fact.name] = value
        return values, tuple(crashes)

    def _is_same(self, fact: Fact, values: Mapping[str, Any], changed: str) -> bool:
        if fact.name not in self._values or (fact.name in self._read and changed in self.asked[fact.name]):
            return False
        return all(values[need.name] is self._values.get(need.name, self._given.get(need.name)) for need in fact.needs)


def _value(fact: Fact, values: Mapping[str, Any]) -> tuple[Any, str]:
    needed = {need.name: values[need.name] for need in fact.needs}
    strict = (needed[need.name] for need in fact.needs if not need.tolerant)
    missing = next((value for value in strict if isinstance(value, Unavailable)), None)
    if missing is not None:
        return missing, ""
    try:
        return fact.function(**needed), ""
    except Unreadable as error:
        return error.unavailable, ""
    except Exception as bug:
        trace = "".join(traceback.format_exception(bug)[-3:])
        return None, f"fact {fact.name}: {trace}"


def _run(check: Check, values: Mapping[str, Any]) -> Judged:
    judged = run_check(check, values)
    return Judged(judged.findings, tuple(f"{error.component}: {error.message}" for error in judged.errors))
