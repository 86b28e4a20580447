"""What a person sees while a run reads: how much of each source has answered."""

from __future__ import annotations

import time
from collections.abc import Iterator

from diag.api import Draft, Layer, check, fact, ok
from diag.engine.run import observe
from diag.engine.snapshot import Snapshot
from diag.registry import load
from diag.resources.target import Settings, Target
from diag.sources.source import Source


class Api(Source):
    label = "API"


class Fleet(Source):
    label = "nodes"
    done = 0

    @property
    def counted(self) -> tuple[int, int]:
        return self.done, 1000

    def read(self) -> int:
        for self.done in (40, 1000):
            self.moved()
        return self.done


@fact(permissions=("list a",), layer=Layer.DRIVER, label="a")
def first_list(api: Api) -> int:
    return 1


@fact(permissions=("list b",), layer=Layer.DRIVER, label="b")
def second_list(api: Api, first_list: int) -> int:
    return first_list + 1


@fact(permissions=("read c",), layer=Layer.CLIENT, label="c")
def node_answers(fleet: Fleet, second_list: int) -> int:
    return fleet.read()


@check("counted-things", layer=Layer.DRIVER)
def counted_things(node_answers: int) -> Iterator[Draft]:
    """All things are counted."""
    yield ok(None, f"{node_answers} answered")


def test_progress_is_counted_by_source_in_a_persons_words() -> None:
    registry = load((first_list, second_list, node_answers), ("api", "fleet"), ())
    shown: list[str] = []
    asked = Snapshot("2026-11-29T00:00:00Z", Target(), Settings(), {}, "1")
    observe(
        registry, (counted_things,), {"api": Api(), "fleet": Fleet()}, asked,
        deadline=time.monotonic() + 60, progress=shown.append,
    )  # fmt: skip
    assert "nodes 40/1000" in shown[0] and any(text.startswith("API 1/2, ") for text in shown)
    assert shown[-1] == "API 2/2, nodes 1000/1000"
