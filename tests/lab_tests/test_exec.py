"""exec over WebSocket, seen through the official client's stream()."""

import json
import time
from typing import Any

import pytest
import websocket
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream

from tests.lab import Lab
from tests.lab.kubernetes.exec import Ending, ExecAnswer

pytestmark = pytest.mark.lab
NAMESPACE = "fsx-csi-driver"


def run(core: Any, pod: str, *argv: str) -> Any:
    return stream(
        core.connect_get_namespaced_pod_exec,
        pod,
        NAMESPACE,
        container="fsx-plugin",
        command=list(argv),
        stdout=True,
        stderr=True,
        stdin=False,
        tty=False,
        _preload_content=False,
    )


def node_pods(lab: Lab) -> dict[str, str]:
    """Pod names by node."""
    pods = lab.kube.all("pods", NAMESPACE)
    return {
        p["spec"]["nodeName"]: p["metadata"]["name"] for p in pods if p["metadata"]["labels"]["app"] == "fsx-csi-node"
    }


def test_answers_depend_on_node_and_command(lab: Lab, core: Any) -> None:
    lab.script.on("lctl get_param -n version", ExecAnswer(stdout=b"2.15.6\n"))
    old = lab.site.node(2, 4)
    lab.script.on("lctl get_param -n version", ExecAnswer(stdout=b"2.12.8\n"), node=old)
    said = {}
    for node, pod in node_pods(lab).items():
        session = run(core, pod, "lctl", "get_param", "-n", "version")
        session.run_forever(timeout=5)
        said[node] = session.read_stdout()
        assert json.loads(session.read_channel(3)) == {"metadata": {}, "status": "Success"}
    assert said.pop(old) == "2.12.8\n"
    assert set(said.values()) == {"2.15.6\n"}


def test_an_exit_status_comes_on_channel_3(lab: Lab, core: Any) -> None:
    lab.script.on("getent ahosts .*", ExecAnswer(stderr=b"", exit_code=2))
    session = run(core, next(iter(node_pods(lab).values())), "getent", "ahosts", "nobody")
    session.run_forever(timeout=5)
    assert session.returncode == 2


def test_a_command_the_image_lacks_is_no_exit_status(lab: Lab, core: Any) -> None:
    session = run(core, next(iter(node_pods(lab).values())), "sh", "-c", "true")
    session.run_forever(timeout=5)
    status = json.loads(session.read_channel(3))
    assert status["reason"] == "InternalError"
    assert 'exec: "sh": executable file not found in $PATH' in status["message"]


@pytest.mark.parametrize("offered", ["v4.channel.k8s.io", "v5.channel.k8s.io"])
def test_both_subprotocols_are_spoken(lab: Lab, core: Any, offered: str) -> None:
    lab.script.on("mount", ExecAnswer(stdout=b"nothing\n"))
    pod = next(iter(node_pods(lab).values()))
    url = lab.kube_server.url.replace("https", "wss")
    connection = websocket.create_connection(
        f"{url}/api/v1/namespaces/{NAMESPACE}/pods/{pod}/exec?command=mount&stdout=true",
        header=[f"Authorization: Bearer {lab.kube_server.token}"],
        subprotocols=[offered],
        sslopt={"cert_reqs": 0},
        timeout=5,
    )
    assert connection.getsubprotocol() == offered
    assert connection.recv() == b"\x01nothing\n"
    connection.close()


def test_a_command_that_never_answers_stays_open(lab: Lab, core: Any) -> None:
    lab.script.on("lctl .*", ExecAnswer(ending=Ending.NEVER))
    session = run(core, next(iter(node_pods(lab).values())), "lctl", "dl")
    start = time.monotonic()
    session.run_forever(timeout=1)
    assert session.is_open()
    assert time.monotonic() - start > 0.9
    session.close()


def test_a_connection_that_breaks_half_way(lab: Lab, core: Any) -> None:
    lab.script.on("lctl .*", ExecAnswer(stdout=b"x" * 1000, ending=Ending.HALF_WAY))
    session = run(core, next(iter(node_pods(lab).values())), "lctl", "dl")
    with pytest.raises(websocket.WebSocketConnectionClosedException):
        session.run_forever(timeout=5)
    assert len(session.read_stdout(timeout=0)) == 500


def test_a_flood_is_sent_without_being_held(lab: Lab, core: Any) -> None:
    lab.script.on("dmesg", ExecAnswer(stdout=b"x" * 65536, repeat=16 * 1024))
    pod = next(iter(node_pods(lab).values()))
    url = lab.kube_server.url.replace("https", "wss")
    connection = websocket.create_connection(
        f"{url}/api/v1/namespaces/{NAMESPACE}/pods/{pod}/exec?command=dmesg&stdout=true",
        header=[f"Authorization: Bearer {lab.kube_server.token}"],
        subprotocols=["v5.channel.k8s.io"],
        sslopt={"cert_reqs": 0},
        timeout=10,
    )
    seen = 0
    while seen < 32 << 20:
        seen += len(connection.recv()) - 1
    connection.close()


@pytest.mark.parametrize("verb", ["get", "create"])
def test_exec_needs_both_verbs(lab: Lab, core: Any, verb: str) -> None:
    lab.deny_kube(verb, "pods/exec")
    with pytest.raises(ApiException) as raised:
        run(core, next(iter(node_pods(lab).values())), "mount")
    assert raised.value.status == 0
    assert "Handshake status 403 Forbidden" in str(raised.value.reason)
    assert f'cannot {verb} resource \\"pods/exec\\"' in str(raised.value.reason)
