"""Talks to one API server: bounded in time and size, every failure a reason. It reads; one request of it can change.

The official client gives configuration and transport (its pool of urllib3, with its rules for proxies); objects are
decoded straight into our own shapes, since its models take a second for the pods of a large cluster.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.resources.target import KubeContext
from diag.sanitize import one_line
from diag.sources.import_lock import IMPORT_LOCK
from diag.sources.kubernetes import kubeconfig as config
from diag.sources.kubernetes.credentials import Credentials
from diag.sources.kubernetes.tls import Context, context_of
from diag.sources.source import Source

if TYPE_CHECKING:
    import urllib3

T = TypeVar("T")

PAGE = 500
"""Objects a page, as kubectl asks for them (--chunk-size)."""
CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 10.0
ANSWER_LIMIT = 64 * 1024 * 1024
"""Bytes of one answer: 128 KiB for each object of a page. A hostile server cannot exhaust memory."""
THROTTLED = frozenset({429, 503})
RETRIES = 3
RETRY_AFTER_S = 5
"""How often and after how long at most a throttled request is repeated. The run's deadline cuts it short."""

Headers = list[tuple[str, str]]

JSON = "application/json"
METADATA_ALONE = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
"""Source: Kubernetes API concepts, partial object metadata."""


class _ListMeta(msgspec.Struct, rename={"continue_": "continue"}):
    continue_: str = ""


class _Page(msgspec.Struct):
    kind: str
    items: list[msgspec.Raw]
    metadata: _ListMeta


class _Named(msgspec.Struct):
    name: str


class _Head(msgspec.Struct):
    kind: str
    metadata: _Named


class Status(msgspec.Struct):
    """What the API server says instead of an answer."""

    message: str = ""


class Answer(msgspec.Struct, frozen=True):
    """One HTTP answer."""

    status: int
    body: bytes
    content_type: str = ""


class Kube(Source):
    """One cluster, reached as the kubeconfig (or the pod's service account) says.

    Methods that ask the cluster raise Unreadable.
    """

    def __init__(self, *, kubeconfig: str = "", context: str = "", in_cluster: bool = False) -> None:
        self._load = config.load_service_account if in_cluster else lambda: config.load_access(kubeconfig, context)
        self._lock = threading.Lock()
        self._opened: _Opened | Unavailable | None = None
        self._access: config.Access | None = None

    def context(self) -> KubeContext:
        """What the configuration itself says of the cluster: no call is made and no credential plugin is run."""
        return self._accessed().context

    @property
    def server(self) -> str:
        """The API server's URL."""
        return self.context().server

    def list(
        self, path: str, shape: type[T], *, keep: Callable[[T], T | None] | None = None, **parameters: str
    ) -> tuple[T, ...]:
        """Every object of a collection over all pages.

        `path` is the API path without query, `/api/v1/nodes`; `keep` gives back what is to be kept of an object, or
        None, page by page, so that a large cluster costs only that. A list that expires while it is read is read
        again in one piece, as kubectl does.
        """
        for limit in (PAGE, 0):
            items: list[T] = []
            for page in self._pages(path, shape, parameters, limit):
                if page is None:
                    break
                items.extend(page if keep is None else (kept for item in page if (kept := keep(item)) is not None))
            else:
                return tuple(items)
        raise Unreadable(Unavailable(f"list {resource_of(path)}", Reason.GARBLED, "it expired twice while it was read"))

    def first(self, path: str, shape: type[T]) -> T | None:
        """One object of a collection, None when it is empty."""
        page = next(self._pages(path, shape, {}, 1), None)
        return page[0] if page else None

    def get(self, path: str, shape: type[T], *, timeout_s: float | None = None) -> T:
        """One object."""
        return self._object("get", path, shape, self.ask("get", path, timeout_s=timeout_s))

    def metadata(self, path: str, shape: type[T]) -> T:
        """One object's metadata alone: the server never sends the rest, as it must not with a Secret."""
        return self._object("get", path, shape, self.ask("get", path, accept=METADATA_ALONE))

    def patch(self, path: str, body: Any, shape: type[T], *, timeout_s: float | None = None) -> T:
        """Change one object by a strategic merge, and return it: the only request that changes anything."""
        return self._object("patch", path, shape, self.ask("patch", path, body=body, timeout_s=timeout_s))

    def ask(
        self,
        verb: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        accept: str = JSON,
        body: Any = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """One request, repeated while the server throttles it; 410 is an answer, other refusals are raised."""
        import urllib3

        opened = self._open()
        timeout_s = READ_TIMEOUT_S if timeout_s is None else timeout_s
        pairs = [("Accept", accept), *self.headers()]
        if body is not None:
            pairs.append(("Content-Type", "application/strategic-merge-patch+json"))
        retry = urllib3.Retry(
            total=None,
            connect=False,
            read=False,
            other=False,
            redirect=False,
            status=RETRIES,
            status_forcelist=THROTTLED,
            allowed_methods={"GET"},
            backoff_factor=0.5,
            retry_after_max=RETRY_AFTER_S,
            raise_on_status=False,
        )
        try:
            response = opened.pool.request(
                "PATCH" if verb == "patch" else "GET",
                opened.url(path, query or {}),
                headers=urllib3.HTTPHeaderDict(pairs),
                body=None if body is None else msgspec.json.encode(body),
                retries=retry,
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT_S, timeout_s), read=timeout_s),
            )
            data = response.read(ANSWER_LIMIT + 1, decode_content=True)
            if len(data) > ANSWER_LIMIT:
                response.close()
            response.release_conn()
        except Exception as error:
            raise Unreadable(_fault(error, opened)) from error
        what = f"{verb} {resource_of(path)}"
        if len(data) > ANSWER_LIMIT:
            raise Unreadable(Unavailable(what, Reason.GARBLED, f"the answer is larger than {ANSWER_LIMIT >> 20} MiB"))
        answer = Answer(response.status, data, response.headers.get("Content-Type", ""))
        if answer.status in (200, 410):
            return answer
        raise Unreadable(self.refusal(answer, what, path))

    def headers(self) -> Headers:
        """User agent and credentials, as each request carries them."""
        opened = self._open()
        with self._lock:
            return [("User-Agent", "lustre-doctor"), *opened.credentials.headers()]

    def connect(self, timeout_s: float) -> socket.socket:
        """A new connection, proxy and TLS done, for what is more than one request and one answer."""
        opened = self._open()
        pool: Any = opened.pool.connection_from_url(opened.server)
        near = pool.proxy or pool
        connection = pool.ConnectionCls(near.host, near.port, timeout=timeout_s, **pool.conn_kw)
        try:
            if pool.proxy is not None:
                connection.set_tunnel(pool.host, pool.port, scheme=str(pool.proxy.scheme))
            connection.connect()
            found: socket.socket = connection.sock
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except Exception as error:
            connection.close()
            raise Unreadable(_fault(error, opened)) from error
        return found

    def finish(self, connection: socket.socket) -> None:
        """Close a connection that `connect` made; its TLS session serves the next one."""
        context = self._open().tls
        if context is not None:
            context.remember(connection)  # type: ignore[arg-type]
        connection.close()

    def refusal(self, answer: Answer, what: str, path: str) -> Unavailable:
        """Why the server did not do `what`, a verb and a resource."""
        message = self._message(answer)
        if answer.status == 401:
            return Unavailable(
                "Kubernetes credentials", Reason.DENIED, f"the API server does not know them: {message}",
                remedy="log in again; for EKS see `aws eks get-token` and the cluster's access entries",
            )  # fmt: skip
        if answer.status == 403:
            remedy = f"allow `{what}` to this user (`lustre-doctor permissions --emit rbac` prints the role)"
            return Unavailable(what, Reason.DENIED, message, permission=what, remedy=remedy)
        if answer.status == 404:
            return Unavailable(what, Reason.ABSENT, f"the API server has no {path}")
        if answer.status in THROTTLED:
            busy = f"the API server is busy ({answer.status}): {message}"
            return Unavailable(what, Reason.TIMEOUT, busy, remedy="run again")
        return Unavailable(what, Reason.GARBLED, f"the API server answered {answer.status}: {message}")

    def _message(self, answer: Answer) -> str:
        try:
            message = msgspec.json.decode(answer.body, type=Status).message
        except (msgspec.DecodeError, ValueError, RecursionError):
            return _kind_of(answer)
        with self._lock:
            return one_line(self._open_now().credentials.hide_in(message))

    def _pages(self, path: str, shape: type[T], query: Mapping[str, str], limit: int) -> Iterator[tuple[T, ...] | None]:
        """Each page's objects; None when the list expired."""
        what = f"list {resource_of(path)}"
        decoder = msgspec.json.Decoder(shape)
        token = ""
        while True:
            chunk = {"limit": str(limit)} if limit else {}
            answer = self.ask("list", path, {**query, **chunk, **({"continue": token} if token else {})})
            if answer.status == 410:
                yield None
                return
            try:
                page = msgspec.json.decode(answer.body, type=_Page)
                if not _is_kind(page.kind.removesuffix("List"), path) or page.metadata.continue_ == token != "":
                    raise ValueError(f"it is a {page.kind[:40]!r}")
                objects = tuple(_decoded(raw, decoder) for raw in page.items)
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                raise Unreadable(_malformed(what, answer, error)) from error
            yield objects
            token = page.metadata.continue_
            if not token:
                return

    def _object(self, verb: str, path: str, shape: type[T], answer: Answer) -> T:
        try:
            head = msgspec.json.decode(answer.body, type=_Head)
            if not (_is_kind(head.kind, path) or head.kind == "PartialObjectMetadata"):
                raise ValueError(f"it is a {head.kind[:40]!r}")
            return _decoded(answer.body, msgspec.json.Decoder(shape))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise Unreadable(_malformed(f"{verb} {resource_of(path)}", answer, error)) from error

    def _accessed(self) -> config.Access:
        if self._access is None:
            self._access = self._load()
        return self._access

    def _open(self) -> _Opened:
        with self._lock:
            return self._open_now()

    def _open_now(self) -> _Opened:
        if self._opened is None:
            try:
                self._opened = _Opened(self._accessed())
            except Unreadable as missing:
                self._opened = missing.unavailable
        if isinstance(self._opened, Unavailable):
            raise Unreadable(self._opened)
        return self._opened


class _Opened:
    """Credentials, TLS and the pool of one context."""

    def __init__(self, access: config.Access) -> None:
        with IMPORT_LOCK:
            import urllib3
            from kubernetes.client import Configuration
            from kubernetes.client.rest import RESTClientObject

        cluster = access.cluster
        self.server = cluster.server.rstrip("/")
        self.credentials = Credentials(access)
        self.tls: Context | None = None
        configuration = Configuration(host=self.server)
        configuration.connection_pool_maxsize = 16
        configuration.tls_server_name = cluster.tls_server_name
        if cluster.proxy_url:
            # What the kubeconfig says holds for every host, as for kubectl.
            configuration.proxy, configuration.no_proxy = cluster.proxy_url, ""
        try:
            self.pool: urllib3.PoolManager = RESTClientObject(configuration).pool_manager
        except Exception as error:
            message = "its proxy cannot be used: http://, https:// and (with PySocks) socks5:// can"
            raise Unreadable(Unavailable("kubeconfig", Reason.GARBLED, message, remedy=config.REMEDY)) from error
        self.proxy = ""
        """Host and port of the proxy in use."""
        if type(self.pool) is not urllib3.PoolManager:
            self.proxy = urlsplit(str(configuration.proxy)).netloc.rpartition("@")[2]
        if self.server.startswith("https:"):
            try:
                pair = self.credentials.pair()
                self.tls = context_of(cluster.authority, pair, verify=not cluster.insecure_skip_tls_verify)
            except (OSError, ValueError) as error:
                remedy = "see certificate-authority(-data), client-certificate(-data) and client-key(-data)"
                message = "its CA, client certificate or key cannot be used"
                raise Unreadable(Unavailable("kubeconfig", Reason.GARBLED, message, remedy=remedy)) from error
            # Verification is the context's business, and the report says when it is off.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
            for keyword in ("ca_certs", "ca_cert_data", "cert_file", "key_file", "cert_reqs"):
                self.pool.connection_pool_kw.pop(keyword, None)
            self.pool.connection_pool_kw["ssl_context"] = self.tls

    def url(self, path: str, query: Mapping[str, str]) -> str:
        """The URL of an API path."""
        return self.server + path + (f"?{urlencode(query)}" if query else "")


def resource_of(path: str) -> str:
    """The RBAC resource of an API path: `nodes`, `pods/log`, `daemonsets`."""
    parts = [part for part in path.split("/") if part]
    parts = parts[2:] if parts[:1] == ["api"] else parts[3:] if parts[:1] == ["apis"] else parts
    if parts[:1] == ["namespaces"] and len(parts) > 2:
        parts = parts[2:]
    return f"{parts[0]}/{parts[2]}" if len(parts) > 2 else parts[0] if parts else path


def _is_kind(kind: str, path: str) -> bool:
    return resource_of(path).partition("/")[0] in (f"{kind.lower()}s", f"{kind.lower()}es")


def _decoded(raw: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """One object. Go writes what is not set as null where a field is not to be left out: it counts as left out.

    API servers before 1.35 have `creationTimestamp: null` in the template of every Deployment and DaemonSet.
    """
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        return msgspec.convert(_without_nulls(msgspec.json.decode(raw)), decoder.type)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _malformed(what: str, answer: Answer, error: Exception) -> Unavailable:
    """An answer that is none: our decoder's own words where it was JSON at all, never a word of its content."""
    if not answer.content_type.startswith(JSON):
        return Unavailable(what, Reason.GARBLED, f"the answer is {_kind_of(answer)}", remedy="see proxy and --context")
    return Unavailable(what, Reason.GARBLED, f"the answer is no {what.partition(' ')[2]}: {one_line(error)}")


def _kind_of(answer: Answer) -> str:
    media = answer.content_type.partition(";")[0].strip()
    kind = media if re.fullmatch(r"[\w.+-]{1,40}/[\w.+-]{1,60}", media) else "of no known type"
    return f"{len(answer.body)} bytes of {kind}" if answer.body else "empty"


def _fault(error: Exception, opened: _Opened) -> Unavailable:
    """Why there was no answer, in our own words: a transport's may repeat what was sent, credentials included."""
    from urllib3 import exceptions as transport

    url = urlsplit(opened.server)
    what = f"Kubernetes API server {url.scheme}://{url.netloc.rpartition('@')[2]}"
    elsewhere = "see VPN, proxy and --context"
    chain = tuple(_chain(error))
    proxy = f"the proxy {opened.proxy}" if opened.proxy else ""
    through = f" through {proxy}" if proxy else ""

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(link, kinds) for link in chain)

    for link in chain:
        if isinstance(link, ssl.SSLCertVerificationError):
            remedy = "see certificate-authority(-data) and tls-server-name of the kubeconfig, or an intercepting proxy"
            message = f"no trusted TLS connection: {link.verify_message}"
            return Unavailable(what, Reason.UNREACHABLE, message, remedy=remedy)
        if isinstance(link, ssl.SSLError):
            return Unavailable(what, Reason.UNREACHABLE, f"no TLS connection: {link.reason}", remedy=elsewhere)
        if isinstance(link, OSError) and (match := re.match(r"Tunnel connection failed: (\d{3})\b", str(link))):
            return Unavailable(
                what, Reason.UNREACHABLE, f"{proxy} answered {match[1]}", remedy="see proxy-url and HTTPS_PROXY"
            )
    if has(transport.NameResolutionError, socket.gaierror):
        return Unavailable(what, Reason.UNREACHABLE, f"a name does not resolve{through}", remedy=elsewhere)
    if has(transport.TimeoutError, TimeoutError) and not has(transport.NewConnectionError):
        return Unavailable(what, Reason.TIMEOUT, f"no answer in time{through}", remedy=elsewhere)
    if has(transport.IncompleteRead, transport.DecodeError, transport.InvalidChunkLength):
        return Unavailable(what, Reason.GARBLED, f"the answer broke off or is damaged{through}", remedy=elsewhere)
    reason = next((link.strerror for link in chain if isinstance(link, OSError) and link.strerror), "")
    if reason or has(transport.HTTPError, OSError):
        return Unavailable(what, Reason.UNREACHABLE, f"{reason or 'no HTTP connection'}{through}", remedy=elsewhere)
    if isinstance(error, ValueError):
        return Unavailable(what, Reason.GARBLED, "request or answer is no HTTP", remedy=elsewhere)
    raise error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error with what it wraps, from the outside in."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        link = waiting.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [getattr(link, "reason", None), getattr(link, "original_error", None), *link.args]
            waiting += [link.__cause__, link.__context__]
