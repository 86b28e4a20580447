"""The codec: what is written is read back, and what strangers write is read or refused, never anything else."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diag.sources.lnet import acceptor, header, hello, ksock, llog, mgs, ping, ptlrpc
from diag.sources.lnet.cursor import Cursor, DecodeError, c_string
from diag.sources.lnet.header import Ack, Get, Header, Put, Reply, Route
from diag.sources.lnet.hello import Hello
from diag.sources.lnet.nid import LOOPBACK, Lnd, Nid, nid4
from tests.lab.lustre import wire
from tests.lnet import transcript

u32 = st.integers(0, 2**32 - 1)
u64 = st.integers(0, 2**64 - 1)
handles = st.binary(min_size=16, max_size=16)
nids = st.builds(Nid, st.sampled_from(list(Lnd)).map(int), st.integers(0, 0xFFFF), st.binary(min_size=4, max_size=4))
routes = st.builds(Route, nids, nids, u32, u32)
commands = st.one_of(
    st.builds(Put, u64, u32, handles, u64, u32),
    st.builds(Get, handles, u64, u32, u32, u32),
    st.builds(Reply, handles),
    st.builds(Ack, handles, u64, u32),
)
headers = st.builds(Header, routes, commands)


# NIDs.


@pytest.mark.parametrize(
    ("text", "on_the_wire"),
    [
        ("10.77.0.2@tcp", "02004d0a00000200"),
        ("10.77.0.2@tcp1", "02004d0a01000200"),
        ("0@lo", "0000000000000900"),
        ("192.168.1.9@o2ib12", "0901a8c00c000500"),
        ("10.0.0.7@efa", "0700000a00001200"),
        ("17@gni", "1100000000000d00"),
    ],
)
def test_nids(text: str, on_the_wire: str) -> None:
    nid = Nid.parse(text)
    assert str(nid) == text
    assert nid.pack4().hex() == on_the_wire
    assert nid4(int.from_bytes(bytes.fromhex(on_the_wire), "little")) == nid


NO_NIDS = """
10.0.0.1
10.0.0.1@
@tcp
10.0.0.1@tcp99999
10.0.0@tcp
1.2.3.4@foo
0@lo1
x@gni
a@tcp
10.0.0.1@tcp:
"""


@pytest.mark.parametrize("text", NO_NIDS.strip("\n").split("\n"))
def test_what_is_no_nid(text: str) -> None:
    with pytest.raises(ValueError, match=r"NID|network|address|permitted"):
        Nid.parse(text)


@given(nids)
def test_a_nid_comes_back_from_text_and_wire(nid: Nid) -> None:
    assert nid4(int.from_bytes(nid.pack4(), "little")) == nid
    if nid.lnd != Lnd.LO:
        assert Nid.parse(str(nid)) == nid


@given(u64)
def test_any_eight_bytes_are_some_nid(number: int) -> None:
    nid = nid4(number)
    assert int.from_bytes(nid.pack4(), "little") == number
    assert "@" in str(nid)


def test_a_large_nid_has_no_small_form() -> None:
    nid = Nid.parse("fd00::2@tcp")
    assert str(nid) == "fd00::2@tcp"
    with pytest.raises(ValueError, match="nid4"):
        nid.pack4()


# HELLO and acceptor.


@given(
    st.builds(
        Hello,
        nids,
        nids,
        u32,
        u32,
        u64,
        u64,
        st.integers(-1, 3),
        st.lists(u32, max_size=16).map(tuple),
        st.sampled_from([2, 3]),
    )
)
def test_a_hello_comes_back(said: Hello) -> None:
    assert hello.decode(hello.encode(said)) == said


def test_a_hello_with_too_many_addresses_is_refused_before_they_come() -> None:
    good = transcript.load("2.15.8-existing").step("hello").received
    assert hello.size_of(good[:52] + (16).to_bytes(4, "little")) == 56 + 64
    with pytest.raises(DecodeError, match="17 addresses"):
        hello.size_of(good[:52] + (17).to_bytes(4, "little"))


def test_an_acceptor_answer() -> None:
    answer = bytes.fromhex("0071ceac010000000000000000000000")
    assert acceptor.decode_answer(answer) == 1
    assert all(acceptor.starts_answer(answer[:size]) for size in range(1, 17))
    assert not acceptor.starts_answer(b"HTTP")


# Messages.


@given(headers)
def test_a_header_comes_back(head: Header) -> None:
    assert header.decode(header.encode(head)) == head


@given(st.lists(st.tuples(headers, st.binary(max_size=200)), max_size=5), st.data())
def test_frames_come_back_however_they_are_cut(messages: list[tuple[Header, bytes]], data: st.DataObject) -> None:
    sent = [Header(head.route, head.command, len(payload)) for head, payload in messages]
    stream = b"".join(ksock.encode_message(head, payload) for head, (_, payload) in zip(sent, messages, strict=True))
    reader, read, start = ksock.FrameReader(), [], 0
    while start < len(stream):
        size = data.draw(st.integers(1, len(stream) - start))
        read += list(reader.feed(stream[start : start + size]))
        start += size
    assert [frame.header for frame in read if isinstance(frame, ksock.Message)] == sent
    assert [frame.payload for frame in read if isinstance(frame, ksock.Message)] == [p for _, p in messages]
    assert reader.pending == 0


# Ping.


def test_a_large_ping_answer_is_read_with_the_entries_of_any_size() -> None:
    small = [(wire.nid4("10.0.0.1@tcp"), wire.UP), (wire.nid4("10.0.0.2@tcp1"), wire.DOWN)]
    told = wire.ping_info(0x3E, small, [bytes(15) + b"\x01", bytes(15) + b"\x02"])
    info = ping.decode(told)
    assert [(str(face.nid), face.up) for face in info.interfaces] == [
        ("10.0.0.1@tcp", True),
        ("10.0.0.2@tcp1", False),
        ("::1@tcp", True),
        ("::2@tcp", True),
    ]
    assert [str(face.nid) for face in ping.decode(told[:-3]).interfaces] == ["10.0.0.1@tcp", "10.0.0.2@tcp1", "::1@tcp"]


def test_large_entries_of_odd_sizes_are_padded_to_four_bytes() -> None:
    odd = struct.pack("<IBBH", wire.UP, 1, 2, 0) + bytes(5) + bytes(3)
    known = struct.pack("<IBBH", wire.UP, 12, 2, 0) + bytes(15) + b"\x07"
    unknown = struct.pack("<IBBH", wire.UP, 40, 2, 0) + bytes(44)
    entries = odd + unknown + known
    told = bytearray(wire.ping_info(0x3E, [], [bytes(16)])[:32] + entries)
    told[28:32] = len(told).to_bytes(4, "little")
    assert [face.nid.address[-1] for face in ping.decode(bytes(told)).interfaces] == [0, 7]


def test_a_ping_answer_cut_to_the_size_we_asked_for() -> None:
    many = [(wire.nid4(f"10.0.0.{index}@tcp"), wire.UP) for index in range(40)]
    info = ping.decode(wire.ping_info(0x1E, many, [])[: ping.MAX_ANSWER])
    assert len(info.interfaces) == 15


def test_a_node_that_does_not_tell_its_status_is_not_taken_for_up() -> None:
    info = ping.decode(wire.ping_info(0x01, [(wire.nid4("10.0.0.1@tcp"), wire.UP)], []))
    assert info.interfaces[0].up is None


@given(nids, u32)
def test_what_we_tell_of_ourselves_is_a_ping_answer(nid: Nid, pid: int) -> None:
    info = ping.decode(ping.encode_own(nid, pid))
    assert (info.pid, info.features) == (pid, 3)
    assert [face.nid for face in info.interfaces] == ([] if nid == LOOPBACK else [nid])


# Nothing that arrives does harm.


def _decode_answer(opcode: ptlrpc.Opcode, data: bytes) -> mgs.Answer:
    return mgs.decode(opcode, ptlrpc.decode(data))


DECODERS: list[Callable[[bytes], object]] = [
    lambda data: list(ksock.FrameReader().feed(data)),
    header.decode,
    hello.decode,
    hello.size_of,
    acceptor.decode_answer,
    ping.decode,
    ptlrpc.decode,
    llog.decode_header,
    llog.decode_config,
    lambda data: list(llog.decode_block(data)),
    lambda data: llog.targets(llog.decode_block(data)),
    *(partial(_decode_answer, opcode) for opcode in ptlrpc.Opcode),
]
REAL = [
    part
    for name in ("2.15.8-existing", "2.15.8-no-full20", "2.15.8-wrong-fsname")
    for step in transcript.load(name).steps
    if step.received
    for part in (
        step.received,
        step.received[96:],
        step.received[96 + 32 + 8 + 184 :],
        step.received[96 + 376 - 96 + 96 :],
    )
]


LENGTHS = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A real answer with a few bytes changed, cut or doubled; huge lengths, which hurt most, are set on purpose."""
    data = bytearray(draw(st.sampled_from(REAL))[:3000])
    for _ in range(draw(st.integers(0, 4))):
        if not data:
            break
        at = draw(st.integers(0, min(len(data) - 1, 400)))
        match draw(st.integers(0, 3)):
            case 0:
                data[at] = draw(st.integers(0, 255))
            case 1:
                data[at : at + 4] = draw(st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])).to_bytes(
                    4, "little"
                )
            case 2:
                del data[at : at + draw(st.integers(1, 64))]
            case _:
                data[at:at] = data[at : at + draw(st.integers(1, 64))]
    return bytes(data)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.binary(max_size=400), spoiled()))
def test_decoders_raise_one_exception_and_no_other(data: bytes) -> None:
    for decode in DECODERS:
        try:
            decode(data)
        except DecodeError:
            continue


def test_a_message_that_is_sealed_cannot_be_read_and_says_so() -> None:
    answer = bytearray(transcript.load("2.15.8-existing").step("mgs-connect").received[96:])
    answer[4] = 1
    with pytest.raises(DecodeError, match="flavor 0x1"):
        ptlrpc.decode(bytes(answer))


@pytest.mark.parametrize("length", [0x00100001, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_huge_length_allocates_nothing(length: int) -> None:
    four = length.to_bytes(4, "little")
    answer = transcript.load("2.15.8-existing").step("mgs-connect").received
    block = transcript.load("2.15.8-existing").step("log-block").received[96 + 32 + 16 + 184 + 48 :]
    tracemalloc.start()
    with pytest.raises(DecodeError):
        list(ksock.FrameReader().feed(answer[:52] + four + answer[56:]))
    for at in (0, 32, 36):
        with pytest.raises(DecodeError):
            ptlrpc.decode(answer[96 : 96 + at] + four + answer[96 + at + 4 :])
    with pytest.raises(DecodeError):
        list(llog.decode_block(four + block[4:]))
    with pytest.raises(DecodeError):
        llog.decode_config(block[16:44] + four + block[48:])
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000


def test_a_cursor_stops_at_the_end() -> None:
    cursor = Cursor(b"abc", "three bytes", 1)
    with pytest.raises(DecodeError, match="three bytes: 4 bytes wanted at offset 1, 2 left"):
        cursor.u32()
    assert cursor.take(2) == b"bc"
    with pytest.raises(DecodeError):
        cursor.take(-1)


@given(st.binary(max_size=100))
def test_text_from_the_wire_is_printable(data: bytes) -> None:
    assert c_string(data).isprintable()
