"""The API server's answers: from a request to a status, headers and a body, without a socket in sight."""

import base64
import datetime
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from tests.lab.kubernetes import protobuf, resources, status
from tests.lab.kubernetes.discovery import discovery, open_api
from tests.lab.kubernetes.ephemeral import add_containers
from tests.lab.kubernetes.logs import read_log
from tests.lab.kubernetes.patch import merge_patch
from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.selectors import field_predicate, label_predicate
from tests.lab.kubernetes.status import ApiError
from tests.lab.kubernetes.world import Change, Cluster, Object
from tests.lab.kubernetes.writes import Writes

ANONYMOUS = "system:anonymous"
# RBAC lets everybody read these (ClusterRole system:public-info-viewer).
_PUBLIC_PATHS = ("/version", "/version/", "/healthz", "/livez", "/readyz")
_ISSUER_PATH = "/.well-known/openid-configuration"
_LOOK = 0.05
"""How often a watch looks for what is new."""


@dataclass(frozen=True)
class KubeCall:
    """One request that arrived."""

    verb: str
    resource: str
    namespace: str
    name: str
    path: str
    query: dict[str, str]
    user: str


@dataclass
class Switches:
    """What the server does instead of, or before, answering.

    `denied` holds (verb, resource); a resource may carry its subresource, as in `pods/exec`. With `only_in`, what lies
    in namespaces may be seen in those alone, as by a RoleBinding.
    """

    denied: set[tuple[str, str]] = field(default_factory=set)
    only_in: frozenset[str] = frozenset()
    delay: float = 0.0
    throttled: Counter[str] = field(default_factory=Counter)
    retry_after: int = 1
    expire_continue: bool = False
    stalled: set[str] = field(default_factory=set)
    reject_credentials: bool = False
    secrets: bool = False
    """Whether the user may read and write Secrets, as an administrator may."""


@dataclass(frozen=True)
class Target:
    """What a path names."""

    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def what(self) -> str:
        """The resource as RBAC spells it; a custom one with its group, since several groups may have its name."""
        plural = self.resource.qualified if self.resource.custom else self.resource.plural
        return f"{plural}/{self.subresource}" if self.subresource else plural


@dataclass(frozen=True)
class Reply:
    """One HTTP answer; `stall` asks the server to stop half-way through the body."""

    code: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    stall: bool = False


class Api:
    """Answers for one cluster.

    `settle` is called before every answer, and after a write: the controllers of a live cluster do their work there.
    Whoever works on the cluster while clients may ask holds `lock`.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.clock: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC)
        self.writes = Writes(cluster, lambda: self.clock())
        self.settle: Callable[[], None] = lambda: None
        self.switches = Switches()
        self.calls: list[KubeCall] = []
        self.logs: dict[tuple[str, str, str], str] = {}
        self.issuer = ""
        self.git_version = "v1.34.1-eks-113cf36"
        self.lock = threading.RLock()

    def answer(self, method: str, url: str, user: str | None, body: bytes, content_type: str = "") -> Reply:
        """Answers a request of `user`; None is a caller whose credentials nobody vouches for."""
        try:
            with self.lock:
                return self._answer(method, url, user, body, content_type)
        except ApiError as error:
            if error.plain:
                content = "text/plain; charset=utf-8"
                return Reply(error.code, error.plain.encode(), content, error.headers)
            return Reply(error.code, encode(error.status), headers=error.headers)

    def admit(self, method: str, url: str, user: str | None) -> tuple[Target | None, dict[str, str], str]:
        """Logs the request and lets it pass authentication, flow control and authorization.

        Returns:
            the target, None for a path that is no resource; the query; the user's name.

        Raises:
            ApiError: the request is turned away.
        """
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        target = _parse(method, unquote(parts.path), query)
        self._log(target, method, parts.path, query, user)
        if user is None or self.switches.reject_credentials:
            raise status.unauthorized()
        self._throttle(target.resource.plural if target else parts.path)
        if target is not None:
            self._authorize(user, target)
        return target, query, user

    def allowed(self, user: str, verb: str, resource: str) -> bool:
        """Whether RBAC lets the user do it: everything but what a test denied, and secrets to nobody."""
        plural = resource.partition("/")[0]
        hidden = plural == "secrets" and not self.switches.secrets
        return user != ANONYMOUS and not hidden and (verb, resource) not in self.switches.denied

    def watch(self, target: Target, query: dict[str, str]) -> Iterator[bytes]:
        """The lines of a watch, until its time is up; an empty one says that nothing is new."""
        seen = int(query.get("resourceVersion") or 0)
        ends = time.monotonic() + float(query.get("timeoutSeconds") or 1800)
        selected = _selection(target, query)
        known: set[str] = set()
        if not seen or query.get("sendInitialEvents") == "true":
            with self.lock:
                self.settle()
                seen = int(self.cluster.revision)
                present = [obj for obj in self.cluster.list(target.resource, target.namespace) if selected(obj)]
                lines = [_event("ADDED", obj) for obj in present]
                known = {obj["metadata"]["uid"] for obj in present}
            yield from lines
            if query.get("sendInitialEvents") == "true":
                yield _event("BOOKMARK", _initial_events_end(target.resource, seen))
        else:
            known = {obj["metadata"]["uid"] for obj in self.cluster.list(target.resource, target.namespace)}
        while time.monotonic() < ends:
            with self.lock:
                self.settle()
                changes = self.cluster.changes(seen)
                seen = int(self.cluster.revision)
            yield from _lines(changes, target, selected, known)
            yield b""
            time.sleep(_LOOK)

    def _answer(self, method: str, url: str, user: str | None, body: bytes, content_type: str) -> Reply:
        target, query, name = self.admit(method, url, user)
        if target is None:
            return self._path(method, urlsplit(url).path, name, body)
        self.settle()
        if method in ("POST", "PUT", "PATCH", "DELETE") and target.subresource != "ephemeralcontainers":
            return self._write(target, query, body, content_type)
        if target.subresource == "log":
            return Reply(200, read_log(self.cluster, self.logs, target, query).encode(), "text/plain")
        if target.verb == "patch" and target.subresource == "ephemeralcontainers":
            pod = add_containers(self.cluster, target.resource, target.name, target.namespace, body)
            return Reply(200, encode(pod))
        if target.verb == "get" and target.subresource == "scale":
            return _json(self.writes.scale(target.resource, target.name, target.namespace))
        if target.verb == "get" and target.subresource in ("", "status"):
            found = self.cluster.find(target.resource, target.name, target.namespace)
            if found is None:
                raise status.not_found(target.resource, target.name)
            return Reply(200, encode(found))
        if target.verb == "list":
            return self._list(target, query)
        raise status.no_such_path()

    def _write(self, target: Target, query: dict[str, str], body: bytes, content_type: str) -> Reply:
        writes, resource, name, namespace = self.writes, target.resource, target.name, target.namespace
        dry_run = bool(query.get("dryRun"))
        if content_type == protobuf.CONTENT_TYPE:
            body = json.dumps(protobuf.decode(body)).encode()
        if target.verb == "delete":
            return self._delete(target, query, json.loads(body or b"{}"))
        if target.verb == "create" and target.subresource == "eviction":
            return self._delete(target, query, json.loads(body or b"{}").get("deleteOptions") or {})
        if target.verb == "patch" and target.subresource == "scale":
            scale = merge_patch(writes.scale(resource, name, namespace), json.loads(body))
            written = writes.set_scale(resource, name, namespace, scale)
        elif target.verb == "patch":
            written = writes.patch(
                resource,
                name,
                namespace,
                content_type.partition(";")[0],
                body,
                subresource=target.subresource,
                manager=query.get("fieldManager", ""),
                dry_run=dry_run,
            )
        elif target.verb == "create" and not name:
            written = writes.create(resource, namespace, json.loads(body), dry_run=dry_run)
        elif target.verb == "update" and target.subresource == "scale":
            written = writes.set_scale(resource, name, namespace, json.loads(body))
        elif target.verb == "update" and target.subresource == "status":
            written = writes.replace_status(resource, json.loads(body), name, namespace)
        elif target.verb == "update":
            written = writes.replace(resource, json.loads(body), name, namespace, dry_run=dry_run)
        else:
            raise status.no_such_path()
        answer = encode(written)
        self.settle()
        return Reply(201 if target.verb == "create" else 200, answer)

    def _delete(self, target: Target, query: dict[str, str], options: Object) -> Reply:
        resource, namespace = target.resource, target.namespace
        for key in ("gracePeriodSeconds", "propagationPolicy", "dryRun"):
            if key in query:
                options.setdefault(key, query[key])
        if not target.name:
            selected = _selection(target, query)
            for obj in [obj for obj in self.cluster.list(resource, namespace) if selected(obj)]:
                self.writes.delete(resource, obj["metadata"]["name"], obj["metadata"].get("namespace", ""), options)
            self.settle()
            return _json({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})
        uid = (self.cluster.find(resource, target.name, namespace) or {}).get("metadata", {}).get("uid", "")
        left = self.writes.delete(resource, target.name, namespace, options)
        answer = encode(left) if left is not None else encode(status.deleted(resource, target.name, uid))
        self.settle()
        return Reply(200, answer)

    def _log(self, target: Target | None, method: str, path: str, query: dict[str, str], user: str | None) -> None:
        if target is None:
            call = KubeCall(method.lower(), "", "", "", path, query, user or "")
        else:
            call = KubeCall(target.verb, target.what, target.namespace, target.name, path, query, user or "")
        with self.lock:
            self.calls.append(call)

    def _throttle(self, what: str) -> None:
        with self.lock:
            if self.switches.throttled[what] <= 0:
                return
            self.switches.throttled[what] -= 1
        raise status.too_many_requests(self.switches.retry_after)

    def _authorize(self, user: str, target: Target) -> None:
        # A WebSocket upgrade needs create beside get (gate AuthorizePodWebsocketUpgradeCreatePermission, 1.35 on).
        verbs = ("get", "create") if target.subresource == "exec" else (target.verb,)
        shut_out = (
            self.switches.only_in and target.resource.namespaced and target.namespace not in self.switches.only_in
        )
        for verb in verbs:
            if shut_out or not self.allowed(user, verb, target.what):
                raise status.forbidden(user, verb, target.resource, target.subresource, target.namespace, target.name)

    def _list(self, target: Target, query: dict[str, str]) -> Reply:
        resource = target.resource
        found = self.cluster.list(resource, target.namespace)
        selected = query.get("labelSelector") or query.get("fieldSelector")
        if selected:
            fits = _selection(target, query)
            found = [obj for obj in found if fits(obj)]
        start = _start(query.get("continue", ""))
        if start and self.switches.expire_continue:
            raise status.expired(_token(start))
        limit = int(query.get("limit") or 0)
        items = found[start : start + limit] if limit else found[start:]
        metadata: dict[str, Any] = {"resourceVersion": self.cluster.revision}
        left = len(found) - start - len(items)
        if left:
            metadata["continue"] = _token(start + len(items))
            if not selected:
                metadata["remainingItemCount"] = left
        # A list's items carry neither kind nor apiVersion: the server says both once, at the top.
        bare = [{key: value for key, value in obj.items() if key not in ("kind", "apiVersion")} for obj in items]
        body = encode(
            {
                "kind": f"{resource.kind}List",
                "apiVersion": resource.api_version,
                "metadata": metadata,
                "items": bare,
            }
        )
        return Reply(200, body, stall=resource.plural in self.switches.stalled)

    def _path(self, method: str, path: str, user: str, body: bytes) -> Reply:
        if method == "POST" and path == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
            return self._access_review(user, json.loads(body))
        if path in _PUBLIC_PATHS:
            return _json(self._version()) if path.startswith("/version") else Reply(200, b"ok", "text/plain")
        if user == ANONYMOUS or ("get", path) in self.switches.denied:
            raise status.forbidden_path(user, path)
        if path == _ISSUER_PATH:
            return _json(self._discovery_document())
        listing = discovery(path.rstrip("/"), lambda resource: bool(self.cluster.list(resource))) or open_api(path)
        if listing is None:
            raise status.no_such_path()
        return _json(listing)

    def _access_review(self, user: str, review: Object) -> Reply:
        attributes = review["spec"].get("resourceAttributes", {})
        resource = "/".join(filter(None, (attributes.get("resource", ""), attributes.get("subresource", ""))))
        answer = review | {
            "kind": "SelfSubjectAccessReview",
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {"creationTimestamp": None},
            "status": {"allowed": self.allowed(user, attributes.get("verb", ""), resource)},
        }
        return Reply(201, encode(answer))

    def _version(self) -> Object:
        major, minor = self.git_version.removeprefix("v").split(".")[:2]
        return {
            "major": major,
            "minor": minor,
            "gitVersion": self.git_version,
            "gitCommit": "36de58e4f4a4a0a39f5d4b1b4e9f8a4cbb2a1c0e",
            "gitTreeState": "clean",
            "buildDate": "2025-10-02T19:50:26Z",
            "goVersion": "go1.24.7",
            "compiler": "gc",
            "platform": "linux/amd64",
        }

    def _discovery_document(self) -> Object:
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }


def encode(document: Object) -> bytes:
    """A document as the server writes it: no blanks, and a line end."""
    return msgspec.json.encode(document) + b"\n"


def _json(document: Object) -> Reply:
    return Reply(200, encode(document))


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"v": "meta.k8s.io/v1", "start": start}).encode()).decode()


def _start(token: str) -> int:
    if not token:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(token))["start"])
    except (ValueError, KeyError, TypeError):
        raise status.bad_request("continue key is not valid: invalid character") from None


def _parse(method: str, path: str, query: dict[str, str]) -> Target | None:
    """The target of `/api/v1/…` or `/apis/GROUP/VERSION/…`; None when the path is no resource's."""
    steps = [step for step in path.split("/") if step]
    if steps[:1] == ["api"]:
        group, version, rest = "", "".join(steps[1:2]), steps[2:]
    elif steps[:1] == ["apis"] and len(steps) > 3:
        group, version, rest = steps[1], steps[2], steps[3:]
    else:
        return None
    namespace = ""
    if len(rest) > 2 and rest[0] == "namespaces":
        namespace, rest = rest[1], rest[2:]
    resource = resources.by_path(group, version, rest[0]) if rest else None
    if resource is None:
        return None
    name, subresource = "".join(rest[1:2]), "".join(rest[2:3])
    if method != "GET":
        verb = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}.get(method, method.lower())
    elif name:
        verb = "get"
    else:
        verb = "watch" if query.get("watch") in ("1", "true") else "list"
    return Target(verb, resource, namespace, name, subresource)


def _selection(target: Target, query: dict[str, str]) -> Callable[[Object], bool]:
    """Whether an object is one that the selectors of a request, and the name in its path, choose."""
    labels = label_predicate(query.get("labelSelector", ""))
    fields = field_predicate(query.get("fieldSelector", ""), target.resource)
    return lambda obj: labels(obj) and fields(obj) and target.name in ("", obj["metadata"]["name"])


def _lines(
    changes: list[Change], target: Target, selected: Callable[[Object], bool], known: set[str]
) -> Iterator[bytes]:
    """What a watch says of the changes; an object that no longer fits its selector is deleted to it."""
    for change in changes:
        metadata = change.obj["metadata"]
        if change.resource is not target.resource or target.namespace not in ("", metadata.get("namespace", "")):
            continue
        fits, was_there = selected(change.obj), metadata["uid"] in known
        if change.kind == "DELETED" or not fits:
            if was_there or (change.kind == "DELETED" and fits):
                known.discard(metadata["uid"])
                yield _event("DELETED", change.obj)
            continue
        known.add(metadata["uid"])
        yield _event("MODIFIED" if was_there else "ADDED", change.obj)


def _event(kind: str, obj: Object) -> bytes:
    return encode({"type": kind, "object": obj})


def _initial_events_end(resource: Resource, revision: int) -> Object:
    annotations = {"k8s.io/initial-events-end": "true"}
    metadata = {"resourceVersion": str(revision), "annotations": annotations}
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
