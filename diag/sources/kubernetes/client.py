"""Talks to one API server: read-only, bounded in time and size, every failure a value."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec

from diag.model.unavailable import Reason, Unavailable
from diag.resources.target import KubeContext
from diag.sanitize import one_line
from diag.sources.import_lock import IMPORT_LOCK
from diag.sources.kubernetes.tls import tls_of
from diag.sources.source import Source

T = TypeVar("T")

PAGE = 500
"""Objects a page, as kubectl asks for them (--chunk-size)."""
CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 10.0
ANSWER_LIMIT = 256 * 1024 * 1024
"""Bytes of one answer; more is garbled, so that a hostile server cannot exhaust memory."""
THROTTLE_PATIENCE_S = 5.0


class Listed(msgspec.Struct, Generic[T], frozen=True):
    """Objects of one list, with those that do not have the expected shape told apart."""

    items: tuple[T, ...]
    garbled: tuple[Unavailable, ...] = ()


class _ListMeta(msgspec.Struct, rename={"continue_": "continue"}):
    continue_: str = ""


class _Page(msgspec.Struct):
    items: list[msgspec.Raw] | None = None
    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)


class _Answer(msgspec.Struct):
    status: int
    body: bytes
    retry_after_s: float = 1.0


class Kube(Source):
    """One cluster, reached as the kubeconfig (or the pod's service account) says."""

    def __init__(self, *, kubeconfig: str = "", context: str = "", in_cluster: bool = False) -> None:
        self._kubeconfig = kubeconfig or None
        self._context = context or None
        self._in_cluster = in_cluster
        self._lock = threading.Lock()
        self._opened: tuple[Any, Any] | Unavailable | None = None
        self.calls: Counter[str] = Counter()
        """How often each `verb resource` was asked, pages counted one by one."""

    @property
    def server(self) -> str:
        """The API server's URL; empty while none could be configured."""
        opened = self._open()
        return "" if isinstance(opened, Unavailable) else str(opened[0].host)

    @property
    def unusable(self) -> Unavailable | None:
        """Why no call can be made at all; None when one can."""
        opened = self._open()
        return opened if isinstance(opened, Unavailable) else None

    def context(self) -> KubeContext | Unavailable:
        """What the kubeconfig itself tells of the cluster: no call is made and no credential plugin is run."""
        if self._in_cluster:
            return KubeContext(server=self.server)
        from diag.sources.kubernetes.kubeconfig import describe_context

        return describe_context(self._kubeconfig, self._context)

    def configuration(self) -> Any:
        """The official client's Configuration, for what is no plain request (exec), or Unavailable."""
        opened = self._open()
        return opened if isinstance(opened, Unavailable) else opened[0]

    def list(
        self, path: str, shape: type[T], *, keep: Callable[[T], T | None] | None = None, **parameters: str
    ) -> Listed[T] | Unavailable:
        """Every object of a collection over all pages.

        `path` is the API path without query, `/api/v1/nodes`; `keep` gives back what is to be kept of an object, or
        None, page by page, so that a large cluster costs only that. A list whose continue token
        expires is read anew in one piece, as kubectl does.
        """
        for paged in (True, False):
            found = self._list_once(path, shape, keep, parameters, paged=paged)
            if found is not None:
                return found
        return Unavailable(f"list {path}", Reason.GARBLED, "the list expired while it was read")

    def get(self, path: str, shape: type[T]) -> T | Unavailable:
        """One object."""
        answer = self._ask("get", path, {})
        if isinstance(answer, Unavailable):
            return answer
        try:
            return msgspec.json.decode(answer.body, type=shape)
        except msgspec.DecodeError as error:
            return Unavailable(f"get {path}", Reason.GARBLED, str(error))

    def metadata(self, path: str, shape: type[T]) -> T | Unavailable:
        """One object's metadata alone: the server never sends the rest, as it must not with a Secret.

        Source: Kubernetes API concepts, partial object metadata.
        """
        answer = self._ask("get", path, {}, accept="application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
        if isinstance(answer, Unavailable):
            return answer
        try:
            return msgspec.json.decode(answer.body, type=shape)
        except msgspec.DecodeError as error:
            return Unavailable(f"get {path}", Reason.GARBLED, str(error))

    def text(self, path: str, **parameters: str) -> str | Unavailable:
        """A text answer, as a pod's log; undecodable bytes are replaced."""
        answer = self._ask("get", path, parameters)
        return answer if isinstance(answer, Unavailable) else answer.body.decode("utf-8", "replace")

    def _list_once(
        self,
        path: str,
        shape: type[T],
        keep: Callable[[T], T | None] | None,
        parameters: Mapping[str, str],
        *,
        paged: bool,
    ) -> Listed[T] | Unavailable | None:
        items: list[T] = []
        garbled: list[Unavailable] = []
        token = ""
        decoder = msgspec.json.Decoder(shape)
        while True:
            limit = {"limit": str(PAGE)} if paged else {}
            query = {**parameters, **limit, **({"continue": token} if token else {})}
            answer = self._ask("list", path, query)
            if isinstance(answer, Unavailable):
                return answer
            if answer.status == 410:
                return None
            try:
                page = msgspec.json.decode(answer.body, type=_Page)
            except msgspec.DecodeError as error:
                return Unavailable(f"list {path}", Reason.GARBLED, f"not a Kubernetes list: {error}")
            for raw in page.items or ():
                try:
                    item = decoder.decode(raw)
                except msgspec.DecodeError as error:
                    garbled.append(Unavailable(f"an object of {path}", Reason.GARBLED, str(error)))
                    continue
                kept = item if keep is None else keep(item)
                if kept is not None:
                    items.append(kept)
            token = page.metadata.continue_
            if not token:
                return Listed(tuple(items), tuple(garbled))

    def _ask(
        self, verb: str, path: str, query: Mapping[str, str], *, accept: str = "application/json"
    ) -> _Answer | Unavailable:
        opened = self._open()
        if isinstance(opened, Unavailable):
            return opened
        resource = resource_of(path)
        gives_up = time.monotonic() + THROTTLE_PATIENCE_S
        while True:
            answer = self._request(opened, verb, resource, path, query, accept)
            if isinstance(answer, Unavailable):
                return answer
            if answer.status in (429, 503) and time.monotonic() + answer.retry_after_s < gives_up:
                time.sleep(answer.retry_after_s)
                continue
            return answer if answer.status in (200, 410) else _refused(answer, verb, resource, path)

    def _request(
        self, opened: tuple[Any, Any], verb: str, resource: str, path: str, query: Mapping[str, str], accept: str
    ) -> _Answer | Unavailable:
        import urllib3

        configuration, pool = opened
        self.calls[f"{verb} {resource}"] += 1
        url = configuration.host.rstrip("/") + path + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": accept, "User-Agent": "lustre-doctor"}
        try:
            with self._lock:
                for setting in configuration.auth_settings().values():
                    headers[setting["key"]] = setting["value"]
            response = pool.request(
                "GET",
                url,
                headers=headers,
                retries=False,
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S),
            )
            body = response.read(ANSWER_LIMIT + 1, decode_content=True)
            response.release_conn()
        except Exception as error:
            failure = _transport_failure(error, str(configuration.host))
            if failure is None:
                raise
            return failure
        if len(body) > ANSWER_LIMIT:
            return Unavailable(f"{verb} {resource}", Reason.GARBLED, f"the answer is larger than {ANSWER_LIMIT} bytes")
        return _Answer(response.status, body, _seconds(response.headers.get("Retry-After", "1")))

    def _open(self) -> tuple[Any, Any] | Unavailable:
        with self._lock:
            if self._opened is None:
                self._opened = self._configure()
            return self._opened

    def _configure(self) -> tuple[Any, Any] | Unavailable:
        if not self._in_cluster and isinstance(described := self.context(), Unavailable):
            return described
        with IMPORT_LOCK:
            from kubernetes.client import Configuration
            from kubernetes.client.rest import RESTClientObject
            from kubernetes.config import ConfigException, incluster_config, kube_config

        from diag.sources.kubernetes.kubeconfig import kubeconfig_paths

        configuration = Configuration()
        complaints = _Complaints()
        logging.getLogger().addHandler(complaints)
        try:
            if self._in_cluster:
                incluster_config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
            else:
                kube_config.load_kube_config(  # type: ignore[no-untyped-call]
                    config_file=kubeconfig_paths(self._kubeconfig),
                    context=self._context,
                    client_configuration=configuration,
                    persist_config=False,
                )
        except (ConfigException, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            return Unavailable(
                "kubeconfig",
                Reason.ABSENT,
                f"no usable Kubernetes configuration: {one_line(error)}",
                remedy="give --kubeconfig and --context, or run `aws eks update-kubeconfig --name <cluster>`",
            )
        finally:
            logging.getLogger().removeHandler(complaints)
        if complaints.lines and not configuration.auth_settings() and not configuration.cert_file:
            return Unavailable(
                "Kubernetes credentials",
                Reason.DENIED,
                f"the credential plugin of the kubeconfig gave none: {complaints.lines[-1]}",
                remedy="run the plugin's command by hand (`aws eks get-token --cluster-name <cluster>`)",
            )
        configuration.connection_pool_maxsize = 16
        pool = RESTClientObject(configuration).pool_manager
        if str(configuration.host).startswith("https:"):
            try:
                pool.connection_pool_kw["ssl_context"] = tls_of(configuration)
            except (OSError, ValueError) as error:
                return Unavailable(
                    "kubeconfig",
                    Reason.GARBLED,
                    f"its certificates cannot be used: {one_line(error)}",
                    remedy="see certificate-authority(-data) and client-certificate(-data) of the kubeconfig",
                )
            for file in ("ca_certs", "ca_cert_data", "cert_file", "key_file"):
                pool.connection_pool_kw.pop(file, None)
        return configuration, pool


class _Complaints(logging.Handler):
    """Catches what the official client only logs: that an exec plugin failed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self.lines.append(one_line(record.getMessage()))


def resource_of(path: str) -> str:
    """The RBAC resource of an API path: `nodes`, `pods/log`, `daemonsets`."""
    parts = [part for part in path.split("/") if part]
    parts = parts[2:] if parts[:1] == ["api"] else parts[3:] if parts[:1] == ["apis"] else parts
    if parts[:1] == ["namespaces"] and len(parts) > 2:
        parts = parts[2:]
    return f"{parts[0]}/{parts[2]}" if len(parts) > 2 else parts[0] if parts else path


def _refused(answer: _Answer, verb: str, resource: str, path: str) -> Unavailable:
    what = f"{verb} {resource}"
    said = _status_message(answer.body)
    if answer.status == 401:
        return Unavailable(
            "Kubernetes credentials", Reason.DENIED, f"the API server does not know them: {said}",
            remedy="log in again; for EKS see `aws eks get-token` and the cluster's access entries",
        )  # fmt: skip
    if answer.status == 403:
        remedy = f"allow `{what}` to this user (`lustre-doctor permissions --emit rbac` prints the role)"
        return Unavailable(what, Reason.DENIED, said, permission=what, remedy=remedy)
    if answer.status == 404:
        return Unavailable(what, Reason.ABSENT, f"the API server has no {path}")
    if answer.status in (429, 503):
        return Unavailable(
            what, Reason.TIMEOUT, f"the API server is busy ({answer.status}): {said}", remedy="run again"
        )
    return Unavailable(what, Reason.GARBLED, f"the API server answered {answer.status}: {said}")


def _transport_failure(error: Exception, host: str) -> Unavailable | None:
    from urllib3 import exceptions as transport

    what, text = f"Kubernetes API server {host}", one_line(error)
    elsewhere = "see VPN, proxy and --context"
    if isinstance(error, transport.NewConnectionError | transport.NameResolutionError):
        return Unavailable(what, Reason.UNREACHABLE, text, remedy=elsewhere)
    if isinstance(error, transport.TimeoutError):
        return Unavailable(what, Reason.TIMEOUT, text, remedy=elsewhere)
    if isinstance(error, transport.SSLError):
        remedy = "see certificate-authority-data of the kubeconfig, or an intercepting proxy"
        return Unavailable(what, Reason.UNREACHABLE, f"no trusted TLS connection: {text}", remedy=remedy)
    if isinstance(error, transport.HTTPError | OSError):
        return Unavailable(what, Reason.UNREACHABLE, text, remedy=elsewhere)
    return None


def _status_message(body: bytes) -> str:
    try:
        message = json.loads(body).get("message", "")
    except (ValueError, AttributeError):
        message = body[:4096].decode("utf-8", "replace")
    return one_line(message)


def _seconds(text: str) -> float:
    try:
        return min(30.0, max(0.1, float(text)))
    except ValueError:
        return 1.0
