"""One session of botocore, boto3's core, for a run: clients are built once; a call ends in a value or in why not."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from diag.decode import convert
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.sources.aws.answers import (
    MalformedAnswer,
    read_bounded,
    refuse_strangers,
    require_list,
    require_members,
    was_raised_by_provider,
    was_raised_while_parsing,
)
from diag.sources.aws.credentials import named_files, own_files, supervise_credential_processes
from diag.sources.aws.failure import malformed_answer, malformed_credentials, unavailable_from
from diag.sources.import_lock import IMPORT_LOCK
from diag.sources.remote_mounts import require_answers
from diag.sources.source import Source

if TYPE_CHECKING:
    from botocore.client import BaseClient

T = TypeVar("T")

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 10
ATTEMPTS = 3
"""Tries a call, adaptive mode. The run's deadline bounds the whole; these bound one socket."""


RARE = frozenset({"kms", "route53profiles", "s3"})
"""Services that are called only where an object of theirs is named: their models are not loaded beforehand."""


class Aws(Source):
    """The account and region that a run reads. Read-only: it offers describe, list and get calls alone."""

    label = "AWS"

    def __init__(self, *, profile: str = "", region: str = "") -> None:
        self.profile = profile
        self.region = region
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._expected: tuple[str, ...] = ()
        self.calls: Counter[str] = Counter()
        """How often each `service:Operation` was called, pages counted one by one."""

    def expect(self, permissions: Sequence[str]) -> None:
        """Load botocore now, and remember which services will be called, so that their clients are ready in time.

        Its import begins before the first request to Kubernetes: the longest chain of calls is AWS's.
        """
        services = dict.fromkeys(permission.partition(":")[0] for permission in permissions if ":" in permission)
        self._expected = tuple(service for service in services if service not in RARE)
        if self._expected:
            threading.Thread(target=self._load, name="botocore", daemon=True).start()

    def _load(self) -> None:
        # What is wrong with the configuration is told by the first call.
        with contextlib.suppress(Exception), self._lock:
            self._open()

    def profiles(self) -> list[str]:
        """The profiles that are configured. Raises StuckMount where their files do not answer."""
        require_answers(own_files())
        import boto3

        return list(boto3.Session().available_profiles)

    def configured_region(self) -> str:
        """The region of the flag, the environment or the profile; empty when none names one or the profile is wrong.

        What is wrong with the configuration is told by the first call.
        """
        if self.region:
            return self.region
        try:
            with self._lock:
                return str(self._open().get_config_variable("region") or "")
        except Exception as error:
            if unavailable_from(error, "AWS configuration") is None:
                raise
            return ""

    def one(self, service: str, operation: str, *, region: str = "", **arguments: Any) -> dict[str, Any]:
        """One call. `operation` in AWS's own spelling, `DescribeCluster`. Raises Unreadable."""

        def read(client: BaseClient, method: str) -> dict[str, Any]:
            answer: dict[str, Any] = getattr(client, method)(**arguments)
            require_members(client.meta.service_model.operation_model(operation), answer)
            return answer

        return self._try(service, operation, region, read)

    def pages(
        self, service: str, operation: str, key: str, *, region: str = "", **arguments: Any
    ) -> tuple[dict[str, Any], ...]:
        """Every item under `key` over all pages of a paginated operation. Raises Unreadable."""

        def read(client: BaseClient, method: str) -> tuple[dict[str, Any], ...]:
            model = client.meta.service_model.operation_model(operation)
            pages = (
                client.get_paginator(method).paginate(**arguments)
                if client.can_paginate(method)
                else (getattr(client, method)(**arguments),)
            )
            return tuple(item for page in pages for item in require_list(model, page, key))

        return self._try(service, operation, region, read)

    def _try(self, service: str, operation: str, region: str, call: Callable[[BaseClient, str], T]) -> T:
        action = f"{service}:{operation}"
        try:
            client = self._client(service, region or self.region)
            return call(client, _method(operation))
        except MalformedAnswer as malformed:
            raise Unreadable(malformed_answer(action, str(malformed))) from malformed
        except Exception as error:
            failure = unavailable_from(error, action)
            if failure is None and was_raised_while_parsing(error):
                what = "a member of the answer has another type than the service model says"
                failure = malformed_answer(action, what)
            if failure is None and was_raised_by_provider(error):
                failure = malformed_credentials(error)
            if failure is None:
                raise
            raise Unreadable(failure) from error

    def _client(self, service: str, region: str) -> BaseClient:
        """The client, built on first use, one at a time.

        Several threads that load service models at once cost several times as much (measured: 745 ms instead of
        113 ms for one run's calls); one that is there already is not waited for.
        """
        if (ready := self._clients.get((service, region))) is not None:
            return ready
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._build(service, region)
            return self._clients[service, region]

    def _build(self, service: str, region: str) -> BaseClient:
        session = self._open()
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS},
            max_pool_connections=16,
            user_agent_extra="lustre-doctor",
        )
        # A program, SSO or IMDS may have to be waited for: not while somebody else waits for the turn to load.
        session.get_credentials()
        with IMPORT_LOCK:
            client = session.create_client(service, region_name=region or None, config=config)
        client.meta.events.register("before-send.*", partial(self._send, client))
        client.meta.events.register("before-parse.*", refuse_strangers)
        self._build_the_rest(region)
        return client

    def _build_the_rest(self, region: str) -> None:
        """The other clients of this run, while the first one's answer is on its way."""
        services, self._expected = self._expected, ()

        def build() -> None:
            for service in services:
                with contextlib.suppress(Exception):
                    # Whoever asks for this client gets the same error, and says so.
                    self._client(service, region)

        if services:
            threading.Thread(target=build, name="aws clients", daemon=True).start()

    def _open(self) -> Any:
        """The session. Raises StuckMount where a file that botocore would read is on a mount that does not answer."""
        if self._session is None:
            require_answers(own_files())
            with IMPORT_LOCK:
                from botocore.session import Session

                from diag.sources.aws.models import ReadOnlyModels

            supervise_credential_processes()
            core = Session(profile=self.profile or None)
            require_answers(named_files(core))
            core.register_component("data_loader", ReadOnlyModels(core.get_config_variable("data_path") or ""))
            if self.region:
                core.set_config_variable("region", self.region)
            self._session = core
        return self._session

    def _send(self, client: Any, event_name: str, request: Any, **_: Any) -> Any:
        """Count the call and send it: what a `before-send` handler returns is botocore's response. It bounds the body,
        which botocore reads whole."""
        self.calls[event_name.removeprefix("before-send.").replace(".", ":", 1)] += 1
        wanted, request.stream_output = request.stream_output, True
        response = client._endpoint.http_session.send(request)
        if not wanted:
            read_bounded(response)
        return response


def _method(operation: str) -> str:
    from botocore import xform_name

    return str(xform_name(operation))


def shaped(raw: object, shape: type[T], what: str) -> T:
    """An API answer as a typed value. Raises Unreadable when it does not have the shape."""
    try:
        return convert(raw, shape, strict=False)
    except msgspec.ValidationError as error:
        remedy = "report it: AWS answered in an unknown shape"
        raise Unreadable(Unavailable(what, Reason.GARBLED, str(error), remedy=remedy)) from error
