"""Into the driver's container over the real exec subprotocols: with a shell, without, and with peers that misbehave."""

import re

import pytest

from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import NodeReport, Vantage
from diag.resources.via import Via
from diag.sources.kubernetes.client import Kube
from diag.sources.nodes.ask import NodeAsk, Plugin, Questions, questions_of
from diag.sources.nodes.exec import Exec
from tests.lab import Lab
from tests.lab.kubernetes.exec import Ending, ExecAnswer
from tests.lab.nodes import NodeSays, exec_answers
from tests.nodes.reading import NOTHING, ask, refusal, truth
from tests.patience import PATIENCE_S, in_time

pytestmark = pytest.mark.lab

IMAGE = "sha256:" + "cd" * 32


@pytest.fixture
def lab(running_lab: Lab) -> Lab:
    running_lab.load("healthy")
    running_lab.script.rules.clear()
    return running_lab


@pytest.fixture
def asks(lab: Lab) -> list[NodeAsk]:
    pods = (pod for pod in lab.kube.all("pods") if pod["metadata"]["name"].startswith("fsx-csi-node"))
    return [
        NodeAsk(
            pod["spec"]["nodeName"],
            plugin=Plugin(pod["metadata"]["namespace"], pod["metadata"]["name"], "fsx-plugin", IMAGE),
        )
        for pod in pods
    ]


def read(
    lab: Lab, asks: list[NodeAsk], questions: Questions = NOTHING, **bounds: float
) -> dict[str, NodeReport | Unavailable]:
    return ask(Exec(Kube(kubeconfig=str(lab.kubeconfigs["exec"]))), asks, questions, **bounds)  # type: ignore[arg-type]


def test_one_round_trip_a_node_where_there_is_a_shell(lab: Lab, asks: list[NodeAsk]) -> None:
    for one in asks:
        exec_answers(lab, one.node, NodeSays("10.0.1.4", fsname="ddyezbev"), shell=True)
    answers = read(lab, asks, at_once=1)
    for one in asks:
        found = truth(answers[one.node])
        assert (found.via, found.vantage, found.image, found.client_version) == (Via.EXEC, Vantage.POD, IMAGE, "2.15.6")
        assert found.why_missing("sockets").reason is Reason.NOT_ASKED
    argvs = [argv for _, _, argv in lab.script.asked]
    assert argvs.count(("sh", "-c", ":")) == 1
    assert len(argvs) == 1 + len(asks)


def test_plain_commands_where_there_is_none(lab: Lab, asks: list[NodeAsk]) -> None:
    names = {"fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com": ("10.0.3.7",), "gone.example.com": ()}
    for one in asks:
        exec_answers(lab, one.node, NodeSays("10.0.1.4", fsname="ddyezbev", names=names))
    found = truth(read(lab, asks, questions_of([*names], ["10.0.3.7"], 988))[asks[0].node])
    assert found.client_version == "2.15.6"
    assert found.nids == ("10.0.1.4@tcp",)
    assert found.imports and len(found.imports) == 3
    assert [(n.name, n.addresses, n.exit_status) for n in found.names or ()] == [
        ("fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com", ("10.0.3.7",), 0),
        ("gone.example.com", (), 2),
    ]
    assert found.probe == ""
    why = found.why_missing("connects")
    assert why.reason is Reason.NOT_ASKED and "no shell" in why.detail


def test_three_sessions_a_node_without_a_shell(lab: Lab, asks: list[NodeAsk], monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters, LNet and all names; the shell, the tools' version and the page size are asked of one node."""
    monkeypatch.setattr("diag.sources.nodes.exec.LEARN_S", PATIENCE_S)
    names = {"a.example.com": ("10.0.3.7", "10.0.3.8"), "b.example.com": ("10.0.3.9",)}
    many = [NodeAsk(f"n{n}", plugin=asks[0].plugin, kernel="6.12 amd64") for n in range(20)]
    exec_answers(lab, asks[0].node, NodeSays("10.0.1.4", fsname="ddyezbev", names=names))
    answers = read(lab, many, questions_of([*names], [], 988))
    for answer in answers.values():
        found = truth(answer)
        assert (found.client_version, found.nids, found.page_size) == ("2.15.6", ("10.0.1.4@tcp",), 4096)
        assert [(n.name, n.addresses) for n in found.names or ()] == [*names.items()]
        assert found.imports and found.tools_version == "2.15.6"
    argvs = [argv for _, _, argv in lab.script.asked]
    assert argvs.count(("sh", "-c", ":")) == 1
    assert not [argv for argv in argvs if argv[1:2] == ("list_nids",)]
    # A wave of eight may ask what the first of it is about to learn.
    assert 3 * len(many) + 3 <= len(argvs) <= 3 * len(many) + 1 + 3 * 8


def test_lctl_lists_the_nids_where_there_is_no_lnetctl(lab: Lab, asks: list[NodeAsk]) -> None:
    exec_answers(lab, asks[0].node, NodeSays("10.0.1.4", fsname="ddyezbev"))
    lab.script.rules[:] = [rule for rule in lab.script.rules if "lnetctl" not in rule.command]
    found = truth(read(lab, asks[:1])[asks[0].node])
    assert found.nids == ("10.0.1.4@tcp",) and found.lnet_interfaces is None


def test_an_image_with_neither_shell_nor_tools_answers_nothing_and_says_so(lab: Lab, asks: list[NodeAsk]) -> None:
    found = truth(read(lab, asks)[asks[0].node])
    assert found.why_missing("nids").reason is Reason.UNREACHABLE
    argvs = [argv for _, _, argv in lab.script.asked]
    assert argvs.count(("lctl", "list_nids")) <= len(asks)


def test_an_image_without_getent_is_no_name_that_does_not_resolve(lab: Lab, asks: list[NodeAsk]) -> None:
    for one in asks:
        exec_answers(lab, one.node, NodeSays("10.0.1.4", names={"fs.example.com": ("10.0.3.7",)}))
    lab.script.rules[:] = [rule for rule in lab.script.rules if "getent" not in rule.command]
    found = truth(read(lab, asks, questions_of(["fs.example.com"], [], 988))[asks[0].node])
    assert found.names is None and found.why_missing("names").reason is Reason.NOT_ASKED
    assert found.client_version == "2.15.6"


def test_a_node_without_a_driver_pod(lab: Lab) -> None:
    why = refusal(read(lab, [NodeAsk("bare")])["bare"])
    assert why.reason is Reason.ABSENT and "node plugin" in why.detail


def test_no_right_to_exec_names_the_right(lab: Lab, asks: list[NodeAsk]) -> None:
    lab.deny_kube("get", "pods/exec")
    lab.deny_kube("create", "pods/exec")
    why = refusal(read(lab, asks[:1])[asks[0].node])
    assert why.reason is Reason.DENIED and why.permission == "create pods/exec"


def test_a_pod_that_has_gone(lab: Lab, asks: list[NodeAsk]) -> None:
    gone = NodeAsk("n", plugin=Plugin("fsx-csi-driver", "fsx-csi-node-gone", "fsx-plugin", IMAGE))
    assert refusal(read(lab, [gone])["n"]).reason is Reason.ABSENT


def debug(lab: Lab, asks: list[NodeAsk], image: str) -> NodeReport | Unavailable:
    way = Exec(Kube(kubeconfig=str(lab.kubeconfigs["exec"])), image)
    return ask(way, asks[:1])[asks[0].node]


def debug_containers(lab: Lab, one: NodeAsk) -> list[dict[str, object]]:
    assert one.plugin is not None
    found: list[dict[str, object]] = lab.kube.get("pods", one.plugin.pod, one.plugin.namespace)["spec"].get(
        "ephemeralContainers", []
    )
    return found


def test_a_debug_container_asks_what_the_image_cannot(lab: Lab, asks: list[NodeAsk]) -> None:
    lab.script.on("sh -s --.*", ExecAnswer(NodeSays("10.0.1.4", blocked=("1 ll_file_io x",)).probe_output()))
    for _ in range(2):
        found = truth(debug(lab, asks, "lustre-doctor:0.1.0"))
        assert found.blocked and found.image == "lustre-doctor:0.1.0"
    (container,) = debug_containers(lab, asks[0])
    assert container["targetContainerName"] == "fsx-plugin"


def test_no_container_is_added_unless_asked_or_where_there_is_a_shell(lab: Lab, asks: list[NodeAsk]) -> None:
    read(lab, asks[:1])
    exec_answers(lab, asks[1].node, NodeSays("10.0.1.5"), shell=True)
    ask(Exec(Kube(kubeconfig=str(lab.kubeconfigs["exec"])), "lustre-doctor:0.1.0"), asks[1:2])
    assert [debug_containers(lab, one) for one in asks[:2]] == [[], []]


def test_a_debug_image_that_cannot_be_pulled(lab: Lab, asks: list[NodeAsk]) -> None:
    why = refusal(debug(lab, asks, "absent:1"))
    assert why.reason is Reason.ABSENT and "ErrImagePull" in why.detail


def test_no_right_to_add_a_container_names_the_right(lab: Lab, asks: list[NodeAsk]) -> None:
    lab.deny_kube("patch", "pods/ephemeralcontainers")
    why = refusal(debug(lab, asks, "lustre-doctor:0.1.0"))
    assert why.reason is Reason.DENIED and why.permission == "patch pods/ephemeralcontainers"


def script(lab: Lab, answer: ExecAnswer) -> None:
    lab.script.on("sh -c :", ExecAnswer())
    lab.script.on("sh -s --.*", answer)


def test_one_that_never_answers_costs_its_own_deadline(lab: Lab, asks: list[NodeAsk]) -> None:
    exec_answers(lab, asks[0].node, NodeSays("10.0.1.4"), shell=True)
    exec_answers(lab, asks[1].node, NodeSays("10.0.1.5"), shell=True)
    lab.script.on("sh -s --.*", ExecAnswer(ending=Ending.NEVER), node=re.escape(asks[0].node))
    with in_time():
        answers = read(lab, asks[:2], node_s=3.0)
    assert refusal(answers[asks[0].node]).reason is Reason.TIMEOUT
    assert truth(answers[asks[1].node]).nids == ("10.0.1.5@tcp",)


def test_one_that_closes_half_way_keeps_what_came(lab: Lab, asks: list[NodeAsk]) -> None:
    script(lab, ExecAnswer(NodeSays("10.0.1.4").probe_output(), ending=Ending.HALF_WAY))
    found = truth(read(lab, asks[:1])[asks[0].node])
    assert found.kernel == NodeSays("10.0.1.4").kernel
    why = found.why_missing("names")
    assert why.reason is Reason.GARBLED and "half-way" in why.detail


def test_endless_output_is_not_read(lab: Lab, asks: list[NodeAsk]) -> None:
    head = NodeSays("10.0.1.4").probe_output()
    script(lab, ExecAnswer(head + b"|yes\n" * 200_000, repeat=1_000_000))
    with in_time():
        found = truth(read(lab, asks[:1], node_s=600, seconds=600)[asks[0].node])
    assert found.kernel is not None


def test_a_shell_that_prints_no_probe_answers_nothing(lab: Lab, asks: list[NodeAsk]) -> None:
    script(lab, ExecAnswer(b"Segmentation fault\n", exit_code=139))
    why = refusal(read(lab, asks[:1])[asks[0].node])
    assert why.reason is Reason.GARBLED and "139" in why.detail


@pytest.mark.parametrize("text", [b"\x00\xff" * 4000, b"#begin kernel\n|x\n" * 9000, b"#end\n#end x 99999\n#begin\n"])
def test_nonsense_is_no_answer(lab: Lab, asks: list[NodeAsk], text: bytes) -> None:
    script(lab, ExecAnswer(text))
    assert refusal(read(lab, asks[:1])[asks[0].node]).reason is Reason.GARBLED


def test_a_cluster_that_is_not_there() -> None:
    answers = ask(Exec(Kube(kubeconfig="/nonexistent/kubeconfig")), [NodeAsk("a"), NodeAsk("b")])
    assert {refusal(answer).reason for answer in answers.values()} == {Reason.ABSENT}
