"""The conversation against anything: bounded answers, one exception, and no answer that was not owed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diag.sources.lnet import header, ksock, mgs, ping
from diag.sources.lnet.conversation import Answered, Conversation, Discovered, Greeted, Pinged
from diag.sources.lnet.cursor import DecodeError
from diag.sources.lnet.header import Get, Header, Put, Route
from tests.lab.lustre import mgs as lab
from tests.lab.lustre import wire
from tests.lnet import transcript

RECORDED = transcript.load("2.15.8-existing")
FROM_SERVER = Route(RECORDED.identity.nid, RECORDED.server, 12345, 12345)
OURS, THEIRS = wire.nid4("10.77.0.1@tcp"), wire.nid4("10.77.0.2@tcp")


def greeted() -> Conversation:
    conversation = Conversation(RECORDED.server, RECORDED.identity)
    conversation.greet()
    (event,) = conversation.receive(RECORDED.step("hello").received)
    assert isinstance(event, Greeted)
    conversation.to_send()
    return conversation


def from_server(kind: int, command: bytes, payload: bytes = b"") -> bytes:
    return wire.frame(wire.head(THEIRS, OURS, 12345, kind, len(payload), command), payload)


def reply(xid: int, payload: bytes, *, offset: int = 0, portal: int = 25) -> bytes:
    return from_server(wire.PUT, wire.put(xid, portal, offset), payload)


def connect_answer(version: int = 0x020A0500) -> bytes:
    return lab.reply(
        lab.CONNECT, mgs.OFFERED.to_bytes(8, "little") + version.to_bytes(4, "little") + bytes(180), handle=7
    )


XID = RECORDED.identity.first_xid


def connecting() -> Conversation:
    conversation = greeted()
    conversation.connect()
    conversation.to_send()
    return conversation


def test_the_server_s_discovery_is_answered_with_one_interface_and_no_multi_rail() -> None:
    conversation = connecting()
    question = from_server(wire.GET, wire.get(b"h" * 16, wire.PING_BITS, 0, 272))
    assert conversation.receive(question) == (Discovered(),)
    sent = conversation.to_send()
    told = header.decode(sent[24:96])
    assert told.route == Route(RECORDED.server, RECORDED.identity.nid, 12345, 12345)
    assert told.command == header.Reply(b"h" * 16)
    info = ping.decode(sent[96:])
    assert (len(sent), info.features, [face.nid for face in info.interfaces]) == (144, 3, [RECORDED.identity.nid])
    # And only then the reply comes.
    (answered,) = conversation.receive(reply(XID, connect_answer()))
    assert answered == Answered(mgs.Connected(0, 7, mgs.OFFERED, 0x020A0500))


@pytest.mark.parametrize("sink", [0, 16, 47, 48, 4096])
def test_no_more_is_told_than_the_server_has_room_for(sink: int) -> None:
    conversation = greeted()
    conversation.receive(from_server(wire.GET, wire.get(bytes(16), wire.PING_BITS, 0, sink)))
    assert len(conversation.to_send()) == 96 + min(sink, 48)


@pytest.mark.parametrize(("bits", "portal"), [(1, 0), (wire.PING_BITS, 26)])
def test_other_questions_get_no_answer(bits: int, portal: int) -> None:
    conversation = greeted()
    assert conversation.receive(from_server(wire.GET, wire.get(bytes(16), bits, portal, 272))) == ()
    assert conversation.to_send() == b""


def test_a_push_that_wants_an_ack_gets_it() -> None:
    conversation = greeted()
    push = from_server(wire.PUT, wire.put(wire.PING_BITS, 0, ack=b"a" * 16), b"x" * 48)
    assert conversation.receive(push) == ()
    ack = header.decode(conversation.to_send()[24:])
    assert ack.command == header.Ack(b"a" * 16, wire.PING_BITS, 48)


def test_a_zero_copy_send_gets_its_receipt() -> None:
    conversation = connecting()
    head = wire.head(THEIRS, OURS, 12345, wire.PUT, len(connect_answer()), wire.put(XID, 25))
    conversation.receive(wire.frame(head, connect_answer(), zero_copy=0x1234))
    assert conversation.to_send() == wire.noop(0x1234)


def test_keepalives_and_sums_are_read_over() -> None:
    conversation = connecting()
    head = wire.head(THEIRS, OURS, 12345, wire.PUT, len(connect_answer()), wire.put(XID, 25))
    summed = wire.frame(head, connect_answer(), summed=True)
    assert len(conversation.receive(wire.noop(1) + summed + wire.noop(1))) == 1
    assert conversation.to_send() == b""


@pytest.mark.parametrize(("offset", "portal"), [(0, 25), (224, 25), (0, 10), (256, 4)])
def test_a_reply_counts_at_any_offset_and_portal(offset: int, portal: int) -> None:
    conversation = connecting()
    assert len(conversation.receive(reply(XID, connect_answer(), offset=offset, portal=portal))) == 1
    assert conversation.connected


@pytest.mark.parametrize(
    "early", [lab.reply(250, checksum=99, flags=1), lab.reply(250, checksum=99), lab.reply(250, flags=1)]
)
def test_an_early_reply_is_not_the_answer(early: bytes) -> None:
    conversation = connecting()
    assert conversation.receive(reply(XID, early)) == ()
    assert conversation.connecting
    assert len(conversation.receive(reply(XID, connect_answer(), offset=224))) == 1


def test_a_farewell_is_a_body_alone_and_no_early_reply() -> None:
    conversation = connecting()
    conversation.receive(reply(XID, connect_answer()))
    conversation.disconnect()
    (left,) = conversation.receive(reply(XID + 16, lab.reply(lab.DISCONNECT)))
    assert left == Answered(mgs.Disconnected(0))
    assert not conversation.connected


def test_a_reply_to_another_request_is_not_ours() -> None:
    conversation = connecting()
    assert conversation.receive(reply(XID - 16, connect_answer())) == ()
    assert conversation.receive(reply(XID + 16, connect_answer())) == ()
    assert conversation.connecting


def test_an_error_reply_with_a_body_alone_is_read() -> None:
    conversation = connecting()
    refused = lab.reply(250, status=-11, kind=lab.ERROR)
    assert conversation.receive(reply(XID, refused)) == (Answered(mgs.Connected(-11)),)
    assert not conversation.connected


def test_a_success_without_its_data_is_garbled_but_its_export_is_known() -> None:
    conversation = connecting()
    with pytest.raises(DecodeError):
        conversation.receive(reply(XID, lab.reply(250, handle=9)))
    assert conversation.connected


def test_a_peer_that_asks_without_end_is_cut_off() -> None:
    conversation = greeted()
    question = from_server(wire.GET, wire.get(bytes(16), wire.PING_BITS, 0, 272))
    with pytest.raises(DecodeError, match="without end"):
        conversation.receive(question * 10_000)


handles = st.binary(min_size=16, max_size=16)
pieces = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([step.received for step in RECORDED.steps if step.received and len(step.received) < 2000]),
    st.builds(
        lambda command, payload: ksock.encode_message(Header(FROM_SERVER, command, len(payload)), payload),
        st.one_of(
            st.builds(Put, st.sampled_from([XID, 0, 1]), st.integers(0, 30)),
            st.builds(
                Get, st.binary(min_size=16, max_size=16), st.just(ping.MATCH_BITS), st.just(0), st.integers(0, 300)
            ),
            st.just(header.Reply(RECORDED.identity.ping_handle)),
        ),
        st.one_of(st.binary(max_size=300), st.just(connect_answer())),
    ),
    st.just(wire.noop(1)),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(pieces, max_size=8), st.booleans(), st.integers(1, 64))
def test_any_bytes_end_in_events_or_the_one_exception(stream: list[bytes], start_greeted: bool, chunk: int) -> None:
    conversation = connecting() if start_greeted else Conversation(RECORDED.server, RECORDED.identity)
    data = b"".join(stream)
    conversation.ping()
    conversation.to_send()
    try:
        for start in range(0, len(data), chunk):
            for event in conversation.receive(data[start : start + chunk]):
                assert isinstance(event, Greeted | Pinged | Discovered | Answered)
            assert conversation.pending <= start + chunk
            # 144 bytes for each question of at least 96 bytes, an ack or a receipt less.
            assert len(conversation.to_send()) <= 2 * (start + chunk)
    except DecodeError:
        return


def test_a_megabyte_in_small_pieces_takes_little_time() -> None:
    conversation = greeted()
    head = wire.head(THEIRS, OURS, 12345, wire.PUT, 1 << 20, wire.put(5, 15))
    data = wire.frame(head, bytes(1 << 20))
    started = time.thread_time()
    for start in range(0, len(data), 64):
        conversation.receive(data[start : start + 64])
    assert time.thread_time() - started < 4
    assert conversation.pending == 0
