"""Connections from where the tool runs."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from unittest import mock

from diag.resources.reachability import Connect
from diag.sources import tcp


def late() -> Iterator[float]:
    """A clock of a machine that is busy from the first packet on until long after the time is up."""
    yield 0.0
    while True:
        time.sleep(0.2)
        yield 10 * tcp.PATIENCE_S


def test_a_connection_that_stood_in_time_counts_however_late_it_is_looked_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for address, wanted in ((listener, Connect.OPEN), (closed, Connect.REFUSED)):
            with mock.patch.object(tcp.time, "monotonic", side_effect=late()):
                (answer,) = tcp.Dialer().connect_all(("127.0.0.1",), address.getsockname()[1])
            assert answer.outcome is wanted
