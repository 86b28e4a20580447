"""The decision table: everything that can be seen on a rung, what it means, and what to do about it.

Rows after what 2.15.8 and 2.17.57 servers did, and the causes of failed mounts.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from diag.model.verdict import Verdict
from diag.resources.lnet_probe import Step


class Situation(enum.Enum):
    """Everything that can be seen on a rung."""

    NAME_LITERAL = enum.auto()
    NAME_FOUND = enum.auto()
    NAME_UNKNOWN = enum.auto()
    NAME_TEMPORARY = enum.auto()
    NAME_SILENT = enum.auto()
    TCP_OPEN = enum.auto()
    TCP_REFUSED = enum.auto()
    TCP_REJECTED = enum.auto()
    TCP_NO_ROUTE = enum.auto()
    TCP_TIMEOUT = enum.auto()
    TCP_TIMEOUT_BRIEFLY = enum.auto()
    TCP_FORBIDDEN = enum.auto()
    TCP_NO_SOURCE = enum.auto()
    TCP_OTHER = enum.auto()
    PORT_TAKEN = enum.auto()
    PORT_ANY_TAKEN = enum.auto()
    PORT_UNPRIVILEGED = enum.auto()
    PORT_REWRITTEN = enum.auto()
    PORT_NOT_JUDGED = enum.auto()
    LNET_ACCEPTOR = enum.auto()
    LNET_SPEAKS = enum.auto()
    LNET_OTHER_SERVICE = enum.auto()
    LNET_SILENT = enum.auto()
    LNET_SILENT_BRIEFLY = enum.auto()
    LNET_HALF = enum.auto()
    LNET_UNREADABLE = enum.auto()
    LNET_NID_REFUSED = enum.auto()
    LNET_NID_BUSY = enum.auto()
    LNET_NOT_ASKED = enum.auto()
    PING_OK = enum.auto()
    PING_DOWN = enum.auto()
    PING_FAILED = enum.auto()
    MGS_OK = enum.auto()
    MGS_VERSION_MISMATCH = enum.auto()
    MGS_SILENT_NAME = enum.auto()
    MGS_SILENT_ADDRESS = enum.auto()
    MGS_SILENT_BRIEFLY = enum.auto()
    MGS_ABSENT = enum.auto()
    MGS_NOT_READY = enum.auto()
    MGS_PROTOCOL = enum.auto()
    MGS_FORBIDDEN = enum.auto()
    MGS_REFUSES = enum.auto()
    MGS_HUNG_UP = enum.auto()
    MGS_HUNG_UP_BESIDE = enum.auto()
    MGS_UNPRIVILEGED = enum.auto()
    MGS_BESIDE_KERNEL = enum.auto()
    FS_KNOWN = enum.auto()
    FS_UNKNOWN = enum.auto()
    FS_IMPOSSIBLE = enum.auto()
    FS_TOO_LONG = enum.auto()
    FS_NOT_NAMED = enum.auto()
    FS_ERROR = enum.auto()
    FS_NO_ANSWER = enum.auto()
    MAP_REACHED = enum.auto()
    MAP_MDT_LOST = enum.auto()
    MAP_OST_LOST = enum.auto()
    MAP_UNDECIDED = enum.auto()
    MAP_UNREADABLE = enum.auto()
    MAP_NOT_NAMED = enum.auto()


class Row(msgspec.Struct, frozen=True):
    """What one situation means. Message and fix are templates over the climb's values."""

    step: Step
    verdict: Verdict
    message: str
    cause: str | None = None
    fix: str = ""
    beside: str = ""
    """Another cause that looks the same from outside."""


_PRIVILEGE = (
    "run it as root or with CAP_NET_BIND_SERVICE in the network namespace that mounts (the fsx-plugin pod or the node)"
)
_PROCFS = (
    "the kernel's own client answers instead: `lctl list_nids`, `lctl get_param mgc.*.import` "
    "(state, target_version), `lctl get_param {{mdc,osc}}.*.import`"
)
_RULES = (
    "allow TCP {port} from the node to every network interface of the file system: its security groups (and TCP "
    "1018-1023 both ways), network ACLs including the return ports 512-1023, routes, peering"
)

_S, _V = Step, Verdict

TABLE: Mapping[Situation, Row] = {
    Situation.NAME_LITERAL: Row(_S.NAME, _V.PASS, "{host} is an address already"),
    Situation.NAME_FOUND: Row(_S.NAME, _V.PASS, "{host} is {addresses}"),
    Situation.NAME_UNKNOWN: Row(
        _S.NAME,
        _V.FAIL,
        "{host} does not resolve here: {detail}",
        "dns-resolution-failure",
        "check the name against DNSName of `aws fsx describe-file-systems`, the VPC's enableDnsSupport and "
        "enableDnsHostnames, and the resolver where mount.lustre runs; from outside the VPC mount by IP address",
    ),
    Situation.NAME_TEMPORARY: Row(
        _S.NAME,
        _V.FAIL,
        "the resolver could not answer for {host}: {detail}",
        "dns-resolution-failure",
        "check the resolver in /etc/resolv.conf here (CoreDNS in a pod): it refused, failed or could not be reached",
    ),
    Situation.NAME_SILENT: Row(
        _S.NAME,
        _V.FAIL,
        "the resolver did not answer for {host}: {detail}",
        "dns-resolution-failure",
        "check that the resolver in /etc/resolv.conf can be reached from here on UDP and TCP 53",
    ),
    Situation.TCP_OPEN: Row(_S.TCP, _V.PASS, "{summary}"),
    Situation.TCP_REFUSED: Row(
        _S.TCP,
        _V.FAIL,
        "{address} is up and refuses TCP {port}: nothing listens there, so LNet is not running on it, or it is not the "
        "Lustre server",
        "mgs-down",
        "check that {address} is an address of the file system and that the file system is AVAILABLE; a firewall that "
        "rejects with a TCP reset looks the same",
        beside="mgs-unreachable-network",
    ),
    Situation.TCP_REJECTED: Row(
        _S.TCP,
        _V.FAIL,
        "a firewall rejects TCP {port} to {address}: {detail}; a host on which nothing listens would send a TCP reset",
        "mgs-unreachable-network",
        "find the firewall that sends this message (on {address} itself, on this host, or a router between them) and "
        "allow TCP {port} there; security groups and network ACLs drop in silence",
    ),
    Situation.TCP_NO_ROUTE: Row(
        _S.TCP,
        _V.FAIL,
        "no way to {address}:{port}: {detail}",
        "mgs-unreachable-network",
        "check the route table of this subnet, peering or transit gateway, and that {address} exists",
    ),
    Situation.TCP_TIMEOUT: Row(
        _S.TCP,
        _V.FAIL,
        "{address}:{port} did not answer within {elapsed}: packets are dropped on the way",
        "mgs-unreachable-network",
        _RULES,
    ),
    Situation.TCP_TIMEOUT_BRIEFLY: Row(
        _S.TCP,
        _V.UNKNOWN,
        "{address}:{port} did not answer within {elapsed}",
        fix="try again with a longer timeout (10 s): a lost packet is sent again after a second",
    ),
    Situation.TCP_FORBIDDEN: Row(
        _S.TCP,
        _V.FAIL,
        "this host itself forbids the connection to {address}:{port}: {detail}",
        "mgs-unreachable-network",
        "look at the firewall and network policy of this host (iptables/nft OUTPUT, eBPF)",
    ),
    Situation.TCP_NO_SOURCE: Row(
        _S.TCP, _V.UNKNOWN, "source address {source_ip} is not on this host", fix="see `ip -4 addr` for its addresses"
    ),
    Situation.TCP_OTHER: Row(_S.TCP, _V.FAIL, "no connection to {address}:{port}: {detail}"),
    Situation.PORT_TAKEN: Row(_S.SOURCE_PORT, _V.PASS, "the acceptor lets source port {source_port} in"),
    Situation.PORT_ANY_TAKEN: Row(
        _S.SOURCE_PORT,
        _V.PASS,
        "the server lets source port {source_port} in although it is above 1023: it runs with accept=all",
    ),
    Situation.PORT_UNPRIVILEGED: Row(
        _S.SOURCE_PORT,
        _V.UNKNOWN,
        "the server closed at once, which is what a Lustre server (accept=secure) does to any source port above 1023; "
        "this process could only use {source_port} ({why_unprivileged}), so it says nothing against the server",
        fix=_PRIVILEGE,
    ),
    Situation.PORT_REWRITTEN: Row(
        _S.SOURCE_PORT,
        _V.FAIL,
        "{address}:{port} hangs up on privileged port {source_port} without a word: so does a Lustre server when the "
        "port reaches it above 1023, rewritten by NAT on the way (or something else listens there)",
        "source-port-rewritten-snat",
        "find the hop that translates: kube-proxy or VPC CNI SNAT (AWS_VPC_K8S_CNI_EXTERNALSNAT=true keeps the port), "
        "a NAT gateway, a proxy or load balancer in front of {address}",
    ),
    Situation.PORT_NOT_JUDGED: Row(
        _S.SOURCE_PORT,
        _V.SKIP,
        "sent from port {source_port}; only a Lustre acceptor tells whether it arrives intact",
    ),
    Situation.LNET_ACCEPTOR: Row(_S.LNET, _V.PASS, "an LNet acceptor answers on {address}:{port}"),
    Situation.LNET_SPEAKS: Row(_S.LNET, _V.PASS, "LNet speaks there as {nid}"),
    Situation.LNET_OTHER_SERVICE: Row(
        _S.LNET,
        _V.FAIL,
        "{address}:{port} is not LNet: {detail}",
        "wrong-service-on-988",
        "check the address and port: something else answers there",
    ),
    Situation.LNET_SILENT: Row(
        _S.LNET,
        _V.FAIL,
        "{address}:{port} takes the TCP connection and says nothing for {elapsed}: LNet answers at once, or after 5 s "
        "when another peer holds its acceptor up",
        "wrong-service-on-988",
        "check that nothing between here and the server (load balancer, proxy, firewall) answers in its place",
    ),
    Situation.LNET_SILENT_BRIEFLY: Row(
        _S.LNET,
        _V.FAIL,
        "{address}:{port} takes the TCP connection and said nothing within {elapsed}",
        fix="try again with a timeout of 10 s or more: an acceptor that another peer holds up answers after 5 s",
    ),
    Situation.LNET_HALF: Row(
        _S.LNET,
        _V.FAIL,
        "{address}:{port} began an LNet HELLO and stopped: {detail}",
        fix="look at the path for a hop that cuts packets (MTU, firewall), and at the server's console",
    ),
    Situation.LNET_UNREADABLE: Row(
        _S.LNET,
        _V.FAIL,
        "{address}:{port} speaks LNet, but not so that a client could: {detail}",
        fix="look at what runs there: no known Lustre server answers like that",
    ),
    Situation.LNET_NID_REFUSED: Row(
        _S.LNET,
        _V.FAIL,
        "an LNet acceptor lives on {address}:{port} and lets our port in, but it is not {nid}: it has another network "
        "number (tcp1?) or another address of its own (NAT)",
        "lnet-wrong-network",
        "mount with the NID that the server has; probe it with --nid",
    ),
    Situation.LNET_NID_BUSY: Row(
        _S.LNET,
        _V.UNKNOWN,
        "the server has a live connection under our NID {client_nid} and turned this one away {tries} times",
        fix="a Lustre client or another probe speaks from this address: wait until it is done, or use --source-ip",
    ),
    Situation.LNET_NOT_ASKED: Row(
        _S.LNET, _V.SKIP, "asked only whether TCP connects; `lustre-doctor probe` asks the server itself"
    ),
    Situation.PING_OK: Row(_S.PING, _V.PASS, "LNet ping: {nids}"),
    Situation.PING_DOWN: Row(
        _S.PING,
        _V.WARN,
        "LNet ping: the server calls its own interface down: {nids}",
        fix="the server cannot use that NID; mount from one that is up",
    ),
    Situation.PING_FAILED: Row(
        _S.PING,
        _V.FAIL,
        "{nid} said HELLO, then {detail} in place of an LNet ping answer",
        fix="LNet on the server is stuck or the path loses packets: try again, then look at the server",
    ),
    Situation.MGS_OK: Row(_S.MGS, _V.PASS, "the MGS answers, Lustre {version}{compared}"),
    Situation.MGS_VERSION_MISMATCH: Row(
        _S.MGS,
        _V.FAIL,
        "the MGS answers, Lustre {version}; client {client_version} cannot mount from it",
        "client-server-version-mismatch",
        "pair them by the LustreGuide client matrix: a file system of another FileSystemTypeVersion "
        "(fileSystemTypeVersion in the StorageClass), or a node with another client",
    ),
    Situation.MGS_SILENT_NAME: Row(
        _S.MGS,
        _V.FAIL,
        "LNet is up on {nid}, but no MGS answers there within {elapsed}: it is not mounted on this server",
        "mgs-down",
        "check the file system's Lifecycle and maintenance window; an MGS that demands Kerberos or SSK is silent, too",
    ),
    Situation.MGS_SILENT_ADDRESS: Row(
        _S.MGS,
        _V.FAIL,
        "LNet is up on {nid}, but no MGS answers there within {elapsed}: it is not mounted on this server, or this is "
        "an object or metadata server",
        "mgs-down",
        "check the file system's Lifecycle and maintenance window; mount from the DNS name, or from the IP address of "
        "the first of NetworkInterfaceIds",
        beside="wrong-mgs-address",
    ),
    Situation.MGS_SILENT_BRIEFLY: Row(
        _S.MGS,
        _V.UNKNOWN,
        "LNet is up on {nid}, but no MGS answered within {elapsed}",
        fix="try again with a longer timeout (10 s)",
    ),
    Situation.MGS_ABSENT: Row(
        _S.MGS,
        _V.FAIL,
        "the server runs an MGS service without an MGS ({error})",
        "mgs-down",
        "check the file system's Lifecycle: the MGS is being started, stopped or moved",
    ),
    Situation.MGS_NOT_READY: Row(
        _S.MGS,
        _V.FAIL,
        "the MGS is there and not ready yet ({error})",
        "server-not-ready-race",
        "wait and try again: it is starting or recovering",
    ),
    Situation.MGS_PROTOCOL: Row(
        _S.MGS,
        _V.FAIL,
        "the MGS refuses the protocol of a 2.x client ({error})",
        "client-server-version-mismatch",
        "look at the server's Lustre version (FileSystemTypeVersion)",
    ),
    Situation.MGS_FORBIDDEN: Row(
        _S.MGS,
        _V.FAIL,
        "the MGS does not let {client_nid} in ({error})",
        fix="look for a nodemap or ban list on the server that names this client's address",
    ),
    Situation.MGS_REFUSES: Row(_S.MGS, _V.FAIL, "the MGS refuses to connect: {error}"),
    Situation.MGS_HUNG_UP: Row(
        _S.MGS,
        _V.FAIL,
        "the server {detail} when the MGS was asked",
        fix="try again; if it stays, look at the server's console for this client's address",
    ),
    Situation.MGS_HUNG_UP_BESIDE: Row(
        _S.MGS,
        _V.UNKNOWN,
        "the server {detail} when the MGS was asked: the kernel's LNet holds {client_nid}, and the server does not "
        "know it well enough to answer beside it",
        fix=_PROCFS,
    ),
    Situation.MGS_UNPRIVILEGED: Row(
        _S.MGS,
        _V.UNKNOWN,
        "not asked: to a source port above 1023 the MGS may answer elsewhere, and leave an export behind",
        fix=_PRIVILEGE,
    ),
    Situation.MGS_BESIDE_KERNEL: Row(
        _S.MGS,
        _V.UNKNOWN,
        "not asked: LNet is up in this kernel and its NIDs cannot be read here, so the MGS might answer to the kernel",
        fix="run it where /sys/kernel/debug can be read; " + _PROCFS,
    ),
    Situation.FS_KNOWN: Row(_S.FILE_SYSTEM, _V.PASS, "the MGS knows file system {mount_name}"),
    Situation.FS_UNKNOWN: Row(
        _S.FILE_SYSTEM,
        _V.FAIL,
        "the MGS has no file system {mount_name}; mount would end in exit status 2",
        "wrong-mountname",
        "use the MountName of `aws fsx describe-file-systems` (LustreConfiguration.MountName)",
    ),
    Situation.FS_IMPOSSIBLE: Row(
        _S.FILE_SYSTEM,
        _V.FAIL,
        "{mount_name} cannot be a Lustre file-system name (1 to 8 letters, digits, _ or -), so it was not asked for",
        "wrong-mountname",
        "use the MountName of `aws fsx describe-file-systems` (LustreConfiguration.MountName)",
    ),
    Situation.FS_TOO_LONG: Row(
        _S.FILE_SYSTEM,
        _V.FAIL,
        "{mount_name} is longer than the 8 characters of a Lustre file-system name, so it was not asked for; mount "
        "would end in exit status 36",
        "mountname-too-long",
        "use the MountName of `aws fsx describe-file-systems` (LustreConfiguration.MountName)",
    ),
    Situation.FS_NOT_NAMED: Row(_S.FILE_SYSTEM, _V.SKIP, "no mount name was given to ask for"),
    Situation.FS_ERROR: Row(
        _S.FILE_SYSTEM, _V.UNKNOWN, "the MGS could not say whether it knows {mount_name}: {error}", fix="try again"
    ),
    Situation.FS_NO_ANSWER: Row(
        _S.FILE_SYSTEM, _V.UNKNOWN, "asked for {mount_name}, the server {detail}", fix="try again"
    ),
    Situation.MAP_REACHED: Row(
        _S.MAP,
        _V.PASS,
        "LNet answers on every NID of the {total} targets of {mount_name}; the targets themselves were not asked",
        fix="to see whether they serve: `lctl get_param '*.*.import'` or `lfs check servers` on a client",
    ),
    Situation.MAP_MDT_LOST: Row(
        _S.MAP, _V.FAIL, "LNet does not answer for {lost} of {mount_name}", "mdt-unavailable", _RULES
    ),
    Situation.MAP_OST_LOST: Row(
        _S.MAP, _V.FAIL, "LNet does not answer for {lost} of {mount_name}", "ost-unavailable", _RULES
    ),
    Situation.MAP_UNDECIDED: Row(
        _S.MAP,
        _V.UNKNOWN,
        "not every target of {mount_name} could be asked: {lost}",
        fix="give a longer timeout, or probe from a node on their network",
    ),
    Situation.MAP_UNREADABLE: Row(
        _S.MAP, _V.UNKNOWN, "the configuration of {mount_name} could not be read: {detail}", fix="try again"
    ),
    Situation.MAP_NOT_NAMED: Row(_S.MAP, _V.SKIP, "the map needs a mount name that the MGS knows"),
}
