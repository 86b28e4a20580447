"""Routes, ACLs and DHCP options as EC2 tells them; of the VPC CNI's environment two settings and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.resources.eks import SourceNat
from diag.resources.kubernetes.corefile import Plugin, ServerBlock
from diag.resources.table import Table
from diag.sources.aws.vpc import dhcp_options, network_acls, route_tables, vpc_peerings
from diag.sources.kubernetes.facts import corefile, source_nat
from tests.checks import given, given_network
from tests.checks.given_network import COREFILE, DOPT, PEER, VPC


class Account:
    """An account that answers each operation with the same items, whatever the filter."""

    def __init__(self, *items: dict[str, Any]) -> None:
        self.items = items
        self.asked: list[Any] = []

    def pages(self, service: str, operation: str, key: str, *, region: str, Filters: list[Any]) -> Any:
        self.asked.append((f"{service}:{operation}", Filters))
        return self.items


def nodes_abroad() -> Any:
    return given_network.instances(given_network.instance(given.node(), vpc_id=PEER))


def test_route_tables_of_both_vpcs_are_asked_in_one_call_and_told_once() -> None:
    raw = {
        "RouteTableId": "rtb-1",
        "VpcId": VPC,
        "Associations": [{"Main": True, "RouteTableId": "rtb-1"}],
        "Routes": [
            {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"},
            {"DestinationCidrBlock": "10.8.0.0/16", "VpcPeeringConnectionId": "pcx-1", "State": "blackhole"},
            {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1", "State": "active"},
        ],
    }
    account = Account(raw, raw)
    found = route_tables(account, given.identity(), (given.file_system(),), nodes_abroad())
    assert account.asked == [("ec2:DescribeRouteTables", [{"Name": "vpc-id", "Values": sorted([VPC, PEER])}])]
    (table,) = found
    assert [(route.target, route.state) for route in table.routes][:2] == [("local", "active"), ("pcx-1", "blackhole")]


def test_peerings_are_asked_for_where_a_route_into_one_is_dead() -> None:
    raw = {
        "VpcPeeringConnectionId": "pcx-1",
        "Status": {"Code": "pending-acceptance", "Message": "Pending Acceptance by 111122223333"},
        "AccepterVpcInfo": {"OwnerId": "111122223333", "VpcId": PEER, "Region": "eu-west-1"},
    }
    alive, dead = (given_network.routes(("10.8.0.0/16", "pcx-1"), id="rtb-1", gone=gone) for gone in ((), ("pcx-1",)))
    account = Account(raw)
    assert vpc_peerings(account, given.identity(), (alive,)) == ()
    assert account.asked == []
    (found,) = vpc_peerings(account, given.identity(), (alive, dead))
    assert account.asked == [
        ("ec2:DescribeVpcPeeringConnections", [{"Name": "vpc-peering-connection-id", "Values": ["pcx-1"]}])
    ]
    assert found.waits_for_its_accepter
    assert (found.accepter_vpc_info.owner_id, found.accepter_vpc_info.region) == ("111122223333", "eu-west-1")


def test_network_acls_keep_their_order_of_rules() -> None:
    raw = {
        "NetworkAclId": "acl-1",
        "VpcId": VPC,
        "Associations": [{"SubnetId": "subnet-1"}],
        "Entries": [
            {"RuleNumber": 32767, "Egress": False, "RuleAction": "deny", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"},
            {"RuleNumber": 100, "Egress": False, "RuleAction": "allow", "Protocol": "6", "CidrBlock": "0.0.0.0/0",
             "PortRange": {"From": 988, "To": 988}},
            {"RuleNumber": 101, "Egress": False, "RuleAction": "allow", "Protocol": "-1", "Ipv6CidrBlock": "::/0"},
        ],
    }  # fmt: skip
    (acl,) = network_acls(Account(raw), given.identity(), (given.file_system(),), nodes_abroad())
    assert [entry.rule_number for entry in acl.entries] == [32767, 100, 101]
    assert acl.entries[1].port_range.from_ == 988


def test_dhcp_options_are_asked_by_id_and_the_default_set_is_none() -> None:
    raw = {
        "DhcpOptionsId": DOPT,
        "DhcpConfigurations": [{"Key": "domain-name-servers", "Values": [{"Value": "10.1.1.1"}]}],
    }
    account = Account(raw)
    (options,) = dhcp_options(account, given.identity(), Table({VPC: given_network.vpc()}))
    assert options.name_servers == ("10.1.1.1",)
    assert account.asked == [("ec2:DescribeDhcpOptions", [{"Name": "dhcp-options-id", "Values": [DOPT]}])]
    nobody = Account(raw)
    assert dhcp_options(nobody, given.identity(), Table({VPC: given_network.vpc(dhcp_options_id="default")})) == ()
    assert nobody.asked == []


def test_what_ec2_refuses_or_garbles_is_unavailable() -> None:
    denied = given.denied("ec2:DescribeNetworkAcls")

    class Refusing(Account):
        def pages(self, *arguments: Any, **options: Any) -> Any:
            raise Unreadable(denied)

    assert network_acls(Refusing(), given.identity(), (given.file_system(),), nodes_abroad()) == denied
    garbled = network_acls(Account({"VpcId": VPC}), given.identity(), (given.file_system(),), nodes_abroad())
    assert isinstance(garbled, Unavailable)
    assert garbled.reason is Reason.GARBLED


class Cluster:
    """An API server with one DaemonSet and one ConfigMap, decoded as the client decodes them."""

    def __init__(self, env: Sequence[dict[str, Any]] | None = None, data: dict[str, str] | None = None) -> None:
        agent = {"name": "aws-eks-nodeagent", "env": variables(external="true", randomize="none", exclude="0.0.0.0/0")}
        containers = [agent, {"name": "aws-node", "env": env}]
        self.daemon_set = {"spec": {"template": {"spec": {"containers": containers}}}}
        self.data = data
        self.asked: list[str] = []

    def list(self, path: str, shape: Any, **parameters: str) -> Any:
        self.asked.append(f"list {path} {parameters}")
        return (msgspec.json.decode(msgspec.json.encode(self.daemon_set), type=shape),)

    def get(self, path: str, shape: Any) -> Any:
        self.asked.append(f"get {path}")
        return msgspec.json.decode(msgspec.json.encode({"data": self.data}), type=shape)


def variables(**values: str) -> list[dict[str, Any]]:
    short = {"external": "EXTERNALSNAT", "randomize": "RANDOMIZESNAT", "exclude": "EXCLUDE_SNAT_CIDRS"}
    return [{"name": f"AWS_VPC_K8S_CNI_{short[key]}", "value": value} for key, value in values.items()]


@pytest.mark.parametrize(
    ("env", "nat"),
    [
        (None, SourceNat()),
        ([], SourceNat()),
        (variables(external="false", randomize="prng"), SourceNat()),
        (variables(external="true"), SourceNat(external=True)),
        (variables(external="1"), SourceNat(external=True)),
        (variables(randomize="none"), SourceNat(randomize="none")),
        (variables(randomize=""), SourceNat()),
        (variables(exclude="10.8.0.0/16, 10.9.0.0/16"), SourceNat(excluded=("10.8.0.0/16", "10.9.0.0/16"))),
        (variables(exclude=""), SourceNat()),
    ],
)
def test_the_settings_of_source_nat(env: list[dict[str, Any]] | None, nat: SourceNat) -> None:
    cluster = Cluster(env)
    assert source_nat(cluster) == nat
    assert cluster.asked == [
        "list /apis/apps/v1/namespaces/kube-system/daemonsets {'fieldSelector': 'metadata.name=aws-node'}"
    ]


def test_no_other_variable_is_ever_decoded() -> None:
    secret = [{"name": "TOKEN", "value": {"not": "even a string"}}, {"name": "KEY", "valueFrom": {"secretKeyRef": {}}}]
    assert source_nat(Cluster([*secret, *variables(external="true")])) == SourceNat(external=True)


def test_a_cluster_with_another_network_plugin_has_no_setting() -> None:
    class Other(Cluster):
        def list(self, path: str, shape: Any, **parameters: str) -> Any:
            return ()

    found = source_nat(Other())
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.ABSENT


def test_the_corefile_is_read_and_parsed() -> None:
    cluster = Cluster(data={"Corefile": COREFILE})
    keeper = Plugin(("kubernetes", "cluster.local", "in-addr.arpa", "ip6.arpa"), (("pods", "insecure"),))
    assert corefile(cluster) == (ServerBlock(("",), (("", ("/etc/resolv.conf",)),), plugins=(keeper,)),)
    assert cluster.asked == ["get /api/v1/namespaces/kube-system/configmaps/coredns"]
    assert corefile(Cluster(data={})) == ()
