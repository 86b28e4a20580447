"""What is public and stays readable: AWS names, registries, and the words of the runbooks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from diag.knowledge.cause import Cause
from diag.knowledge.registries import registries

_RANDOM = "[bcdfghjklmnpqrstvwxz2456789]"
"""Letters of the suffixes that Kubernetes makes up. Source: k8s.io/apimachinery/pkg/util/rand, rand.go."""

_PUBLIC_NAME = re.compile(
    r"(?:default|kube-(?:system|public|node-lease|proxy|dns)|coredns|aws-node|eks-pod-identity-agent|cilium|calico-node"
    r"|(?:aws-)?fsx-(?:csi|plugin|openzfs-csi)(?:-(?:driver|controller|node|sa|role|driver-controller-sa|controller-sa"
    r"|node-sa))*"
    r"|system-(?:node|cluster)-critical|(?:csi|node-driver)-(?:provisioner|resizer|attacher|snapshotter|node-driver-registrar|registrar)|liveness-probe"
    r"|fsx\.csi\.aws\.com|csi-driver|app|pod|node|controller"
    r"|aws-service-role|service-role|AWSServiceRoleFor\w+)"
    rf"(?:-{_RANDOM}{{8,10}})?(?:-{_RANDOM}{{5}})?"
)

PUBLIC_DOMAINS = (
    "amazonaws.com", "amazonaws.com.cn", "aws.com", "amazon.com", "on.aws", "api.aws", "awsstatic.com", "k8s.aws",
    "kubernetes.io", "k8s.io", "x-k8s.io", "helm.sh", "karpenter.sh", "eksctl.io", "nvidia.com", "docker.io",
    "docker.com", "quay.io", "ghcr.io", "gcr.io", "pkg.dev", "mcr.microsoft.com", "github.com", "github.io",
    "compute.internal", "ec2.internal", "cluster.local", "lustre.org", "whamcloud.com", "projectcalico.org",
    "cilium.io", "coreos.com", "openshift.io", "golang.org",
)  # fmt: skip
"""Below these a host belongs to no one in particular, or its own labels say whose it is."""

PUBLIC_KEYS = ("kubernetes.io", "k8s.io", "eks.amazonaws.com", "k8s.aws", "helm.sh", "karpenter.sh", "eksctl.io",
               "nvidia.com", "fsx.csi.aws.com", "amazonaws.com")  # fmt: skip
"""Domains of label and annotation keys that well-known programs read."""

NAMING_KEYS = frozenset(
    {
        "eks.amazonaws.com/nodegroup", "karpenter.sh/nodepool", "alpha.eksctl.io/nodegroup-name",
        "alpha.eksctl.io/cluster-name", "eks.amazonaws.com/sourceLaunchTemplateId", "app.kubernetes.io/instance",
        "statefulset.kubernetes.io/pod-name", "batch.kubernetes.io/job-name", "meta.helm.sh/release-name",
        "meta.helm.sh/release-namespace", "app.kubernetes.io/part-of", "app.kubernetes.io/name",
        "app.kubernetes.io/component", "kubernetes.io/service-account.name", "kubernetes.io/metadata.name",
    }
)  # fmt: skip
"""Well-known keys whose values a person chose."""

_TOP_LEVEL = (
    "com net org edu gov mil io dev app cloud co ai tech info biz internal local localdomain lan corp home intra "
    "private intranet test example invalid de uk jp kr cn tw hk fr nl se fi ch pl cz br ca au eu ru nz za il"
)


TOP_LEVEL = frozenset(_TOP_LEVEL.split())
"""Last labels by which a dotted word is taken for a host."""

LITERALS = (
    "arn aws aws-cn aws-us-gov iam sts eks fsx ec2 s3 kms role cluster file-system oidc-provider user policy "
    "assumed-role instance-profile system serviceaccount amazonaws.com kubernetes.io eks.amazonaws.com/role-arn "
    "topology.kubernetes.io/zone AmazonProvidedDNS lustre lnet tcp udp efa mount mount.lustre kubelet driver node pod "
    "volume claim pv pvc event default true false none null allow deny local active available http https var lib run "
    "dev proc sys etc opt mnt data tmp home root csi plugins pods volumes registry"
)
"""Words that judgement and paths depend on, beside the runbooks' patterns and the tables."""


def is_public_name(name: str) -> bool:
    """Whether a name is the same in every cluster or account."""
    return bool(_PUBLIC_NAME.fullmatch(name)) or name.startswith("system:")


def is_public_account(account: str) -> bool:
    """AWS's own image registries, which every region's users pull from."""
    return any(registry.account == account for registry in registries().registries)


def is_public_key(key: str) -> bool:
    """Whether a label or annotation key belongs to a well-known program."""
    domain, slash, _ = key.partition("/")
    return bool(slash) and any(domain == own or domain.endswith(f".{own}") for own in PUBLIC_KEYS)


def domain_terms(causes: Iterable[Cause]) -> str:
    """The patterns of all runbooks, and the literals of checks."""
    return "\n".join((LITERALS, *(pattern for cause in causes for pattern in _patterns(cause))))


def _patterns(cause: Cause) -> Iterator[str]:
    for signature in cause.signatures:
        yield from (signature.pattern, *signature.all, *signature.unless)
    yield from (refutation.pattern for refutation in cause.rule_out)
