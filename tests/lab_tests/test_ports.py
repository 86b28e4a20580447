"""What a connect to a file server's port finds."""

import socket
import sys

import pytest

from tests.lab import Lab
from tests.lab.ports import Behaviour
from tests.lab.setup import FILE_SYSTEM_ID

pytestmark = pytest.mark.lab


def connect(lab: Lab, address: str, seconds: float = 0.5) -> socket.socket:
    return socket.create_connection((address, lab.ports.port), timeout=seconds)


def test_every_file_server_is_open(lab: Lab) -> None:
    for address in lab.file_system_addresses(FILE_SYSTEM_ID):
        with connect(lab, address) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert connection.recv(1) == b""


def test_refused(lab: Lab) -> None:
    address = lab.file_system_addresses(FILE_SYSTEM_ID)[0]
    lab.ports.set(address, Behaviour.REFUSED)
    with pytest.raises(ConnectionRefusedError):
        connect(lab, address)


@pytest.mark.skipif(sys.platform != "linux", reason="a full accept queue drops SYNs on Linux")
def test_dropped_for_every_caller(lab: Lab) -> None:
    address = lab.file_system_addresses(FILE_SYSTEM_ID)[0]
    lab.ports.set(address, Behaviour.DROPPED)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            connect(lab, address)


def test_accepted_and_never_answered(lab: Lab) -> None:
    address = lab.file_system_addresses(FILE_SYSTEM_ID)[0]
    lab.ports.set(address, Behaviour.SILENT)
    with connect(lab, address) as connection:
        connection.sendall(b"hello")
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_a_load_opens_them_again(lab: Lab) -> None:
    address = lab.file_system_addresses(FILE_SYSTEM_ID)[0]
    lab.ports.set(address, Behaviour.DROPPED)
    lab.load("incident")
    connect(lab, address).close()
