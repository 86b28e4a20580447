"""Packets between a node and a file server: security groups, network ACLs and routes, in both directions."""

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tests.lab.aws.moto_backends import ec2_backend

if TYPE_CHECKING:
    from tests.lab.kubernetes.world import Object
    from tests.lab.lab import Lab

LUSTRE = 988
# mount.lustre connects from a privileged port, from the top of the range down (libcfs, acceptor).
SOURCE = 1023


class Network:
    """The lab's VPCs, as a packet meets them."""

    def __init__(self, lab: "Lab") -> None:
        self._lab = lab

    @property
    def _ec2(self) -> Any:
        return ec2_backend(self._lab.site.region)

    def address_of(self, node: str) -> str:
        """The address of a node."""
        assert self._lab.account is not None
        return str(self._ec2.get_instance(self._lab.account.instances[node]).nics[0].private_ip_address)

    def interface_at(self, address: str) -> Any | None:
        """The network interface that has an address."""
        return next((eni for eni in self._ec2.enis.values() if str(eni.private_ip_address) == address), None)

    def is_closed_by_policy(self, pod: "Object", protocol: str, port: int) -> bool:
        """Whether NetworkPolicies of its namespace keep the pod's packets in, where the VPC CNI's agent is on."""
        templates = (one["spec"]["template"]["spec"] for one in self._lab.kube.all("daemonsets"))
        containers = (container for template in templates for container in template["containers"])
        if not any("--enable-network-policy=true" in container.get("args", ()) for container in containers):
            return False
        labels = pod["metadata"]["labels"]
        own = [
            policy["spec"]
            for policy in self._lab.kube.all("networkpolicies", pod["metadata"]["namespace"])
            if "Egress" in policy["spec"].get("policyTypes", ()) and _takes(policy["spec"]["podSelector"], labels)
        ]
        rules = [rule for spec in own for rule in spec.get("egress") or ()]
        return bool(own) and not any(
            not rule.get("ports") or any((p["protocol"], p["port"]) == (protocol, port) for p in rule["ports"])
            for rule in rules
        )

    def obstacle(self, node: str, address: str) -> str:
        """What stops Lustre's packets between a node and a file server's address; empty when nothing does."""
        assert self._lab.account is not None
        instance = self._ec2.get_instance(self._lab.account.instances[node])
        source, target = instance.nics[0], self.interface_at(address)
        if target is None:
            return f"no interface has the address {address}"
        if target.status != "in-use":
            return f"the interface {target.id} is {target.status}"
        here, there = str(source.private_ip_address), address
        for one, other, name in ((source, there, "nodes"), (target, here, "file system")):
            if not self._routed(one.subnet, other):
                return f"no route from the {name} to {other}"
        # A firewall or appliance on the way: packets arrive, and are no member's of a group any more.
        boxed = any(self._route(one.subnet, other).interface for one, other in ((source, there), (target, here)))
        if not _admits(self._ec2, source.group_set, "egress_rules", there, () if boxed else target.group_set):
            return "the nodes' group lets nothing out"
        if not _admits(self._ec2, target.group_set, "ingress_rules", here, () if boxed else source.group_set):
            return "the file system's group lets nothing in"
        if source.subnet.id != target.subnet.id:
            crossings = (
                (source.subnet, True, there, LUSTRE, "the nodes' ACL lets nothing out"),
                (target.subnet, False, here, LUSTRE, "the file system's ACL lets nothing in"),
                (target.subnet, True, here, SOURCE, "the file system's ACL lets no answer out"),
                (source.subnet, False, there, SOURCE, "the nodes' ACL lets no answer in"),
            )
            for subnet, egress, peer, port, text in crossings:
                if not self._acl_admits(subnet, egress, peer, port):
                    return text
        return ""

    def lacks_lustre_rules(
        self, groups: Iterable[str], peers: Iterable[str], ports: tuple[int, ...] = (988, 1018, 1023)
    ) -> str:
        """Which of the documented ports is closed between groups; empty when all are open."""
        for group_id in groups:
            group = self._ec2.get_security_group_from_id(group_id)
            for peer in peers:
                for port in ports:
                    if not _open_to_group(group, peer, port):
                        return f"{group_id} lets {peer} not in on {port}"
        return ""

    def has_way_out(self, subnet_id: str) -> bool:
        """Whether a subnet has a default route."""
        table = self._table(self._ec2.get_subnet(subnet_id))
        return any(route.destination_cidr_block == "0.0.0.0/0" for route in table.routes)

    def endpoint(self, vpc: str, service: str) -> bool:
        """Whether a VPC has an interface endpoint for a service that takes the public name's place."""
        name = f"com.amazonaws.{self._lab.site.region}.{service}"
        return any(
            point.vpc_id == vpc and point.service_name == name and point.private_dns_enabled
            for point in self._ec2.vpc_end_points.values()
            if point.state == "available"
        )

    def _table(self, subnet: Any) -> Any:
        tables = [table for table in self._ec2.route_tables.values() if table.vpc_id == subnet.vpc_id]
        own = next((table for table in tables if subnet.id in table._associations.values()), None)
        return own or next(table for table in tables if table.main_association_id)

    def _route(self, subnet: Any, address: str) -> Any:
        wanted = ipaddress.ip_address(address)
        routes = [
            route
            for route in self._table(subnet).routes
            if route.destination_cidr_block and wanted in ipaddress.ip_network(route.destination_cidr_block)
        ]
        return max(routes, key=lambda r: ipaddress.ip_network(r.destination_cidr_block).prefixlen, default=None)

    def _routed(self, subnet: Any, address: str) -> bool:
        best = self._route(subnet, address)
        if best is None:
            return False
        if best.transit_gateway is not None:
            return self._carried(best.transit_gateway.id, subnet, address)
        if best.vpc_pcx is not None:
            return bool(best.vpc_pcx._status.code == "active")
        # The other subnets of the VPC; what leaves by a gateway never reaches a private address.
        return bool(best.local or best.interface)

    def _carried(self, gateway: str, subnet: Any, address: str) -> bool:
        """Whether a transit gateway takes a subnet's packets and hands them to the VPC of an address."""
        attached = {
            one.resource_id: one
            for one in self._ec2.transit_gateway_attachments.values()
            if one.transit_gateway_id == gateway and one.state == "available"
        }
        own, target = attached.get(subnet.vpc_id), self.interface_at(address)
        if own is None or target is None:
            return False
        if subnet.availability_zone not in {self._ec2.get_subnet(id).availability_zone for id in own.subnet_ids}:
            return False
        table = self._ec2.transit_gateways_route_tables[own.association["TransitGatewayRouteTableId"]]
        wanted = ipaddress.ip_address(address)
        routes = [
            (ipaddress.ip_network(cidr).prefixlen, route)
            for cidr, route in table.routes.items()
            if wanted in ipaddress.ip_network(cidr)
        ]
        if not routes:
            return False
        best = max(routes, key=lambda found: found[0])[1]
        ends = best.get("transitGatewayAttachments") or {}
        there = attached.get(target.subnet.vpc_id)
        return best["state"] == "active" and there is not None and ends.get("transitGatewayAttachmentId") == there.id

    def _acl_admits(self, subnet: Any, egress: bool, peer: str, port: int) -> bool:
        acl = next(
            (
                acl
                for acl in self._ec2.network_acls.values()
                if any(association.subnet_id == subnet.id for association in acl.associations)
            ),
            None,
        )
        if acl is None:
            return True
        address = ipaddress.ip_address(peer)
        for entry in sorted(acl.entries, key=lambda entry: int(entry.rule_number)):
            if _is_egress(entry) != egress or not entry.cidr_block:
                continue
            if address not in ipaddress.ip_network(entry.cidr_block, strict=False):
                continue
            protocol = str(entry.protocol)
            if protocol not in ("-1", "6", "tcp"):
                continue
            if protocol != "-1" and not int(entry.port_range_from) <= port <= int(entry.port_range_to):
                continue
            return str(entry.rule_action) == "allow"
        return False


def _is_egress(entry: Any) -> bool:
    return entry.egress in (True, "true", "True")


def _admits(ec2: Any, groups: Iterable[Any], side: str, peer: str, peer_groups: Iterable[Any]) -> bool:
    ids = {group.id for group in peer_groups}
    return any(_rule_admits(ec2, rule, peer, ids, LUSTRE) for group in groups for rule in getattr(group, side))


def _covers(rule: Any, port: int) -> bool:
    protocol = str(rule.ip_protocol)
    return protocol == "-1" or (protocol in ("tcp", "6") and int(rule.from_port) <= port <= int(rule.to_port))


def _rule_admits(ec2: Any, rule: Any, peer: str, peer_groups: set[str], port: int) -> bool:
    if not _covers(rule, port):
        return False
    if rule.source_group.get("GroupId") in peer_groups:
        return True
    ranges = [rule.ip_range["CidrIp"]] if rule.ip_range.get("CidrIp") else []
    if rule.prefix_list_id:
        entries = ec2.managed_prefix_lists[rule.prefix_list_id].entries
        ranges += [entry["Cidr"] for version in entries.values() for entry in version]
    return any(ipaddress.ip_address(peer) in ipaddress.ip_network(cidr, strict=False) for cidr in ranges)


def _open_to_group(group: Any, peer: str, port: int) -> bool:
    for rule in group.ingress_rules:
        # A range is taken for one that holds the peers: what it leaves out shows in the packets themselves.
        if _covers(rule, port) and (
            rule.ip_range.get("CidrIp") or rule.prefix_list_id or rule.source_group.get("GroupId") == peer
        ):
            return True
    return False


def _takes(selector: "Object", labels: dict[str, str]) -> bool:
    """Whether a label selector of the operators that the lab's policies use takes a pod."""
    expressions = selector.get("matchExpressions") or ()
    return (selector.get("matchLabels") or {}).items() <= labels.items() and all(
        labels.get(expression["key"]) in expression["values"] for expression in expressions
    )
