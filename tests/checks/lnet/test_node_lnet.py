"""Where LNet is loaded it has a network that FSx servers are on."""

from __future__ import annotations

from typing import Any

import pytest

from checks.lnet.node_lnet import node_lnet_is_up
from diag.model.verdict import Verdict
from tests.checks.given_node_checks import only, truth


@pytest.mark.parametrize(
    ("says", "verdict", "cause"),
    [
        ({}, Verdict.PASS, ""),
        ({"nids": ("10.0.1.4@tcp", "10.0.1.4@efa")}, Verdict.PASS, ""),
        ({"nids": ()}, Verdict.FAIL, "lnet-not-configured"),
        ({"nids": ("10.0.1.4@tcp9",)}, Verdict.FAIL, "lnet-wrong-network"),
        ({"is_loaded": False}, Verdict.SKIP, ""),
    ],
)
def test_lnet(says: dict[str, Any], verdict: Verdict, cause: str) -> None:
    found = only(node_lnet_is_up, truth(**says))
    assert (found.verdict, found.cause) == (verdict, cause)
