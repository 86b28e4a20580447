"""Runs of the real command in this process, over HTTP, while answers are broken; and judgements of broken snapshots."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import random
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from click import ClickException
from click.testing import CliRunner

from diag.cli.run import command
from diag.engine.run import replay
from diag.engine.snapshot import BadSnapshot, decode
from diag.model.exit_code import WrongUsage
from diag.run.report import report_on
from diag.run.request import RunRequest, build_request
from tests.fuzz.mutate import Answer, Broken, break_inside, break_whole, change_document
from tests.lab.aws.front import AwsFront
from tests.lab.kubernetes import server as kube_server
from tests.lab.lab import Lab

Break = Callable[[Answer], Broken | None]


@dataclasses.dataclass(frozen=True)
class Ran:
    """One run with what was broken in it and what is wrong with it."""

    seed: int
    broken: tuple[str, ...]
    exit_code: int
    wrong: str = ""
    """What the tool says of itself that it must not say: a crash, a bug of its own."""
    destroys: tuple[str, ...] = ()
    """Steps of its fixes that destroy something."""


@contextlib.contextmanager
def breaking(choose: Break) -> Iterator[list[str]]:
    """Every answer of the lab's AWS and Kubernetes passes through `choose`; the list is what was broken."""
    broken: list[str] = []
    lock = threading.Lock()
    aws, send = AwsFront.__call__, kube_server._Handler._send

    def changed(what: str, answer: Answer) -> Answer:
        with lock:
            found = choose(answer)
            if found is None:
                return answer
            broken.append(f"{what}: {found.operator}")
        return found.answer

    def front(self: AwsFront, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        said: list[Any] = []
        body = b"".join(aws(self, environ, lambda status, headers, *_: said.append((status, headers))))
        status, headers = said[-1]
        kinds = [value for name, value in headers if name.lower() == "content-type"]
        answer = changed("aws", Answer(int(status.split()[0]), kinds[0] if kinds else "", body))
        others = [(name, value) for name, value in headers if name.lower() not in ("content-type", "content-length")]
        length = ("Content-Length", str(len(answer.body)))
        start_response(f"{answer.status} {answer.status}", [*others, ("Content-Type", answer.content_type), length])
        return [answer.body]

    def handler(self: Any, reply: Any) -> None:
        answer = changed(self.path.partition("?")[0], Answer(reply.code, reply.content_type, reply.body))
        send(
            self,
            dataclasses.replace(reply, code=answer.status, content_type=answer.content_type, body=answer.body),
        )

    with mock.patch.object(AwsFront, "__call__", front), mock.patch.object(kube_server._Handler, "_send", handler):
        yield broken


def run(lab: Lab, seed: int, *, whole: bool) -> Ran:
    """One run, some of whose answers are broken: whole ones when `whole`, single members otherwise."""
    source = random.Random(seed)
    share = source.choice((0.05, 0.2, 0.6, 1.0))
    operator = break_whole if whole else break_inside

    def choose(answer: Answer) -> Broken | None:
        return operator(answer, source) if source.random() < share else None

    at = lab.site.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    arguments = ["--dns-server", lab.env["LUSTRE_DOCTOR_DNS"], "--format", "json", "--deadline", "20"]
    with breaking(choose) as broken, mock.patch("diag.run.execute._now", return_value=at):
        ran = CliRunner().invoke(command, arguments, env=lab.env, standalone_mode=False)
    exit_code = 2 if isinstance(ran.exception, ClickException | WrongUsage) else ran.return_value
    wrong, document = _read(exit_code, ran.stdout, None if exit_code == 2 else ran.exception)
    return Ran(seed, tuple(broken), exit_code, wrong, tuple(_destroying_steps(document)))


def _read(exit_code: int, stdout: str, exception: BaseException | None) -> tuple[str, dict[str, Any]]:
    """What is wrong with how a run ended, and its document."""
    if exception is not None and not isinstance(exception, SystemExit):
        trace = "".join(traceback.format_exception(exception))
        return f"{type(exception).__name__}: {trace[-900:]}", {}
    if exit_code == 2:
        return "", {}
    try:
        document = json.loads(stdout)
    except ValueError:
        return f"exit {exit_code}, and no document: {stdout[:300]!r}", {}
    errors = document.get("errors") or ()
    return "; ".join(f"{error['message']}: {error.get('trace', '')[-600:]}" for error in errors), document


def _destroying_steps(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("danger") == "destroys":
            yield json.dumps(value)[:200]
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from _destroying_steps(member)


def saved_run(lab: Lab, path: Path) -> bytes:
    """The snapshot of a run over whole answers."""
    CliRunner().invoke(command, ["--dns-server", lab.env["LUSTRE_DOCTOR_DNS"], "--save", str(path)], env=lab.env)
    return path.read_bytes()


def judgements(snapshot: bytes, seed: int, count: int) -> Iterator[Ran]:
    """Judge a saved run again and again, each time with one to three places of its facts changed."""
    request = _request()
    registry = request.registry
    for number in range(seed, seed + count):
        source = random.Random(number)
        document = json.loads(snapshot)
        broken = tuple(change_document(document["facts"], source) for _ in range(source.randrange(1, 4)))
        try:
            found = decode(json.dumps(document).encode(), registry.facts)
        except BadSnapshot:
            yield Ran(number, broken, 2)
            continue
        outcome = replay(registry, request.checks, found, deadline=time.monotonic() + 60)
        report = report_on(outcome, request)
        errors = "; ".join(f"{error.message}: {error.trace[-400:]}" for error in report.errors)
        yield Ran(number, broken, report.exit_code, errors)


def _request() -> RunRequest:
    """The request of `lustre-doctor run` without options."""
    return build_request(command.make_context("run", []).params)
