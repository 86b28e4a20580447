"""`lustre-doctor probe`: ask the Lustre server itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from diag.cli import _options
from diag.cli._output import COLOUR, TEXT_OR_JSON, print_as, style_of_terminal

if TYPE_CHECKING:
    from diag.resources.lnet_probe import Ladder
    from diag.sources.lnet.target import Options, Target


@click.command(
    "probe",
    cls=_options.Command,
    examples=(
        "sudo lustre-doctor probe fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com/abcdefgh",
        "sudo lustre-doctor probe 10.0.1.5 --client-version 2.15.6",
        "sudo lustre-doctor probe 10.0.1.5 --map --count 20 --interval 0.5",
    ),
)
@click.argument("target", metavar="HOST[:PORT][/MOUNTNAME]")
@click.option("--map", "mapped", is_flag=True,
              help="List every MDT and OST, and ping LNet of each NID; the targets are not asked.")  # fmt: skip
@click.option("--source-ip", type=_options.ADDRESS, metavar="ADDRESS", help="Connect from this address of the host.")
@click.option("--nid", metavar="NID", help="The server's own NID, where it is reached under another address (NAT).")
@click.option("--client-version", type=_options.LUSTRE_VERSION, metavar="VERSION",
              help="The node's Lustre client, to compare the server with.")  # fmt: skip
@click.option("--timeout", default=10.0, type=_options.DURATION, metavar="DURATION",
              help="Time limit of one attempt, whatever the server does. [default: 10s]")  # fmt: skip
@click.option("--count", default=1, type=click.IntRange(min=1), metavar="N",
              help="Probe this many times, to catch intermittent faults.")  # fmt: skip
@click.option("--interval", default=1.0, show_default=True, metavar="SECONDS",
              help="Seconds between the starts of two attempts.")  # fmt: skip
@click.option("--all-addresses", is_flag=True, help="Probe every address of the name.")
@TEXT_OR_JSON
@COLOUR
def command(target: str, form: str, **options: Any) -> int:
    """Ask a Lustre server, in user space: is it one, under which NID, which version, does it know the file system.

    Needs no kernel module, no mount, no AWS. Give --client-version (`modinfo -F version lustre` on the node) to compare
    the versions. Needs a source port below 1024, so root or CAP_NET_BIND_SERVICE; without it, says what remains
    unknown. Polite: one connection, nothing left behind, nothing logged by a healthy server.
    """
    from diag.reports.probe import to_json, to_text
    from diag.version import __version__

    style = style_of_terminal()
    show = (lambda ladder: click.echo(to_text(ladder, style))) if form == "text" else None
    ladders, code = climb({"target": target, **options}, show)
    if form == "json":
        print_as(to_json(ladders, code, __version__), form)
    elif len(ladders) > 1:
        _print_series(ladders, target)
    return code


def climb(options: dict[str, Any], show: Callable[[Ladder], None] | None = None) -> tuple[tuple[Ladder, ...], int]:
    """Every climb that the options of `probe` ask for, each shown when it ends, and the exit code of them all."""
    from diag.knowledge.lustre_versions import versions_talk
    from diag.model.exit_code import exit_code
    from diag.sources.lnet.ladder import World
    from diag.sources.lnet.survey import survey

    rest = {name: value for name, value in options.items() if name not in ("target", "form")}
    wanted, how = _parsed(options["target"], rest)
    ladders = []
    for ladder in survey(wanted, how, World(compatible=versions_talk)):
        ladders.append(ladder)
        if show is not None:
            show(ladder)
    return tuple(ladders), int(exit_code((ladder.verdict for ladder in ladders), inspected=bool(ladders)))


def _parsed(target: str, options: dict[str, Any]) -> tuple[Target, Options]:
    from diag.sources.lnet.nid import Nid
    from diag.sources.lnet.target import Options, Target

    try:
        nid = Nid.parse(options.pop("nid")) if options["nid"] else options.pop("nid")
        return Target.parse(target), Options(nid=nid, map=options.pop("mapped"), **options)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _print_series(ladders: Sequence[Ladder], target: str) -> None:
    from diag.sources.lnet.survey import series

    for one in series(ladders):
        causes = f" ({', '.join(one.causes)})" if one.causes else ""
        click.echo(
            f"{one.address or target}: {one.climbs} attempts, {one.failed} failed{causes}, "
            f"median {one.median_ms:.1f} ms, slowest {one.slowest_ms:.1f} ms"
        )
