"""ssh_config and known_hosts, read as OpenSSH reads them. Where `ssh` is installed, `ssh -G` is the judge."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.sources.nodes.ssh_config import BadSshConfig, KnownHosts, Options, SshConfig

KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
OTHER = "AAAAC3NzaC1lZDI1NTE5AAAAIGK0Hn0cmKrwR3lRvs1lbLJqHCvOKgOv1fT0VRZ4f0+d"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """~/.ssh, where relative includes are looked for."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir(mode=0o700)
    return tmp_path / ".ssh"


def written(folder: Path, text: str, **included: str) -> SshConfig:
    for name, lines in included.items():
        (folder / name).write_text(lines)
    (folder / "config").write_text(text)
    return SshConfig(folder / "config")


CASES = {
    "plain": ("Host web\n  HostName 10.0.0.1\n  Port 2222\n  User ops\n", {}),
    "equals-sign": ("Host=web\n  HostName=10.0.0.1\n  User = ops\n", {}),
    "first-value-counts": ("Host we?\n  User first\nHost web\n  User second\n  HostName 10.0.0.2\n", {}),
    "negated": ("Host * !web\n  User others\nHost web\n  User ours\n", {}),
    "include-at-the-top": ("Include more\nHost web\n  User here\n", {"more": "Host web\n  HostName 10.0.0.3\n"}),
    "include-inside-a-block": ("Host web\n  Include more\n  User here\n", {"more": "HostName 10.0.0.4\n"}),
    "include-inside-another-block": (
        "Host db\n  Include more\nHost web\n  User here\n",
        {"more": "Host *\n  User x\n"},
    ),
    "block-goes-on-after-include": ("Host web\n  Include more\n  Port 2200\n", {"more": "Host db\n  Port 1\n"}),
    "wildcard-include": ("Include conf.*\n", {"conf.a": "Host web\n  User a\n", "conf.b": "Host web\n  User b\n"}),
    "match-host": ("Match host web\n  User ops\n", {}),
    "match-originalhost": ("Host web\n  HostName h.example\nMatch originalhost web\n  User ops\n", {}),
    "tokens": ("Host web\n  HostName %h.example.com\n  ProxyCommand relay %h %p\n", {}),
    "jump": ("Host web\n  ProxyJump a,b\n", {}),
    "jump-before-command": ("Host web\n  ProxyJump a\n  ProxyCommand relay\n", {}),
    "command-before-jump": ("Host web\n  ProxyCommand relay x\n  ProxyJump a\n", {}),
    "no-proxy": ("Host web\n  ProxyJump none\nHost *\n  ProxyJump a\n", {}),
    "key-alias": ("Host web\n  HostName 10.0.0.9\n  Port 2222\n  HostKeyAlias the-web\n", {}),
}


def by_openssh(config: Path, host: str) -> dict[str, str]:
    ran = subprocess.run(["ssh", "-G", "-F", str(config), host], capture_output=True, text=True, check=True)
    return {line.partition(" ")[0]: line.partition(" ")[2] for line in ran.stdout.splitlines()}


@pytest.mark.skipif(not shutil.which("ssh"), reason="OpenSSH's ssh is not installed (make system-packages)")
@pytest.mark.parametrize("case", CASES)
def test_it_reads_what_openssh_reads(folder: Path, case: str) -> None:
    text, included = CASES[case]
    # `ssh -F` takes relative includes from ~/.ssh of the password database, not of $HOME.
    for name in included:
        text = text.replace("Include more", f"Include {folder}/more").replace("Include conf", f"Include {folder}/conf")
        assert name in ("more", "conf.a", "conf.b")
    ours = written(folder, text, **included).lookup("web")
    theirs = by_openssh(folder / "config", "web")
    assert (ours.host, str(ours.port)) == (theirs["hostname"], theirs["port"])
    assert ours.user in (None, theirs["user"])
    assert ",".join(ours.jumps) == theirs.get("proxyjump", "none").replace("none", "")
    command = theirs.get("proxycommand", "none").replace("none", "")
    assert ours.command == command.replace("%h", theirs["hostname"]).replace("%p", theirs["port"])
    if "hostkeyalias" in theirs:
        assert ours.host_key_name == theirs["hostkeyalias"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('Match exec "true"\n  User x', "config:1"),
        ("Match canonical\n  User x", "canonical"),
        ("Match tagged prod\n  User x", "tagged"),
        ("Host web\n  ???", "config:2"),
        ("Host web\n  Port many", "port"),
        ("Host web\n  ProxyUseFdpass yes\n  ProxyCommand x", "ProxyUseFdpass"),
    ],
)
def test_what_is_not_understood_costs_its_own_hosts(folder: Path, line: str, says: str) -> None:
    config = written(folder, f"{line}\nHost other\n  HostName 10.0.0.7\n")
    with pytest.raises(BadSshConfig, match=says):
        config.lookup("web")
    if line.startswith("Host"):
        assert config.lookup("other").host == "10.0.0.7"


def test_a_name_for_a_shell_never_reaches_a_proxy_command(folder: Path) -> None:
    config = written(folder, "Host *\n  ProxyCommand relay %h\n")
    for name in ("a;touch x", "$(touch x)", "-oProxyCommand=x", "a b", "a\nb"):
        with pytest.raises(BadSshConfig):
            config.lookup(name)
    assert config.lookup("ip-10-0-0-1.eu-west-1.compute.internal").command.startswith("relay ip-10-0-0-1")


@pytest.mark.parametrize(
    ("command", "jumps"),
    [
        ("ssh -W %h:%p bastion", ("bastion",)),
        ("ssh -q -W %h:%p bastion.example", ("bastion.example",)),
        ("/usr/bin/ssh -W [%h]:%p -q bastion", ("bastion",)),
        ("ssh -W %h:2222 bastion", ()),
        ("ssh -i key -W %h:%p bastion", ()),
        ("ssh -W %h:%p ops@bastion", ()),
        ("ssh -W %h:%p bastion -v", ()),
        ("relay -W %h:%p bastion", ()),
    ],
)
def test_a_proxy_command_that_is_a_jump_shares_the_jump_host_s_connection(
    folder: Path, command: str, jumps: tuple[str, ...]
) -> None:
    """Nodes behind a jump host are reached over one connection to it; any other command runs once a node."""
    found = written(folder, f"Host web\n  HostName 10.0.0.9\n  ProxyCommand {command}\n").lookup("web")
    assert found.jumps == jumps
    assert bool(found.command) != bool(jumps)


def test_an_include_of_itself_ends(folder: Path) -> None:
    with pytest.raises(BadSshConfig, match="Include"):
        written(folder, "Include config\n").lookup("web")


def keys_of(folder: Path, text: str, name: str = "web") -> list[str]:
    (folder / "known").write_text(text)
    return [key.get_base64() for key in KnownHosts([str(folder / "known")]).keys_of(name)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"web ssh-ed25519 {KEY}", True),
        (f"other,web ssh-ed25519 {KEY} a comment", True),
        (f"we* ssh-ed25519 {KEY}", True),
        (f"we*,!web ssh-ed25519 {KEY}", False),
        (f"other ssh-ed25519 {KEY}", False),
        (f"@cert-authority web ssh-ed25519 {KEY}", False),
        (f"@revoked web ssh-ed25519 {KEY}", False),
        ("web ssh-ed25519 !!!", False),
        ("web ssh-unheard-of AAAA", False),
        ("|1|x|y ssh-ed25519 AAAA", False),
        ("web", False),
    ],
)
def test_each_line_counts_for_itself(folder: Path, line: str, found: bool) -> None:
    assert keys_of(folder, f"{line}\nlast ssh-ed25519 {OTHER}\n") == ([KEY] if found else [])
    assert keys_of(folder, f"{line}\nlast ssh-ed25519 {OTHER}\n", "last") == [OTHER]


def test_brackets_of_a_port_are_no_pattern(folder: Path) -> None:
    text = f"[web]:2222 ssh-ed25519 {KEY}\n"
    assert keys_of(folder, text, "[web]:2222") == [KEY]
    assert keys_of(folder, text, "w:2222") == []


def test_an_authority_is_noticed(folder: Path) -> None:
    (folder / "known").write_text(f"@cert-authority *.example ssh-ed25519 {KEY}\n")
    known = KnownHosts([str(folder / "known")])
    assert known.has_authority("a.example")
    assert not known.has_authority("a.test")


@given(st.text(max_size=200), st.sampled_from(["web", "x"]))
def test_any_text_gives_options_or_a_refusal(tmp_path_factory: pytest.TempPathFactory, text: str, name: str) -> None:
    path = tmp_path_factory.getbasetemp() / "config"
    path.write_bytes(text.encode(errors="surrogatepass"))
    with contextlib.suppress(BadSshConfig, UnicodeDecodeError):
        assert isinstance(SshConfig(path).lookup(name), Options)
