"""Options that several commands share, each with its type and its help, and the class of all commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from diag.grammar import ids
from diag.knowledge.lustre_ports import LUSTRE_PORT
from diag.model.exit_code import WrongUsage
from diag.model.layer import Layer
from diag.resources.via import Via

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from diag.resources.kubernetes import LabelSelector

Function = TypeVar("Function", bound=Callable[..., Any])
Option = Callable[[Any], Any]
Value = TypeVar("Value")


class Group(NamedTuple):
    """Options under one heading of the help page."""

    title: str
    options: tuple[Option, ...]


class Command(click.Command):
    """A command whose wrong usage ends with exit code 2, wherever it is noticed; its help ends with examples."""

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **fields: Any) -> None:
        super().__init__(*args, **fields)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, each on a line that can be copied."""
        if self.examples:
            with formatter.section("Examples"):
                formatter.write("".join(f"{' ' * formatter.current_indent}{line}\n" for line in self.examples))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except WrongUsage as error:
            raise click.UsageError(str(error), ctx) from error

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help page's options under the headings of their groups."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if (record := param.get_help_record(ctx)) is not None:
                sections.setdefault(getattr(param, "section", "Options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


def options(*groups: Group) -> Callable[[Function], Function]:
    """Add groups of options to a command; its help shows them in this order."""

    def add(command: Any) -> Any:
        for group in reversed(groups):
            for option in reversed(group.options):
                command = option(command)
                command.__click_params__[-1].section = group.title
        return command

    return add


def names(known: Callable[[], Iterable[str]]) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """What a shell completes: the names that begin with what was typed. One that cannot be read has none."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        return [name for name in sorted(known()) if name.startswith(incomplete)]

    return complete


def checks() -> list[str]:
    """Ids of all checks."""
    from diag.sources.world import load_registry

    return [check.id for check in load_registry().checks]


def checks_and_layers() -> list[str]:
    """Ids of all checks, and the layers."""
    return [*checks(), *(layer.value for layer in Layer)]


Completion = Callable[[click.Context, click.Parameter, str], list[str]]

COMPLETION_S = 2.0
"""A person waits for the shell; a cluster that answers later completes nothing."""


def soon(known: Callable[[click.Context], Iterable[str]]) -> Completion:
    """What a shell completes of names that are read from outside: none where that fails or takes too long."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        import time

        from diag.sources.time_limit import within

        try:
            found = within(lambda: sorted(set(known(ctx))), time.monotonic() + COMPLETION_S)
        except Exception:
            return []
        return [name for name in found if name.startswith(incomplete)]

    return complete


def cluster_names(plural: str) -> Completion:
    """What a shell completes of the names of a kind of object in the cluster that the line names so far."""

    def known(ctx: click.Context) -> Iterable[str]:
        from diag.sources.kubernetes.client import Kube

        given = ctx.params
        namespaces = given.get("namespaces") or ()
        kube = Kube(kubeconfig=given.get("kubeconfig") or "", context=given.get("context") or "")
        for namespace, name in kube.names(f"/api/v1/{plural}"):
            if not namespace or namespace in namespaces:
                yield name
            elif not namespaces:
                yield f"{namespace}/{name}"

    return soon(known)


def _contexts(ctx: click.Context) -> Iterable[str]:
    from diag.sources.kubernetes.kubeconfig import contexts

    return contexts(ctx.params.get("kubeconfig") or "")


def _profiles(ctx: click.Context) -> Iterable[str]:
    from diag.sources.aws.session import Aws

    return Aws().profiles()


class Checked(click.ParamType[Value]):
    """A value that `check` makes of the text that was given; its ValueError says what was wanted."""

    def __init__(self, name: str, check: Callable[[str], Value]) -> None:
        self.name = name
        self._check = check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value. An empty default, and one that is not a text, are values already."""
        if not value or not isinstance(value, str):
            return value
        try:
            return self._check(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Choice(click.Choice[str]):
    """One of several names; a wrong one gets the near ones."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """The message."""
        from diag.grammar.spelling import did_you_mean

        message = super().get_invalid_choice_message(value, ctx)
        return message.removesuffix(".") + did_you_mean(str(value), self.choices)


class _Path(click.ParamType[str]):
    """The name of a file or folder, as it was given. Unlike click's own type it never touches what it names."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name."""
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The shell completes names of files."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


PATH = _Path()

_PARTS = re.compile(r"(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+(?:\.\d+)?)s)?", re.ASCII)
LONGEST_S = 24 * 3600.0


def seconds_of(text: str) -> float:
    """The seconds of `30`, `90s`, `10m` or `1h30m`. Raises ValueError for what is no duration up to a day."""
    given = text.strip().lower()
    if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", given):
        found = float(given)
    elif given and (match := _PARTS.fullmatch(given)):
        hours, minutes, seconds = (float(match[unit] or 0) for unit in ("h", "m", "s"))
        found = hours * 3600 + minutes * 60 + seconds
    else:
        found = 0.0
    if not 0 < found <= LONGEST_S:
        raise ValueError(f"{text!r} is not a duration; write 90s, 10m or 1h30m (at most 24h)")
    return found


def fitting(grammar: ids.Grammar) -> Callable[[str], str]:
    """A check that takes the texts that fit a grammar."""
    return matching(grammar.pattern, grammar.what)


def matching(pattern: str, wanted: str) -> Callable[[str], str]:
    """A check that takes the texts that match a pattern as a whole."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(f"{text!r} is not {wanted}")
        return text

    return check


def _region(text: str) -> str:
    from diag.knowledge.partitions import checked_region

    return checked_region(text)


def _address(text: str) -> str:
    from ipaddress import ip_address

    return str(ip_address(text))


def _dns_server(text: str) -> str:
    from diag.sources.dns import address_of_server

    address_of_server(text)
    return text


def _selector(text: str) -> LabelSelector:
    from diag.resources.kubernetes import label_selector

    return label_selector(text)


DURATION = Checked("duration", seconds_of)

OBJECT = Checked("name", fitting(ids.KUBERNETES_NAME))
NAMESPACED = Checked(
    "name",
    matching(
        f"(?:{ids.KUBERNETES_LABEL.pattern}/)?{ids.KUBERNETES_NAME.pattern}",
        "NAME or NAMESPACE/NAME as a Kubernetes object can have them",
    ),
)
NAMESPACE = Checked("name", fitting(ids.KUBERNETES_LABEL))
FILE_SYSTEM = Checked("id", fitting(ids.FILE_SYSTEM))
NODE = Checked(
    "name", matching(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", "all, affected, sample or the name of a node")
)
"""Names of nodes (RFC 1123), EC2 instance ids and addresses."""

ADDRESS = Checked("address", _address)
DNS_SERVER = Checked("address", _dns_server)
REGION = Checked("region", _region)
KERNEL = Checked(
    "release",
    matching(r"\d+\.\d+[\w.+~-]{0,100}", "a kernel release as `uname -r` prints it, as 6.12.46-66.121.amzn2023.x86_64"),
)
LUSTRE_VERSION = Checked("version", matching(r"\d{1,3}(?:\.\d{1,4}){1,3}", "a Lustre version, as 2.15 or 2.15.6"))

SELECTOR = Checked("labels", _selector)

TARGET = Group("Target", (
    click.option("-n", "--namespace", "namespaces", multiple=True, type=NAMESPACE, metavar="NAME",
                 shell_complete=cluster_names("namespaces"), help="Only volumes of claims in this namespace."),
    click.option("-A", "--all-namespaces", is_flag=True, help="Volumes of all namespaces, as without -n."),
    click.option("--pvc", "claims", multiple=True, type=NAMESPACED, metavar="[NAMESPACE/]NAME",
                 shell_complete=cluster_names("persistentvolumeclaims"), help="Only this claim's volume."),
    click.option("--pv", "volumes", multiple=True, type=OBJECT, metavar="NAME",
                 shell_complete=cluster_names("persistentvolumes"), help="Only this PersistentVolume."),
    click.option("--pod", "pods", multiple=True, type=NAMESPACED, metavar="[NAMESPACE/]NAME",
                 help="Only the volumes of this pod."),
    click.option("-l", "--selector", "selector", type=SELECTOR, metavar="LABELS",
                 help="Only volumes that have these labels, with their claim and a pod that uses it: app=trainer, "
                      "'tier in (gpu,cpu)'."),
    click.option("--file-system", "file_systems", multiple=True, type=FILE_SYSTEM, metavar="fs-…",
                 help="Only this file system."),
))  # fmt: skip

LAYER = click.option(
    "--layer",
    type=Choice([layer.value for layer in Layer]),
    help="List those of this layer of the mount path alone.",
)

SELECTION = Group("Checks", (
    click.option("--only", multiple=True, metavar="CHECK|LAYER", shell_complete=names(checks_and_layers),
                 help="Run only these checks or layers."),
    click.option("--skip", multiple=True, metavar="CHECK|LAYER", shell_complete=names(checks_and_layers),
                 help="Leave these checks or layers out."),
))  # fmt: skip

CLUSTER = Group("Cluster", (
    click.option("--kubeconfig", default="", type=PATH, help="Kubeconfig file."),
    click.option("--context", default="", metavar="NAME", shell_complete=soon(_contexts), help="Kubeconfig context."),
    click.option("--in-cluster", is_flag=True, help="Use this pod's service account instead of a kubeconfig."),
))  # fmt: skip

DNS = Group("DNS", (
    click.option("--dns-server", "dns_servers", multiple=True, type=DNS_SERVER, metavar="ADDRESS[:PORT]",
                 envvar="LUSTRE_DOCTOR_DNS", help="Ask this DNS server instead of the servers that this machine uses."),
    click.option("--lustre-port", default=LUSTRE_PORT, type=click.IntRange(1, 65535), hidden=True,
                 envvar="LUSTRE_DOCTOR_LUSTRE_PORT"),
))  # fmt: skip

WORLD = Group("Cluster and account", (
    click.option("--cluster", default="", metavar="NAME", help="EKS cluster, where the kubeconfig does not name it."),
    click.option("--region", default="", type=REGION, metavar="REGION",
                 help="AWS Region, where the kubeconfig does not name it."),
    click.option("--profile", default="", metavar="NAME", shell_complete=soon(_profiles), help="AWS profile."),
    *CLUSTER.options,
    *DNS.options,
    click.option("--assume-kernel", default="", type=KERNEL, metavar="RELEASE",
                 help="Also judge the nodes as if they ran this kernel."),
    click.option("--assume-server-version", default="", type=LUSTRE_VERSION, metavar="VERSION",
                 help="Also judge the file systems as if they ran this Lustre version."),
    click.option("--probe-lnet", is_flag=True,
                 help="Also ask the Lustre servers themselves (needs a privileged port)."),
))  # fmt: skip

SNAPSHOT = Group("Snapshot", (
    click.option("--snapshot", default="", type=PATH,
                 help="Judge a saved snapshot or case; contacts nothing."),
))  # fmt: skip

RUNBOOKS = Group("Runbooks", (
    click.option("--runbooks", multiple=True, type=PATH, metavar="FOLDER",
                 help="A folder of a team's own runbooks."),
))  # fmt: skip

VIA = ("none", "auto", *(via.value for via in Via))

NODES = Group("Nodes", (
    click.option("--via", type=Choice(VIA), default="none", show_default=True,
                 help="How to inspect nodes: exec (in the driver's container), ssm, ssh, local, or auto: the first "
                      "of them that works."),
    click.option("--nodes", multiple=True, type=NODE, metavar="all|affected|sample|NAME", default=("affected",),
                 help="Which nodes to inspect: affected (those with a failing mount; the default), all, sample (one "
                      "of each kind), or names."),
    click.option("--node-answers", default="", type=PATH, metavar="FILE|-",
                 help="Answers that `lustre-doctor node` printed on the nodes, in one file; - for standard input."),
    click.option("--ssh-user", default="", metavar="USER", help="SSH login name, instead of that in ~/.ssh/config."),
    click.option("--ssh-config", default="", type=PATH, help="SSH configuration instead of ~/.ssh/config."),
    click.option("--accept-new-host-keys", is_flag=True,
                 help="Trust SSH hosts seen for the first time, in this run only. A changed key is refused anyway."),
    click.option("--debug-container", default="", metavar="IMAGE",
                 help="Changes the driver's pod: where its image has no shell, adds an ephemeral container of this "
                      "image."),
    click.option("--node-deadline", "node_s", default=10.0, type=DURATION, metavar="DURATION",
                 help="Time limit for one node. [default: 10s]"),
    click.option("--concurrency", "at_once", default=32, type=click.IntRange(1, 512), metavar="N",
                 help="Nodes inspected at the same time, at most 512. [default: 32]"),
))  # fmt: skip


def deadline(seconds: float, help: str, *more_names: str) -> Group:
    """The time limit of a command."""
    return Group("Time", (
        click.option("--deadline", *more_names, "deadline", type=DURATION, default=seconds, metavar="DURATION",
                     help=f"{help} [default: {seconds:g}s]"),
    ))  # fmt: skip
