"""More than one installation of the driver."""

from __future__ import annotations

from typing import Any

import pytest

from checks.driver.driver_installed_twice import driver_installed_twice
from diag import Verdict
from diag.resources.kubernetes import Workload
from tests.checks import given
from tests.checks.given_driver_objects import addon


def by_helm(workload: Workload) -> Workload:
    annotations = {"meta.helm.sh/release-name": "fsx"}
    return given.replace(workload, metadata=given.replace(workload.metadata, annotations=annotations))


def test_two_plugins_on_one_node_fail() -> None:
    plugins = (given.node_plugin(), given.node_plugin(namespace="fsx-csi-driver"))
    (found,) = given.findings(driver_installed_twice, daemon_sets=plugins)
    assert (found.verdict, found.cause) == (Verdict.FAIL, "csi-driver-installed-twice")
    assert [s.name for s in found.concerns] == [given.NODE]


def test_two_daemon_sets_that_share_no_node_are_one_driver() -> None:
    plugins = tuple(
        given.node_plugin(namespace=arch, nodeSelector={"kubernetes.io/arch": arch}) for arch in ("amd64", "arm64")
    )
    nodes = (given.node("node-a"), given.node("node-b", arch="arm64"))
    assert given.verdicts(driver_installed_twice, daemon_sets=plugins, nodes=nodes) == (Verdict.PASS,)
    assert given.verdicts(driver_installed_twice, nodes=given.denied("list nodes")) == (Verdict.UNKNOWN,)


@pytest.mark.parametrize(
    ("helm", "addons", "verdict"),
    [
        (True, (), Verdict.PASS),
        (False, (addon(),), Verdict.PASS),
        (True, (addon(),), Verdict.WARN),
        (True, given.denied("eks:DescribeAddon"), Verdict.UNKNOWN),
        (False, given.denied("eks:DescribeAddon"), Verdict.PASS),
    ],
)
def test_an_add_on_beside_a_helm_release(helm: bool, addons: Any, verdict: Verdict) -> None:
    plugin = by_helm(given.node_plugin()) if helm else given.node_plugin()
    assert given.verdicts(driver_installed_twice, daemon_sets=(plugin,), addons=addons) == (verdict,)
