"""The TLS context of an API server, made once: to load the CA again costs each connection more than its handshake."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterator
from typing import Any

PEM_LIMIT = 48 * 1024
"""Bytes of a certificate chain or key: a pipe holds 64 KiB."""


class Context(ssl.SSLContext):
    """Resumes the newest session of its server: a full handshake costs milliseconds of both sides' time."""

    _session: ssl.SSLSession | None = None

    def wrap_socket(self, *args: Any, **keywords: Any) -> ssl.SSLSocket:
        """As the base class, with the session; one with which the handshake failed is not used again."""
        try:
            return super().wrap_socket(*args, **{"session": self._session, **keywords})
        except ssl.SSLError:
            self._session = None
            raise

    def remember(self, connection: ssl.SSLSocket) -> None:
        """Keep a connection's session for those to come: with TLS 1.3 it comes after the handshake."""
        self._session = connection.session or self._session


def context_of(authority: bytes, pair: tuple[bytes, bytes], *, verify: bool = True) -> Context:
    """A client's context with a CA and a client certificate in PEM; empty ones are the system's CAs and none.

    Without the strictness that Python 3.13 made the default: the CA that EKS makes for a cluster has no Authority Key
    Identifier, which RFC 5280 lets a self-signed CA leave out, and kubectl takes it. Chain, dates and host name are
    verified all the same. Source: kubernetes-client/python issue 2394, seen on EKS.

    Raises OSError (ssl.SSLError included) or ValueError for what is not a certificate or key.
    """
    context = Context(ssl.PROTOCOL_TLS_CLIENT)
    # A certificate of the kubeconfig is an anchor even when another one signed it, as for Go.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif authority:
        context.load_verify_locations(cadata=authority.decode("ascii"))
    else:
        context.load_default_certs()
    certificate, key = pair
    if certificate:
        # Python reads a client's certificate and key from paths alone. These lead to pipes: no key is ever on a disk.
        with _path_to(certificate) as chain, _path_to(key or certificate) as private:
            # Without a password OpenSSL would ask for one on the terminal.
            context.load_cert_chain(chain, private, password="")
    return context


@contextlib.contextmanager
def _path_to(data: bytes) -> Iterator[str]:
    if len(data) > PEM_LIMIT:
        raise ValueError("it is longer than a certificate or a key can be")
    reader, writer = os.pipe()
    try:
        with os.fdopen(writer, "wb") as file:
            file.write(data)
        yield f"/dev/fd/{reader}"
    finally:
        os.close(reader)
