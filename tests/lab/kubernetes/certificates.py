"""The lab's own certificate authority, made anew at every start and worth nothing outside it."""

import datetime
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, both PEM."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True)
class Certificates:
    """The authority, the API server's identity and a client's."""

    authority: bytes
    server: Identity
    client: Identity


def make_certificates(
    user: str, group: str, address: str, *, host: str = "localhost", like_eks: bool = False
) -> Certificates:
    """An authority that vouches for the server at `address`, or called `host`, and for a client `user` in `group`.

    `like_eks` leaves out key identifiers, as the authority of an EKS cluster does: the official client refuses such
    certificates where Python is 3.13 or newer.
    """
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("kubernetes")
    authority = (
        _builder(authority_name, authority_name, authority_key, like_eks)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )

    def issue(subject: x509.Name, usage: x509.ObjectIdentifier) -> Identity:
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address(address))]
        made = (
            _builder(subject, authority_name, key, like_eks)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(sign_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
        )
        if not like_eks:
            identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
            made = made.add_extension(identifier, critical=False)
        certificate = made.sign(authority_key, hashes.SHA256())
        return Identity(certificate.public_bytes(serialization.Encoding.PEM), _pem(key))

    return Certificates(
        authority.public_bytes(serialization.Encoding.PEM),
        issue(_name("kube-apiserver"), ExtendedKeyUsageOID.SERVER_AUTH),
        issue(_name(user, group), ExtendedKeyUsageOID.CLIENT_AUTH),
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, like_eks: bool
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return builder if like_eks else builder.add_extension(identifier, critical=False)


def _key_usage(sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str, organization: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
