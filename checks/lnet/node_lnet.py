"""Where LNet is loaded it has a network that FSx servers are on."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, skip
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.resources.node_report import LnetInterface, NodeReport

SERVER_NETWORK = "tcp"
"""FSx servers are on this network, EFA ones too. Source: FSx user guide, mount commands `…@tcp:/…`."""


@check("node-lnet", layer=Layer.LNET, speaks_for=("lnet-not-configured", "lnet-wrong-network"))
def node_lnet_is_up(fleet: Fleet) -> Iterator[Draft]:
    """Where LNet is loaded it has a network that FSx servers are on.

    LNet comes up with the first mount, on `tcp` and the first interface, unless options of the module say otherwise.
    Loaded without a network, or on `tcp9` alone, it cannot reach `…@tcp`, and the mount ends in "No such file or
    directory" or "Invalid argument".

    pass: it has a NID on tcp
    fail: it is loaded and has no NID, or none on tcp
    unknown: the node did not say
    skip: LNet is not loaded, so the first mount will configure it; or no node was inspected
    source: Lustre 2.15 lnet/lnet/api-ni.c; recorded outputs of a client on tcp9
    """
    yield from judge_nodes(fleet, _up)


def _up(report: NodeReport) -> Draft:
    if is_not_loaded(report):
        return skip(report, "LNet is not loaded: the first mount brings it up")
    nids = nids_of(report)
    if nids is None:
        if report.is_absent("nids") or report.is_absent("lnet_interfaces"):
            return fail(report, "LNet is loaded and has no network", cause="lnet-not-configured")
        return not_reported(report, "nids")
    if not nids:
        return fail(report, "LNet has no NID besides 0@lo", cause="lnet-not-configured")
    if not any(nid.endswith(f"@{SERVER_NETWORK}") for nid in nids):
        message = f"LNet is on {', '.join(sorted({nid.rpartition('@')[2] for nid in nids}))} alone, the servers on tcp"
        return fail(report, message, f"{report.node}: NIDs {', '.join(nids)}", cause="lnet-wrong-network")
    down = [ni.nid for ni in report.lnet_interfaces or () if ni.status == "down"]
    evidence = (f"{report.node}: NIDs {', '.join(nids)}", *(f"{nid} is down" for nid in down))
    return ok(report, "LNet has a NID on tcp", *evidence)


def nids_of(report: NodeReport) -> tuple[str, ...] | None:
    """NIDs besides the loopback one, from either tool; None when neither says."""
    shown: tuple[LnetInterface, ...] | None = report.lnet_interfaces
    nids = report.nids if report.nids is not None else None if shown is None else tuple(ni.nid for ni in shown)
    return None if nids is None else tuple(nid for nid in nids if not nid.endswith("@lo"))


def is_not_loaded(report: NodeReport) -> bool:
    """Whether LNet is not in the node's kernel, as far as the node knows."""
    if report.is_loaded("lnet") is not None:
        return not report.is_loaded("lnet")
    missing = report.missing.get("nids") or report.missing.get("lnet_interfaces")
    return missing is not None and "not loaded" in missing.detail
