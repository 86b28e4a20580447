"""The request of a run: what excludes what, and what counts more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from diag.cli.run import command
from diag.model.exit_code import WrongUsage
from diag.model.unavailable import Reason
from diag.reports.report import Report
from diag.run.execute import execute
from diag.run.report import report_on
from diag.run.request import RunRequest, build_request
from diag.sources import files
from diag.sources.files import UnreadableFile

MANIFEST = str(Path(__file__).parents[2] / "examples" / "original")


def request(*words: str) -> RunRequest:
    options: dict[str, Any] = command.make_context("run", list(words)).params
    return build_request(options)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--offline",), "name them with -f"),
        (("--offline", "-f", MANIFEST, "--snapshot", "s"), "--offline and --snapshot exclude each other"),
        (("--offline", "-f", MANIFEST, "--via", "ssh"), "--via cannot be used with --offline"),
        (("--snapshot", "s", "--region", "eu-west-1", "--probe-lnet"), "--region, --probe-lnet cannot be used"),
        (("--snapshot", "s", "--via", "exec"), "--via cannot be used with --snapshot"),
        (("--in-cluster", "--kubeconfig", "k"), "--in-cluster excludes"),
        (("--via", "ssh", "--node-answers", "a"), "exclude each other"),
        (("-A", "-n", "training"), "-A and -n exclude each other"),
    ],
)
def test_options_that_have_no_effect_together_are_refused(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(WrongUsage, match=said):
        request(*words)


def test_manifests_alone_may_be_of_any_region_and_cluster() -> None:
    built = request("--offline", "-f", MANIFEST, "--region", "eu-west-1", "--cluster", "c", "--dns-server", "::1")
    assert (built.settings.region, built.settings.cluster, built.settings.dns_servers) == ("eu-west-1", "c", ("::1",))


def test_the_command_line_counts_more_than_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "lustre-doctor.toml"
    config.write_text('fail-on = "warn"\nonly = ["dns"]\nskip = ["dns-name"]\nunknown = "pass"\n')
    built = request("--config", str(config))
    assert (built.policy.fail_on_warn, built.policy.unknown_passes) == (True, True)
    assert {check.layer.value for check in built.checks} == {"dns"}
    assert "dns-name" not in {check.id for check in built.checks}
    built = request("--config", str(config), "--fail-on", "fail", "--unknown", "fail", "--only", "mountname-match")
    assert (built.policy.fail_on_warn, built.policy.unknown_passes) == (False, False)
    assert [check.id for check in built.checks] == ["mountname-match"]


@pytest.mark.parametrize(
    ("words", "namespaces"),
    [
        (("--pvc", "a/x", "--pod", "b/y"), ("a", "b")),
        (("--pvc", "a/x", "-n", "c"), ("a", "c")),
        (("--pvc", "a/x", "--pod", "y"), ()),
        (("--pvc", "a/x", "--pv", "v"), ()),
        (("-n", "c", "--pv", "v"), ("c",)),
    ],
)
def test_only_the_namespaces_that_are_named_are_listed(words: tuple[str, ...], namespaces: tuple[str, ...]) -> None:
    assert request(*words).target.namespaces == namespaces


def test_what_is_assumed_is_judged_over_a_snapshot_too() -> None:
    built = request("--snapshot", "s", "--assume-kernel", "6.12.46-66.121.amzn2023.x86_64")
    assert built.settings.assume_kernel == "6.12.46-66.121.amzn2023.x86_64"


def test_a_working_directory_that_does_not_answer_costs_the_configuration_and_completeness(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hang(path: str, *_: object, **__: object) -> bytes:
        raise UnreadableFile(path, "/lustre does not answer", Reason.TIMEOUT)

    mended = str(Path(MANIFEST).parent / "mended")
    complete = report_of(request("--offline", "-f", mended))
    monkeypatch.setattr(files, "read_bounded", hang)
    report = report_of(request("--offline", "-f", mended))
    assert (complete.exit_code, report.exit_code) == (0, 5)
    assert (report.unavailable[0].what, report.unavailable[0].reason) == ("lustre-doctor.toml", Reason.TIMEOUT)
    assert "--config" in report.unavailable[0].remedy
    with pytest.raises(UnreadableFile, match="does not answer"):
        request("--config", "named.toml")


def report_of(built: RunRequest) -> Report:
    return report_on(execute(built), built)
