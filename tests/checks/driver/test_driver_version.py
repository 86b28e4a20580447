"""The driver's release against its known faults."""

from __future__ import annotations

import pytest

from checks.driver.driver_version import driver_version
from diag import Verdict
from tests.checks import given


@pytest.mark.parametrize(
    ("tag", "verdict", "says"),
    [
        (":v1.9.0", Verdict.PASS, "no known fault"),
        (":v1.9.0-eksbuild.2", Verdict.PASS, "no known fault"),
        (":v1.10.0", Verdict.PASS, "no known fault"),
        (":v1.4.0", Verdict.WARN, "does not wait for pods"),
        (":v1.0.0", Verdict.WARN, "blocks every other pod's mount"),
        (f"@sha256:{'ab' * 32}", Verdict.PASS, "driver 1.9.0"),
    ],
)
def test_the_node_plugin_s_release(tag: str, verdict: Verdict, says: str) -> None:
    plugin = given.node_plugin(image=f"mirror.example.com/aws-fsx-csi-driver{tag}")
    found = given.findings(driver_version, daemon_sets=(plugin,))
    assert found[0].verdict is verdict
    assert says in found[0].message


def test_a_release_that_nothing_tells_is_not_judged() -> None:
    plugin = given.node_plugin(image="mirror.example.com/aws-fsx-csi-driver:latest")
    plugin = given.replace(plugin, metadata=given.replace(plugin.metadata, labels=None))
    assert given.verdicts(driver_version, daemon_sets=(plugin,))[0] is Verdict.SKIP
    assert given.verdicts(driver_version, daemon_sets=given.denied("list daemonsets"))[0] is Verdict.UNKNOWN


@pytest.mark.parametrize(("tag", "is_pinned"), [("v1.4.0", False), ("v1.3.0", True)])
def test_a_tag_that_the_chart_did_not_bring_is_set_with_the_chart(tag: str, is_pinned: bool) -> None:
    plugin = given.node_plugin(image=f"mirror.example.com/aws-fsx-csi-driver:{tag}")
    labels = {**(plugin.metadata.labels or {}), "app.kubernetes.io/version": "1.4.0"}
    helm = {"meta.helm.sh/release-name": "fsx"}
    plugin = given.replace(plugin, metadata=given.replace(plugin.metadata, labels=labels, annotations=helm))
    fix = given.findings(driver_version, daemon_sets=(plugin,))[0].fix
    assert fix is not None
    assert fix.commands[0].endswith(" --reset-then-reuse-values --set image.tag=v1.9.0" if is_pinned else "-values")
