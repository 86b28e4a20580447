"""A run saved is a run that can be judged again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag import Reason, Table, Unavailable, fact
from diag.engine.snapshot import BadSnapshot, Snapshot, decode, encode
from diag.resources.fsx import FileSystem, LustreConfiguration
from diag.resources.target import Settings, Target
from diag.sources.world import load_registry


@fact()
def caller(aws: object) -> str:
    return "me"


FACTS = {**load_registry().facts, "caller": caller}
DENIED = Unavailable("fsx:DescribeFileSystems", Reason.DENIED, permission="fsx:DescribeFileSystems")
FILE_SYSTEM = FileSystem("fs-0123456789abcdef0", lustre_configuration=LustreConfiguration(mount_name="abcdefgh"))


def snapshot(**values: object) -> Snapshot:
    return Snapshot(
        "2026-11-24T00:00:00Z", Target(volumes=("fsx-pv",)), Settings(region="eu-west-1"), dict(values), "1"
    )


def test_facts_come_back_as_they_were() -> None:
    saved = snapshot(file_systems=Table({"fs-1": FILE_SYSTEM}, {"fs-2": DENIED}), caller="arn:aws:iam::1:user/me")
    assert decode(encode(saved), FACTS) == saved


def test_a_missing_fact_comes_back_with_its_reason() -> None:
    assert decode(encode(snapshot(file_systems=DENIED)), FACTS).facts["file_systems"] == DENIED


def test_the_same_facts_give_the_same_bytes() -> None:
    one = encode(snapshot(caller="a", file_systems=DENIED))
    two = encode(snapshot(file_systems=DENIED, caller="a"))
    assert one == two


def test_a_fact_of_a_later_version_is_left_out() -> None:
    assert decode(encode(snapshot(of_the_future=1)), FACTS).facts == {}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not a snapshot"),
        (b"{", "not a snapshot"),
        (b"[]", "not a snapshot"),
        (b"\xff\xfe", "not a snapshot"),
        (b'{"schema": "lustre-doctor/v1"}', "its schema is 'lustre-doctor/v1'"),
        (b'{"schema": "lustre-doctor/snapshot/v2"}', "newer than"),
        (b'{"schema": "lustre-doctor/snapshot/v1", "facts": []}', "damaged"),
        (b'{"schema": "lustre-doctor/snapshot/v1", "facts": {"caller": {"value": 7}}}', "fact 'caller'"),
        (b'{"schema":' + b"[" * 100_000, "not a snapshot"),
    ],
)
def test_a_file_that_is_no_snapshot_is_told_so_in_one_sentence(data: bytes, said: str) -> None:
    with pytest.raises(BadSnapshot, match=said):
        decode(data, FACTS)


@given(st.binary(max_size=200), st.integers(0, 2000))
def test_a_damaged_snapshot_never_breaks_the_reader(noise: bytes, at: int) -> None:
    whole = encode(snapshot(file_systems=Table({"fs-1": FILE_SYSTEM}), caller="me"))
    damaged = whole[:at] + noise + whole[at + len(noise) :]
    try:
        decode(damaged, FACTS)
    except BadSnapshot as error:
        assert "\n" not in str(error)
