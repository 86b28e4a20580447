"""Exchanges recorded against a real 2.15.8 server: the same bytes leave us, and its bytes say what they said then."""

from __future__ import annotations

import pytest

from diag.model.verdict import Verdict
from diag.resources.lnet_probe import Ladder
from diag.resources.lnet_probe import Step as RungStep
from diag.sources.lnet import acceptor, hello, llog, mgs
from diag.sources.lnet.conversation import Answered, Conversation, Event, Greeted, Pinged
from diag.sources.lnet.hello import Hello
from diag.sources.lnet.host import HostLnet, LnetState
from diag.sources.lnet.ladder import World, climb
from diag.sources.lnet.llog import TargetKind
from diag.sources.lnet.nid import Nid
from diag.sources.lnet.target import Options, Target
from tests.lnet import transcript
from tests.lnet.transcript import ReplayServer, Transcript

SPOKEN = ("2.15.8-existing", "2.15.8-read-config", "2.15.8-wrong-fsname", "2.15.8-ping-only", "2.15.8-no-full20")
MGS_DOWN = "2.15.8-mgs-down"
HUNG_UP = ("2.15.8-unprivileged-port", "2.15.8-wrong-dst-nid", "2.15.8-wrong-net-tcp1")
OTHER_HELLO = {"2.15.8-hello-v4": 4, "2.15.8-hello-v9": 9}

IS_PLAIN = 4
"""LLOG_F_IS_PLAIN, the flags in the recorded log's header."""


def test_every_transcript_is_played() -> None:
    assert {*SPOKEN, MGS_DOWN, *HUNG_UP, *OTHER_HELLO} == set(transcript.NAMES)


def ask(conversation: Conversation, step: str, said: list[Event]) -> None:
    match step:
        case "connection-request":
            conversation.greet()
        case "ping":
            conversation.ping()
        case "mgs-connect":
            conversation.connect()
        case "log-open":
            conversation.open_log("ddyezbev-client")
        case "log-header":
            conversation.read_header(mgs.LogPosition(opened(said).position.log_id))
        case "log-block":
            position = mgs.LogPosition(opened(said).position.log_id, IS_PLAIN, 1, 0, 8192, 8192)
            conversation.read_block(position)
        case "mgs-disconnect":
            conversation.disconnect()


def opened(said: list[Event]) -> mgs.LogOpened:
    answers = [event.answer for event in said if isinstance(event, Answered)]
    return next(answer for answer in answers if isinstance(answer, mgs.LogOpened))


def play(recorded: Transcript, chunk: int) -> list[Event]:
    """Ask what was asked then, check the bytes, feed the answers in pieces of `chunk` bytes."""
    conversation = Conversation(recorded.server, recorded.identity)
    said: list[Event] = []
    for step in recorded.steps:
        if step.name == "log-open" and recorded.name.endswith("wrong-fsname"):
            conversation.open_log("wrongfs1-client")
        else:
            ask(conversation, step.name, said)
        if step.name == "connection-request":
            continue
        greeting = recorded.steps[0].sent if step.name == "hello" else b""
        assert conversation.to_send() == greeting + step.sent, step.name
        for start in range(0, len(step.received), chunk):
            said += conversation.receive(step.received[start : start + chunk])
        assert conversation.pending == 0
    return said


@pytest.mark.parametrize("chunk", [1, 7, 96, 100_000])
@pytest.mark.parametrize("name", [*SPOKEN, MGS_DOWN, *HUNG_UP])
def test_our_bytes_are_the_recorded_ones_however_the_answers_arrive(name: str, chunk: int) -> None:
    recorded = transcript.load(name)
    said = play(recorded, chunk)
    answered = [step for step in recorded.steps if step.received]
    assert len(said) == len(answered)


def test_what_the_server_said() -> None:
    said = play(transcript.load("2.15.8-existing"), 1000)
    greeted, pinged, connected, opened_log, header, block, left = said
    assert isinstance(greeted, Greeted) and greeted.accepted
    assert greeted.hello.source == Nid.parse("10.77.0.2@tcp")
    assert isinstance(pinged, Pinged)
    assert [(str(face.nid), face.up) for face in pinged.info.interfaces] == [("10.77.0.2@tcp", True)]
    assert pinged.info.feature_names == ("NI_STATUS", "RTE_DISABLED", "MULTI_RAIL", "DISCOVERY")
    assert isinstance(connected, Answered) and isinstance(connected.answer, mgs.Connected)
    assert connected.answer.version_text == "2.15.8.0"
    assert connected.answer.handle == 0xE375EA3E5BE8C1AC
    assert connected.answer.flag_names == ("VERSION", "AT", "FULL20", "IMP_RECOV")
    assert isinstance(opened_log, Answered) and isinstance(opened_log.answer, mgs.LogOpened)
    assert (opened_log.answer.status, opened_log.answer.position.log_id[:9]) == (0, b"\x03" + bytes(7) + b"\x0a")
    assert isinstance(header, Answered) and isinstance(header.answer, mgs.LogPiece)
    assert llog.decode_header(header.answer.data) == llog.LogHeader(flags=4, last_index=23)
    assert isinstance(block, Answered) and isinstance(block.answer, mgs.LogPiece)
    assert block.answer.position.offset == 12112
    targets = llog.targets(llog.decode_block(block.answer.data))
    assert [(target.name, target.kind, list(map(str, target.nids))) for target in targets] == [
        ("ddyezbev-MDT0000", TargetKind.MDT, ["10.77.0.2@tcp"]),
        ("ddyezbev-OST0000", TargetKind.OST, ["10.77.0.2@tcp"]),
    ]
    assert left == Answered(mgs.Disconnected(0))


def test_a_name_the_mgs_does_not_know() -> None:
    said = play(transcript.load("2.15.8-wrong-fsname"), 4096)
    assert [event.answer.status for event in said if isinstance(event, Answered)] == [0, -2, 0]


def test_an_offer_without_full20_is_refused_with_eproto() -> None:
    said = play(transcript.load("2.15.8-no-full20"), 4096)
    assert said[-1] == Answered(mgs.Connected(-71))


@pytest.mark.parametrize(("name", "version"), OTHER_HELLO.items())
def test_a_hello_of_another_version_is_turned_away_with_version_3(name: str, version: int) -> None:
    recorded = transcript.load(name)
    us, step = recorded.identity, recorded.step("hello")
    said = Hello(us.nid, recorded.server, us.pid, hello.LUSTRE_PID, us.incarnation, version=version)
    assert hello.encode(said) == step.sent
    assert acceptor.encode_request(recorded.server) == recorded.steps[0].sent
    answer = hello.decode(step.received)
    assert (answer.version, answer.connection_type) == (3, hello.TYPE_NONE)


def test_hello_answers_encode_to_what_they_were_read_from() -> None:
    for name in transcript.NAMES:
        for step in transcript.load(name).steps:
            if step.name == "hello" and step.received:
                assert hello.encode(hello.decode(step.received)) == step.received


# The same over a socket, as the whole ladder.

TEST_PORTS = tuple(range(42023, 41900, -1))


def climb_replay(name: str, mount_name: str | None, *, read_map: bool = False) -> tuple[ReplayServer, Ladder]:
    recorded = transcript.load(name)
    with ReplayServer(recorded) as server:
        ladder = climb(
            Target("127.0.0.1", server.port, mount_name),
            Options(nid=recorded.server, map=read_map, timeout=1.5, source_ports=TEST_PORTS),
            World(host=lambda: HostLnet(LnetState.ABSENT, ()), identify=lambda nid, how: recorded.identity),
        )
    return server, ladder


@pytest.mark.parametrize(
    ("name", "mount_name", "read_map"),
    [
        ("2.15.8-existing", "ddyezbev", True),
        ("2.15.8-read-config", "ddyezbev", True),
        ("2.15.8-wrong-fsname", "wrongfs1", False),
        ("2.15.8-no-full20", "ddyezbev", False),
    ],
)
def test_the_ladder_sends_the_recorded_bytes(name: str, mount_name: str, read_map: bool) -> None:
    server, _ladder = climb_replay(name, mount_name, read_map=read_map)
    assert server.received == [step.sent for step in server.transcript.steps]


def test_the_ladder_on_the_recorded_server() -> None:
    _server, ladder = climb_replay("2.15.8-wrong-fsname", "wrongfs1")
    assert (ladder.verdict, ladder.cause) == (Verdict.FAIL, "wrong-mountname")
    assert (ladder.server_version, ladder.knows_fsname) == ("2.15.8.0", False)
    assert [nid.nid for nid in ladder.server_nids] == ["10.77.0.2@tcp"]


def test_the_ladder_where_no_mgs_is_mounted() -> None:
    server, ladder = climb_replay("2.15.8-mgs-down", "ddyezbev")
    assert server.received == [step.sent for step in server.transcript.steps]
    assert [rung.step for rung in ladder.rungs][-2:] == [RungStep.PING, RungStep.MGS]


@pytest.mark.parametrize("name", HUNG_UP)
def test_hung_up_on_without_a_word(name: str) -> None:
    server, ladder = climb_replay(name, "ddyezbev")
    assert server.received == [step.sent for step in server.transcript.steps]
    assert server.later == [acceptor.QUESTION]
    assert (ladder.verdict, ladder.cause) == (Verdict.FAIL, "source-port-rewritten-snat")
