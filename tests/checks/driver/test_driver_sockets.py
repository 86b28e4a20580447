"""The containers of the driver, and the kubelet, find the driver's socket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from checks.driver.driver_sockets import driver_sockets
from diag import Verdict
from diag.resources.kubernetes import Workload
from tests.checks import given

OBJECTS = Path(__file__).parents[2] / "lab/objects"


def chart(kind: str) -> Any:
    """The driver's DaemonSet or Deployment as chart 1.17.0 makes it."""
    (found,) = (
        item
        for item in json.loads((OBJECTS / f"{kind}.json").read_text())
        if item["metadata"]["name"].startswith("fsx-csi")
    )
    return found


def container(workload: Any, name: str) -> Any:
    (found,) = (item for item in workload["spec"]["template"]["spec"]["containers"] if item["name"] == name)
    return found


def variable(workload: Any, of: str, name: str) -> Any:
    (found,) = (item for item in container(workload, of)["env"] if item["name"] == name)
    return found


def judged(plugin: Any = None, controller: Any = None, **more: Any) -> dict[str, tuple[Verdict, str]]:
    """Verdict and message by the workload's name."""
    found = given.findings(
        driver_sockets,
        daemon_sets=(msgspec.convert(plugin or chart("daemonsets"), Workload),),
        deployments=(msgspec.convert(controller or chart("deployments"), Workload),),
        **more,
    )
    return {finding.subject.name: (finding.verdict, finding.message) for finding in found}


def test_the_chart_s_containers_meet() -> None:
    assert [verdict for verdict, _ in judged().values()] == [Verdict.PASS, Verdict.PASS]


def test_images_of_a_mirror_that_calls_them_anything() -> None:
    plugin, controller = chart("daemonsets"), chart("deployments")
    for number, item in enumerate((*plugin["spec"]["template"]["spec"]["containers"],
                                   *controller["spec"]["template"]["spec"]["containers"])):  # fmt: skip
        item["image"] = f"harbor.example.com/platform/{number:04}:3"
    assert [verdict for verdict, _ in judged(plugin, controller).values()] == [Verdict.PASS, Verdict.PASS]


def test_other_words_for_the_same_place() -> None:
    plugin = chart("daemonsets")
    variable(plugin, "fsx-plugin", "CSI_ENDPOINT")["value"] = "unix:///sockets/csi.sock"
    container(plugin, "fsx-plugin")["volumeMounts"][1]["mountPath"] = "/sockets/"
    registrar = container(plugin, "node-driver-registrar")
    registrar["args"] = [
        "--v=5",
        "--csi-address",
        "/csi/csi.sock",
        "-kubelet-registration-path=$(DRIVER_REG_SOCK_PATH)",
    ]
    assert judged(plugin)["fsx-csi-node"][0] is Verdict.PASS


@pytest.mark.parametrize(
    ("of", "name", "value", "says"),
    [
        ("fsx-plugin", "CSI_ENDPOINT", "unix:/other/csi.sock", "not the socket that fsx-plugin listens on"),
        ("fsx-plugin", "CSI_ENDPOINT", "/csi/csi.sock", "no unix: or tcp: address"),
        ("node-driver-registrar", "ADDRESS", "/csi/fsx.sock", "calls the driver at /csi/fsx.sock"),
        (
            "node-driver-registrar",
            "DRIVER_REG_SOCK_PATH",
            "/var/lib/k0s/kubelet/plugins/fsx.csi.aws.com/csi.sock",
            "the socket is /var/lib/kubelet/plugins/fsx.csi.aws.com/csi.sock",
        ),
    ],
)
def test_a_variable_that_parts_them(of: str, name: str, value: str, says: str) -> None:
    plugin = chart("daemonsets")
    variable(plugin, of, name)["value"] = value
    verdict, message = judged(plugin, csi_nodes=(given.csi_node(given.NODE, "ebs.csi.aws.com"),))["fsx-csi-node"]
    assert verdict is Verdict.FAIL
    assert says in message


def test_while_it_is_registered_it_is_a_warning() -> None:
    plugin = chart("daemonsets")
    plugin["spec"]["selector"] = {"matchLabels": {"app": "fsx-csi-node"}}
    plugin["metadata"]["namespace"] = given.NAMESPACE
    variable(plugin, "node-driver-registrar", "ADDRESS")["value"] = "/csi/fsx.sock"
    assert judged(plugin)["fsx-csi-node"][0] is Verdict.WARN


def test_the_controller_s_sidecars() -> None:
    controller = chart("deployments")
    variable(controller, "csi-provisioner", "ADDRESS")["value"] = "/csi/csi.sock"
    verdict, message = judged(controller=controller)["fsx-csi-controller"]
    assert verdict is Verdict.WARN
    assert "container csi-provisioner calls the driver at /csi/csi.sock" in message


@pytest.mark.parametrize(
    ("kind", "name"), [("daemonsets", "node-driver-registrar"), ("deployments", "csi-provisioner")]
)
def test_a_sidecar_that_is_missing(kind: str, name: str) -> None:
    workload = chart(kind)
    containers = workload["spec"]["template"]["spec"]["containers"]
    containers.remove(container(workload, name))
    found = judged(**{"plugin" if kind == "daemonsets" else "controller": workload})
    assert any(f"it has no container of {name.replace('node', 'csi-node', 1) if kind == 'daemonsets' else name}" in text
               for _, text in found.values())  # fmt: skip


def test_a_variable_that_nothing_sets() -> None:
    plugin = chart("daemonsets")
    container(plugin, "fsx-plugin")["env"] = []
    assert "use CSI_ENDPOINT, which it does not have" in judged(plugin)["fsx-csi-node"][1]
    container(plugin, "fsx-plugin")["envFrom"] = [{"configMapRef": {"name": "endpoints"}}]
    assert judged(plugin)["fsx-csi-node"][0] is Verdict.PASS


def test_the_mode() -> None:
    plugin = chart("daemonsets")
    container(plugin, "fsx-plugin")["args"][0] = "--mode=controller"
    assert "does not serve what a DaemonSet is for" in judged(plugin)["fsx-csi-node"][1]


def test_unseen() -> None:
    denied = given.denied("list daemonsets")
    assert Verdict.UNKNOWN in given.verdicts(driver_sockets, daemon_sets=denied)


def test_no_secret_of_a_command_line_is_kept() -> None:
    raw = {"name": "x", "image": "example.com/csi-tool", "args": ["--password=hunter2", "--mode=node"]}
    stranger = {"name": "x", "image": "example.com/tool", "args": ["--endpoint=https://me:hunter2@example.com"]}
    workload = given.node_plugin(containers=[raw, stranger])
    assert [c.args for c in workload.spec.template.spec.containers] == [("--mode=node",), None]
