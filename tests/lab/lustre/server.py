"""One Lustre server on a loopback address or in a network namespace."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterable

from tests.lab.lustre import wire
from tests.lab.lustre.configlog import ConfigLog, LabTarget
from tests.lab.lustre.fault import Fault
from tests.lab.lustre.mgs import Mgs
from tests.lab.lustre.node import KERNEL, Node
from tests.lab.lustre.peer import Peer
from tests.lab.lustre.release import release_of, version_code
from tests.lab.lustre.wire import HelloIn

LAB_PRIVILEGED = range(42000, 42064)
"""Stands for 512 to 1023 where the tests do not run as root."""


class LustreServer:
    """A server as `with LustreServer(version="2.10.5.0", fsname="ddyezbev") as server:`.

    `log` is what a real one would have printed on its console; after the block it also holds the evictions that exports
    left behind would have caused. `accept` is the kernel's module parameter, `privileged` the source ports that
    `secure` lets in, `knows` NIDs that were discovered before.
    """

    def __init__(
        self,
        version: str = "2.15.8.0",
        fsname: str | None = "ddyezbev",
        targets: Iterable[LabTarget] | None = None,
        faults: Iterable[Fault] = (),
        *,
        address: str = "127.0.0.1",
        port: int = 0,
        nid: str | None = None,
        extra_nids: Iterable[str] = (),
        mgs: bool = True,
        accept: str = "secure",
        privileged: Iterable[int] = LAB_PRIVILEGED,
        knows: Iterable[str] = (),
        accept_timeout: float = 5.0,
    ) -> None:
        self.version = version
        self.address = address
        self.nid = nid or f"{address}@tcp"
        self._port = port
        self._accept = accept
        self._privileged = frozenset(privileged)
        self._accept_timeout = accept_timeout
        self.faults = frozenset(faults)
        release = release_of(version)
        if targets is None:
            targets = (LabTarget("MDT0000", (self.nid,)), LabTarget("OST0000", (self.nid,)))
        log = ConfigLog(fsname, tuple(targets), version_code(version)) if fsname else None
        self.node = Node(wire.nid4(self.nid), release, self.faults, None, tuple(extra_nids))
        if mgs and Fault.NO_MGS not in self.faults:
            self.node.mgs = Mgs(version, fsname, log, self.faults, self.node.console)
        self.node.discovered |= {wire.nid4(known) for known in knows}
        self.connections = 0
        self.mistakes: list[str] = []
        """What a client did that no client does; a test that finds one fails."""
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> LustreServer:
        self._listener = socket.create_server((self.address, self._port), backlog=127)
        self.port: int = self._listener.getsockname()[1]
        self._start(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in tuple(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(2)
        for uuid in self.node.mgs.exports.values() if self.node.mgs else ():
            self.log.append(
                f"Lustre: MGS: haven't heard from client {uuid} in 245 seconds. I think it's dead, "
                "and I am evicting it."
            )

    @property
    def log(self) -> list[str]:
        """What the console shows."""
        return self.node.console

    @property
    def exports(self) -> tuple[str, ...]:
        """Uuids of the clients that hold an export of the MGS now."""
        return tuple(self.node.mgs.exports.values()) if self.node.mgs else ()

    def kernel_client(self, nid: str, incarnation: int = 4711) -> None:
        """A kernel client with this NID is mounted: connected, discovered, not to be disturbed."""
        self.node.peers[(wire.nid4(nid), 12345)] = (incarnation, KERNEL)
        self.node.discovered.add(wire.nid4(nid))

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        thread.start()
        self._threads.append(thread)

    def _listen(self) -> None:
        """The acceptor: one thread, one request at a time."""
        while True:
            try:
                sock, (host, port) = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(sock)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if _NOT_LUSTRE & self.faults:
                self._start(self._pretend, sock)
                continue
            try:
                wanted = self._admit(sock, host, port)
            except (OSError, ConnectionError) as error:
                number = 11 if isinstance(error, TimeoutError) else 104
                self.log.append(f"LNetError: lnet_acceptor() Error -{number} reading connection request from {host}")
                wanted = None
            if wanted is None:
                self._close(sock)
            else:
                self._start(self._serve, sock, host, port, wanted)

    def _admit(self, sock: socket.socket, host: str, port: int) -> int | None:
        """The NID that was asked for, None when the connection is refused."""
        insecure = port not in self._privileged or Fault.INSECURE_PORT in self.faults
        if self._accept == "secure" and insecure:
            self.log.append(f"LNetError: lnet_acceptor() Refusing connection from {host}:{port}: insecure port.")
            return None
        sock.settimeout(self._accept_timeout)
        (magic,) = struct.unpack("<I", wire.read_exactly(sock, 4))
        own_version = 7 if Fault.OTHER_ACCEPTOR_VERSION in self.faults else 1
        answer = struct.pack("<IIQ", wire.CONNREQ_MAGIC, own_version, 0)
        if magic == wire.PROTO_MAGIC:
            sock.sendall(answer)
            return None
        if magic != wire.CONNREQ_MAGIC:
            self.log.append(self._numbered("11f", f"Refusing connection from {host} magic {magic:08x}"))
            return None
        (version,) = struct.unpack("<I", wire.read_exactly(sock, 4))
        if version not in self.node.release.connreq_versions or own_version == 7:
            sock.sendall(answer)
            return None
        assert version == 1
        (wanted,) = struct.unpack("<Q", wire.read_exactly(sock, 8))
        if wanted != self.node.nid or Fault.REFUSED_NID in self.faults:
            text = f"Refusing connection from {host} for {wire.nid_text(wanted)}: No matching NI"
            self.log.append(self._numbered("120", text))
            return None
        return int(wanted)

    def _numbered(self, number: str, text: str) -> str:
        return f"LNetError: {number}-f: {text}" if self.node.release.numbered_messages else f"LNetError: {text}"

    def _serve(self, sock: socket.socket, host: str, port: int, wanted: int) -> None:
        key = None
        try:
            hello = self._read_hello(sock, host, wanted)
            if hello is None:
                return
            key = (hello.source, hello.source_pid)
            if port not in self._privileged:
                key = (wire.nid4(f"{host}@{self.nid.split('@')[1]}"), 0x80000000 | port)
            welcome = self.node.meet(key, hello.incarnation, sock)
            ours = wire.hello(
                self.node.nid,
                hello.source,
                key[1],
                self.node.incarnation,
                hello.kind if welcome else -1,
                self.node.release.hello_ips,
            )
            if not self._send_hello(sock, ours) or not welcome:
                return
            sock.settimeout(None)
            Peer(self.node, sock, hello, key).serve()
        except (OSError, ConnectionError):
            return
        except AssertionError as mistake:
            self.mistakes.append(str(mistake) or repr(mistake))
            raise
        finally:
            if key is not None:
                self.node.forget(key, sock)
            self._close(sock)

    def _read_hello(self, sock: socket.socket, host: str, wanted: int) -> HelloIn | None:
        try:
            magic, version = struct.unpack("<II", wire.read_exactly(sock, 8))
            if magic != wire.PROTO_MAGIC or version != 3:
                self.log.append(f"LNetError: ksocknal_recv_hello() Unknown protocol version (3.x expected) from {host}")
                return None
            rest = wire.read_exactly(sock, 48)
        except (OSError, ConnectionError):
            self.log.append(f"LNetError: ksocknal_recv_hello() Error -104 reading HELLO from {host}")
            return None
        source, destination, source_pid, _pid, incarnation, _theirs, kind, ips = struct.unpack("<QQIIQQiI", rest)
        assert destination == wanted and ips == 0, "a HELLO to another NID than the acceptor was asked for"
        assert kind == 1, "one CONTROL connection is enough, and ANY with version 3 is deaf"
        return HelloIn(version, source, destination, source_pid, incarnation, kind)

    def _send_hello(self, sock: socket.socket, hello: bytes) -> bool:
        """Whether the conversation goes on after it."""
        if Fault.HUGE_HELLO in self.faults:
            hello = hello[:52] + struct.pack("<I", 0xFFFFFFFF)
        if Fault.OTHER_HELLO_VERSION in self.faults:
            hello = hello[:4] + struct.pack("<I", 9) + hello[8:]
        if Fault.HALF_HELLO in self.faults or Fault.HALF_HELLO_CLOSES in self.faults:
            sock.sendall(hello[:23])
            if Fault.HALF_HELLO in self.faults:
                sock.settimeout(30)
                sock.recv(1)
            return False
        sock.sendall(hello)
        return True

    def _pretend(self, sock: socket.socket) -> None:
        """Something that is no Lustre server."""
        try:
            if Fault.SSH in self.faults:
                sock.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")
            if Fault.CLOSES not in self.faults:
                sock.settimeout(30)
                sock.recv(65536)
            if Fault.HTTP in self.faults:
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n")
            if Fault.GARBAGE in self.faults:
                sock.sendall(bytes((index * 37 + 11) & 0xFF for index in range(64)))
            if Fault.SILENT in self.faults:
                sock.recv(65536)
        except OSError:
            return
        finally:
            self._close(sock)

    def _close(self, sock: socket.socket) -> None:
        self._open.discard(sock)
        sock.close()


_NOT_LUSTRE = frozenset({Fault.SILENT, Fault.CLOSES, Fault.HTTP, Fault.SSH, Fault.GARBAGE})
