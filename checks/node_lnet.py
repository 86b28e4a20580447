"""LNet on the node: is it up, on the server's network, under an address of the node, on its own port."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, skip, warn
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
    if _is_not_loaded(truth):
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


@check("node-lnet-interface", layer=Layer.LNET, speaks_for="lnet-wrong-interface")
def node_lnet_has_own_address(fleet: Fleet) -> Iterator[Draft]:
    """LNet's tcp NID is the node's own address in the VPC.

    LNet takes the first interface that is up. When that is a bridge (docker0) or a card of another subnet, packets
    leave with an address that the VPC drops or the file system's rules do not know.

    pass: a tcp NID is the node's InternalIP; more NIDs, of further cards or of EFA, do no harm
    warn: it is the address of another interface of the instance
    fail: it is no address of the instance
    unknown: the node did not say
    skip: LNet has no tcp NID, the node's addresses are not known, or no node was looked into
    source: EC2 user guide, source/destination check; Lustre 2.15 lnet/klnds/socklnd/socklnd.c
    """
    yield from tell(fleet, lambda truth: _address(truth, fleet.addresses.get(truth.node, ())))


def _address(truth: NodeTruth, known: tuple[str, ...]) -> Draft:
    nids = nids_of(truth)
    if nids is None and not _is_not_loaded(truth) and not truth.is_absent("nids"):
        return not_told(truth, "nids")
    own = [nid.partition("@")[0] for nid in nids or () if nid.endswith(f"@{SERVER_NETWORK}")]
    if not own or not known:
        return skip(truth, "LNet has no tcp NID yet" if not own else "its addresses are not known to compare with")
    evidence = (f"{truth.node}: NIDs {', '.join(nids or ())}", f"{truth.node}: addresses {', '.join(known)}")
    if known[0] in own:
        return ok(truth, "its tcp NID is its InternalIP", *evidence)
    if any(address in known for address in own):
        message = "its tcp NID is the address of another interface than the one with its InternalIP"
        return warn(truth, message, *evidence, cause="lnet-wrong-interface")
    return fail(truth, f"its tcp NID {own[0]}@tcp is no address of the instance", *evidence)


@check("node-port-988", layer=Layer.LNET, speaks_for="port-988-in-use")
def node_port_is_free(fleet: Fleet) -> Iterator[Draft]:
    """TCP port 988 of the node is LNet's or nobody's.

    LNet must listen on it and does not start otherwise. NFS clients take any reserved port, 988 among them.

    pass: LNet is up, so it has its port; or nobody holds it
    fail: LNet is not up and another program holds the port
    unknown: the node did not say
    skip: asked through the driver's container, which has a network of its own; or no node was looked into
    source: FSx user guide, mount-troubleshooting (port 988); Lustre 2.15 lnet/lnet/acceptor.c
    """
    yield from tell(fleet, _port)


def _port(truth: NodeTruth) -> Draft:
    if nids_of(truth):
        return ok(truth, "LNet is up, so port 988 is its own")
    if truth.sockets is None:
        return not_told(truth, "sockets")
    holders = [s for s in truth.sockets if s.local_port == 988 and s.state != "TIME_WAIT"]
    if holders:
        held = tuple(
            f"{truth.node}: {s.local_address}:988 → {s.remote_address}:{s.remote_port} {s.state}" for s in holders
        )
        return fail(truth, "another program holds TCP port 988, and LNet is not up", *held[:3])
    return ok(truth, "nobody holds TCP port 988")


def nids_of(truth: NodeTruth) -> tuple[str, ...] | None:
    """NIDs besides the loopback one, from either tool; None when neither told."""
    shown: tuple[LnetInterface, ...] | None = truth.lnet_interfaces
    nids = truth.nids if truth.nids is not None else None if shown is None else tuple(ni.nid for ni in shown)
    return None if nids is None else tuple(nid for nid in nids if not nid.endswith("@lo"))


def _is_not_loaded(truth: NodeTruth) -> bool:
    if truth.is_loaded("lnet") is not None:
        return not truth.is_loaded("lnet")
    missing = truth.missing.get("nids") or truth.missing.get("lnet_interfaces")
    return missing is not None and "not loaded" in missing.detail
