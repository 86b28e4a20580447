"""Facts are read at the same time, each once, and never past the deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from diag import Reason, Unavailable, Unreadable, fact
from diag.engine.scheduler import Gathered, gather
from diag.registry import Fact
from tests.patience import PATIENCE_S, in_time

PERMISSION = Unavailable("ec2:DescribeVpcs", Reason.DENIED, permission="ec2:DescribeVpcs")


def gather_all(facts: Sequence[Fact], **given: object) -> Gathered:
    return gather(facts, given, deadline=time.monotonic() + PATIENCE_S)


def test_independent_facts_are_read_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=5)

    @fact()
    def left(world: object) -> int:
        return both.wait() * 0 + 1

    @fact()
    def right(world: object) -> int:
        return both.wait() * 0 + 2

    assert gather_all([left, right], world=None).values == {"left": 1, "right": 2}


def test_each_fact_is_read_once_however_many_ask_for_it() -> None:
    read: list[str] = []

    @fact()
    def root(world: object) -> int:
        read.append("root")
        return 1

    @fact()
    def one(root: int) -> int:
        return root

    @fact()
    def two(root: int) -> int:
        return root

    gather_all([root, one, two], world=None)
    assert read == ["root"]


def test_an_unavailable_fact_makes_those_that_need_it_unavailable_with_the_root_reason() -> None:
    @fact()
    def root(world: object) -> int | Unavailable:
        return PERMISSION

    @fact()
    def child(root: int) -> int:
        raise AssertionError("must not be called")

    @fact()
    def grandchild(child: int) -> int:
        raise AssertionError("must not be called")

    assert gather_all([root, child, grandchild], world=None).values == dict.fromkeys(
        ("root", "child", "grandchild"), PERMISSION
    )


def test_a_fact_that_asks_for_the_failure_gets_it() -> None:
    @fact()
    def root(world: object) -> int | Unavailable:
        return PERMISSION

    @fact()
    def tolerant(root: int | Unavailable) -> bool:
        return isinstance(root, Unavailable)

    assert gather_all([root, tolerant], world=None).values["tolerant"] is True


def test_an_unreadable_item_inside_a_fact_is_its_value() -> None:
    @fact()
    def reaching(world: object) -> int:
        raise Unreadable(PERMISSION)

    gathered = gather_all([reaching], world=None)
    assert gathered.values == {"reaching": PERMISSION}
    assert gathered.crashes == {}


def test_a_crash_costs_one_fact_and_is_told_as_a_bug() -> None:
    @fact()
    def broken(world: object) -> int:
        return 1 // 0

    @fact()
    def sound(world: object) -> int:
        return 7

    gathered = gather_all([broken, sound], world=None)
    assert gathered.values["sound"] == 7
    assert gathered.values["broken"].reason is Reason.GARBLED
    assert "ZeroDivisionError" in gathered.crashes["broken"]


def test_a_reader_that_hangs_is_left_behind_at_the_deadline() -> None:
    never = threading.Event()

    @fact()
    def hung(world: object) -> int:
        never.wait()
        return 1

    @fact()
    def after(hung: int) -> int:
        return hung

    @fact()
    def quick(world: object) -> int:
        return 7

    with in_time():
        gathered = gather([hung, after, quick], {"world": None}, deadline=time.monotonic() + 1)
    assert gathered.values["quick"] == 7
    assert gathered.values["hung"].reason is Reason.TIMEOUT
    assert gathered.values["after"].reason is Reason.TIMEOUT
    assert "hung" in gathered.values["after"].detail
    never.set()


def test_a_fact_worked_out_from_another_that_hangs_costs_only_itself() -> None:
    never = threading.Event()

    @fact()
    def root(world: object) -> int:
        return 1

    @fact()
    def stuck(root: int) -> int:
        never.wait()
        return root

    @fact()
    def sound(root: int) -> int:
        return root + 1

    @fact()
    def further(sound: int) -> int:
        return sound + 1

    with in_time():
        gathered = gather([root, stuck, sound, further], {"world": None}, deadline=time.monotonic() + 1)
    assert (gathered.values["sound"], gathered.values["further"]) == (2, 3)
    assert gathered.values["stuck"].reason is Reason.TIMEOUT
    never.set()


def test_known_facts_are_not_read_again() -> None:
    @fact()
    def root(world: object) -> int:
        raise AssertionError("must not be read")

    @fact()
    def child(root: int) -> int:
        return root + 1

    gathered = gather([root, child], {}, deadline=time.monotonic() + 5, known={"root": 1})
    assert gathered.values == {"root": 1, "child": 2}


def test_the_run_is_said_to_wait_once_a_call_that_depended_on_another_is_answered() -> None:
    asked: list[str] = []
    loaded = threading.Event()

    @fact(permissions=("list nodes",))
    def nodes(world: object) -> int:
        asked.append("nodes")
        return 1

    @fact()
    def ids(nodes: int) -> int:
        return nodes

    @fact(permissions=("ec2:DescribeInstances",))
    def instances(ids: int) -> int:
        asked.append("instances")
        return ids

    @fact(permissions=("ec2:DescribeVpcs",))
    def vpcs(instances: int) -> bool:
        return loaded.wait(PATIENCE_S)

    def on_wait() -> None:
        asked.append("waiting")
        loaded.set()

    found = gather(
        [nodes, ids, instances, vpcs], {"world": None}, deadline=time.monotonic() + PATIENCE_S, on_wait=on_wait
    )
    assert found.values["vpcs"] is True
    assert asked == ["nodes", "instances", "waiting"]
