"""Help that can be pasted, and names that a shell completes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import get_completion_class

from diag.cli import COMMANDS, cli
from tests.docs.commands import calls, command_of
from tests.lab.incident import CLAIM, VOLUME
from tests.lab.lab import Lab

PROGRAM = Path(sys.executable).with_name("lustre-doctor")


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_examples_that_it_understands(name: str) -> None:
    examples = command_of(name).examples
    assert len(examples) >= 2
    for example in examples:
        for called, *arguments in calls(example):
            with command_of(called).make_context(called, arguments):
                pass


def test_the_help_page_ends_with_them() -> None:
    page = command_of("explain").get_help(click.Context(command_of("explain"), info_name="explain"))
    assert page.rstrip().endswith("dmesg | lustre-doctor explain --lines -")


def test_an_unknown_command_gets_the_one_that_was_meant() -> None:
    with pytest.raises(click.UsageError, match=r"no command is called 'rum'; did you mean run\?"):
        cli.main(["rum"], standalone_mode=False)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["ru"], {"run", "runbook"}),
        (["run", "--only", "client-v"], {"client-version"}),
        (["run", "--skip", "dn"], {"dns", "dns-answer", "dns-firewall", "dns-name", "dns-servers", "dns-vpc"}),
        (["runbook", "client-server"], {"client-server-version-mismatch"}),
        (["facts", "vpcs"], {"vpcs"}),
        (["checks", "--layer", "mo"], {"mount"}),
        (["checks", "dns"], {"dns-answer", "dns-firewall", "dns-name", "dns-servers", "dns-vpc"}),
        (["run", "--only", "nothing-has-it"], set()),
    ],
)
def test_a_shell_completes(typed: list[str], offered: set[str]) -> None:
    completion = get_completion_class("bash")
    assert completion is not None
    *before, incomplete = typed
    made = completion(cli, {}, "lustre-doctor", "_LUSTRE_DOCTOR_COMPLETE")
    assert {item.value for item in made.get_completions(before, incomplete)} == offered


def completed(*typed: str) -> set[str]:
    *before, incomplete = typed
    completion = get_completion_class("bash")
    assert completion is not None
    made = completion(cli, {}, "lustre-doctor", "_LUSTRE_DOCTOR_COMPLETE")
    return {item.value for item in made.get_completions(before, incomplete)}


@pytest.mark.lab
def test_a_shell_completes_what_is_in_the_cluster(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in lab.env.items():
        monkeypatch.setenv(name, value)
    assert completed("run", "-n", "kube-s") == {"kube-system"}
    assert completed("run", "--pv", "fsx") == {VOLUME}
    assert completed("run", "--pvc", "default/") == {f"default/{CLAIM}"}
    assert completed("run", "-n", "default", "--pvc", "") == {CLAIM}
    [context] = completed("run", "--context", "")
    assert context and completed("run", "--context", context, "--pv", "fsx") == {VOLUME}


def test_what_cannot_be_read_completes_nothing_and_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for content in (None, "{", "users: 7", "contexts: [{name: a}, {}]"):
        path = tmp_path / "config"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_text(content)
        monkeypatch.setenv("KUBECONFIG", str(path))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
        for words in (("run", "--context", ""), ("run", "-n", ""), ("run", "--pvc", ""), ("run", "--profile", "x")):
            assert completed(*words) == set()
    assert capfd.readouterr() == ("", "")


def test_a_cluster_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from diag.cli import _options

    monkeypatch.setattr(_options, "COMPLETION_S", 0.05)
    never = threading.Event()
    complete = _options.soon(lambda ctx: never.wait() and [])
    assert complete(click.Context(cli), cli.params[0], "") == []
    never.set()


def test_profiles_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("[profile training]\nregion = eu-west-1\n[profile other]\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    assert completed("run", "--profile", "tr") == {"training"}


def test_kubectl_completes_the_plugin() -> None:
    code = "from diag.cli.completion import for_kubectl; for_kubectl()"

    def asked(*words: str) -> list[str]:
        ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
        assert ran.stderr == ""
        return ran.stdout.splitlines()

    assert asked("ru") == ["run", "runbook", ":4"]
    assert asked("checks", "client-v") == ["client-version", ":4"]
    assert asked("run", "--save", "") == [":0"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_reads(shell: str) -> None:
    script = subprocess.run([PROGRAM, "completion", shell], capture_output=True, text=True, check=True).stdout
    assert "_LUSTRE_DOCTOR_COMPLETE" in script
    if (program := shutil.which(shell)) is None:
        pytest.skip(f"{shell} is not installed")
    subprocess.run([program, "-n"], input=script, text=True, check=True)


def test_runbooks_are_found_by_a_word_and_by_layer(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["runbook", "--layer", "client", "--search", "KERNEL"], standalone_mode=False)
    lines = capsys.readouterr().out.splitlines()[2:]
    assert lines and {line.split()[0] for line in lines} == {"client"}
    with pytest.raises(click.UsageError, match="no runbook has the word 'zzyzx'"):
        cli.main(["runbook", "--search", "zzyzx"], standalone_mode=False)
