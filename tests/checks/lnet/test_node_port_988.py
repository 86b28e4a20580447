"""TCP port 988 of the node is LNet's or nobody's."""

from __future__ import annotations

from typing import Any

import pytest

from checks.lnet.node_port_988 import node_port_is_free
from diag.model.verdict import Verdict
from tests.checks.given_node_checks import only, truth


def tcp(local: str, remote: str, state: str = "01") -> str:
    def end(text: str) -> str:
        address, _, port = text.partition(":")
        return "".join(f"{int(part):02X}" for part in reversed(address.split("."))) + f":{int(port):04X}"

    return f"   0: {end(local)} {end(remote)} {state} 00000000:00000000"


@pytest.mark.parametrize(
    ("says", "verdict"),
    [
        ({"is_loaded": False, "sockets": (tcp("10.0.1.4:988", "10.0.9.9:2049"),)}, Verdict.FAIL),
        ({"is_loaded": False, "sockets": (tcp("0.0.0.0:988", "0.0.0.0:0", "0A"),)}, Verdict.FAIL),
        ({"is_loaded": False, "sockets": (tcp("10.0.1.4:1023", "10.0.3.7:988"),)}, Verdict.PASS),
        ({"is_loaded": False, "sockets": (tcp("10.0.1.4:988", "10.0.9.9:2049", "06"),)}, Verdict.PASS),
        ({"sockets": (tcp("0.0.0.0:988", "0.0.0.0:0", "0A"),)}, Verdict.PASS),
        (
            {
                "module_settings": ("options lnet accept_port=1988",),
                "is_loaded": False,
                "sockets": (tcp("0.0.0.0:988", "0.0.0.0:0", "0A"),),
            },
            Verdict.SKIP,
        ),
        (
            {
                "module_settings": ("options lnet accept_port=988",),
                "is_loaded": False,
                "sockets": (tcp("0.0.0.0:988", "0.0.0.0:0", "0A"),),
            },
            Verdict.FAIL,
        ),
    ],
)
def test_port_988(says: dict[str, Any], verdict: Verdict) -> None:
    assert only(node_port_is_free, truth(**says)).verdict is verdict
