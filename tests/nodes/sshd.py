"""OpenSSH servers on loopback, with keys of their own, as a test needs them."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"

_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile {folder}/pid
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
AllowTcpForwarding yes
MaxStartups 500
MaxSessions 1000
LogLevel ERROR
"""


def why_not() -> str:
    """Why no server can be started here; empty when one can."""
    if not Path(SSHD).exists() or not shutil.which("ssh-keygen"):
        return "OpenSSH's sshd is not installed (make system-packages)"
    return ""


@dataclass(frozen=True)
class Sshd:
    """A running server."""

    port: int
    folder: Path

    @property
    def host_key(self) -> str:
        """Its public host key, `ssh-ed25519 AAAA…`."""
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    @property
    def known_hosts_line(self) -> str:
        """What a person has who connected once."""
        return f"[127.0.0.1]:{self.port} {self.host_key}\n"


def make_key(path: Path) -> None:
    """An ed25519 key without passphrase."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)


@contextlib.contextmanager
def sshd(folder: Path, client_key: Path) -> Iterator[Sshd]:
    """A server that lets the client key in as the present user."""
    folder.mkdir(mode=0o700)
    make_key(folder / "host_key")
    (folder / "authorized_keys").write_bytes(client_key.with_suffix(".pub").read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    (folder / "config").write_text(_CONFIG.format(port=port, folder=folder))
    with contextlib.suppress(OSError):
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    server = subprocess.Popen([SSHD, "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.DEVNULL)
    try:
        _await(port, server)
        yield Sshd(port, folder)
    finally:
        server.terminate()
        server.wait()


def _await(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            if connection.recv(4) == b"SSH-":
                return
        time.sleep(0.05)
    raise AssertionError("sshd did not start")


def config_entry(host: str, server: Sshd, key: Path, known_hosts: Path, *more: str) -> str:
    """A Host block of ssh_config."""
    lines = (
        f"Host {host}",
        "    HostName 127.0.0.1",
        f"    Port {server.port}",
        f"    User {getuser()}",
        f"    IdentityFile {key}",
        "    IdentitiesOnly yes",
        "    IdentityAgent none",
        f"    UserKnownHostsFile {known_hosts}",
        *(f"    {line}" for line in more),
    )
    return "\n".join(lines) + "\n"
