"""Quantities, and what the volume binder compares."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.analysis.binding import corrections, is_held_by, misfits, selects
from diag.grammar.command import Verbatim
from diag.resources.quantity import bytes_of, in_gib
from tests.checks.given import claim, replace, volume


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1200Gi", 1200 * 1024**3),
        ("1.2Ti", 1319413953332),
        ("1200G", 1200 * 10**9),
        ("1.5k", 1500),
        ("100m", 1),
        ("1e3", 1000),
        ("1E3", 1000),
        ("2E", 2 * 10**18),
        ("+5", 5),
        (".5Gi", 512 * 1024**2),
        ("0", 0),
    ],
)
def test_quantities_as_kubernetes_writes_them(text: str, size: int) -> None:
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "Gi", "12 Gi", "1200GiB", "-5Gi", "1K", "1e", "1e999", "٣Gi", "0x10", "1_000"])
def test_texts_that_are_none(text: str) -> None:
    assert bytes_of(text) is None


@given(st.decimals(0, 10**9, places=3), st.sampled_from(["", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"]))
def test_a_quantity_is_never_rounded_down(number: Decimal, suffix: str) -> None:
    factor = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}.get(suffix)
    factor = factor or 1024 ** ("KMGT".index(suffix[0]) + 1)
    size = bytes_of(f"{number:f}{suffix}")
    assert size is not None and 0 <= size - number * factor < 1


@given(st.text(max_size=12))
def test_no_text_breaks_the_reader(text: str) -> None:
    size = bytes_of(text)
    assert size is None or size >= 0


def test_bytes_as_people_compare_them() -> None:
    assert (in_gib(1200 * 1024**3), in_gib(1200 * 10**9)) == ("1200 GiB", "1117.6 GiB")


class TestFit:
    def test_a_claim_may_ask_for_less(self) -> None:
        asked = claim(resources={"requests": {"storage": "100Gi"}}, accessModes=["ReadWriteOnce"])
        assert misfits(asked, volume(accessModes=["ReadWriteMany", "ReadWriteOnce"])) == ()

    def test_every_reason_is_told_with_its_correction(self) -> None:
        asked = claim(resources={"requests": {"storage": "2Ti"}}, storageClassName=None, volumeMode="Block")
        offered = volume(accessModes=["ReadWriteOnce"])
        assert len(misfits(asked, offered)) == 4
        assert corrections(asked, offered) == {
            "resources": {"requests": {"storage": Verbatim("1200Gi")}},
            "storageClassName": Verbatim("fsx-sc"),
            "volumeMode": Verbatim("Filesystem"),
            "accessModes": Verbatim(["ReadWriteOnce"]),
        }

    def test_the_old_annotation_of_the_class_wins(self) -> None:
        asked = claim(storageClassName="other")
        notes = {"volume.beta.kubernetes.io/storage-class": "fsx-sc"}
        assert misfits(replace(asked, metadata=replace(asked.metadata, annotations=notes)), volume()) == ()

    def test_a_volume_is_held_by_the_claim_of_that_uid_alone(self) -> None:
        mine = claim()
        stranger = replace(mine, metadata=replace(mine.metadata, uid="another"))
        reserved = volume()
        assert reserved.spec.claim_ref is not None
        spec = replace(reserved.spec, claim_ref=replace(reserved.spec.claim_ref, uid=""))
        assert is_held_by(volume(), mine)
        assert not is_held_by(volume(), stranger)
        assert is_held_by(replace(reserved, spec=spec), stranger)

    @pytest.mark.parametrize(
        ("selector", "takes"),
        [
            ({"matchLabels": {"team": "ml"}}, True),
            ({"matchLabels": {"team": "web"}}, False),
            ({"matchExpressions": [{"key": "team", "operator": "In", "values": ["ml"]}]}, True),
            ({"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["ml"]}]}, False),
            ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, False),
            ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, True),
            ({"matchExpressions": [{"key": "team", "operator": "Like"}]}, False),
        ],
    )
    def test_selectors(self, selector: dict[str, Any], takes: bool) -> None:
        labelled = replace(volume(), metadata=replace(volume().metadata, labels={"team": "ml"}))
        assert selects(claim(selector=selector), labelled) is takes
