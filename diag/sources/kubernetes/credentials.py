"""What each request says of who sends it: a token, a password, a credential plugin's answer, impersonation.

Source: client-go v0.34 tools/clientcmd/client_config.go and transport/round_trippers.go for order and headers;
Kubernetes documentation, authentication, client-go credential plugins.
"""

from __future__ import annotations

import base64
import datetime
import json
import os
import re
import time
import urllib.parse
from typing import Any

import msgspec

from diag.decode import decode_json
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.sanitize import one_line
from diag.sources.kubernetes.kubeconfig import Access, Plugin, read_file
from diag.sources.supervised import supervise

PLUGIN_S = 20.0
"""How long a credential plugin may take; `aws eks get-token` takes one to three seconds."""
PLUGIN_LIMIT = 256 * 1024
"""Bytes that a credential plugin may print."""
RENEW_S = 60.0
"""A plugin is asked again this long before its credential expires."""

WHAT = "Kubernetes credentials"
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]*")


class _Credential(msgspec.Struct, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: datetime.datetime | None = None

    @property
    def expires_soon(self) -> bool:
        expires = self.expiration_timestamp
        return expires is not None and expires.timestamp() - RENEW_S < time.time()


class _Answer(msgspec.Struct, rename="camel"):
    api_version: str
    kind: str
    status: _Credential


class Credentials:
    """The credentials of one context. Not safe from several threads at once."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._issued: _Credential | Unavailable | None = None
        self._secrets: set[str] = set()

    def pair(self) -> tuple[bytes, bytes]:
        """The client certificate and key in PEM, empty without one. Raises Unreadable. May run a plugin."""
        certificate, key = self._access.user.pair
        if not certificate and (issued := self._from_plugin()) is not None:
            return issued.client_certificate_data.encode(), issued.client_key_data.encode()
        return certificate, key

    def headers(self) -> list[tuple[str, str]]:
        """The headers that say who asks, fresh where they expire. Raises Unreadable. May run a plugin."""
        user = self._access.user
        pairs = [("Authorization", value)] if (value := self._authorization()) else []
        if user.as_:
            pairs.append(("Impersonate-User", user.as_))
        if user.as_uid:
            pairs.append(("Impersonate-Uid", user.as_uid))
        pairs += [("Impersonate-Group", group) for group in user.as_groups or ()]
        for key, values in (user.as_user_extra or {}).items():
            name = f"Impersonate-Extra-{urllib.parse.quote(key, safe='!#$&*+^`|~')}"
            pairs += [(name, value) for value in values]
        for name, value in pairs:
            if not _PRINTABLE.fullmatch(value):
                raise _refused(Reason.GARBLED, f"the value for {name} holds a line break or another control character")
        # Header values are bytes to the server; Python writes text as Latin-1.
        return [(name, value.encode().decode("latin-1")) for name, value in pairs]

    def hide_in(self, text: str) -> str:
        """The text without the credentials, which a server or a proxy may repeat."""
        for secret in self._secrets:
            text = text.replace(secret, "<credential>")
        return text

    def _authorization(self) -> str:
        user = self._access.user
        token = self._token()
        if token:
            return f"Bearer {self._secret(token)}"
        if user.username:
            pair = base64.b64encode(f"{user.username}:{self._secret(user.password)}".encode()).decode()
            return f"Basic {self._secret(pair)}"
        return ""

    def _token(self) -> str:
        user = self._access.user
        if user.token_file:
            return read_file("token file", user.token_file).decode("utf-8", "replace").strip()
        if user.token:
            return user.token.strip()
        if user.auth_provider is not None:
            return _id_token(user.auth_provider.name, user.auth_provider.config or {})
        issued = self._from_plugin()
        return issued.token.strip() if issued else ""

    def _secret(self, value: str) -> str:
        if len(value) > 5:
            self._secrets.add(value)
        return value

    def _from_plugin(self) -> _Credential | None:
        plugin = self._access.user.exec
        if plugin is None or self._access.user.token or self._access.user.token_file:
            return None
        if self._issued is None or (isinstance(self._issued, _Credential) and self._issued.expires_soon):
            try:
                self._issued = _run(plugin, self._access)
            except Unreadable as failure:
                # Not once more for each request of the run.
                self._issued = failure.unavailable
        if isinstance(self._issued, Unavailable):
            raise Unreadable(self._issued)
        return self._issued


def _run(plugin: Plugin, access: Access) -> _Credential:
    """What the plugin answers, within bounds of time and size. Its prompts and complaints are not printed."""
    name = os.path.basename(plugin.command)  # noqa: PTH119 - a command need not be a path
    if plugin.interactive_mode == "Always":
        raise _refused(Reason.NOT_ASKED, f"the plugin {name} of the kubeconfig wants to ask a person")
    environment = {**os.environ, **{variable.name: variable.value for variable in plugin.env or ()}}
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(_info(plugin, access))
    argv = [plugin.command, *(plugin.args or ())]
    try:
        ran = supervise(
            argv,
            key=f"credential plugin {name}",
            feed=b"",
            until=time.monotonic() + PLUGIN_S,
            cap=PLUGIN_LIMIT,
            environment=environment,
            folder=None,
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "its arguments cannot be passed on"
        hint = plugin.install_hint or "install it, or see users[].user.exec of the kubeconfig"
        raise _refused(Reason.ABSENT, f"the plugin {name} of the kubeconfig cannot be started: {why}", hint) from error
    if ran.is_cut:
        raise _refused(Reason.GARBLED, f"the plugin {name} printed more than {PLUGIN_LIMIT // 1024} KiB")
    if ran.exit_status is None:
        raise _refused(Reason.TIMEOUT, f"the plugin {name} gave no answer within {PLUGIN_S:.0f} s")
    if ran.exit_status:
        message = f"the plugin {name} of the kubeconfig ended with status {ran.exit_status}"
        raise _refused(Reason.DENIED, f"{message}: {one_line(ran.complaint)}" if ran.complaint else message)
    return _decoded(ran.stdout, plugin, name)


def _decoded(output: bytes, plugin: Plugin, name: str) -> _Credential:
    try:
        answer = decode_json(output, _Answer)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise _refused(Reason.GARBLED, f"the plugin {name} printed no ExecCredential") from error
    if answer.kind != "ExecCredential" or answer.api_version != plugin.api_version:
        raise _refused(Reason.GARBLED, f"the plugin {name} answered in another version than {plugin.api_version}")
    issued = answer.status
    if not issued.token and not (issued.client_certificate_data and issued.client_key_data):
        raise _refused(Reason.DENIED, f"the plugin {name} gave neither a token nor a certificate with its key")
    return issued


def _info(plugin: Plugin, access: Access) -> dict[str, Any]:
    spec: dict[str, Any] = {"interactive": False}
    if plugin.provide_cluster_info:
        cluster = access.cluster
        known = {
            "server": cluster.server,
            "tls-server-name": cluster.tls_server_name,
            "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
            "certificate-authority-data": base64.b64encode(cluster.authority).decode(),
            "proxy-url": cluster.proxy_url,
        }
        spec["cluster"] = {key: value for key, value in known.items() if value}
        for extension in cluster.extensions or ():
            if extension.get("name") == "client.authentication.k8s.io/exec":
                spec["cluster"]["config"] = extension.get("extension")
    return {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}


def _id_token(provider: str, config: dict[str, str]) -> str:
    """The OIDC token that kubectl keeps in the kubeconfig. It is not renewed here: that would change the file."""
    if provider != "oidc":
        raise _refused(Reason.NOT_ASKED, f"the auth-provider {provider[:40]!r} of the kubeconfig is not supported")
    token = config.get("id-token", "").strip()
    try:
        payload = token.split(".")[1]
        expires = float(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"])
    except (IndexError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _refused(Reason.GARBLED, "the kubeconfig holds no OIDC token") from error
    if expires < time.time():
        raise _refused(
            Reason.DENIED, "the OIDC token in the kubeconfig has expired", "run any kubectl command: it renews it"
        )
    return token


def _refused(reason: Reason, message: str, remedy: str = "") -> Unreadable:
    remedy = remedy or "run `kubectl version` with this context, or the command of users[].user.exec by hand"
    return Unreadable(Unavailable(WHAT, reason, message, remedy=remedy))
