"""The one way to an API server: requests, and connections for what is more than one request and one answer (exec).

urllib3 carries them, as it does in the official client. Where a proxy may apply the official client chooses the pool,
with its rules for proxies; to load it takes as long as boto3, and no other run needs it.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.sources.import_lock import IMPORT_LOCK
from diag.sources.kubernetes.credentials import Credentials
from diag.sources.kubernetes.kubeconfig import REMEDY, Access, Cluster
from diag.sources.kubernetes.tls import Context, context_of
from diag.sources.remote_mounts import StuckMount, require_answers

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 10.0
_CONNECTIONS = 16
ANSWER_LIMIT = 64 * 1024 * 1024
"""Bytes of one answer: 128 KiB for each object of a page. A hostile server cannot exhaust memory."""
THROTTLED = frozenset({429, 503})
RETRIES = 3
RETRY_AFTER_S = 5
"""How often and after how long at most a throttled request is repeated. The run's deadline cuts it short."""

JSON = "application/json"
STRATEGIC_MERGE = "application/strategic-merge-patch+json"

Headers = list[tuple[str, str]]


class Answer(msgspec.Struct, frozen=True):
    """One HTTP answer."""

    status: int
    body: bytes
    content_type: str = ""

    @property
    def summary(self) -> str:
        """Size and type, without a word of its content."""
        media = self.content_type.partition(";")[0].strip()
        kind = media if re.fullmatch(r"[\w.+-]{1,40}/[\w.+-]{1,60}", media) else "no known type"
        return f"{len(self.body)} bytes of {kind}" if self.body else "empty"


class Transport:
    """Credentials, TLS and connections of one context. Its methods raise Unreadable."""

    def __init__(self, access: Access) -> None:
        """May run a credential plugin, for a client certificate."""
        with IMPORT_LOCK:
            import urllib3

        cluster = access.cluster
        self.server = cluster.server.rstrip("/")
        self._credentials = Credentials(access)
        self._lock = threading.Lock()
        self._tls: Context | None = None
        self._pool, self._proxy = _pool_of(cluster, self.server)
        if self.server.startswith("https:"):
            try:
                pair = self._credentials.pair()
                if not cluster.authority:
                    require_answers(os.environ.get(name, "") for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
                self._tls = context_of(cluster.authority, pair, verify=not cluster.insecure_skip_tls_verify)
            except StuckMount as error:
                remedy = "see SSL_CERT_FILE and SSL_CERT_DIR"
                raise Unreadable(Unavailable("trusted CAs", Reason.TIMEOUT, str(error), remedy=remedy)) from error
            except (OSError, ValueError) as error:
                remedy = "see certificate-authority(-data), client-certificate(-data) and client-key(-data)"
                message = "its CA, client certificate or key cannot be used"
                raise Unreadable(Unavailable("kubeconfig", Reason.GARBLED, message, remedy=remedy)) from error
            # The context decides about verification, and the report says when it is off.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
            self._pool.connection_pool_kw["ssl_context"] = self._tls

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        accept: str = JSON,
        body: Any = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """The answer to one request, whatever its status; a GET is repeated while the server throttles it."""
        import urllib3

        timeout_s = READ_TIMEOUT_S if timeout_s is None else timeout_s
        headers = [("Accept", accept), *self.headers()]
        if body is not None:
            headers.append(("Content-Type", STRATEGIC_MERGE))
        retry = urllib3.Retry(
            total=None,
            connect=False,
            read=False,
            # A handshake that failed: once more, without the session that it resumed.
            other=1 if method == "GET" else False,
            redirect=False,
            status=RETRIES,
            status_forcelist=THROTTLED,
            allowed_methods={"GET"},
            backoff_factor=0.5,
            retry_after_max=RETRY_AFTER_S,
            raise_on_status=False,
        )
        try:
            response = self._pool.request(
                method,
                self.server + path + (f"?{urlencode(query)}" if query else ""),
                headers=urllib3.HTTPHeaderDict(headers),
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
            raise Unreadable(self._fault(error)) from error
        if len(data) > ANSWER_LIMIT:
            message = f"the answer is larger than {ANSWER_LIMIT >> 20} MiB"
            raise Unreadable(Unavailable(self._name, Reason.GARBLED, message))
        return Answer(response.status, data, response.headers.get("Content-Type", ""))

    def headers(self) -> Headers:
        """User agent and credentials, as each request carries them. May run a credential plugin."""
        with self._lock:
            return [("User-Agent", "lustre-doctor"), *self._credentials.headers()]

    def hide_credentials(self, text: str) -> str:
        """The text without this run's credentials, which a server or a proxy may repeat."""
        with self._lock:
            return self._credentials.hide_in(text)

    def connect(self, timeout_s: float) -> socket.socket:
        """A new connection, proxy and TLS done."""
        pool: Any = self._pool.connection_from_url(self.server)
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
            raise Unreadable(self._fault(error)) from error
        return found

    def close(self, connection: socket.socket) -> None:
        """Close a connection that `connect` made; its TLS session serves the next one."""
        if self._tls is not None and isinstance(connection, ssl.SSLSocket):
            self._tls.remember(connection)
        connection.close()

    @property
    def _name(self) -> str:
        url = urlsplit(self.server)
        return f"Kubernetes API server {url.scheme}://{url.netloc.rpartition('@')[2]}"

    def _fault(self, error: Exception) -> Unavailable:
        """Why there was no answer, in our own words: a library's may repeat what was sent, credentials included.

        Raises the error itself where it is a bug of ours.
        """
        reason, message, remedy = _explained(error)
        if self._proxy:
            message += f" (through the proxy {self._proxy})"
            remedy += "; see proxy-url of the kubeconfig and HTTPS_PROXY"
        return Unavailable(self._name, reason, message, remedy=remedy)


def _pool_of(cluster: Cluster, server: str) -> tuple[Any, str]:
    """The connections to a server, and the proxy that they go through; empty for none."""
    import urllib3

    if not cluster.proxy_url and not _proxies_of_this_machine():
        return urllib3.PoolManager(maxsize=_CONNECTIONS, server_hostname=cluster.tls_server_name or None), ""
    with IMPORT_LOCK:
        from kubernetes.client import Configuration
        from kubernetes.client.rest import RESTClientObject
    configuration = Configuration(host=server)
    configuration.connection_pool_maxsize = _CONNECTIONS
    configuration.tls_server_name = cluster.tls_server_name
    if cluster.proxy_url:
        # What the kubeconfig says holds for every host, as for kubectl.
        configuration.proxy, configuration.no_proxy = cluster.proxy_url, ""
    try:
        pool = RESTClientObject(configuration).pool_manager
    except Exception as error:
        message = "its proxy cannot be used: http://, https:// and (with PySocks) socks5:// can"
        raise Unreadable(Unavailable("kubeconfig", Reason.GARBLED, message, remedy=REMEDY)) from error
    # The TLS context says what these say.
    for keyword in ("ca_certs", "ca_cert_data", "cert_file", "key_file", "cert_reqs"):
        pool.connection_pool_kw.pop(keyword, None)
    if type(pool) is urllib3.PoolManager:
        return pool, ""
    return pool, urlsplit(str(configuration.proxy)).netloc.rpartition("@")[2]


def _proxies_of_this_machine() -> frozenset[str]:
    """The schemes for which the environment or the system names a proxy."""
    from urllib.request import getproxies

    return frozenset(getproxies()) - {"no"}


def _explained(error: Exception) -> tuple[Reason, str, str]:
    """Reason, message and remedy."""
    from urllib3 import exceptions as library

    links = tuple(_links(error))
    elsewhere = "see VPN, proxy and --context"

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(link, kinds) for link in links)

    for link in links:
        if isinstance(link, ssl.SSLCertVerificationError):
            remedy = "see certificate-authority(-data) and tls-server-name of the kubeconfig, or an intercepting proxy"
            return Reason.UNREACHABLE, f"no trusted TLS connection: {link.verify_message}", remedy
        if isinstance(link, ssl.SSLError):
            return Reason.UNREACHABLE, f"no TLS connection: {link.reason}", elsewhere
        if isinstance(link, OSError) and (match := re.match(r"Tunnel connection failed: (\d{3})\b", str(link))):
            return Reason.UNREACHABLE, f"CONNECT was answered with {match[1]}", elsewhere
    if has(library.NameResolutionError, socket.gaierror):
        return Reason.UNREACHABLE, "a name does not resolve", elsewhere
    if has(library.TimeoutError, TimeoutError) and not has(library.NewConnectionError):
        return Reason.TIMEOUT, "no answer in time", elsewhere
    if has(library.IncompleteRead, library.DecodeError, library.InvalidChunkLength):
        return Reason.GARBLED, "the answer broke off or is damaged", elsewhere
    if has(library.HTTPError, OSError):
        why = next(
            (link.strerror for link in links if isinstance(link, OSError) and link.strerror), "no HTTP connection"
        )
        return Reason.UNREACHABLE, why, elsewhere
    if isinstance(error, ValueError):
        return Reason.GARBLED, "request or answer is no HTTP", elsewhere
    raise error


def _links(error: BaseException) -> Iterator[BaseException]:
    """The error with what it wraps, from the outside in."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [getattr(link, "reason", None), getattr(link, "original_error", None), *link.args]
            waiting += [link.__cause__, link.__context__]
