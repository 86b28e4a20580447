"""A sample of `make mutations`, and what the matrix itself promises."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest

from diag.model.finding import Finding
from diag.model.layer import Layer
from diag.model.subject import Kind, Subject
from diag.model.verdict import Verdict
from tests.lab.lab import Lab
from tests.mutations import reviewed
from tests.mutations.judge import Bench
from tests.mutations.matrix import WORLDS, benches, mutants, walk
from tests.mutations.operators import Change, changes
from tests.mutations.recorded import record
from tests.mutations.twins import twins
from tests.mutations.verdict import Fate, is_in_place, judge

SAMPLE = 200
"""Of each world; `make mutations` takes all."""


@pytest.fixture(scope="module")
def worlds(running_lab: Lab) -> list[Bench]:
    return list(benches(running_lab))


def test_every_world_is_healthy(worlds: list[Bench]) -> None:
    assert [(bench.world.name, finding.message) for bench in worlds for finding in bench.healthy.loud] == []


@pytest.mark.parametrize("world", WORLDS)
def test_a_mutant_is_told_where_it_is_broken_or_reviewed(worlds: list[Bench], world: str) -> None:
    (bench,) = (bench for bench in worlds if bench.world.name == world)
    entries = reviewed.load()
    wrong = [
        f"{mutant.fate.value}: {mutant} {mutant.crashes}{[finding.message for finding in mutant.findings]}"
        for mutant in mutants(bench, SAMPLE)
        if mutant.fate not in (Fate.TOLD, Fate.SILENT)
        or (mutant.fate is Fate.SILENT and reviewed.first_covering(entries, world, mutant.change) is None)
    ]
    assert wrong == []


def test_what_is_unusual_and_works_stays_quiet(worlds: list[Bench]) -> None:
    tried: dict[tuple[str, str], str] = {}
    for bench in worlds:
        for twin in twins(bench.world):
            if (twin.place, twin.operator) not in tried:
                found = judge(bench, twin)
                said = "; ".join((*found.crashes, *(finding.message for finding in found.findings)))
                tried[twin.place, twin.operator] = f"{bench.world.name}: {said}" if said else ""
    assert len(tried) >= 150
    assert {place: said for place, said in tried.items() if said} == {}


def test_no_entry_of_the_reviewed_file_is_stale(worlds: list[Bench]) -> None:
    entries = reviewed.load()
    unused = set(entries)
    for bench in worlds:
        for change in walk(bench):
            entry = reviewed.first_covering(entries, bench.world.name, change)
            if entry in unused and judge(bench, change).fate is Fate.SILENT:
                unused.discard(entry)
        if not unused:
            break
    assert [(entry.where, entry.how) for entry in unused] == []


def test_every_entry_says_why() -> None:
    for entry in reviewed.load():
        assert len(entry.why.split()) > 5
        assert entry.why.endswith((".", ")"))
        assert all(world in WORLDS for world in entry.worlds if world != "*")


def test_there_are_enough_of_them(worlds: list[Bench]) -> None:
    assert sum(sum(1 for _ in walk(bench)) for bench in worlds) > 3_000


@pytest.mark.parametrize("path", ["IpPermissions", "IpPermissions.tcp:988.UserIdGroupPairs"])
def test_a_closed_group_is_told(worlds: list[Bench], path: str) -> None:
    bench = worlds[0]
    (change,) = _changes(bench, "SecurityGroup", "file-system", path, "empty")
    mutant = judge(bench, change)
    assert mutant.fate is Fate.TOLD
    assert {finding.check for finding in mutant.findings} >= {"security-groups"}


def test_a_label_is_silent_and_a_silent_one_without_an_entry_is_seen(worlds: list[Bench]) -> None:
    (change,) = _changes(worlds[0], "FileSystem", "", "OwnerId", "another id") or _changes(
        worlds[0], "FileSystem", "", "OwnerId", "other account"
    )
    assert judge(worlds[0], change).fate is Fate.SILENT
    assert reviewed.first_covering((), "healthy", change) is None


def test_judging_a_mutant_leaves_the_world_as_it_was(running_lab: Lab, worlds: list[Bench]) -> None:
    bench = worlds[0]
    before = copy.deepcopy(bench.world.objects)
    for change in list(walk(bench))[::500]:
        judge(bench, change)
    assert bench.world.objects == before
    assert Bench(bench.world).healthy.findings == bench.healthy.findings


def test_what_is_judged_in_part_is_what_is_judged_whole(running_lab: Lab) -> None:
    """Facts and checks that a change cannot reach are not worked out again: that must not change a finding."""
    bench = Bench(record(running_lab, "healthy"))
    for change in list(walk(bench))[::400]:
        objects = change.applied(bench.world.objects[change.kind], change.make())
        quick = bench.judge(change.kind, objects)
        original = bench.world.objects[change.kind]
        bench.world.objects[change.kind] = objects
        try:
            assert quick.crashes or quick.findings == Bench(bench.world).healthy.findings, change
        finally:
            bench.world.objects[change.kind] = original


def test_blame_is_seen() -> None:
    finding = Finding("csi-node", Layer.DRIVER, Subject(Kind.NODE, "node-1"), Verdict.FAIL, "node-1 lacks it")
    assert not is_in_place(finding, "RouteTable", frozenset({"rtb-0123"}))
    assert is_in_place(finding, "csinodes", frozenset())
    assert is_in_place(finding, "RouteTable", frozenset({"node-1"}))


def test_operators_fit_what_a_field_holds() -> None:
    group = {
        "GroupId": "sg-0123456789abcdef0",
        "OwnerId": "123456789012",
        "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 988, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}],
    }
    found = {(change.path, change.operator): change.make() for change in changes("SecurityGroup", [group], {0: ""})}
    rules = "IpPermissions.tcp:988"
    assert found["", "deleted"] is None
    assert _value(found[f"{rules}.FromPort", "one more"], 988) == 989
    assert _value(found[f"{rules}.FromPort", "one less"], 988) == 987
    assert found[f"{rules}.IpRanges.0.CidrIp", "narrower"]["IpPermissions"][0]["IpRanges"] == [
        {"CidrIp": "10.0.0.0/28"}
    ]
    assert found["OwnerId", "other account"]["OwnerId"] == "999988887777"
    assert found["GroupId", "another id"]["GroupId"] == "sg-0123456789abcdef1"
    assert found["IpPermissions", "absent"].keys() == {"GroupId", "OwnerId"}
    assert len(found[rules, "doubled"]["IpPermissions"]) == 2
    assert group["IpPermissions"][0]["FromPort"] == 988


def _value(changed: dict[str, object] | None, was: int) -> object:
    assert changed is not None
    (rule,) = changed["IpPermissions"]  # type: ignore[misc]
    return rule["FromPort"]


def _changes(bench: Bench, kind: str, role: str, path: str, operator: str) -> list[Change]:
    def fitting() -> Iterator[Change]:
        for change in walk(bench):
            if (change.kind, change.role, change.path, change.operator) == (kind, role, path, operator):
                yield change

    return list(fitting())
