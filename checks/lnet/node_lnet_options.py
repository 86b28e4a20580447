"""The options of LNet on a node: those it was loaded with, or gets with its next start."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator

import msgspec

from checks.lnet.node_lnet import SERVER_NETWORK, nids_of
from diag import Draft, Layer, check, fail, ok, warn
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.analysis.nodes.lnet_options import LnetOptions, lnet_options, options_on_disk
from diag.grammar.lnet_options import Fault, Networks, fault_in_routes, networks_of, read_ip2nets, read_networks
from diag.knowledge.lustre_ports import LUSTRE_PORT
from diag.resources.node_report import NodeReport

MALFORMED, NO_CARD, OTHER_PORT, OTHER_NETWORK = (
    "lnet-not-configured", "lnet-interface-missing", "lnet-port-changed", "lnet-wrong-network"
)  # fmt: skip


class Effect(enum.Enum):
    """What a wrong option does."""

    NO_START = "no start"
    """LNet does not start with it, or not on the servers' network."""
    NO_WAY = "no way"
    """LNet starts and does not reach the servers."""
    LATER = "later"
    """Nothing now."""


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with an option."""

    cause: str
    message: str
    effect: Effect = Effect.NO_START


@check("node-lnet-options", layer=Layer.LNET, speaks_for=(MALFORMED, NO_CARD, OTHER_PORT, OTHER_NETWORK))
def node_lnet_options_are_right(fleet: Fleet) -> Iterator[Draft]:
    """The options of LNet on the node are well-formed, and with them it reaches FSx.

    LNet reads its options once, when it starts: with a malformed one, or with an interface that is not up by then, no
    mount works, and mount.lustre only asks whether the modules are loaded. `accept_port` is also the port that the
    client connects to, and FSx listens on 988 alone. LNet that is up in spite of a wrong option was configured by
    lnetctl; the option then counts at the next start.

    pass: no option is set, or all are right
    warn: LNet is up in spite of a wrong option; words are ignored; servers cannot connect back (`accept=none`); the
        import of lnet.conf failed
    fail: an option is malformed, names an interface that is not there or not up, gives no tcp network, or another port;
        or LNet has no network because the import of lnet.conf failed
    unknown: the node did not say
    skip: asked without a shell; or no node was inspected
    source: Lustre 2.10 to 2.17 lnet/lnet/config.c, acceptor.c, api-ni.c, klnds/socklnd, lnet.service; seen with
        2.15.8: a malformed `networks=`
    """
    yield from judge_nodes(fleet, lambda report: _options(report, fleet.addresses.get(report.node, ())))


def _options(report: NodeReport, addresses: tuple[str, ...]) -> Draft:
    options = lnet_options(report)
    if options is None:
        return not_reported(report, "module_settings" if report.lnet_parameters is None else "lnet_parameters")
    is_up = any(nid.endswith(f"@{SERVER_NETWORK}") for nid in nids_of(report) or ())
    evidence = _evidence(report, options)
    problems = list(_problems(report, options, addresses))
    later = options_on_disk(report) if options.is_in_effect else None
    if not problems and later is not None and _differs(later, options):
        problems = [
            Problem(found.cause, f"{found.message}; that counts at LNet's next start", Effect.LATER)
            for found in _problems(report, later, addresses)
        ]
        evidence = (*evidence, *_evidence(report, later)) if problems else evidence
    for found in problems:
        if found.effect is Effect.NO_WAY or (found.effect is Effect.NO_START and not is_up):
            return fail(report, found.message, *evidence, cause=found.cause)
    if problems:
        first = problems[0]
        is_next = first.effect is Effect.NO_START
        note = "; LNet is up all the same, and will not be after its next start" if is_next else ""
        return warn(report, first.message + note, *evidence, cause=first.cause)
    discovery = {True: ", peer discovery is on", False: ", peer discovery is off", None: ""}[options.discovers_peers]
    return ok(report, f"its options of LNet are right{discovery}", *evidence)


def _problems(report: NodeReport, options: LnetOptions, addresses: tuple[str, ...]) -> Iterator[Problem]:
    """What is wrong, what stops LNet first."""
    networks, ip2nets, routes = (options.lnet.get(name, "") for name in ("networks", "ip2nets", "routes"))
    if networks and ip2nets:
        yield Problem(MALFORMED, "LNet has both networks= and ip2nets=, and takes only one of them")
        return
    name, value = ("ip2nets", ip2nets) if ip2nets else ("networks", networks)
    found: Networks | Fault = read_networks(networks)
    if ip2nets:
        rules = read_ip2nets(ip2nets)
        if isinstance(rules, Fault):
            found = rules
        elif addresses:
            found = networks_of(rules, addresses)
            if not isinstance(found, Fault) and not found.networks:
                message = f'no rule of ip2nets="{ip2nets}" matches an address of the node ({", ".join(addresses)})'
                yield Problem(NO_CARD, message)
                return
    if isinstance(found, Fault):
        yield _malformed(name, value, found)
        return
    if (wrong := fault_in_routes(routes)) is not None:
        yield _malformed("routes", routes, wrong)
    yield from _values(options)
    for network in found.networks:
        for card in network.interfaces if network.name == SERVER_NETWORK else ():
            if (problem := _card(report, card)) is not None:
                yield problem
    if found.networks and all(network.name != SERVER_NETWORK for network in found.networks):
        given = ", ".join(network.name for network in found.networks)
        yield Problem(
            OTHER_NETWORK, f'{name}="{value}" puts LNet on {given} alone, the servers are on {SERVER_NETWORK}'
        )
    if found.ignored:
        message = f'LNet ignores {found.ignored!r} in {name}="{value}": networks are parted by commas'
        yield Problem("", message, Effect.LATER)
    if (failed := _import_failed(report)) is not None:
        yield failed


def _values(options: LnetOptions) -> Iterator[Problem]:
    """Options with one plain value."""
    port, accept = options.accept_port, options.accept
    if port != str(LUSTRE_PORT):
        message = f"accept_port={port}: LNet listens on that port and connects to it, and FSx listens on {LUSTRE_PORT}"
        yield Problem(OTHER_PORT, message, Effect.NO_WAY)
    if accept not in ("secure", "all", "none"):
        yield Problem(MALFORMED, f'accept="{accept}" is none of secure, all and none, and LNet does not start with it')
    for name in ("credits", "peer_credits"):
        if options.ksocklnd.get(name) == "0":
            yield Problem(MALFORMED, f"{name}=0 of ksocklnd: LNet starts no network without credits")
    if accept == "none":
        yield Problem("", "accept=none: LNet lets no server connect back to the node", Effect.LATER)


def _card(report: NodeReport, card: str) -> Problem | None:
    """Why an interface that an option names is of no use."""
    # LNet compares labels of addresses: `ens5:1` is an address of ens5.
    states = {interface.name: interface.is_up for interface in report.interfaces or ()}
    is_up = states.get(card, states.get(card.partition(":")[0]))
    if report.interfaces is None or card.count(".") == 3:
        return None
    if is_up is None:
        known = ", ".join(name for name in states if name != "lo")
        return Problem(NO_CARD, f"LNet is to use interface {card}, and the node has none of that name (it has {known})")
    if not is_up:
        return Problem(NO_CARD, f"LNet is to use interface {card}, which is down")
    if not nids_of(report) and any(_MISSED.search(line) and card in line for line in report.kernel_messages or ()):
        return Problem(
            NO_CARD, f"interface {card} is up now and was not when LNet started: LNet has to be loaded again"
        )
    return None


_MISSED = re.compile(
    r"failed to find (?:UP )?interface|Can't get interface \S+ info|Interface \S+ is down|Ignoring interface"
)
"""Source: Lustre 2.10 to 2.17 socklnd.c, lnet/lnet/config.c."""


def _import_failed(report: NodeReport) -> Problem | None:
    """What lnet.service says of an import of lnet.conf that failed since the node was started."""
    lines = report.lnet_service or ()
    words = [match[1] for line in lines if (match := re.fullmatch(r'\s*descr: "?(.{1,200}?)"?', line))]
    has_failed = any(_FAILED.search(line) for line in lines)
    if not has_failed or not (report.lnet_conf or words):
        return None
    why = f": {words[-1]}" if words else ""
    effect = Effect.LATER if nids_of(report) else Effect.NO_START
    return Problem(MALFORMED, f"lnetctl could not import /etc/lnet.conf{why}", effect)


_FAILED = re.compile(r"^\s*errno: -[1-9]|Failed to start|Failed with result|status=[1-9]")
"""Source: Lustre 2.15 lnet/utils/lnetctl.c (import) and lnet/utils/lnetconfig/cyaml.c; systemd's messages of a unit."""


def _malformed(name: str, value: str, fault: Fault) -> Problem:
    place = f"at {fault.text!r}, character {fault.offset + 1}" if fault.text else "at its end"
    return Problem(MALFORMED, f'LNet cannot read {name}="{value}": {place}, {fault.why}')


def _differs(one: LnetOptions, other: LnetOptions) -> bool:
    return any(other.lnet.get(name) != value for name, value in one.lnet.items()) or any(
        other.ksocklnd.get(name) != value for name, value in one.ksocklnd.items()
    )


def _evidence(report: NodeReport, options: LnetOptions) -> tuple[str, ...]:
    names = ("networks", "ip2nets", "routes", "accept", "accept_port", "lnet_peer_discovery_disabled")
    given = [f'{name}="{options.lnet[name]}"' for name in names if options.lnet.get(name)]
    given += [f"ksocklnd {name}={value}" for name, value in options.ksocklnd.items() if "credits" in name]
    return (f"{report.node}: {options.source}: {', '.join(given)}",) if given else ()
