"""The controller's proxy leaves alone what no proxy can reach: the API server's Service and the Pod Identity agent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.identity.controller_proxy import proxy_leaves_the_cluster_alone
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.kubernetes import Pod
from tests.checks import given
from tests.checks.given_identity import controller_pod, pending_claim, world

PROXY = "http://proxy.example.com:3128"
AGENT = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"}
WAITING = {"claims": (given.claim(), pending_claim())}


def pod(**env: dict[str, str]) -> Pod:
    """A pod of the controller; the variables of each container, by its name with `_`."""
    made = msgspec.to_builtins(controller_pod(""))
    made["spec"]["containers"] = [
        {"name": name.replace("_", "-"), "image": "registry.example.com/mirror/0815",
         "env": [{"name": key, "value": value} for key, value in values.items()]}
        for name, values in env.items()
    ]  # fmt: skip
    return msgspec.convert(made, Pod)


def found(*pods: Pod, **facts: Any) -> list[Finding]:
    cluster = given.eks_cluster(kubernetesNetworkConfig={"serviceIpv4Cidr": "172.20.0.0/16"})
    return given.findings(proxy_leaves_the_cluster_alone, **world(pods=pods, eks_cluster=cluster, **facts))


def test_the_agent_behind_a_proxy() -> None:
    (told,) = found(pod(fsx_plugin={**AGENT, "HTTP_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8, .svc"}), **WAITING)
    assert (told.verdict, told.cause) == (Verdict.FAIL, "pod-identity-agent-missing")
    assert told.fix is not None
    assert "NO_PROXY=10.0.0.0/8,.svc,169.254.170.23" in told.fix.commands[0]


def test_the_api_server_behind_a_proxy() -> None:
    (told,) = found(pod(fsx_plugin={}, csi_provisioner={"https_proxy": PROXY}))
    assert (told.verdict, told.cause) == (Verdict.WARN, "csi-controller-not-running")
    assert "172.20.0.1" in told.message


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"HTTP_PROXY": PROXY, "NO_PROXY": "*"},
        {"HTTP_PROXY": PROXY, "NO_PROXY": "localhost,169.254.170.23"},
        {"HTTP_PROXY": PROXY, "no_proxy": "169.254.0.0/16"},
        {"http_proxy": PROXY, "NO_PROXY": "169.254.170.23:80"},
        {"HTTPS_PROXY": PROXY},
    ],
)
def test_what_goes_past_it(env: dict[str, str]) -> None:
    (told,) = found(pod(fsx_plugin=AGENT | env), **WAITING)
    assert told.verdict is Verdict.PASS


def test_other_credentials_need_no_agent() -> None:
    (told,) = found(pod(fsx_plugin={"HTTP_PROXY": PROXY}), **WAITING)
    assert told.verdict is Verdict.PASS


def test_pods_that_could_not_be_read() -> None:
    facts = {"live_pods": given.denied("list pods")}
    (told,) = given.findings(proxy_leaves_the_cluster_alone, **world(**facts))
    assert told.verdict is Verdict.UNKNOWN
