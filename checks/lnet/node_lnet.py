"""Where LNet is loaded it has a network that FSx servers are on."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, skip
from diag.analysis.nodes.differential import Fleet, not_told, tell
from diag.resources.node_report import LnetInterface, NodeTruth

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
    skip: LNet is not loaded, so the first mount will configure it; or no node was looked into
    source: Lustre 2.15 lnet/lnet/api-ni.c; recorded outputs of a client on tcp9
    """
    yield from tell(fleet, _up)


def _up(truth: NodeTruth) -> Draft:
    if is_not_loaded(truth):
        return skip(truth, "LNet is not loaded: the first mount brings it up")
    nids = nids_of(truth)
    if nids is None:
        if truth.is_absent("nids") or truth.is_absent("lnet_interfaces"):
            return fail(truth, "LNet is loaded and has no network", cause="lnet-not-configured")
        return not_told(truth, "nids")
    if not nids:
        return fail(truth, "LNet has no NID besides 0@lo", cause="lnet-not-configured")
    if not any(nid.endswith(f"@{SERVER_NETWORK}") for nid in nids):
        message = f"LNet is on {', '.join(sorted({nid.rpartition('@')[2] for nid in nids}))} alone, the servers on tcp"
        return fail(truth, message, f"{truth.node}: NIDs {', '.join(nids)}", cause="lnet-wrong-network")
    down = [ni.nid for ni in truth.lnet_interfaces or () if ni.status == "down"]
    evidence = (f"{truth.node}: NIDs {', '.join(nids)}", *(f"{nid} is down" for nid in down))
    return ok(truth, "LNet has a NID on tcp", *evidence)


def nids_of(truth: NodeTruth) -> tuple[str, ...] | None:
    """NIDs besides the loopback one, from either tool; None when neither told."""
    shown: tuple[LnetInterface, ...] | None = truth.lnet_interfaces
    nids = truth.nids if truth.nids is not None else None if shown is None else tuple(ni.nid for ni in shown)
    return None if nids is None else tuple(nid for nid in nids if not nid.endswith("@lo"))


def is_not_loaded(truth: NodeTruth) -> bool:
    """Whether LNet is not in the node's kernel, as far as the node knows."""
    if truth.is_loaded("lnet") is not None:
        return not truth.is_loaded("lnet")
    missing = truth.missing.get("nids") or truth.missing.get("lnet_interfaces")
    return missing is not None and "not loaded" in missing.detail
