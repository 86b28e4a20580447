"""The name of a file system in the node plugin's own /etc/hosts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.dns.host_aliases import no_own_list_has_the_name
from diag import Reason, Unavailable, Verdict
from diag.resources.kubernetes import Pod
from tests.checks import given
from tests.checks.given_name_resolution_path import NOT_TOLD, judge, plugin
from tests.checks.given_network import ADDRESS, NAME


def lists(*aliases: tuple[str, str]) -> dict[str, Any]:
    spec = {"hostAliases": [{"ip": ip, "hostnames": ["other.example.com", host]} for ip, host in aliases]}
    running = msgspec.convert({**msgspec.to_builtins(given.plugin_pod()), "spec": spec}, Pod)
    return {**NOT_TOLD, **plugin(**spec), "pods": (given.pod(phase="Pending"), running)}


@pytest.mark.parametrize("name", [NAME, NAME.upper()])
def test_the_name_is_led_elsewhere(name: str) -> None:
    judged = judge(no_own_list_has_the_name, **lists(("10.9.9.9", name), (ADDRESS, NAME)))
    assert (judged.verdict, judged.cause) == (Verdict.FAIL, "dns-wrong-address")
    assert "10.9.9.9" in judged.message and judged.fix is not None


@pytest.mark.parametrize(
    "aliases",
    [(), ((ADDRESS, NAME),), (("10.9.9.9", f"x{NAME}"),), ((ADDRESS, NAME), ("10.9.9.9", NAME))],
)
def test_other_names_and_the_right_address_pass(aliases: tuple[tuple[str, str], ...]) -> None:
    assert judge(no_own_list_has_the_name, **lists(*aliases)).verdict is Verdict.PASS


def test_a_pod_that_is_up_mounted_before_the_entry() -> None:
    facts = lists(("10.9.9.9", NAME))
    running = tuple(pod for pod in facts.pop("pods") if pod.metadata.name != given.pod().metadata.name)
    assert judge(no_own_list_has_the_name, **facts, pods=(given.pod(), *running)).verdict is Verdict.WARN


def test_a_list_of_ones_own_is_not_seen() -> None:
    over = {"containers": [{"name": "fsx-plugin", "volumeMounts": [{"name": "own", "mountPath": "/etc/hosts"}]}]}
    facts = {**NOT_TOLD, **plugin(**over), "pods": (given.pod(phase="Pending"),)}
    assert judge(no_own_list_has_the_name, **facts).verdict is Verdict.UNKNOWN
    assert judge(no_own_list_has_the_name, **plugin(**over), pods=(given.pod(),)).verdict is Verdict.PASS


def test_interfaces_that_could_not_be_read() -> None:
    denied = Unavailable("ec2:DescribeNetworkInterfaces", Reason.DENIED)
    facts = lists(("10.9.9.9", NAME)) | {"network_interfaces": denied}
    assert judge(no_own_list_has_the_name, **facts).verdict is Verdict.UNKNOWN


def test_an_address_needs_no_name() -> None:
    assert judge(no_own_list_has_the_name, name=ADDRESS, **lists(("10.9.9.9", NAME))).verdict is Verdict.SKIP
