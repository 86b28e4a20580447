"""Through Run Command: batches instead of calls a node, answers longer than what SSM keeps, and what never ends."""

import base64
import gzip
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.model.unavailable import Reason
from diag.resources.via import Via
from diag.sources.aws.session import Aws
from diag.sources.nodes.ask import NodeAsk, probe, probe_hash, questions_of
from diag.sources.nodes.ssm import Ssm, command_lines, unpacked
from tests.lab import Lab
from tests.lab.aws.ssm import CommandResult
from tests.lab.nodes import NodeSays, ssm_answer
from tests.nodes.reading import NOTHING, ask, refusal, truth
from tests.patience import in_time


@pytest.fixture
def lab(running_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    running_lab.load("healthy")
    running_lab.aws.ssm.state.script.clear()
    for name, value in running_lab.env.items():
        monkeypatch.setenv(name, value)
    return running_lab


def fleet(lab: Lab, count: int) -> list[NodeAsk]:
    asks = [NodeAsk(f"node-{n}", instance_id=f"i-{n:017x}") for n in range(count)]
    lab.aws.ssm.state.instances.update({one.instance_id: "Online" for one in asks})
    return asks


def script(lab: Lab, pattern: str, result: CommandResult) -> None:
    lab.aws.ssm.state.script.insert(0, (pattern, result))


@pytest.mark.lab
def test_a_hundred_and_twenty_nodes_are_three_commands(lab: Lab) -> None:
    asks = fleet(lab, 120)
    script(lab, "i-.*", ssm_answer(NodeSays("10.0.1.4", fsname="ddyezbev")))
    aws = Aws(region=lab.site.region)
    answers = ask(Ssm(aws, lab.site.region), asks, seconds=30)
    found = truth(answers["node-119"])
    assert (found.via, found.probe, found.client_version) == (Via.SSM, probe_hash(), "2.15.6")
    assert len([a for a in answers.values() if truth(a).nids == ("10.0.1.4@tcp",)]) == 120
    assert aws.calls["ssm:SendCommand"] == 3
    assert aws.calls["ssm:GetCommandInvocation"] == 0
    assert aws.calls["ssm:ListCommandInvocations"] <= 9


@pytest.mark.lab
def test_one_unmanaged_instance_does_not_cost_the_others(lab: Lab) -> None:
    asks = [*fleet(lab, 3), NodeAsk("away", instance_id="i-0123456789abcdef0"), NodeAsk("fargate")]
    lab.aws.ssm.state.instances["i-0123456789abcdef0"] = "ConnectionLost"
    script(lab, "i-.*", ssm_answer(NodeSays("10.0.1.4")))
    answers = ask(Ssm(Aws(region=lab.site.region), lab.site.region), asks, seconds=20)
    assert truth(answers["node-2"]).kernel
    assert refusal(answers["away"]).reason is Reason.UNREACHABLE and "agent" in refusal(answers["away"]).detail
    assert refusal(answers["fargate"]).reason is Reason.NOT_ASKED


@pytest.mark.lab
def test_an_answer_too_long_for_the_list_is_fetched_and_one_too_long_for_ssm_is_told(lab: Lab) -> None:
    noise = random.Random(1)

    def lines(count: int) -> tuple[str, ...]:
        return tuple(f"LustreError: {noise.getrandbits(800):x}" for _ in range(count))

    long, longer = fleet(lab, 2)
    script(lab, long.instance_id, ssm_answer(NodeSays("10.0.1.4", kernel_log=lines(40))))
    script(lab, longer.instance_id, ssm_answer(NodeSays("10.0.1.5", kernel_log=lines(400))))
    aws = Aws(region=lab.site.region)
    answers = ask(Ssm(aws, lab.site.region), [long, longer], seconds=20)
    assert len(truth(answers[long.node]).kernel_messages or ()) == 40
    cut = truth(answers[longer.node])
    assert cut.kernel and cut.kernel_messages is None
    assert "24000 characters" in cut.why_missing("names").detail
    assert aws.calls["ssm:GetCommandInvocation"] == 2


@pytest.mark.lab
def test_what_stays_in_progress_ends_with_the_deadline_and_is_cancelled(lab: Lab) -> None:
    asks = fleet(lab, 2)
    script(lab, asks[0].instance_id, ssm_answer(NodeSays("10.0.1.4")))
    script(lab, asks[1].instance_id, CommandResult(state="InProgress"))
    with in_time():
        answers = ask(Ssm(Aws(region=lab.site.region), lab.site.region), asks, seconds=6)
    assert truth(answers["node-0"]).kernel
    assert refusal(answers["node-1"]).reason is Reason.TIMEOUT
    assert [command["Status"] for command in lab.aws.ssm.state.commands.values()] == ["Cancelled"]


@pytest.mark.lab
@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (CommandResult(state="TimedOut", response_code=-1), Reason.TIMEOUT),
        (CommandResult(stdout="sh: not found", response_code=127, state="Failed"), Reason.GARBLED),
        (CommandResult(stdout="", state="Success"), Reason.GARBLED),
        (CommandResult(state="Undeliverable"), Reason.UNREACHABLE),
    ],
)
def test_commands_that_end_badly(lab: Lab, result: CommandResult, reason: Reason) -> None:
    asks = fleet(lab, 1)
    script(lab, "i-.*", result)
    assert refusal(ask(Ssm(Aws(region=lab.site.region), lab.site.region), asks)["node-0"]).reason is reason


@pytest.mark.lab
def test_no_right_to_send_names_the_right(lab: Lab) -> None:
    lab.deny("ssm:SendCommand")
    why = refusal(ask(Ssm(Aws(region=lab.site.region), lab.site.region), fleet(lab, 1), seconds=20)["node-0"])
    assert why.reason is Reason.DENIED and why.permission == "ssm:SendCommand"


def test_the_script_is_the_probe_and_its_arguments_are_quoted() -> None:
    lines = command_lines(questions_of(["fs-1.example.com", "x; reboot"], ["10.0.0.1"], 988))
    assert "\n".join(lines[1 : 1 + len(probe().decode().splitlines())]) == probe().decode().rstrip("\n")
    assert "set -- port:988 name:fs-1.example.com address:10.0.0.1" in lines
    assert "reboot" not in "".join(lines).replace("only a reboot", "")
    assert not re.search(r"\{\{.*\}\}", "\n".join(lines)), "SSM would take it for a parameter of the document"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_script_runs_as_the_agent_runs_it(shell: str) -> None:
    import subprocess

    text = "\n".join(command_lines(NOTHING))
    printed = subprocess.run([shell, "-c", text], capture_output=True, check=True, text=True).stdout
    output, is_whole = unpacked(printed)
    assert is_whole and output.startswith(b"#lustre-doctor 1\n") and output.endswith(b"#done\n")
    assert len(printed) < 24_000


@given(st.binary(max_size=4000), st.integers(0, 5000))
def test_cut_output_gives_a_prefix(data: bytes, cut: int) -> None:
    printed = base64.b64encode(gzip.compress(data)).decode()
    whole, is_whole = unpacked(printed)
    assert (whole, is_whole) == (data, True)
    part, is_whole = unpacked(printed[:cut])
    assert data.startswith(part)
    assert is_whole <= (part == data)


def test_a_bomb_does_not_unpack() -> None:
    bomb = base64.b64encode(gzip.compress(bytes(64 << 20), 9)).decode()
    output, is_whole = unpacked(bomb)
    assert len(output) == 1 << 20 and not is_whole


@given(st.text())
def test_any_text_is_unpacked(text: str) -> None:
    unpacked(text)
