"""Reads two settings of the VPC CNI, and nothing else of its environment."""

from __future__ import annotations

import msgspec

from diag.model.unavailable import Reason, Unavailable
from diag.registry import fact
from diag.resources.eks import SourceNat
from diag.sources.kubernetes.client import Kube

EXTERNAL = "AWS_VPC_K8S_CNI_EXTERNALSNAT"
RANDOMIZE = "AWS_VPC_K8S_CNI_RANDOMIZESNAT"
EXCLUDE = "AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS"
"""Source: amazon-vpc-cni-k8s README, CNI configuration variables; pkg/networkutils/network.go for the defaults."""


class _Variable(msgspec.Struct):
    name: str = ""
    value: msgspec.Raw = msgspec.Raw(b'""')
    """Left undecoded: an environment may hold secrets, and only the two settings above are ever looked at."""


class _Container(msgspec.Struct):
    name: str = ""
    env: list[_Variable] | None = None


class _PodSpec(msgspec.Struct):
    containers: list[_Container] = []


class _Template(msgspec.Struct):
    spec: _PodSpec = msgspec.field(default_factory=_PodSpec)


class _Spec(msgspec.Struct):
    template: _Template = msgspec.field(default_factory=_Template)


class _DaemonSet(msgspec.Struct):
    spec: _Spec = msgspec.field(default_factory=_Spec)


@fact(permissions=("list daemonsets",))
def source_nat(kube: Kube) -> SourceNat | Unavailable:
    """The source-NAT settings of the VPC CNI, its defaults where the DaemonSet sets none."""
    found = kube.list(
        "/apis/apps/v1/namespaces/kube-system/daemonsets", _DaemonSet, fieldSelector="metadata.name=aws-node"
    )
    if isinstance(found, Unavailable):
        return found
    for daemon_set in found.items:
        for container in daemon_set.spec.template.spec.containers:
            if container.name == "aws-node":
                return _settings(container.env or [])
    return Unavailable("DaemonSet kube-system/aws-node", Reason.ABSENT, "the cluster does not run the VPC CNI itself")


def _settings(variables: list[_Variable]) -> SourceNat:
    raw = {variable.name: variable.value for variable in variables}

    def text(name: str, usual: str) -> str:
        try:
            return msgspec.json.decode(raw[name], type=str) if name in raw else usual
        except msgspec.DecodeError:
            return usual

    external = text(EXTERNAL, "false").strip().lower() in ("1", "t", "true")
    return SourceNat(external, text(RANDOMIZE, "prng").strip().lower() or "prng", EXCLUDE in raw)
