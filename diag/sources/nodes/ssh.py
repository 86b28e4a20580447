"""The way in over SSH: the person's own ~/.ssh/config, keys, agent, known_hosts and bastions."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import shlex
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import NodeTruth, Via
from diag.sanitize import one_line
from diag.sources.nodes.ask import ANSWER_LIMIT, Bounds, Deliver, NodeAsk, Questions, probe, truth_from_probe
from diag.sources.nodes.parallel import run_in_parallel

KEEPALIVE_S = 5

COMMAND = "if sudo -n true 2>&1; then exec sudo -n sh -s -- {tokens}; else exec sh -s -- {tokens}; fi"
"""Root where sudo gives it without a password: kernel log, imports and wait channels of others need it."""


class Ssh:
    """Runs the probe on each node through one session."""

    via = Via.SSH

    def __init__(self, user: str = "", config: str = "", *, accept_new: bool = False) -> None:
        self._user = user
        self._config_path = config
        self._accept_new = accept_new
        self._config: Any = None
        self._known: dict[tuple[str, ...], Any] = {}
        self._bastions: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._bastion_locks: dict[str, threading.Lock] = {}

    def read(self, asks: Sequence[NodeAsk], questions: Questions, bounds: Bounds, deliver: Deliver) -> None:
        """Ask every node that has an address or a name in the configuration."""
        opened = self._open()
        if opened is not None:
            for ask in asks:
                deliver(ask.node, opened)
            return
        try:
            run_in_parallel(
                asks,
                lambda ask, deadline: deliver(ask.node, self._ask(ask, questions, deadline)),
                lambda ask: deliver(ask.node, _late(ask)),
                at_once=bounds.at_once,
                item_s=bounds.node_s,
                until=bounds.until,
            )
        finally:
            for client in self._bastions.values():
                client.close()

    def _open(self) -> Unavailable | None:
        """Read configuration and known hosts once, before any thread needs them."""
        import paramiko

        path = Path(self._config_path or "~/.ssh/config").expanduser()
        try:
            self._config = paramiko.SSHConfig.from_path(str(path)) if path.is_file() else paramiko.SSHConfig()
        except (OSError, paramiko.ConfigParseError, UnicodeDecodeError) as error:
            return Unavailable(f"ssh configuration {path}", Reason.GARBLED, one_line(error))
        if self._config_path and not path.is_file():
            return Unavailable(f"ssh configuration {path}", Reason.ABSENT, "there is no such file")
        return None

    def _ask(self, ask: NodeAsk, questions: Questions, until: float) -> NodeTruth | Unavailable:
        import paramiko

        what = f"node {ask.node}"
        started = time.time()
        client: Any = None
        try:
            client = self._connect(self._target(ask), until, ())
            command = COMMAND.format(tokens=" ".join(shlex.quote(token) for token in questions.tokens()))
            output, ended = _run(client, command, until, what)
        except paramiko.BadHostKeyException as error:
            return _changed_key(what, error)
        except _UnknownHost as error:
            return error.unavailable(what)
        except paramiko.AuthenticationException as error:
            remedy = "see --ssh-user, the agent (`ssh-add -l`) and IdentityFile in ~/.ssh/config"
            return Unavailable(what, Reason.DENIED, f"SSH login refused: {one_line(error)}", remedy=remedy)
        except (TimeoutError, paramiko.ssh_exception.SSHException, OSError, EOFError) as error:
            return _transport(what, error, until)
        finally:
            if client is not None:
                client.close()
        return truth_from_probe(ask, self.via, output, (started, time.time()), questions.port, ended=ended)

    def _target(self, ask: NodeAsk) -> str:
        """The name under which the configuration knows the node, else its address."""
        patterns = [pattern for pattern in self._config.get_hostnames() if pattern.strip("*") and pattern[0] != "!"]
        named = any(fnmatch.fnmatchcase(ask.node, pattern) for pattern in patterns)
        return ask.node if named or not ask.address else ask.address

    def _connect(self, alias: str, until: float, path: tuple[str, ...]) -> Any:
        """An open client; jumps are opened first and shared. Raises what paramiko raises, and _UnknownHost."""
        import paramiko

        if alias in path:
            raise paramiko.SSHException(f"ProxyJump goes in a circle: {' → '.join((*path, alias))}")
        options = self._config.lookup(alias)
        host, port = options.get("hostname", alias), int(options.get("port", 22))
        client = paramiko.SSHClient()
        name = host if port == 22 else f"[{host}]:{port}"
        for kind, key in (self._keys_of(options).lookup(name) or {}).items():
            client.get_host_keys().add(name, kind, key)
        client.set_missing_host_key_policy(_policy(accept_new=self._accept_new))
        keys = [os.path.expanduser(name) for name in options.get("identityfile", ())]  # noqa: PTH111
        try:
            client.connect(
                host,
                port,
                username=options.get("user") if not self._user or path else self._user,
                key_filename=[key for key in keys if os.access(key, os.R_OK)] or None,  # type: ignore[arg-type]
                allow_agent=options.get("identityagent", "") != "none",
                look_for_keys=options.get("identitiesonly", "no") != "yes" and not keys,
                sock=self._tunnel(options, host, port, until, (*path, alias)),
                timeout=_left(until),
                banner_timeout=_left(until),
                auth_timeout=_left(until),
                channel_timeout=_left(until),
            )
        except BaseException:
            client.close()
            raise
        transport = client.get_transport()
        assert transport is not None  # noqa: S101
        transport.set_keepalive(KEEPALIVE_S)
        return client

    def _keys_of(self, options: Any) -> Any:
        """The known hosts of the files that an entry of the configuration names; each set of files is read once."""
        import paramiko

        files = _known_hosts(options)
        with self._lock:
            if files not in self._known:
                keys = self._known[files] = paramiko.HostKeys()
                for file in files:
                    if os.access(file, os.R_OK):
                        keys.load(file)
            return self._known[files]

    def _tunnel(self, options: Any, host: str, port: int, until: float, path: tuple[str, ...]) -> Any:
        """A channel through the last jump of ProxyJump; None for a direct connection."""
        jumps = [jump.strip() for jump in options.get("proxyjump", "none").split(",")]
        if jumps == ["none"] or not jumps[-1]:
            return None
        bastion = self._bastion(jumps[-1], until, path)
        return bastion.get_transport().open_channel(
            "direct-tcpip", (host, port), ("127.0.0.1", 0), timeout=_left(until)
        )

    def _bastion(self, alias: str, until: float, path: tuple[str, ...]) -> Any:
        """One connection to each bastion for all nodes behind it."""
        with self._lock:
            lock = self._bastion_locks.setdefault(alias, threading.Lock())
        if not lock.acquire(timeout=_left(until)):
            raise TimeoutError(f"the bastion {alias} is not open yet")
        try:
            client = self._bastions.get(alias)
            if client is None or not client.get_transport().is_active():
                client = self._bastions[alias] = self._connect(alias, until, path)
            return client
        finally:
            lock.release()


def _run(client: Any, command: str, until: float, what: str) -> tuple[bytes, Unavailable | None]:
    """Run the command with the probe as its input; what it printed, and why that is not all when it is not."""
    channel = client.get_transport().open_session(timeout=_left(until))
    channel.settimeout(_left(until))
    channel.exec_command(command)
    # A command that ends without reading its input has still said something.
    with contextlib.suppress(OSError):
        channel.sendall(probe())
        channel.shutdown_write()
    output = bytearray()
    try:
        while True:
            channel.settimeout(_left(until))
            piece = channel.recv(65536)
            if not piece:
                break
            output += piece
            if len(output) > ANSWER_LIMIT:
                said = f"it printed more than {ANSWER_LIMIT} bytes; the rest was not read"
                return bytes(output[:ANSWER_LIMIT]), Unavailable(what, Reason.GARBLED, said)
        if not channel.status_event.wait(_left(until)):
            raise TimeoutError
    except TimeoutError:
        return bytes(output), Unavailable(
            what, Reason.TIMEOUT, "the probe took too long", remedy="raise --node-deadline"
        )
    status = channel.recv_exit_status()
    if status == 0:
        return bytes(output), None
    said = f"the connection ended half-way ({status})" if status < 0 else f"the probe ended with {status}"
    return bytes(output), Unavailable(what, Reason.GARBLED, said)


class _UnknownHost(Exception):
    """The server's key is in no known_hosts file."""

    def __init__(self, host: str, kind: str, fingerprint: str) -> None:
        super().__init__(host)
        self.host, self.kind, self.fingerprint = host, kind, fingerprint

    def unavailable(self, what: str) -> Unavailable:
        """The refusal in words."""
        said = f"the host key of {self.host} is not known ({self.kind} {self.fingerprint}), so nothing was sent to it"
        remedy = "connect once with ssh and compare the fingerprint, or give --accept-new-host-keys"
        return Unavailable(what, Reason.DENIED, said, remedy=remedy)


def _policy(*, accept_new: bool) -> Any:
    """Refuses unknown keys; with `accept_new` takes them for this run, and writes nothing."""
    import paramiko

    class Strict(paramiko.MissingHostKeyPolicy):
        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            if not accept_new:
                raise _UnknownHost(hostname, key.get_name(), key.fingerprint)

    return Strict()


def _changed_key(what: str, error: Any) -> Unavailable:
    said = (
        f"the host key of {error.hostname} is not the one in known_hosts ({error.key.fingerprint} instead of "
        f"{error.expected_key.fingerprint}): it was rebuilt, or somebody stands in between; nothing was sent to it"
    )
    remedy = f"if the host was rebuilt: ssh-keygen -R {shlex.quote(error.hostname)}, then connect once with ssh"
    return Unavailable(what, Reason.DENIED, said, remedy=remedy)


def _known_hosts(options: Any) -> tuple[str, ...]:
    own = options.get("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2").split()
    general = options.get("globalknownhostsfile", "/etc/ssh/ssh_known_hosts").split()
    return tuple(os.path.expanduser(name) for name in (*own, *general) if name != "none")  # noqa: PTH111


def _transport(what: str, error: Exception, until: float) -> Unavailable:
    if isinstance(error, TimeoutError | socket.timeout) or time.monotonic() >= until:
        return Unavailable(what, Reason.TIMEOUT, "SSH gave no answer in time", remedy="raise --node-deadline")
    return Unavailable(what, Reason.UNREACHABLE, f"no SSH session: {one_line(str(error) or type(error).__name__)}")


def _late(ask: NodeAsk) -> Unavailable:
    return Unavailable(f"node {ask.node}", Reason.TIMEOUT, "SSH gave no answer in time", remedy="raise --node-deadline")


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline passed")
    return left
