"""Objects of one cluster: lists in pages, one object, one change. Every failure is a reason, and nothing is guessed.

Objects are decoded straight into our own shapes: the official client's models take a second for the pods of a large
cluster. What is no answer (a proxy's page, half a list, another kind) is malformed, never an empty list.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from diag.decode import convert, decode_json, decoder_of
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.resources.target import KubeContext
from diag.sanitize import one_line
from diag.sources.kubernetes.kubeconfig import Access, load_access, load_service_account
from diag.sources.kubernetes.transport import JSON, THROTTLED, Answer, Transport
from diag.sources.source import Source

T = TypeVar("T")

PAGE = 500
"""Objects a page, as kubectl asks for them (--chunk-size)."""

METADATA_ALONE = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
"""Source: Kubernetes API concepts, partial object metadata."""

NOT_DECODED = (msgspec.DecodeError, ValueError, RecursionError)
"""What decoding raises: bad JSON or another shape, bad UTF-8, nesting without end."""


class _ListMeta(msgspec.Struct, rename={"continue_": "continue"}):
    continue_: str = ""


class _Page(msgspec.Struct):
    kind: str
    items: list[msgspec.Raw]
    metadata: _ListMeta


class _GroupVersion(msgspec.Struct):
    version: str


class _Group(msgspec.Struct, rename="camel"):
    name: str
    preferred_version: _GroupVersion
    versions: list[_GroupVersion]


class _GroupList(msgspec.Struct):
    groups: list[_Group]


class _Named(msgspec.Struct):
    name: str


class _Identity(msgspec.Struct):
    name: str
    namespace: str = ""


class _Identified(msgspec.Struct):
    metadata: _Identity


class _Head(msgspec.Struct):
    kind: str
    metadata: _Named


class _Status(msgspec.Struct):
    message: str = ""


class Kube(Source):
    """One cluster, reached as the kubeconfig (or the pod's service account) says. What asks it raises Unreadable."""

    label = "Kubernetes"

    def __init__(self, *, kubeconfig: str = "", context: str = "", in_cluster: bool = False) -> None:
        self._load = load_service_account if in_cluster else lambda: load_access(kubeconfig, context)
        self._found: Access | None = None
        self._loading = threading.Lock()
        self._lock = threading.Lock()
        self._transport: Transport | Unavailable | None = None

    def context(self) -> KubeContext:
        """What the configuration itself says of the cluster: no call is made and no credential plugin is run."""
        return self._access.context

    @property
    def _access(self) -> Access:
        """Read once, whoever asks first."""
        with self._loading:
            if self._found is None:
                self._found = self._load()
            return self._found

    @property
    def transport(self) -> Transport:
        """The way to the API server, made on first use."""
        with self._lock:
            if self._transport is None:
                try:
                    self._transport = Transport(self._access)
                except Unreadable as missing:
                    self._transport = missing.unavailable
            if isinstance(self._transport, Unavailable):
                raise Unreadable(self._transport)
            return self._transport

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

    def groups(self) -> dict[str, tuple[str, ...]]:
        """The API groups that the server has, each with its versions, the preferred one first."""
        try:
            answer = self.ask("get", "/apis")
            found = decode_json(answer.body, _GroupList).groups
        except NOT_DECODED as error:
            raise Unreadable(_malformed("get apis", answer, error)) from error
        return {
            group.name: tuple(dict.fromkeys(one.version for one in (group.preferred_version, *group.versions)))
            for group in found
        }

    def names(self, path: str) -> tuple[tuple[str, str], ...]:
        """Namespace and name of the objects of a collection, of its first page alone."""
        page = next(self._pages(path, _Identified, {}, PAGE), None) or ()
        return tuple((item.metadata.namespace, item.metadata.name) for item in page)

    def get(self, path: str, shape: type[T], *, timeout_s: float | None = None) -> T:
        """One object."""
        return _object("get", path, shape, self.ask("get", path, timeout_s=timeout_s))

    def metadata(self, path: str, shape: type[T]) -> T:
        """One object's metadata alone: the server never sends the rest, as it must not with a Secret."""
        return _object("get", path, shape, self.ask("get", path, accept=METADATA_ALONE))

    def patch(self, path: str, body: Any, shape: type[T], *, timeout_s: float | None = None) -> T:
        """Change one object by a strategic merge, and return it: the only request that changes anything."""
        return _object("patch", path, shape, self.ask("patch", path, body=body, timeout_s=timeout_s))

    def ask(self, verb: str, path: str, query: Mapping[str, str] | None = None, **how: Any) -> Answer:
        """One request, `how` as `Transport.send` takes it. 410 is an answer, other refusals are raised."""
        answer = self.transport.send("PATCH" if verb == "patch" else "GET", path, query or {}, **how)
        if answer.status in (200, 410):
            return answer
        raise Unreadable(self.refusal(answer, f"{verb} {resource_of(path)}", path))

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
        """What the server says in a Status. Nothing else is quoted: it may be a proxy's page that repeats headers."""
        try:
            message = decode_json(answer.body, _Status).message
        except NOT_DECODED:
            return answer.summary
        return one_line(self.transport.hide_credentials(message))

    def _pages(self, path: str, shape: type[T], query: Mapping[str, str], limit: int) -> Iterator[tuple[T, ...] | None]:
        """Each page's objects; None when the list expired."""
        what = f"list {resource_of(path)}"
        decoder = decoder_of(shape)
        token = ""
        while True:
            chunk = {"limit": str(limit)} if limit else {}
            answer = self.ask("list", path, {**query, **chunk, **({"continue": token} if token else {})})
            if answer.status == 410:
                yield None
                return
            try:
                page = decode_json(answer.body, _Page)
                if not _is_kind(page.kind.removesuffix("List"), path) or page.metadata.continue_ == token != "":
                    raise ValueError(f"it is a {page.kind[:40]!r}")
                objects = tuple(_decoded(raw, decoder) for raw in page.items)
            except NOT_DECODED as error:
                raise Unreadable(_malformed(what, answer, error)) from error
            yield objects
            token = page.metadata.continue_
            if not token:
                return


def resource_of(path: str) -> str:
    """The RBAC resource of an API path: `nodes`, `pods/log`, `daemonsets`."""
    parts = [part for part in path.split("/") if part]
    parts = parts[2:] if parts[:1] == ["api"] else parts[3:] if parts[:1] == ["apis"] else parts
    if parts[:1] == ["namespaces"] and len(parts) > 2:
        parts = parts[2:]
    return f"{parts[0]}/{parts[2]}" if len(parts) > 2 else parts[0] if parts else path


def _object(verb: str, path: str, shape: type[T], answer: Answer) -> T:
    try:
        head = decode_json(answer.body, _Head)
        if not (_is_kind(head.kind, path) or head.kind == "PartialObjectMetadata"):
            raise ValueError(f"it is a {head.kind[:40]!r}")
        return _decoded(answer.body, decoder_of(shape))
    except NOT_DECODED as error:
        raise Unreadable(_malformed(f"{verb} {resource_of(path)}", answer, error)) from error


def _is_kind(kind: str, path: str) -> bool:
    one = kind.lower()
    return resource_of(path).partition("/")[0] in (f"{one}s", f"{one}es", f"{one[:-1]}ies")


def _decoded(raw: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """One object. Go writes what is not set as null where a field is not to be left out: it counts as left out.

    API servers before 1.35 have `creationTimestamp: null` in the template of every Deployment and DaemonSet.
    """
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        return convert(_without_nulls(msgspec.json.decode(raw)), decoder.type)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _malformed(what: str, answer: Answer, error: Exception) -> Unavailable:
    """Why an answer does not count: in our decoder's words where it was JSON at all, never in those of its content."""
    if not answer.content_type.startswith(JSON):
        return Unavailable(what, Reason.GARBLED, f"the answer is {answer.summary}", remedy="see proxy and --context")
    return Unavailable(what, Reason.GARBLED, f"the answer is no {what.partition(' ')[2]}: {one_line(error)}")
