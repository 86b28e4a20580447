"""The driver's EKS add-on, as EKS describes it."""

from __future__ import annotations

from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unreadable
from diag.registry import fact
from diag.resources.eks import DRIVER_ADDON, Addon, ClusterIdentity, EksCluster
from diag.sources.aws.session import Aws, shaped


@fact(layer=Layer.DRIVER, label="add-on", permissions=("eks:DescribeAddon",))
def addons(aws: Aws, eks_cluster: EksCluster, cluster_identity: ClusterIdentity) -> tuple[Addon, ...]:
    """The driver's add-on; empty when the driver was not installed as one.

    The cluster is known to exist, so that "not found" speaks of the add-on.
    """
    try:
        answer = aws.one(
            "eks", "DescribeAddon", region=cluster_identity.region, clusterName=eks_cluster.name, addonName=DRIVER_ADDON
        )
    except Unreadable as error:
        if error.unavailable.reason is Reason.ABSENT:
            return ()
        raise
    return (shaped(answer.get("addon"), Addon, f"add-on {DRIVER_ADDON}"),)
