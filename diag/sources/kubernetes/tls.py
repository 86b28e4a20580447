"""The TLS context of an API server, made once: to load the CA again costs each connection more than its handshake."""

from __future__ import annotations

import ssl
from typing import Any


def tls_of(configuration: Any) -> ssl.SSLContext:
    """What the official client's Configuration says of CA, client certificate and verification.

    Without the strictness that Python 3.13 made the default: the CA that EKS makes for a cluster has no Authority Key
    Identifier, which RFC 5280 lets a self-signed CA leave out, and kubectl takes it. Chain, dates and host name are
    verified all the same. Source: kubernetes-client/python issue 2394, seen on EKS.

    Raises OSError (ssl.SSLError included) for a file that cannot be read or is none.
    """
    authority = getattr(configuration, "ca_cert_data", None)
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert or None, cadata=authority or None)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif configuration.assert_hostname is False:
        context.check_hostname = False
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file or None)
    return context
