"""`lustre-doctor collect`: one run as a file that can be passed on."""

from __future__ import annotations

import time
from typing import Any

import click

from diag.cli import _options
from diag.cli._output import progress_line, warn
from diag.model.unavailable import Reason

CASE = _options.Group("Case", (
    click.option("-o", "--output", "output", required=True, type=_options.PATH, metavar="CASE.tar.gz",
                 help="The file to write (mode 0600)."),
    click.option("--redact", type=_options.Choice(("none", "shareable", "strict")), default="shareable",
                 show_default=True,
                 help="What is replaced: shareable replaces accounts, addresses, ids and names of AWS objects, strict "
                      "also names of pods, claims and namespaces, none nothing."),
    click.option("--key", type=_options.PATH, metavar="FILE", default="",
                 help="Where to write which name was replaced by what (mode 0600). Keep it; it is not part of the "
                      "case. An existing key file is used again, so that cases of two people can be compared. Without "
                      "it your own key is used, which is kept in your state directory: two cases of yours can be "
                      "compared always."),
))  # fmt: skip


@click.command(
    "collect",
    cls=_options.Command,
    examples=(
        "lustre-doctor collect -o case.tar.gz",
        "lustre-doctor collect -o case.tar.gz --redact strict --key names.json --pvc training/data",
        "lustre-doctor run --snapshot case.tar.gz",
    ),
)
@_options.options(
    CASE,
    _options.TARGET,
    _options.SELECTION,
    _options.WORLD,
    _options.SNAPSHOT,
    _options.deadline(30.0, "Time limit of the run: 30, 90s, 2m.", "--budget"),
    _options.RUNBOOKS,
    _options.NODES,
)
def command(output: str, redact: str, key: str, **options: Any) -> int:
    """Inspect a cluster and its account, and save everything a colleague needs to judge it again.

    The case holds the facts, the report, what could not be read and why, versions and timings. Judge it with
    `lustre-doctor run --snapshot CASE`, compare two with `lustre-doctor diff A B`.
    """
    started = time.monotonic()
    until = started + options["deadline"]
    from diag.redaction.tokens import Level
    from diag.run.case import make_case
    from diag.run.execute import execute
    from diag.run.report import preload
    from diag.run.request import build_request
    from diag.sources.files import write_private

    secret = _known_key(key, until) if key or redact == "none" else _own_key(until)
    request = build_request(options)
    for note in request.notes:
        warn(note)
    with progress_line() as progress:
        outcome = execute(request, started=started, progress=progress, preload=lambda: preload(request))
    case = make_case(outcome, request, Level(redact), time.monotonic() - started, secret)
    write_private(output, case.archive)
    if key:
        write_private(key, case.key)
    click.echo(f"{output}: {len(case.archive) / 1024:.0f} KiB, redaction {redact}, {case.summary}", err=True)
    return case.exit_code


def _known_key(path: str, until: float) -> bytes | None:
    """The key of a key file that is there; None where there is none."""
    from diag.run.case import key_in
    from diag.sources.files import UnreadableFile, read_bounded

    try:
        return key_in(read_bounded(path, until=until)) if path else None
    except UnreadableFile as error:
        if error.problem.reason is Reason.ABSENT:
            return None
        raise
    except ValueError as error:
        raise click.UsageError(f"{path}: {error}") from error


def _own_key(until: float) -> bytes | None:
    """The user's own key, made where there is none yet; None where it can be neither read nor kept."""
    import os
    import secrets
    from pathlib import Path

    from diag.redaction.tokens import KEY_BYTES
    from diag.run.case import key_file
    from diag.sources.files import UnreadableFile, write_private
    from diag.sources.time_limit import within

    folder = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "lustre-doctor"
    path = str(folder / "redaction-key.json")
    try:
        if (known := _known_key(path, until)) is not None:
            return known
        made = secrets.token_bytes(KEY_BYTES)
        soon = min(until, time.monotonic() + OWN_KEY_S)
        within(lambda: folder.mkdir(mode=0o700, parents=True, exist_ok=True), soon)
        within(lambda: write_private(path, key_file(made)), soon)
    except (UnreadableFile, click.UsageError, OSError, TimeoutError, RuntimeError) as problem:
        warn(f"no key is kept for another case to be compared with ({problem}); --key FILE names one")
        return None
    return made


OWN_KEY_S = 3.0
"""A home directory on a mount that hangs costs this long, and only the comparison."""
