"""Faults that only the node shows, in the healthy lab: the real command with a way in names their cause first."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.lab import Lab
from tests.lab.faults import symptoms
from tests.lab.nodes import NodeSays, Target, exec_answers, ssm_answer
from tests.nodes.test_command import report, start

pytestmark = pytest.mark.lab

LISTENER = "   0: 00000000:03DC 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1"


@pytest.fixture
def lab(running_lab: Lab) -> Lab:
    running_lab.load("healthy")
    return running_lab


def node_says(lab: Lab, **says: Any) -> None:
    """The mounting node, as both exec and SSM find it."""
    node = symptoms.pod(lab)["spec"]["nodeName"]
    found = lab.kube.get("nodes", node)
    address = next(a["address"] for a in found["status"]["addresses"] if a["type"] == "InternalIP")
    servers = {name: found for name, found in lab.zone().items() if found}
    base = {
        "kernel": found["status"]["nodeInfo"]["kernelVersion"],
        "names": servers,
        "connects": {a: "" for found in servers.values() for a in found},
    }
    node = NodeSays(address, **(base | says))
    exec_answers(lab, found["metadata"]["name"], node)
    instance = found["spec"]["providerID"].rpartition("/")[2]
    lab.aws.ssm.state.script.insert(0, (re.escape(instance), ssm_answer(node)))


def rewritten(lab: Lab) -> dict[str, Any]:
    node = lab.kube.get("nodes", symptoms.pod(lab)["spec"]["nodeName"])
    own = next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")
    sent = f"src={own} dst=10.0.3.7 sport=1023 dport=988"
    expected = f"src=10.0.3.7 dst={own} sport=988 dport=54021"
    return {"translations": (f"ipv4 2 tcp 6 60 SYN_SENT {sent} {expected}",)}


def no_helper(lab: Lab) -> None:
    words = "wrong fs type, bad option, bad superblock on"
    target, source = symptoms.mount_target(lab), symptoms.mount_source(lab)
    symptoms.mount_fails(
        lab, 32, f"mount: {target}: {words} {source}, missing codepage or helper program, or other error."
    )


Says = dict[str, Any] | Callable[[Lab], dict[str, Any]]

FAULTS: list[tuple[str, Says, Callable[[Lab], None] | None, str]] = [
    ("ssm", {"client": ""}, symptoms.no_module, "lustre-module-missing"),
    ("exec", {"nids": ("10.0.1.4@tcp9",)}, symptoms.no_such_name, "lnet-wrong-network"),
    ("exec", {"nids": ("172.17.0.1@tcp",)}, symptoms.timed_out, "lnet-wrong-interface"),
    ("ssm", rewritten, symptoms.unreachable, "source-port-rewritten-snat"),
    ("ssm", {"is_loaded": False, "sockets": (LISTENER,)}, symptoms.no_module, "port-988-in-use"),
    (
        "ssm",
        {"is_loaded": False, "module_settings": ('options lnet networks="tcp(ens5"',)},
        symptoms.no_module,
        "lnet-not-configured",
    ),
    (
        "ssm",
        {"is_loaded": False, "module_settings": ("options lnet networks=tcp(eth0)",)},
        symptoms.no_module,
        "lnet-interface-missing",
    ),
    ("ssm", {"lnet_parameters": ("lnet accept_port=1988",)}, symptoms.timed_out, "lnet-port-changed"),
    ("exec", {"mount_helper": ""}, no_helper, "mount-helper-missing"),
    ("ssm", {"connects": {"10.0.3.7": "connect: Connection timed out"}}, symptoms.timed_out, "mgs-unreachable-network"),
    ("ssm", {"names": {"gone.example.com": ()}}, symptoms.name_unresolved, "dns-resolution-failure"),
    ("ssm", {"client": "2.10.8"}, symptoms.invalid_argument, "client-server-version-mismatch"),
]


@pytest.mark.parametrize(("via", "says", "symptom", "cause"), FAULTS, ids=[fault[3] for fault in FAULTS])
def test_the_cause_comes_first(
    lab: Lab, via: str, says: Says, symptom: Callable[[Lab], None] | None, cause: str
) -> None:
    node_says(lab, **(says(lab) if callable(says) else says))
    if symptom:
        symptom(lab)
    found = report(start(lab, "--via", via))
    assert found["diagnoses"][0]["causes"][0]["id"] == cause
    assert found["diagnoses"][0]["causes"][0]["verdict"] == "confirmed"


def test_a_mounted_volume_whose_ost_is_gone(lab: Lab) -> None:
    targets = (Target("mgc"), Target("mdc"), Target("osc", 0, "CONNECTING", ("FULL", "DISCONN"), 9))
    node_says(lab, fsname="ddyezbev", targets=targets)
    found = report(start(lab, "--via", "exec", "--nodes", "all"))
    failing = [finding for finding in found["findings"] if finding["verdict"] == "fail"]
    assert [(finding["check"], finding["cause"]) for finding in failing] == [("node-targets", "ost-unavailable")]
    assert found["exit_code"] == 3


def test_a_healthy_fleet_gives_no_failure_and_no_warning(lab: Lab) -> None:
    found = report(start(lab, "--via", "ssm", "--nodes", "all"))
    loud = [f for f in found["findings"] if f["verdict"] not in ("pass", "skip") and f["check"].startswith("node-")]
    assert loud == []
