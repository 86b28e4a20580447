"""Where a message begins and ends."""

from __future__ import annotations

import json

import pytest

from diag.grammar.regex import Pattern
from diag.grammar.required_text import remove_blanks_from_pattern
from diag.texts.blocks import find_block, join_records


def records(*texts: str, runtime: str) -> str:
    if runtime == "cri":
        return "\n".join(f"2026-11-24T06:48:13.00000000{n}Z stderr F {text}" for n, text in enumerate(texts))
    return "\n".join(json.dumps({"log": text + "\n", "stream": "stderr"}) for text in texts)


@pytest.mark.parametrize("runtime", ["cri", "json"])
def test_a_message_of_several_records_is_one_block(runtime: str) -> None:
    first = "E1124 06:48:13.000001       1 driver.go:105] GRPC error: mount failed: exit status 5"
    text = records(first, "Mounting command: mount", "Output: mount.lustre: x", "Is the MGS running?", runtime=runtime)
    block = find_block(text.encode(), 0)
    assert block.lines == 4
    assert join_records(text).split("\n")[1:] == [
        "Mounting command: mount",
        "Output: mount.lustre: x",
        "Is the MGS running?",
    ]


@pytest.mark.parametrize("runtime", ["cri", "json"])
def test_another_programs_next_record_is_not_joined(runtime: str) -> None:
    text = records(
        "E1124 06:48:13.000001       1 driver.go:105] GRPC call ends", "level=info msg=ready", runtime=runtime
    )
    assert find_block(text.encode(), 0).lines == 1


def test_a_number_ends_also_where_blanks_are_taken_out() -> None:
    pattern = Pattern(remove_blanks_from_pattern(r"failed from MGS (?P<errno>-2)\b"))
    assert pattern.search("failedfromMGS-2.Communication")
    assert pattern.search("failedfromMGS-2")
    assert not pattern.search("failedfromMGS-22.Checkclient")
