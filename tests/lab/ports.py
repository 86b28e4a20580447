"""The TCP side of file servers: what a connect to port 988 of an address finds."""

import contextlib
import enum
import os
import selectors
import socket
import threading

LUSTRE_PORT = 988


class Behaviour(enum.Enum):
    """What becomes of a connection."""

    OPEN = "open"  # accepted; closed on the first bytes, as LNet's acceptor does with what is not its protocol
    SILENT = "silent"  # accepted, and kept without a byte
    DROPPED = "dropped"  # the SYN is never answered, as behind a security group
    REFUSED = "refused"  # RST


def lustre_port() -> int:
    """988 where this process may bind it, else 0: any port, the same for every address."""
    return LUSTRE_PORT if os.geteuid() == 0 else 0


class Ports:
    """Loopback endpoints, each with a behaviour that can be changed while it stands."""

    def __init__(self) -> None:
        self.port = lustre_port()
        self._endpoints: dict[str, _Endpoint] = {}

    def set(self, address: str, behaviour: Behaviour) -> None:
        """Makes `address` behave so from now on.

        Raises:
            OSError: the address cannot be bound.
        """
        if (old := self._endpoints.pop(address, None)) is not None:
            old.close()
        if behaviour is Behaviour.REFUSED:
            return
        endpoint = _Endpoint(address, self.port, behaviour)
        self.port = endpoint.port
        self._endpoints[address] = endpoint

    def behaviour(self, address: str) -> Behaviour:
        """How an address behaves; one never set refuses."""
        endpoint = self._endpoints.get(address)
        return Behaviour.REFUSED if endpoint is None else endpoint.behaviour

    def snapshot(self) -> dict[str, Behaviour]:
        """Every endpoint's behaviour."""
        return {address: endpoint.behaviour for address, endpoint in self._endpoints.items()}

    def restore(self, behaviours: dict[str, Behaviour]) -> None:
        """Puts a snapshot back, touching only what differs."""
        for address in set(self._endpoints) | set(behaviours):
            wanted = behaviours.get(address, Behaviour.REFUSED)
            if self.behaviour(address) is not wanted:
                self.set(address, wanted)

    def close(self) -> None:
        """Ends every endpoint."""
        self.restore({})


class _Endpoint:
    def __init__(self, address: str, port: int, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._held: list[socket.socket] = []
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind((address, port))
            self._listener.listen(0 if behaviour is Behaviour.DROPPED else 128)
        except OSError:
            self._listener.close()
            raise
        self.port = int(self._listener.getsockname()[1])
        self._stop, self._stopped = socket.socketpair()
        self._thread: threading.Thread | None = None
        if behaviour is Behaviour.DROPPED:
            self._fill(address)
        else:
            self._thread = threading.Thread(target=self._serve, daemon=True)
            self._thread.start()

    def _fill(self, address: str) -> None:
        # Linux drops SYNs while the accept queue is full, which is what a caller behind a closed group sees.
        for _ in range(2):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex((address, self.port))
            self._held.append(caller)

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._stopped, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    ready = key.fileobj
                    if ready is self._stopped:
                        return
                    if ready is self._listener:
                        with contextlib.suppress(OSError):
                            connection, _ = self._listener.accept()
                            self._held.append(connection)
                            selector.register(connection, selectors.EVENT_READ)
                    elif isinstance(ready, socket.socket) and self._is_over(ready):
                        selector.unregister(ready)
                        self._held.remove(ready)
                        ready.close()

    def _is_over(self, connection: socket.socket) -> bool:
        try:
            said = connection.recv(65536)
        except OSError:
            return True
        return not said or self.behaviour is Behaviour.OPEN

    def close(self) -> None:
        # The thread must be gone first: a descriptor closed under its select() may be somebody else's next.
        self._stop.close()
        if self._thread is not None:
            self._thread.join()
        for held in (self._stopped, self._listener, *self._held):
            held.close()
