"""How a cluster is reached: the kubeconfig as kubectl reads it, or a pod's service account.

The official client's loader is not used. It takes the last current-context of several files, ignores impersonation,
gives a credential plugin neither a time limit nor a standard error of its own, and writes keys into temporary files.
Source: kubernetes-client/python 37.0.1, config/kube_config.py; client-go v0.34 tools/clientcmd for what kubectl does.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from diag.decode import convert
from diag.grammar.ids import ACCOUNT, REGION
from diag.grammar.spelling import did_you_mean
from diag.late import late
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.resources.target import KubeContext
from diag.sanitize import one_line
from diag.sources.files import UnreadableFile, is_missing, read_bounded

T = TypeVar("T")

_REGION = f"(?P<region>{REGION.pattern})"

CLUSTER_ARN = late(rf"^arn:[\w-]+:eks:{_REGION}:(?P<account>{ACCOUNT.pattern}):cluster/(?P<name>.+)$")
"""Cluster and context name that `aws eks update-kubeconfig` writes."""

EKSCTL_NAME = late(rf"^(?:.+@)?(?P<name>[\w-]+)\.{_REGION}\.eksctl\.io$")
"""Context name that eksctl writes."""

ENDPOINT = late(rf"^https://[0-9A-F]+\.[\w-]+\.{_REGION}\.eks\.", re.IGNORECASE)
"""EKS API server endpoint."""

ISSUER = late(rf"^https://oidc\.eks\.{_REGION}\.amazonaws\.com(?:\.cn)?/id/[0-9A-F]+$")
"""OIDC issuer of an EKS cluster, as its service account tokens name it. Source: EKS user guide, IRSA."""

SERVER = late(r"https?://(?:[^/@\s]*@)?(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?(?:/\S*)?")
"""An API server's URL, with a path where a gateway is in front of it."""

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its token and the cluster's CA. Source: Kubernetes documentation, accessing the API from a pod."""

REMEDY = "give --kubeconfig and --context, or run `aws eks update-kubeconfig --name <cluster>`"
LIMIT = 8 * 1024 * 1024
"""Bytes of a kubeconfig or of a file that it names."""


class Cluster(msgspec.Struct, frozen=True, rename="kebab"):
    """A cluster entry."""

    server: str = ""
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""
    extensions: list[dict[str, Any]] | None = None

    @property
    def authority(self) -> bytes:
        """The CA certificates in PEM, empty for the system's own."""
        return _pem("certificate-authority", self.certificate_authority, self.certificate_authority_data)


class Variable(msgspec.Struct, frozen=True):
    """An environment variable of a credential plugin."""

    name: str
    value: str = ""


class Plugin(msgspec.Struct, frozen=True, rename="camel"):
    """A credential plugin."""

    command: str
    api_version: str
    args: list[str] | None = None
    env: list[Variable] | None = None
    install_hint: str | None = None
    interactive_mode: str = "IfAvailable"
    provide_cluster_info: bool = False


class AuthProvider(msgspec.Struct, frozen=True):
    """A login of the kind that came before plugins; `oidc` is the one that kubectl still has."""

    name: str = ""
    config: dict[str, str] | None = None


class User(msgspec.Struct, frozen=True, rename="kebab"):
    """A user entry."""

    token: str = ""
    token_file: str = msgspec.field(default="", name="tokenFile")
    username: str = ""
    password: str = ""
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    exec: Plugin | None = None
    auth_provider: AuthProvider | None = None
    as_: str = msgspec.field(default="", name="as")
    as_uid: str = ""
    as_groups: list[str] | None = None
    as_user_extra: dict[str, list[str]] | None = None

    @property
    def pair(self) -> tuple[bytes, bytes]:
        """The client certificate and its key in PEM, both empty without one."""
        return (
            _pem("client-certificate", self.client_certificate, self.client_certificate_data),
            _pem("client-key", self.client_key, self.client_key_data),
        )


class Access(msgspec.Struct, frozen=True):
    """One context with the entries that it names."""

    context: KubeContext
    cluster: Cluster
    user: User


class _ContextEntry(msgspec.Struct):
    cluster: str = ""
    user: str = ""


def load_access(kubeconfig: str, context: str) -> Access:
    """The context of that name, or the current one. Raises Unreadable. No call is made and no plugin is run."""
    files = _files(kubeconfig)
    shown = os.pathsep.join(map(str, files))
    if all(is_missing(str(file)) for file in files):
        raise Unreadable(Unavailable("kubeconfig", Reason.ABSENT, f"{shown} does not exist", remedy=REMEDY))
    entries, name = _merged(files)
    name = context or name
    entry = _entry(entries, "contexts", name, "context", _ContextEntry)
    if entry is None:
        near = did_you_mean(name, entries["contexts"])
        message = f"has no context {name!r}{near}" if name else "names no context"
        raise Unreadable(Unavailable("kubeconfig", Reason.ABSENT, f"{shown} {message}", remedy=REMEDY))
    cluster = _entry(entries, "clusters", entry.cluster, "cluster", Cluster)
    user = _entry(entries, "users", entry.user, "user", User) if entry.user else User()
    if cluster is not None and not SERVER.fullmatch(cluster.server):
        cluster = None
    if cluster is None or user is None:
        message = f"{shown} has no {'user' if cluster else 'server URL'} for context {name!r}"
        raise Unreadable(Unavailable("kubeconfig", Reason.ABSENT, message, remedy=REMEDY))
    return Access(_describe(name, entry.cluster, cluster, user), cluster, user)


def contexts(kubeconfig: str) -> tuple[str, ...]:
    """The names of the contexts. Raises Unreadable."""
    return tuple(_merged(_files(kubeconfig))[0]["contexts"])


def load_service_account() -> Access:
    """The cluster that this pod runs in, as the pod's service account. Raises Unreadable outside of a pod."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        message = "this is not a pod: KUBERNETES_SERVICE_HOST is not set"
        raise Unreadable(Unavailable("service account", Reason.ABSENT, message, remedy=REMEDY))
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    token_file = str(SERVICE_ACCOUNT / "token")
    issuer = _issuer_of(read_file("service account token", token_file))
    match = ISSUER.match(issuer)
    return Access(
        KubeContext(server=server, issuer=issuer, region=match["region"] if match else ""),
        Cluster(server=server, certificate_authority=str(SERVICE_ACCOUNT / "ca.crt")),
        User(token_file=token_file),
    )


def read_file(what: str, path: str) -> bytes:
    """A file that a kubeconfig names. Raises Unreadable."""
    try:
        return read_bounded(path, LIMIT)
    except UnreadableFile as error:
        reason = Reason.TIMEOUT if error.problem.reason is Reason.TIMEOUT else Reason.ABSENT
        raise Unreadable(Unavailable(what, reason, str(error), remedy=REMEDY)) from error


def _files(kubeconfig: str) -> list[Path]:
    listed = [kubeconfig] if kubeconfig else os.environ.get("KUBECONFIG", "").split(os.pathsep)
    return [Path(path).expanduser() for path in dict.fromkeys(filter(None, listed))] or [
        Path("~/.kube/config").expanduser()
    ]


def _merged(files: list[Path]) -> tuple[dict[str, dict[str, tuple[str, Any]]], str]:
    """Entries by section and name, each with its file's folder, and the current context.

    The first file that has an entry or a current context decides; an empty current context does not count.
    Source: Kubernetes documentation, organizing cluster access, merging kubeconfig files.
    """
    merged: dict[str, dict[str, tuple[str, Any]]] = {"clusters": {}, "contexts": {}, "users": {}}
    current = ""
    for path in files:
        if is_missing(str(path)):
            continue
        document = _document(path)
        for section, entries in merged.items():
            for item in document.get(section) or ():
                if not isinstance(item, dict) or not isinstance(item.get("name"), str):
                    raise _malformed(path, f"an entry of its {section} has no name")
                entries.setdefault(item["name"], (str(path.absolute().parent), item))
        current = current or str(document.get("current-context") or "")
    return merged, current


def _document(path: Path) -> dict[str, Any]:
    import yaml

    text = read_file("kubeconfig", str(path))
    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        # The error's own text quotes the line, which may hold a credential.
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise _malformed(path, f"it is not YAML{line}: {error.problem or ''}") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise _malformed(path, "it is not YAML") from error
    if document is None:
        return {}
    sections = ("clusters", "contexts", "users")
    if isinstance(document, dict) and all(isinstance(document.get(section) or [], list) for section in sections):
        return document
    raise _malformed(path, "it is not a kubeconfig")


def _entry(
    entries: dict[str, dict[str, tuple[str, Any]]], section: str, name: str, key: str, shape: type[T]
) -> T | None:
    if name not in entries[section]:
        return None
    folder, item = entries[section][name]
    try:
        return convert(_absolute(item.get(key) or {}, folder), shape)
    except msgspec.ValidationError as error:
        raise _malformed(Path(folder), f"{key} {name!r}: {error}") from error


def _absolute(entry: Any, folder: str) -> Any:
    """The entry without its nulls, with paths that start at its file's folder."""
    if not isinstance(entry, dict):
        return entry
    entry = {key: value for key, value in entry.items() if value is not None}
    for key in ("certificate-authority", "client-certificate", "client-key", "tokenFile"):
        if isinstance(path := entry.get(key), str) and path:
            entry[key] = str(Path(folder) / path)
    plugin = entry.get("exec")
    if isinstance(plugin, dict):
        plugin = {key: value for key, value in plugin.items() if value is not None}
        # Without a slash the command is looked up in PATH.
        if isinstance(command := plugin.get("command"), str) and os.sep in command:
            plugin["command"] = str(Path(folder) / command)
        entry["exec"] = plugin
    return entry


def _describe(name: str, cluster_name: str, cluster: Cluster, user: User) -> KubeContext:
    """The context with the cluster name, region and account that its names, endpoint and plugin arguments carry."""
    arguments = (user.exec.args or []) if user.exec else []
    environment = {variable.name: variable.value for variable in (user.exec.env or [])} if user.exec else {}
    found, region, account = "", "", ""
    for text in (cluster_name, name):
        if match := CLUSTER_ARN.match(text) or EKSCTL_NAME.match(text):
            found, region = found or match["name"], region or match["region"]
            account = account or match.groupdict().get("account", "")
    region = _option(arguments, "--region") or region or environment.get("AWS_REGION", "")
    if not region and (match := ENDPOINT.match(cluster.server)):
        region = match["region"]
    return KubeContext(
        name=name,
        server=cluster.server,
        cluster=_option(arguments, "--cluster-name", "-i", "--cluster-id") or found,
        region=region,
        account=account,
        profile=environment.get("AWS_PROFILE", ""),
        skips_tls_verification=cluster.insecure_skip_tls_verify and cluster.server.startswith("https:"),
    )


def _option(arguments: list[str], *names: str) -> str:
    for position, argument in enumerate(arguments):
        if argument in names and position + 1 < len(arguments):
            return arguments[position + 1]
        if (parts := argument.partition("="))[1] and parts[0] in names:
            return parts[2]
    return ""


def _pem(what: str, path: str, data: str) -> bytes:
    if not data:
        return read_file(what, path) if path else b""
    try:
        return base64.b64decode(data, validate=False)
    except binascii.Error as error:
        message = f"{what}-data is not base64"
        raise Unreadable(Unavailable("kubeconfig", Reason.GARBLED, message, remedy=REMEDY)) from error


def _issuer_of(token: bytes) -> str:
    """The issuer that a service account token names; empty when it is not a JWT or names no URL."""
    try:
        payload = token.strip().split(b".")[1]
        issuer = json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))["iss"]
    except (IndexError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    return issuer if isinstance(issuer, str) and issuer.startswith("https://") else ""


def _malformed(path: Path, why: str) -> Unreadable:
    return Unreadable(Unavailable("kubeconfig", Reason.GARBLED, f"{path}: {one_line(why)}", remedy=REMEDY))
