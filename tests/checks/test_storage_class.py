"""StorageClasses: judged only where somebody provisions from them."""

from __future__ import annotations

from typing import Any

import pytest

from checks.network.storageclass_groups import groups_let_servers_talk
from checks.request.storageclass_network import network_is_given
from checks.request.storageclass_parameters import parameters_are_known
from checks.request.storageclass_version import version_suits_the_nodes
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.registry import Check
from diag.resources.ec2 import Instance, Route, RouteTable, RouteTableAssociation, Subnet
from diag.resources.eks import EksCluster, VpcConfig
from diag.resources.table import Table
from tests.checks.given import (
    denied,
    findings,
    storage_class,
    verdicts,
)
from tests.checks.given_storage_class import GOOD, GROUP, SUBNET, asked, ec2, only, without


def _nodes_of(vpc: str, *routes: Route) -> dict[str, Any]:
    """A node of a VPC, whose route table has these routes besides the local one and the way out."""
    local = Route(destination_cidr_block="10.9.0.0/16", state="active", gateway_id="local")
    out = Route(destination_cidr_block="0.0.0.0/0", state="active", nat_gateway_id="nat-0123456789abcdef0")
    table = RouteTable("rtb-1", vpc, (RouteTableAssociation("subnet-9"),), (local, out, *routes))
    return {"instances": Table({"i-1": Instance("i-1", subnet_id="subnet-9", vpc_id=vpc)}), "route_tables": (table,)}


ALL_CHECKS = (parameters_are_known, network_is_given, version_suits_the_nodes, groups_let_servers_talk)


@pytest.mark.parametrize("check", ALL_CHECKS, ids=lambda check: check.id)
class TestWhoseClassIsJudged:
    def test_one_that_only_static_volumes_name_is_not(self, check: Check) -> None:
        assert verdicts(check, **ec2(), storage_classes=(storage_class(),)) == ()

    def test_one_that_stands_alone_is(self, check: Check) -> None:
        world = {"claims": (), "persistent_volumes": (), "pods": ()}
        assert verdicts(check, **ec2(), **world, storage_classes=(storage_class(parameters=GOOD),)) != ()

    def test_one_of_another_driver_is_not(self, check: Check) -> None:
        other = storage_class(provisioner="ebs.csi.aws.com")
        assert verdicts(check, **asked(GOOD, storage_classes=(other,))) == ()

    def test_unknown_names_the_permission(self, check: Check) -> None:
        finding = only(check, **asked(GOOD, storage_classes=denied("list storageclasses")))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list storageclasses")


class TestNetwork:
    def test_what_ec2_has_passes(self) -> None:
        assert only(network_is_given, **asked(GOOD)).verdict is Verdict.PASS

    @pytest.mark.parametrize(
        ("parameters", "cause", "told"),
        [
            (without("subnetId"), "storageclass-network-missing", "SubnetId is required"),
            (without("securityGroupIds"), "storageclass-network-missing", "one empty id"),
            (without(securityGroupIds=f"{GROUP}, {GROUP}"), "storageclass-network-missing", "has blanks"),
            (without(securityGroupIds="fsx-lustre-sg"), "storageclass-network-missing", "is no security-group id"),
            (without(subnetId="vpc-0123456789abcdef0"), "storageclass-network-missing", "is no subnet id"),
            (without(subnetId=f"{SUBNET},{SUBNET}"), "multiple-subnets-not-supported", "Lustre takes one"),
            (without(subnetId="${SUBNET_ID}"), "unexpanded-variable", "never filled in"),
            (without(securityGroupIds="None"), "unexpanded-variable", "never filled in"),
            (without("subnetId", subnetid=SUBNET), "storageclass-unknown-parameter", "ignores 'subnetid'"),
        ],
    )
    def test_what_cannot_be_made_anywhere(self, parameters: dict[str, str], cause: str, told: str) -> None:
        finding = only(network_is_given, **asked(parameters))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, cause)
        assert told in finding.message

    def test_a_class_without_any_parameter(self) -> None:
        found = findings(network_is_given, **asked({}))
        assert [finding.cause for finding in found] == ["storageclass-network-missing"], "one fault, one finding"

    def test_a_misspelt_key_of_the_network_is_told_once(self) -> None:
        given = asked(without("subnetId", subnetid=SUBNET))
        assert verdicts(parameters_are_known, **given) == ()

    def test_a_subnet_that_does_not_exist(self) -> None:
        gone: Table[Subnet] = Table({}, {SUBNET: Unavailable(SUBNET, Reason.ABSENT)})
        finding = only(network_is_given, **asked(GOOD, class_subnets=gone))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "storageclass-network-missing")

    def test_groups_of_another_vpc(self) -> None:
        finding = only(network_is_given, **asked(GOOD, **ec2(group_vpc="vpc-2")))
        assert finding.verdict is Verdict.FAIL and "is of vpc-2, the subnet of vpc-1" in finding.message

    def test_a_subnet_of_a_vpc_to_which_no_node_has_a_route(self) -> None:
        finding = only(network_is_given, **asked(GOOD, **_nodes_of("vpc-2")))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "route-missing")
        assert "is in vpc-1, the nodes are in vpc-2, and no route of theirs leads to 10.0.1.0/24" in finding.message

    @pytest.mark.parametrize("way", ["pcx-0123456789abcdef0", "tgw-0123456789abcdef0"])
    def test_one_of_another_vpc_with_a_route_passes(self, way: str) -> None:
        route = Route(destination_cidr_block="10.0.0.0/16", state="active", vpc_peering_connection_id=way)
        assert only(network_is_given, **asked(GOOD, **_nodes_of("vpc-2", route))).verdict is Verdict.PASS

    @pytest.mark.parametrize("fact", ["instances", "route_tables"])
    def test_where_the_nodes_routes_are_not_known_the_way_is_unknown(self, fact: str) -> None:
        facts = asked(GOOD, **_nodes_of("vpc-2")) | {fact: denied("ec2:DescribeRouteTables")}
        finding = only(network_is_given, **facts)
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "ec2:DescribeRouteTables")

    @pytest.mark.parametrize("fact", ["instances", "route_tables"])
    def test_a_subnet_of_the_clusters_own_vpc_needs_neither(self, fact: str) -> None:
        home = EksCluster("prod", resources_vpc_config=VpcConfig(vpc_id="vpc-1"))
        facts = asked(GOOD, **_nodes_of("vpc-1")) | {fact: denied("ec2:DescribeRouteTables"), "eks_cluster": home}
        assert only(network_is_given, **facts).verdict is Verdict.PASS

    def test_unknown_names_the_permission(self) -> None:
        finding = only(network_is_given, **asked(GOOD, class_subnets=denied("ec2:DescribeSubnets")))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "ec2:DescribeSubnets")
