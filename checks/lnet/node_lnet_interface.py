"""LNet's tcp NID is the node's own address in the VPC."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lnet.node_lnet import SERVER_NETWORK, is_not_loaded, nids_of
from diag import Draft, Layer, check, fail, ok, skip, warn
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.resources.node_report import NodeReport


@check("node-lnet-interface", layer=Layer.LNET, speaks_for="lnet-wrong-interface")
def node_lnet_has_own_address(fleet: Fleet) -> Iterator[Draft]:
    """LNet's tcp NID is the node's own address in the VPC.

    LNet takes the first interface that is up. When that is a bridge (docker0) or a card of another subnet, packets
    leave with an address that the VPC drops or the file system's rules do not know.

    pass: a tcp NID is the node's InternalIP; more NIDs, of further cards or of EFA, do no harm
    warn: it is the address of another interface of the instance
    fail: it is no address of the instance
    unknown: the node did not say
    skip: LNet has no tcp NID, the node's addresses are not known, or no node was inspected
    source: EC2 user guide, source/destination check; Lustre 2.15 lnet/klnds/socklnd/socklnd.c
    """
    yield from judge_nodes(fleet, lambda report: _address(report, fleet.addresses.get(report.node, ())))


def _address(report: NodeReport, known: tuple[str, ...]) -> Draft:
    nids = nids_of(report)
    if nids is None and not is_not_loaded(report) and not report.is_absent("nids"):
        return not_reported(report, "nids")
    own = [nid.partition("@")[0] for nid in nids or () if nid.endswith(f"@{SERVER_NETWORK}")]
    if not own or not known:
        return skip(report, "LNet has no tcp NID yet" if not own else "its addresses are not known to compare with")
    evidence = (f"{report.node}: NIDs {', '.join(nids or ())}", f"{report.node}: addresses {', '.join(known)}")
    if known[0] in own:
        return ok(report, "its tcp NID is its InternalIP", *evidence)
    if any(address in known for address in own):
        message = "its tcp NID is the address of another interface than the one with its InternalIP"
        return warn(report, message, *evidence, cause="lnet-wrong-interface")
    return fail(report, f"its tcp NID {own[0]}@tcp is no address of the instance", *evidence)
