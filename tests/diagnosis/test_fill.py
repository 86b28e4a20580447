"""An incident's values in a command: quoted, or left open."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.diagnosis.fill import fill, fill_command


def test_a_value_fills_its_placeholder() -> None:
    assert fill_command("kubectl get pv {volume}", {"volume": "fsx-pv"}) == "kubectl get pv fsx-pv"


def test_a_missing_value_stays_open() -> None:
    assert fill("node {node} of {mount_name}", {}) == "node <node> of <mount-name>"


@pytest.mark.parametrize("hostile", ["x; reboot", "$(reboot)", "`reboot`", "a b", "'", '"; rm -rf /', "--help me"])
def test_a_hostile_value_stays_one_word_of_the_command(hostile: str) -> None:
    assert shlex.split(fill_command("mount {volume}", {"volume": hostile})) == ["mount", hostile]


@pytest.mark.parametrize("hostile", ["a\nreboot", "\x1b[2J", "x" * 1_000_000, "a\x00b", "\u202egnp.exe"])
def test_a_value_that_is_no_name_is_not_put_in(hostile: str) -> None:
    assert fill_command("mount {volume}", {"volume": hostile}) == "mount <volume>"


@given(st.text(min_size=1, max_size=40))
def test_no_value_ever_adds_a_word(value: str) -> None:
    words = shlex.split(fill_command("echo {volume}", {"volume": value}))
    assert words in (["echo", value], ["echo", "<volume>"])


def test_json_braces_of_a_command_are_left_alone() -> None:
    assert fill_command("kubectl patch -p '{\"spec\":{}}'", {}) == "kubectl patch -p '{\"spec\":{}}'"
