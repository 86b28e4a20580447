"""The options of LNet on the node: well-formed, on interfaces that are there, on tcp and port 988."""

from __future__ import annotations

from typing import Any

import pytest

from checks.lnet.node_lnet_options import node_lnet_options_are_right
from diag.model.verdict import Verdict
from diag.resources.node_report import Vantage
from tests.checks.given_node_checks import ADDRESS, only, truth

MALFORMED, NO_CARD, OTHER_PORT, OTHER_NETWORK = (
    "lnet-not-configured", "lnet-interface-missing", "lnet-port-changed", "lnet-wrong-network"
)  # fmt: skip
PASS, WARN, FAIL = Verdict.PASS, Verdict.WARN, Verdict.FAIL
DESCRIBED = ("add:", "    - net:", "          errno: -22", "          descr: \"cannot parse net 'tpc'\"")


def configured(*options: str) -> dict[str, Any]:
    """A node whose LNet is not loaded yet."""
    return {"is_loaded": False, "module_settings": tuple(f"options {option}" for option in options)}


def loaded(*options: str, nids: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """A node whose LNet is loaded with these options."""
    return {"lnet_parameters": options, "nids": nids, **more}


@pytest.mark.parametrize(
    ("says", "verdict", "cause", "says_so"),
    [
        ({}, PASS, "", "peer discovery is on"),
        (loaded("lnet lnet_peer_discovery_disabled=1", nids=("10.0.1.4@tcp",)), PASS, "", "peer discovery is off"),
        (configured(), PASS, "", "right"),
        (configured("lnet networks=tcp(ens5)"), PASS, "", "right"),
        (configured('lnet ip2nets="tcp(ens5) 10.0.*.*"'), PASS, "", "right"),
        (configured('lnet networks="tcp(ens5"'), FAIL, MALFORMED, "at 'ens5', character 5"),
        (configured("lnet networks='tcp(ens5)'"), FAIL, MALFORMED, "no network that LNet knows"),
        (configured("lnet networks=tpc(ens5)"), FAIL, MALFORMED, "at 'tpc', character 1"),
        (configured('lnet ip2nets="tcp 10.0.0.0/16"'), FAIL, MALFORMED, "no prefix length"),
        (configured("lnet routes=tcp1"), FAIL, MALFORMED, "names no gateway"),
        (configured("lnet networks=tcp", 'lnet ip2nets="tcp *.*.*.*"'), FAIL, MALFORMED, "only one"),
        (configured('lnet ip2nets="tcp 192.168.*.*"'), FAIL, NO_CARD, f"matches an address of the node ({ADDRESS})"),
        (configured("lnet networks=tcp(eth0)"), FAIL, NO_CARD, "none of that name (it has ens5)"),
        (configured("lnet networks=tcp(ens6)") | {"interfaces": ("ens5 up", "ens6 down")}, FAIL, NO_CARD, "is down"),
        (configured("lnet networks=tcp1(ens5)"), FAIL, OTHER_NETWORK, "on tcp1 alone"),
        (configured("lnet accept_port=1988"), FAIL, OTHER_PORT, "connects to it"),
        (configured("lnet accept=no"), FAIL, MALFORMED, "none of secure, all and none"),
        (configured("lnet accept=none"), WARN, "", "no server connect back"),
        (configured("ksocklnd peer_credits=0"), FAIL, MALFORMED, "without credits"),
        (configured("ksocklnd peer_credits=63 credits=2560"), PASS, "", "right"),
        (configured('lnet networks="tcp(ens5) tcp1(ens6)"'), WARN, "", "ignores 'tcp1(ens6)'"),
        (loaded('lnet networks=tcp(ens5', nids=()), FAIL, MALFORMED, "never closed"),
        (loaded("lnet networks=tcp(eth0)", nids=("10.0.1.4@tcp",)), WARN, NO_CARD, "LNet is up all the same"),
        (loaded("lnet accept_port=1988"), FAIL, OTHER_PORT, "1988"),
        (
            loaded("lnet networks=", nids=("10.0.1.4@tcp",), module_settings=("options lnet networks=tpc",)),
            WARN, MALFORMED, "counts at LNet's next start",
        ),
        (
            loaded("lnet networks=tcp(ens6)", interfaces=("ens5 up", "ens6 up"),
                   kernel_log=("[ 9.1] LNetError: 2:0:(socklnd.c:1:x()) ksocklnd: failed to find interface ens6",)),
            FAIL, NO_CARD, "was not when LNet started",
        ),
        ({"lnet_conf": ("net:",), "lnet_service": DESCRIBED}, WARN, MALFORMED, "import /etc/lnet.conf: cannot"),
        (
            loaded("lnet networks=", lnet_conf=("net:",), lnet_service=("Failed to start lnet management.",)),
            FAIL, MALFORMED, "could not import",
        ),
        ({"lnet_conf": ("net:",), "lnet_service": ("Started lnet management.",)}, PASS, "", "right"),
    ],
)  # fmt: skip
def test_options(says: dict[str, Any], verdict: Verdict, cause: str, says_so: str) -> None:
    found = only(node_lnet_options_are_right, truth(**says))
    assert (found.verdict, found.cause) == (verdict, cause), found.message
    assert says_so in found.message


def test_a_port_that_the_client_would_dial_fails_although_lnet_is_up() -> None:
    """LNet starts well on another port; it is the connect that fails."""
    found = only(node_lnet_options_are_right, truth(lnet_parameters=("lnet accept_port=1988",)))
    assert (found.verdict, found.cause) == (FAIL, OTHER_PORT)


def test_without_the_node_s_interfaces_a_name_is_not_judged() -> None:
    found = only(
        node_lnet_options_are_right,
        truth(vantage=Vantage.POD, leave_out="interfaces", **configured("lnet networks=tcp(x)")),
    )
    assert found.verdict is PASS


def test_a_node_that_shows_no_options_is_not_judged() -> None:
    found = only(node_lnet_options_are_right, truth(is_loaded=False, leave_out="module_settings"))
    assert found.verdict in (Verdict.SKIP, Verdict.UNKNOWN)
