"""The way in over SSH: the person's own ~/.ssh/config, keys, agent, known_hosts and bastions."""

from __future__ import annotations

import contextlib
import os
import shlex
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import NodeReport
from diag.resources.via import Via
from diag.sanitize import one_line
from diag.sources.files import UnreadableFile, is_missing
from diag.sources.nodes.ask import ANSWER_LIMIT, Bounds, Deliver, NodeAsk, Questions, probe, report_from_probe
from diag.sources.nodes.parallel import run_in_parallel
from diag.sources.nodes.ssh_config import BadSshConfig, KnownHosts, Options, SshConfig
from diag.sources.remote_mounts import StuckMount, require_answers
from diag.sources.supervised import supervised

if TYPE_CHECKING:
    from diag.sources.nodes.reader import NodeReader

KEEPALIVE_S = 5

GRACE_S = 0.2
"""For a ProxyCommand to end after it was asked to."""

COMMAND = "if sudo -n true 2>&1; then exec sudo -n sh -s -- {tokens}; else exec sh -s -- {tokens}; fi"
"""Root where sudo gives it without a password: kernel log, imports and wait channels of others need it."""


def open_way(reader: NodeReader, region: str) -> Ssh | None:
    """SSH; unasked, only where the user or the configuration is named."""
    options = reader.options
    if options.via != "ssh" and not options.ssh_user and not options.ssh_config:
        return None
    return Ssh(options.ssh_user, options.ssh_config, accept_new=options.accept_new_host_keys)


class Ssh:
    """Runs the probe on each node through one session."""

    via = Via.SSH

    def __init__(self, user: str = "", config: str = "", *, accept_new: bool = False) -> None:
        self._user = user
        self._config_path = config
        self._accept_new = accept_new
        self._config: Any = None
        self._known: dict[tuple[str, ...], KnownHosts] = {}
        self._bastions: dict[str, Any] = {}
        self._commands: list[subprocess.Popen[bytes]] = []
        self._supervision = contextlib.ExitStack()
        self._lock = threading.Lock()
        self._bastion_locks: dict[str, threading.Lock] = {}

    def read(self, asks: Sequence[NodeAsk], questions: Questions, bounds: Bounds, deliver: Deliver) -> None:
        """Ask every node that has an address or a name in the configuration."""
        opened = self._open(bounds.until)
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
            for child in self._commands:
                child.terminate()
            for child in self._commands:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(GRACE_S)
            self._supervision.close()

    def _open(self, until: float) -> Unavailable | None:
        """Read the configuration once, before any thread needs it."""
        path = Path(self._config_path or "~/.ssh/config").expanduser()
        try:
            if self._config_path and is_missing(str(path)):
                return Unavailable(f"ssh configuration {path}", Reason.ABSENT, "there is no such file")
            self._config = SshConfig(path, until=until)
        except (UnreadableFile, StuckMount, UnicodeDecodeError, BadSshConfig) as error:
            reason = Reason.TIMEOUT if _is_late(error) else Reason.GARBLED
            return Unavailable(f"ssh configuration {path}", reason, one_line(error))
        return None

    def _ask(self, ask: NodeAsk, questions: Questions, until: float) -> NodeReport | Unavailable:
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
        except BadSshConfig as error:
            remedy = "change that entry, or name another file with --ssh-config"
            return Unavailable(what, Reason.GARBLED, one_line(error), remedy=remedy)
        except paramiko.AuthenticationException as error:
            remedy = "see --ssh-user, the agent (`ssh-add -l`) and IdentityFile in ~/.ssh/config"
            return Unavailable(what, Reason.DENIED, f"SSH login refused: {one_line(error)}", remedy=remedy)
        except (UnreadableFile, StuckMount) as error:
            reason = Reason.TIMEOUT if _is_late(error) else Reason.GARBLED
            return Unavailable(what, reason, f"a file of the SSH configuration: {one_line(error)}")
        except (TimeoutError, paramiko.ssh_exception.SSHException, OSError, EOFError) as error:
            return _transport(what, error, until)
        finally:
            if client is not None:
                client.close()
        return report_from_probe(ask, self.via, output, (started, time.time()), questions.port, ended=ended)

    def _target(self, ask: NodeAsk) -> str:
        """The name under which the configuration knows the node, else its address."""
        return ask.node if self._config.names(ask.node) or not ask.address else ask.address

    def _connect(self, alias: str, until: float, path: tuple[str, ...]) -> Any:
        """An open client; jumps are opened first and shared. Raises what paramiko raises, and _UnknownHost."""
        import paramiko

        if alias in path:
            raise paramiko.SSHException(f"ProxyJump goes in a circle: {' → '.join((*path, alias))}")
        options = self._config.lookup(alias)
        known, name = self._known_hosts(options, until), _paramiko_name(options)
        client = paramiko.SSHClient()
        for key in known.keys_of(options.host_key_name):
            client.get_host_keys().add(name, key.get_name(), key)
        # paramiko opens the keys itself.
        require_answers(("~/.ssh", *options.identity_files), until=until)
        client.set_missing_host_key_policy(_policy(known, options.host_key_name, accept_new=self._accept_new))
        try:
            client.connect(
                options.host,
                options.port,
                username=options.user if not self._user or path else self._user,
                key_filename=[key for key in options.identity_files if os.access(key, os.R_OK)] or None,  # type: ignore[arg-type]
                allow_agent=options.agent,
                look_for_keys=not options.identities_only and not options.identity_files,
                sock=self._tunnel(options, until, (*path, alias)),
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

    def _known_hosts(self, options: Options, until: float) -> KnownHosts:
        """The known hosts of the files that an entry of the configuration names; each set of files is read once."""
        with self._lock:
            if options.known_hosts not in self._known:
                self._known[options.known_hosts] = KnownHosts(options.known_hosts, until=until)
            return self._known[options.known_hosts]

    def _tunnel(self, options: Options, until: float, path: tuple[str, ...]) -> Any:
        """What carries the connection: ProxyCommand, a channel through the last jump, or None for a direct one."""
        if options.command:
            return self._through_command(options.command)
        if not options.jumps:
            return None
        bastion = self._bastion(options.jumps[-1], until, path)
        return bastion.get_transport().open_channel(
            "direct-tcpip", (options.host, options.port), ("127.0.0.1", 0), timeout=_left(until)
        )

    def _through_command(self, command: str) -> socket.socket:
        """The near end of a socket pair whose far end is the command's input and output.

        OpenSSH hands the command to a shell too: people write variables into it. paramiko.ProxyCommand never sees the
        command end, and stops when its standard error fills a pipe.
        """
        near, far = socket.socketpair()
        with far:
            child = subprocess.Popen(  # noqa: S603 - the person's own ProxyCommand, its tokens checked
                ["/bin/sh", "-c", f"exec {command}"],
                stdin=far.fileno(),
                stdout=far.fileno(),
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        with self._lock:
            self._commands.append(child)
            self._supervision.enter_context(supervised(child.pid, "ProxyCommand"))
        return near

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

    def __init__(self, host: str, kind: str, fingerprint: str, *, certified: bool) -> None:
        super().__init__(host)
        self.host, self.kind, self.fingerprint, self.certified = host, kind, fingerprint, certified

    def unavailable(self, what: str) -> Unavailable:
        """The refusal in words."""
        said = f"the host key of {self.host} is not known ({self.kind} {self.fingerprint}), so nothing was sent to it"
        if self.certified:
            said += "; known_hosts has a certificate authority for it, which is not evaluated here"
        remedy = "connect once with ssh and compare the fingerprint, or give --accept-new-host-keys"
        return Unavailable(what, Reason.DENIED, said, remedy=remedy)


def _policy(known: KnownHosts, name: str, *, accept_new: bool) -> Any:
    """Refuses unknown keys; with `accept_new` takes them for this run, and writes nothing."""
    import paramiko

    class Strict(paramiko.MissingHostKeyPolicy):
        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            if known.is_revoked(name, key.get_base64()):
                raise BadSshConfig(f"known_hosts revokes the host key of {name} ({key.fingerprint})")
            if not accept_new:
                raise _UnknownHost(name, key.get_name(), key.fingerprint, certified=known.has_authority(name))

    return Strict()


def _paramiko_name(options: Options) -> str:
    """The name under which paramiko looks a key up."""
    return options.host if options.port == 22 else f"[{options.host}]:{options.port}"


def _changed_key(what: str, error: Any) -> Unavailable:
    said = (
        f"the host key of {error.hostname} is not the one in known_hosts ({error.key.fingerprint} instead of "
        f"{error.expected_key.fingerprint}): it was rebuilt, or somebody stands in between; nothing was sent to it"
    )
    remedy = f"if the host was rebuilt: ssh-keygen -R {shlex.quote(error.hostname)}, then connect once with ssh"
    return Unavailable(what, Reason.DENIED, said, remedy=remedy)


def _is_late(error: Exception) -> bool:
    """Whether a file did not answer in time; otherwise there is something wrong with it."""
    return isinstance(error, StuckMount) or (
        isinstance(error, UnreadableFile) and error.problem.reason is Reason.TIMEOUT
    )


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
