"""What a run is asked to look at, and what the kubeconfig says of where."""

from __future__ import annotations

import msgspec

from diag.knowledge.lustre_ports import LUSTRE_PORT
from diag.resources.kubernetes.meta import LabelSelector


class Target(msgspec.Struct, frozen=True):
    """Which volumes a run is about; all empty is the whole cluster."""

    namespaces: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    """`name` or `namespace/name`."""
    volumes: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    """`name` or `namespace/name`."""
    file_systems: tuple[str, ...] = ()
    selector: LabelSelector | None = None
    """Labels that a volume, its claim and a pod that uses it have between them."""

    @property
    def is_everything(self) -> bool:
        """No target was named."""
        return self == Target()


class Settings(msgspec.Struct, frozen=True):
    """What the person overrides."""

    cluster: str = ""
    region: str = ""
    dns_servers: tuple[str, ...] = ()
    """`address` or `address:port`; empty for this machine's own resolver."""
    lustre_port: int = LUSTRE_PORT
    assume_kernel: str = ""
    """A kernel, as `uname -r` prints it, that the nodes are about to get: what would break?"""
    assume_server_version: str = ""
    """A Lustre version that the file systems are about to get."""


class KubeContext(msgspec.Struct, frozen=True):
    """The kubeconfig context in use, with what it says about an EKS cluster; empty where it says nothing."""

    name: str = ""
    server: str = ""
    cluster: str = ""
    region: str = ""
    account: str = ""
    profile: str = ""
    issuer: str = ""
    """OIDC issuer of the pod's own token, in a pod."""
    skips_tls_verification: bool = False
    """Whoever answers is taken for the cluster: `insecure-skip-tls-verify`."""
