"""The configuration: what it takes, and every mistake with the line where it stands."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.config.file import PYPROJECT, BadConfig, Config, Suppression, lines_of, parse
from diag.model.verdict import Verdict

CHECKS = ("security-groups-self", "mountname-match")
NAMES = (*CHECKS, "network", "security-groups")
WHOLE = """\
only = ["network"]
skip = ["security-groups"]
runbooks = ["team/runbooks"]
fail-on = "warn"
unknown = "pass"

[severities]
security-groups-self = "fail"

[[suppress]]
check = "mountname-match"
subject = "PersistentVolume scratch-*"
verdict = "fail"
reason = "moved in January"
owner = "storage team"
expires = 2027-01-31
"""


def read(text: str) -> Config:
    return parse(text, "lustre-doctor.toml", NAMES, CHECKS)


def test_everything_it_takes() -> None:
    accepted = Suppression(
        "mountname-match", "PersistentVolume scratch-*", Verdict.FAIL, "moved in January", "storage team",
        datetime.date(2027, 1, 31),
    )  # fmt: skip
    assert read(WHOLE) == Config(
        ("network",), ("security-groups",), ("team/runbooks",), "warn", "pass",
        {"security-groups-self": Verdict.FAIL}, (accepted,),
    )  # fmt: skip


def test_in_pyproject_only_its_own_table_counts() -> None:
    text = '[tool.other]\nunknown-key = 1\n\n[tool.lustre-doctor]\nfail-on = "warn"\n'
    assert parse(text, "pyproject.toml", NAMES, CHECKS, PYPROJECT).fail_on == "warn"
    assert parse("[tool]\n", "pyproject.toml", NAMES, CHECKS, PYPROJECT) == Config()
    with pytest.raises(BadConfig, match=r"^pyproject\.toml:5: unknown key 'fail_on'"):
        parse(text.replace("fail-on", "fail_on"), "pyproject.toml", NAMES, CHECKS, PYPROJECT)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('only = ["network"]', 'onyl = ["network"]', "1: unknown key 'onyl'"),
        ('only = ["network"]', 'only = ["netwrok"]', "1: only: 'netwrok' is neither a check nor a layer"),
        ('only = ["network"]', 'only = "network"', "1: only must be a list"),
        ('skip = ["security-groups"]', "skip = [\n  'nobody',\n]", "2: skip: 'nobody'"),
        ('fail-on = "warn"', 'fail-on = "always"', "4: fail-on is 'always', wanted fail or warn"),
        ('security-groups-self = "fail"', 'security-groups-slef = "fail"', "8: no check is called"),
        ('security-groups-self = "fail"', 'security-groups-self = "pass"', "8: security-groups-self is 'pass'"),
        ('check = "mountname-match"', 'check = "mountname"', "11: no check is called 'mountname'"),
        ('owner = "storage team"', 'owners = "storage team"', "15: unknown key 'owners'"),
        ('owner = "storage team"\n', "", "10: a suppression needs 'owner'"),
        ('reason = "moved in January"', 'reason = ""', "10: a suppression needs 'reason'"),
        ('verdict = "fail"', 'verdict = "pass"', "13: verdict is 'pass'"),
        ("expires = 2027-01-31", 'expires = "soon"', "16: expires is 'soon'"),
        ("expires = 2027-01-31", "expires = 2027-13-31", "lustre-doctor.toml: "),
        ("[[suppress]]", "[suppress]", "10: suppress must be written as"),
        ("[severities]", "[severities", "lustre-doctor.toml: "),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(old: str, new: str, told: str) -> None:
    assert old in WHOLE
    with pytest.raises(BadConfig) as refused:
        read(WHOLE.replace(old, new))
    assert told in str(refused.value)
    assert str(refused.value).startswith("lustre-doctor.toml")


def test_lines_of_several_entries() -> None:
    text = "[[suppress]]\ncheck = 1\n[[suppress]]\n  'check' = 2 # x\n[a.\"b.c\"]\nd = 1\n"
    lines = lines_of(text)
    assert lines[("suppress", 0, "check")] == 2
    assert lines[("suppress", 1, "check")] == 4
    assert lines[("a", "b.c", "d")] == 6


@given(st.text(max_size=200) | st.text("[]=\"' \nab.#{}", max_size=60))
def test_any_text_is_taken_or_refused_with_a_message(text: str) -> None:
    try:
        read(text)
    except BadConfig as refused:
        assert str(refused).startswith("lustre-doctor.toml")
