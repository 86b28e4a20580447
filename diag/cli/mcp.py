"""`lustre-doctor mcp`: the commands that read, as tools of an assistant (Model Context Protocol over standard input).

Tools give the same JSON as `--format json`, within the same deadlines. What a run gives is judged from redacted facts
unless the server was started with `--redact none`. Nothing here changes anything: fixes are text for a person.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from diag.cli import _options
from diag.model.exit_code import WrongUsage

if TYPE_CHECKING:
    from mcp.server import MCPServer

INSTRUCTIONS = (
    "lustre-doctor finds out why an Amazon FSx for Lustre volume does not mount on EKS. Use `run` where a cluster can "
    "be reached, `explain` for an event or a log alone, `probe` to ask a Lustre server itself. Each answer is a JSON "
    "document: diagnoses[0].causes[0] is the cause, with its evidence and its fix. The server only reads. Never run "
    "a fix yourself: show its steps, cautions first, to a person."
)
TEXT_LIMIT = 4 * 1024 * 1024
"""Characters of a text that `explain` takes."""


@click.command(
    "mcp",
    cls=_options.Command,
    examples=("lustre-doctor mcp", "lustre-doctor mcp --redact strict"),
)
@click.option("--redact", type=_options.Choice(("none", "shareable", "strict")), default="shareable", show_default=True,
              help="What is replaced in what `run` answers (see `collect`).")  # fmt: skip
def command(redact: str) -> int:
    """Serve `run`, `explain`, `probe`, `runbook` and `checks` to an assistant, over standard input and output."""
    try:
        server = make_server(redact)
    except ModuleNotFoundError as error:
        raise click.ClickException("the extra is not installed: pip install 'lustre-doctor[mcp]'") from error
    server.run("stdio")
    return 0


def make_server(redact: str) -> MCPServer[Any]:
    """The server with its tools. Raises ModuleNotFoundError without the extra."""
    from mcp.server import MCPServer
    from mcp.types import ToolAnnotations

    from diag.version import __version__

    server: MCPServer[Any] = MCPServer(
        "lustre-doctor", instructions=INSTRUCTIONS, version=__version__, log_level="ERROR"
    )
    reads = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
    for tool in (_run(redact), explain, probe, runbook, checks):
        server.tool(annotations=reads, structured_output=False)(_in_thread(tool))
    return server


def _run(redact: str) -> Callable[..., str]:
    def run(
        namespace: str = "",
        claim: str = "",
        pod: str = "",
        volume: str = "",
        file_system: str = "",
        only: str = "",
        context: str = "",
        cluster: str = "",
        region: str = "",
        profile: str = "",
        nodes_via: str = "none",
        snapshot: str = "",
        deadline: str = "30s",
    ) -> str:
        """Find out why FSx for Lustre volumes of a Kubernetes cluster do not mount.

        Reads the cluster and the AWS account and changes nothing. Without a target every volume is inspected.
        namespace, claim (NAMESPACE/NAME), pod (NAMESPACE/NAME), volume (PersistentVolume) or file_system (fs-…) name
        the target; only, checks or layers separated by commas; context, a kubeconfig context; cluster, region and
        profile, where they are not the configured ones; nodes_via, how nodes are inspected too: none, auto, exec, ssm,
        ssh or local; snapshot, a saved case to judge instead of the live world. The answer's names are redacted unless
        the server was started otherwise; the stand-ins are the same throughout one answer.
        """
        from diag.cli.run import command
        from diag.redaction.tokens import Level
        from diag.reports.json import to_json
        from diag.run.case import redacted_report
        from diag.run.execute import execute
        from diag.run.report import report_on
        from diag.run.request import build_request

        given = {
            "namespace": namespace, "pvc": claim, "pod": pod, "pv": volume, "file-system": file_system,
            "context": context, "cluster": cluster, "region": region, "profile": profile, "via": nodes_via,
            "snapshot": snapshot, "deadline": deadline,
        }  # fmt: skip
        words = [f"--only={word.strip()}" for word in only.split(",") if word.strip()]
        request = build_request(
            _parsed(command, [*words, *(f"--{name}={value}" for name, value in given.items() if value)])
        )
        outcome = execute(request)
        level = Level(redact)
        return to_json(report_on(outcome, request) if level is Level.NONE else redacted_report(outcome, request, level))

    return run


def explain(text: str, lines: bool = False) -> str:
    """Name the causes behind an error text: an event, a driver's or kubelet's log, dmesg.

    Needs no credentials and contacts nothing. lines says of each line which program prints it and what it means.
    """
    from diag.model.symptom import TextStream
    from diag.reports.json import to_json
    from diag.run.texts import explain_texts
    from diag.sources.runbooks import load_runbooks

    if len(text) > TEXT_LIMIT:
        raise WrongUsage(f"the text has more than {TEXT_LIMIT} characters: give the part around the failure")
    stream = TextStream("text", iter([text.encode("utf-8", "replace")]))
    return to_json(explain_texts([stream], load_runbooks(()), by_line=lines).report)


def probe(target: str, map: bool = False, client_version: str = "", timeout: str = "10s") -> str:
    """Ask a Lustre server itself: is it one, under which NID, which version, does it know the file system.

    target is HOST[:PORT][/MOUNTNAME]. map also asks LNet for each target's address; client_version is compared with the
    server's. Needs a source port below 1024 where this server runs, so root.
    """
    from diag.cli.probe import climb, command
    from diag.reports.probe import to_json
    from diag.version import __version__

    arguments = [f"--timeout={timeout}", *(["--map"] if map else [])]
    arguments += [f"--client-version={client_version}"] if client_version else []
    options = _parsed(command, [*arguments, "--", target])
    ladders, code = climb(options)
    return to_json(ladders, code, __version__)


def runbook(id: str = "", search: str = "") -> str:
    """What is known of a cause: how to confirm it, fix it and prevent it. Without an id all causes, a line each.

    search lists the causes whose runbook has a word.
    """
    from diag.cli.runbook import found_by
    from diag.sources.runbooks import load_runbooks

    knowledge = load_runbooks(())
    if not id:
        return "\n".join(f"{cause.id}: {cause.title}" for cause in found_by(knowledge, search))
    if id not in knowledge.causes:
        from diag.cli._output import no_such

        raise no_such("runbook", id, knowledge.causes, "runbook")
    return knowledge.page(id)


def checks(id: str = "") -> str:
    """What is checked: every check with its layer and what holds when it passes, or one in full."""
    from diag.cli._output import no_such
    from diag.sources.world import load_registry

    by_id = {check.id: check for check in load_registry().checks}
    if not id:
        return "\n".join(f"{check.id} ({check.layer.value}): {check.title}" for check in by_id.values())
    if id not in by_id:
        raise no_such("check", id, by_id, "checks")
    return f"{by_id[id].id} (layer {by_id[id].layer.value})\n{by_id[id].title}.\n\n{by_id[id].page}"


def _parsed(command: click.Command, arguments: list[str]) -> dict[str, Any]:
    """The options behind arguments, by the command's own grammar."""
    with command.make_context(command.name, arguments) as context:
        return dict(context.params)


def _in_thread(tool: Callable[..., str]) -> Callable[..., Any]:
    """The tool off the event loop; a refusal is an answer that says why."""
    import anyio.to_thread
    from mcp.server.mcpserver.exceptions import ToolError

    from diag.cli._output import safe

    @functools.wraps(tool)
    async def call(**arguments: Any) -> str:
        def read() -> str:
            try:
                return tool(**arguments)
            except click.ClickException as error:
                raise ToolError(safe(error.format_message())) from None
            except WrongUsage as error:
                raise ToolError(safe(str(error))) from None

        return await anyio.to_thread.run_sync(read)

    return call
