"""The two commands that diagnose, as functions for programs: `from diag import diagnose, explain`."""

from __future__ import annotations

from collections.abc import Sequence

from diag.model.exit_code import WrongUsage
from diag.model.symptom import TextStream
from diag.reports.report import Report
from diag.resources.kubernetes import label_selector
from diag.resources.via import Via

Names = str | Sequence[str]
"""One name or several."""


def diagnose(
    *,
    namespaces: Names = (),
    claims: Names = (),
    pods: Names = (),
    volumes: Names = (),
    file_systems: Names = (),
    selector: str = "",
    only: Names = (),
    skip: Names = (),
    manifests: Names = (),
    offline: bool = False,
    snapshot: str = "",
    kubeconfig: str = "",
    context: str = "",
    in_cluster: bool = False,
    cluster: str = "",
    region: str = "",
    profile: str = "",
    via: str = "none",
    nodes: Names = ("affected",),
    runbooks: Names = (),
    deadline: float = 30.0,
) -> Report:
    """Find out why volumes do not mount: `lustre-doctor run` as a function.

    Each parameter is the option of its name. Without a target every FSx for Lustre volume of the cluster is inspected.
    Reads the cluster and the account, changes nothing, and returns within `deadline` seconds (and one more for a
    verdict on what was read by then). A configuration file is not looked for. The report is frozen: `exit_code` as of
    the command, `diagnoses` with their causes, best first, `findings` of all checks, `unavailable` for what could not
    be read. What could not be determined is in the report and no exception.

    A team's gate, that stops a rollout and says why:

        from diag import diagnose

        report = diagnose(claims="training/data", context="prod", deadline=60)
        for diagnosis in report.diagnoses:
            print(diagnosis.headline)
            if diagnosis.best is not None and diagnosis.best.fix is not None:
                print(*diagnosis.best.fix.in_order, sep="\\n")
        raise SystemExit(report.exit_code)

    Raises WrongUsage for parameters that cannot be used, with the reason.
    """
    from diag.run.execute import execute
    from diag.run.report import report_on
    from diag.run.request import build_request

    if via not in (ways := ("none", "auto", *(way.value for way in Via))):
        raise WrongUsage(f"via: {via!r} is not one of {', '.join(ways)}")
    if not deadline > 0:
        raise WrongUsage(f"deadline: {deadline!r} is not a number of seconds above 0")
    if region:
        from diag.knowledge.partitions import checked_region

        try:
            checked_region(region)
        except ValueError as error:
            raise WrongUsage(f"region: {error}") from error
    try:
        labels = label_selector(selector) if selector else None
    except ValueError as error:
        raise WrongUsage(f"selector: {error}") from error
    request = build_request({
        "selector": labels,
        "namespaces": _several(namespaces), "claims": _several(claims), "pods": _several(pods),
        "volumes": _several(volumes), "file_systems": _several(file_systems), "only": _several(only),
        "skip": _several(skip), "manifests": _several(manifests), "offline": offline, "snapshot": snapshot,
        "kubeconfig": kubeconfig, "context": context, "in_cluster": in_cluster, "cluster": cluster, "region": region,
        "profile": profile, "via": via, "nodes": _several(nodes), "runbooks": _several(runbooks), "deadline": deadline,
        "node_answers": "", "probe_lnet": False, "debug_container": "",
    })  # fmt: skip
    return report_on(execute(request), request)


def explain(*texts: str, runbooks: Names = ()) -> Report:
    """Name the causes behind error texts, without credentials: `lustre-doctor explain` as a function.

        from diag import explain

        report = explain("mount.lustre: mount failed: Invalid argument; exit status 22")
        print([cause.id for diagnosis in report.diagnoses for cause in diagnosis.causes])

    `exit_code` is 0 where a cause was found, else 5. Each text is read as a whole: an event, a log, a piece of dmesg.
    """
    from diag.run.request import knowledge_of
    from diag.run.texts import explain_texts

    streams = [TextStream(f"text {n}", iter([text.encode("utf-8", "replace")])) for n, text in enumerate(texts, 1)]
    return explain_texts(streams, knowledge_of(_several(runbooks)), guided=True).report


def _several(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
