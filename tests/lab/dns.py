"""A DNS server on loopback, UDP and TCP, whose zone is whatever the lab's file systems are called."""

import contextlib
import enum
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

_TTL = 60


class Trouble(enum.Enum):
    """Ways in which a name does not answer."""

    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    EMPTY = "empty"
    BLACK_HOLE = "black-hole"


@dataclass
class DnsSwitches:
    """What is answered instead of the zone: for one name, or for all under the key `*`."""

    answers: dict[str, tuple[str, ...] | Trouble] = field(default_factory=dict)
    delay: float = 0.0


class DnsServer:
    """Answers A queries until closed.

    Args:
        zone: names (lower case, without the last dot) to addresses, asked at every query.
        address: the loopback address to bind.
    """

    def __init__(self, zone: Callable[[], Mapping[str, tuple[str, ...]]], address: str) -> None:
        self.switches = DnsSwitches()
        self.queries: list[str] = []
        self._zone = zone
        self._udp, self._tcp = _bind(address)
        self.endpoint = f"{address}:{self._udp.getsockname()[1]}"
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def close(self) -> None:
        """Closes both sockets; the threads end with them."""
        for listener in (self._udp, self._tcp):
            # close() alone does not wake a thread that is blocked on the socket.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _serve_udp(self) -> None:
        while True:
            try:
                wire, caller = self._udp.recvfrom(65535)
            except OSError:
                return
            if not wire and self._udp.fileno() < 0:
                return
            threading.Thread(target=self._answer_udp, args=(wire, caller), daemon=True).start()

    def _answer_udp(self, wire: bytes, caller: tuple[str, int]) -> None:
        answer = self._answer(wire)
        if answer is not None:
            try:
                self._udp.sendto(answer, caller)
            except OSError:
                return

    def _serve_tcp(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._answer_tcp, args=(connection,), daemon=True).start()

    def _answer_tcp(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:
            while len(head := stream.read(2)) == 2:
                answer = self._answer(stream.read(struct.unpack(">H", head)[0]))
                if answer is None:
                    return
                stream.write(struct.pack(">H", len(answer)) + answer)
                stream.flush()

    def _answer(self, wire: bytes) -> bytes | None:
        try:
            query = dns.message.from_wire(wire)
            question = query.question[0]
        except (dns.exception.DNSException, IndexError):
            return None
        name = question.name.to_text(omit_final_dot=True).lower()
        self.queries.append(name)
        time.sleep(self.switches.delay)
        answers = self.switches.answers
        found = answers.get(name) or answers.get("*") or self._zone().get(name, Trouble.NXDOMAIN)
        if found is Trouble.BLACK_HOLE:
            return None
        response = dns.message.make_response(query, recursion_available=True)
        if found is Trouble.NXDOMAIN:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif found is Trouble.SERVFAIL:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif isinstance(found, tuple) and question.rdtype == dns.rdatatype.A:
            response.answer.append(dns.rrset.from_text(question.name, _TTL, "IN", "A", *found))
        return response.to_wire()


def _bind(address: str) -> tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket on one port."""
    for _ in range(20):
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        tcp.bind((address, 0))
        tcp.listen(64)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind((address, tcp.getsockname()[1]))
        except OSError:
            tcp.close()
            udp.close()
        else:
            return udp, tcp
    raise OSError(f"no port of {address} is free for both UDP and TCP")
