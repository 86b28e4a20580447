"""Kernel versions are compared number by number, whatever distribution wrote them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.knowledge.versions import parse_kernel, within

numbers = st.lists(st.integers(0, 99999), min_size=2, max_size=7)
joints = st.lists(st.sampled_from(".-"), min_size=6, max_size=6)
suffixes = st.sampled_from(["", "-aws", ".amzn2023.x86_64", ".el9_4.aarch64+64k", "-generic", "+"])


def spelt(parts: list[int], between: list[str]) -> str:
    return str(parts[0]) + "".join(f"{joint}{part}" for joint, part in zip(between, parts[1:], strict=False))


@given(numbers, joints, suffixes)
def test_what_was_spelt_is_read_back(parts: list[int], between: list[str], suffix: str) -> None:
    kernel = parse_kernel(spelt(parts, between) + suffix)
    assert kernel is not None
    assert (kernel.numbers, kernel.suffix) == (tuple(parts), suffix)


@given(numbers, numbers, joints)
def test_a_range_is_the_order_of_the_numbers(one: list[int], other: list[int], between: list[str]) -> None:
    low, high = sorted((one, other))
    kernel = parse_kernel(spelt(high, between))
    assert kernel is not None
    assert within(kernel, spelt(low, between))
    assert within(kernel, spelt(low, between), below=spelt(low, between)) is False


@given(numbers, joints, st.lists(st.integers(0, 99999), max_size=3))
def test_an_upper_end_takes_in_everything_that_begins_like_it(
    parts: list[int], between: list[str], more: list[int]
) -> None:
    lower, end = spelt(parts, between), spelt([*parts[:-1], parts[-1] + 1], between)
    kernel = parse_kernel(end + "".join(f".{number}" for number in more))
    assert kernel is not None
    assert within(kernel, lower, end)
    assert not within(kernel, "0", lower)


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    kernel = parse_kernel(text)
    assert kernel is None or kernel.numbers


@pytest.mark.parametrize(
    ("kernel", "first", "last", "inside"),
    [
        ("5.10.98-1.amzn2.x86_64", "5.10.144-127.601", "5.10", False),
        ("5.10.144-127.601.amzn2.x86_64", "5.10.144-127.601", "5.10", True),
        ("5.14.0-427.50.1.el9_4.x86_64", "5.14.0-427.13.1", "5.14.0-427", True),
        ("5.14.0-362.24.1.el9_3.x86_64", "5.14.0-362.18.1", "5.14.0-362.18.1", False),
        ("6.14.0-1019-aws", "6.14.0-1012", "6.14.0-1018", False),
    ],
)
def test_bounds_as_aws_writes_them(kernel: str, first: str, last: str, inside: bool) -> None:
    parsed = parse_kernel(kernel)
    assert parsed is not None
    assert within(parsed, first, last) is inside
