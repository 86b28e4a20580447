"""Two or three hosts in network namespaces of their own: a client, a server, and a router between them when wanted."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

CLONE_NEWNET = 0x40000000


def why_not() -> str:
    """Why namespaces cannot be made here, empty when they can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "not root: namespaces and real privileged ports need it"
    missing = [tool for tool in ("ip", "nft", "setpriv") if shutil.which(tool) is None]
    if missing:
        return f"missing: {', '.join(missing)} (Debian: iproute2, nftables, util-linux)"
    name = f"ld{secrets.token_hex(3)}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode:
        return f"cannot make a network namespace: {made.stderr.strip()}"
    ruled = subprocess.run(
        ["ip", "netns", "exec", name, "nft", "add", "table", "inet", "t"], capture_output=True, text=True
    )
    subprocess.run(["ip", "netns", "del", name], check=False)
    return f"nft does not work here: {ruled.stderr.strip()}" if ruled.returncode else ""


class Host:
    """One namespace."""

    def __init__(self, role: str) -> None:
        self.name = f"ld-{role}-{secrets.token_hex(2)}"
        run("ip", "netns", "add", self.name)
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *command: str) -> None:
        run("ip", "netns", "exec", self.name, *command)

    def nft(self, *rules: str) -> None:
        for rule in rules:
            self.run("nft", *rule.split())

    def do(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread that lives in this namespace; sockets made there stay in it."""
        results: list[T] = []
        errors: list[BaseException] = []

        def enter() -> None:
            try:
                with Path(f"/run/netns/{self.name}").open() as namespace:
                    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), "setns")
                results.append(work())
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return results[0]

    def delete(self) -> None:
        subprocess.run(["ip", "netns", "del", self.name], check=False)


class Network:
    """10.77.0.0/24: client .1, server .2; with a router the client is 10.78.0.1 behind it."""

    def __init__(self, *, routed: bool = False) -> None:
        self.client, self.server = Host("client"), Host("server")
        self.router = Host("router") if routed else None
        if self.router is None:
            join(self.client, "10.77.0.1/24", self.server, "10.77.0.2/24")
            return
        join(self.client, "10.78.0.1/24", self.router, "10.78.0.254/24")
        join(self.router, "10.77.0.254/24", self.server, "10.77.0.2/24")
        self.router.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        self.client.run("ip", "route", "add", "default", "via", "10.78.0.254")
        self.server.run("ip", "route", "add", "default", "via", "10.77.0.254")

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *_: object) -> None:
        for host in (self.client, self.server, self.router):
            if host is not None:
                host.delete()


def join(one: Host, one_address: str, other: Host, other_address: str) -> None:
    """A cable between two hosts."""
    ends = [f"v{secrets.token_hex(4)}" for _ in range(2)]
    run("ip", "link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
    for host, end, address in ((one, ends[0], one_address), (other, ends[1], other_address)):
        run("ip", "link", "set", end, "netns", host.name)
        host.run("ip", "addr", "add", address, "dev", end)
        host.run("ip", "link", "set", end, "up")


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
