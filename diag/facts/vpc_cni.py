"""How the VPC CNI rewrites what leaves the VPC."""

from __future__ import annotations

import msgspec


class SourceNat(msgspec.Struct, frozen=True):
    """The source-NAT settings of the `aws-node` DaemonSet."""

    external: bool = False
    """AWS_VPC_K8S_CNI_EXTERNALSNAT: the CNI translates nothing."""
    randomize: str = "prng"
    """AWS_VPC_K8S_CNI_RANDOMIZESNAT: `prng`, `hashrandom` or `none`."""
    excludes_ranges: bool = False
    """AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS is set; to what is not read."""
