"""The command line. Each command is a module of its own, imported only when it runs."""

from __future__ import annotations

import codecs
import contextlib
import gc
import importlib
import io
import os
import signal
import sys
import threading
from typing import Any, TextIO, cast

import click

from diag.version import __version__
from diag.watchdog import own_process

COMMANDS = {
    "run": "Find out why volumes do not mount, in a live cluster or from a snapshot.",
    "explain": "Name the causes behind an error text, with no credentials.",
    "node": "Inspect this node, and print its answer for `run --node-answers`.",
    "probe": "Ask a Lustre server itself: LNet, MGS, version, file-system name.",
    "collect": "Save a run as a case that can be passed on, redacted.",
    "diff": "Compare two cases or two nodes: the first difference on the mount path comes first.",
    "checks": "List the checks, or explain one.",
    "facts": "List the facts that checks can ask for, or explain one.",
    "permissions": "Print the IAM policy or the ClusterRole that a run needs.",
    "runbook": "List the runbooks, or show one with this incident's values.",
    "mcp": "Serve run, explain, probe, runbook and checks to an assistant.",
    "completion": "Print the script that completes names in bash, zsh or fish.",
}


class LazyGroup(click.Group):
    """Commands by name; the module `diag.cli.<name>` is imported when its command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the help page."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"diag.cli.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was called; an unknown one is refused with the names that are close to it."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from diag.grammar.spelling import did_you_mean

            raise click.UsageError(f"no command is called {args[0]!r}{did_you_mean(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help page's list, without importing a single command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 healthy, 1 lustre-doctor failed, 2 wrong usage, 3 something failed, 4 only warnings "
    "(--fail-on warn), 5 could not be determined, 6 nothing was inspected or a named target does not exist.",
)
@click.version_option(__version__, prog_name="lustre-doctor")
def cli() -> None:
    """Find out why an FSx for Lustre volume does not mount on EKS, and how to fix it."""


def main(passes: frozenset[int] = frozenset()) -> None:
    """Entry point of the console script. Exit codes that are in `passes` become 0."""
    # A short run makes few reference cycles; collecting them costs a quarter of its CPU time (0.77 s against 0.59 s).
    gc.disable()
    # SIGTERM ends the run as Ctrl-C does: with what is known, no connection open and no temporary file left.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    own_process()
    _fill_closed_streams()
    _claim_output()
    _encode_every_character()
    sys.stdout = cast(TextIO, _CommandOutput(sys.stdout))
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        _report_error(error)
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        code = 1
    except BrokenPipeError:
        code = 1
    except Exception as bug:
        _report_bug(bug)
        code = 1
    _leave(code if isinstance(code, int) and code not in passes else 0)


def _fill_closed_streams() -> None:
    """Where a standard stream is closed (`>&-`), the next file or socket would get its number, and what is printed."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    # Python made None of those that were closed.
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _claim_output() -> None:
    """Keep standard output for the command: its number leads to standard error from here on.

    So what a plugin, a library or a program that one of them starts writes there is never part of a document.
    """
    if not isinstance(sys.stdout, io.TextIOWrapper):
        return
    with contextlib.suppress(OSError):
        ours = os.dup(1)
        os.dup2(2, 1)
        sys.stdout = os.fdopen(ours, "w", 1 if sys.stdout.line_buffering else -1, encoding=sys.stdout.encoding)


class _CommandOutput:
    """Standard output for the command alone. Plugins run in other threads: what they print is on standard error."""

    def __init__(self, stdout: TextIO) -> None:
        self._stdout = stdout

    def __getattr__(self, name: str) -> Any:
        is_ours = threading.current_thread() is threading.main_thread()
        return getattr(self._stdout if is_ours else sys.stderr, name)


def _encode_every_character() -> None:
    """A terminal that lacks a character (ko_KR.EUC-KR, ISO-8859-1) gets another one instead of a crash."""

    def in_ascii(error: UnicodeError) -> tuple[str | bytes, int]:
        from diag.sanitize import in_ascii

        return in_ascii(error)

    codecs.register_error("in-ascii", in_ascii)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="in-ascii")


def _report_error(error: click.ClickException) -> None:
    from diag.cli._output import safe

    error.message = safe(error.message)  # type: ignore[misc]
    error.show()


def _report_bug(bug: Exception) -> None:
    import traceback

    from diag.cli._output import safe
    from diag.secret_filter import without_credentials

    click.echo(f"lustre-doctor failed: {type(bug).__name__}: {safe(str(bug))}", err=True)
    if os.environ.get("LUSTRE_DOCTOR_DEBUG"):
        click.echo(without_credentials("".join(traceback.format_exception(bug))), err=True)
    else:
        click.echo("This is a bug of lustre-doctor; set LUSTRE_DOCTOR_DEBUG=1 to see where.", err=True)


def _leave(code: int) -> None:
    """End at once: a reader thread that hangs in the kernel must not keep the process, nor may its teardown."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 1
    if (children := sys.modules.get("diag.sources.supervised")) is not None:
        children.end_all()
    os._exit(code)
