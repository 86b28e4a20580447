"""`lustre-doctor probe`: ask the Lustre server itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from diag.cli.printing import FORMATS, terminal_width, wants_colour


@click.command("probe")
@click.argument("target", metavar="HOST[:PORT][/MOUNTNAME]")
@click.option("--map", "mapped", is_flag=True, help="List every MDT and OST with its NIDs and connect to each.")
@click.option("--source-ip", metavar="ADDRESS", help="Leave from this address of the host.")
@click.option("--nid", metavar="NID", help="The server's own NID, where it is dialled under another address (NAT).")
@click.option("--client-version", metavar="VERSION", help="The node's Lustre client, to compare the server with.")
@click.option("--timeout", default=10.0, show_default=True, help="Seconds for one climb, whatever the server does.")
@click.option("--count", default=1, show_default=True, help="Climb so often, for faults that come and go.")
@click.option("--interval", default=1.0, show_default=True, help="Seconds between the starts of two climbs.")
@click.option("--all-addresses", is_flag=True, help="Every address of the name.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
def command(target: str, form: str, **options: Any) -> int:
    """Ask a Lustre server, in user space: is it one, under which NID, which version, does it know the file system.

    No kernel module, no mount, no AWS. Give --client-version (`modinfo -F version lustre` on the node) to have the
    versions compared. Needs a source port below 1024, so root or CAP_NET_BIND_SERVICE; without it, it says what
    remains open. Polite: one connection, nothing left behind, nothing logged by a healthy server.
    """
    from diag.knowledge.lustre_versions import versions_talk
    from diag.reports.ladder import to_json, to_text
    from diag.reports.text import Style
    from diag.sources.lnet.ladder import World
    from diag.sources.lnet.survey import series, survey
    from diag.version import __version__

    wanted, how = _request(target, options)
    style = Style(terminal_width(), colour=wants_colour())
    climbed = []
    for ladder in survey(wanted, how, World(compatible=versions_talk)):
        climbed.append(ladder)
        if form == "text":
            click.echo(to_text(ladder, style))
    code = _exit_code(climbed)
    if form == "json":
        click.echo(to_json(climbed, code, __version__), nl=False)
    elif len(climbed) > 1:
        for one in series(climbed):
            causes = f" ({', '.join(one.causes)})" if one.causes else ""
            click.echo(
                f"{one.address or wanted.host}: {one.climbs} climbs, {one.failed} failed{causes}, "
                f"median {one.median_ms:.1f} ms, slowest {one.slowest_ms:.1f} ms"
            )
    return code


def _request(target: str, options: dict[str, Any]) -> tuple[Any, Any]:
    """Target and options as the probe takes them; what no probe can do is wrong usage."""
    from diag.sources.lnet.nid import Nid
    from diag.sources.lnet.target import Options, Target

    try:
        return Target.parse(target), Options(
            source_ip=options["source_ip"],
            nid=Nid.parse(options["nid"]) if options["nid"] else None,
            timeout=options["timeout"],
            count=options["count"],
            interval=options["interval"],
            all_addresses=options["all_addresses"],
            map=options["mapped"],
            client_version=options["client_version"],
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _exit_code(climbed: Sequence[Any]) -> int:
    from diag.model.exit_code import exit_code

    return int(exit_code((ladder.verdict for ladder in climbed), inspected=bool(climbed)))
