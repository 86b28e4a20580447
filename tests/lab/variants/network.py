"""Other ways to open, route and reach the file servers."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.lab.aws.moto_backends import ec2_backend
from tests.lab.faults.driver.objects import private_endpoints
from tests.lab.faults.network.policies import DNS, HTTPS, carry_out_policies, custom_policy, network_policy, run_cni
from tests.lab.faults.network.security_groups import put_a_firewall_between, set_node_groups
from tests.lab.faults.symptoms import attributes
from tests.lab.incident import STORAGE_CLASS
from tests.lab.setup import FILE_SYSTEM_ID, MOUNT_NAME, Account, lustre_rules
from tests.lab.variants.driver import regional_images
from tests.lab.variants.registry import variant

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@variant("rules-by-cidr")
def rules_by_cidr(lab: "Lab", account: Account) -> None:
    """The file system's group names the subnets' ranges instead of groups."""
    close_file_system_group(lab, account)
    ranges = [{"CidrIp": lab.site.cidr(1)}, {"CidrIp": lab.site.cidr(2)}]
    _open(lab, account.file_system_group, [_ports(rule) | {"IpRanges": ranges} for rule in lustre_rules("")])


@variant("firewall-between")
def firewall_between(lab: "Lab", account: Account) -> None:
    """A firewall stands between nodes and servers, and the rules name the subnets' ranges."""
    rules_by_cidr(lab, account)
    put_a_firewall_between(lab)


@variant("rules-all-traffic")
def rules_all_traffic(lab: "Lab", account: Account) -> None:
    """Everything from the two groups."""
    close_file_system_group(lab, account)
    pairs = [{"GroupId": account.cluster_group}, {"GroupId": account.file_system_group}]
    _open(lab, account.file_system_group, [{"IpProtocol": "-1", "UserIdGroupPairs": pairs}])


@variant("rules-by-prefix-list")
def rules_by_prefix_list(lab: "Lab", account: Account) -> None:
    """A managed prefix list holds the VPC's range."""
    close_file_system_group(lab, account)
    prefix_list = lab.client("ec2").create_managed_prefix_list(
        PrefixListName="lustre-clients",
        AddressFamily="IPv4",
        MaxEntries=5,
        Entries=[{"Cidr": lab.site.cidr(), "Description": "VPC"}],
    )["PrefixList"]["PrefixListId"]
    lists = [{"PrefixListId": prefix_list}]
    _open(lab, account.file_system_group, [_ports(rule) | {"PrefixListIds": lists} for rule in lustre_rules("")])


@variant("rules-wide-range")
def rules_wide_range(lab: "Lab", account: Account) -> None:
    """All TCP ports, in one rule for each group."""
    close_file_system_group(lab, account)
    pairs = [{"GroupId": account.cluster_group}, {"GroupId": account.file_system_group}]
    rule = {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, "UserIdGroupPairs": pairs}
    _open(lab, account.file_system_group, [rule])


@variant("default-group-for-all")
def default_group_for_all(lab: "Lab", account: Account) -> None:
    """File system and nodes stand in the VPC's default group, whose members talk to each other freely."""
    ec2 = lab.client("ec2")
    default = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [account.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"][0]["GroupId"]
    for interface in lab.aws.fsx.file_system(FILE_SYSTEM_ID)["NetworkInterfaceIds"]:
        ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[default])
    set_node_groups(lab, [account.cluster_group, default])
    parameters = lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"]
    parameters["securityGroupIds"] = default


@variant("nodes-with-own-group")
def nodes_with_own_group(lab: "Lab", account: Account) -> None:
    """A launch template's group on the nodes, named by the file system's rules."""
    ec2 = lab.client("ec2")
    nodes = ec2.create_security_group(GroupName="gpu-nodes", Description="launch template", VpcId=account.vpc)
    set_node_groups(lab, [nodes["GroupId"]])
    close_file_system_group(lab, account)
    for group in (nodes["GroupId"], account.file_system_group):
        _open(lab, account.file_system_group, lustre_rules(group))
        _open(lab, nodes["GroupId"], lustre_rules(group))


@variant("nacl-tight")
def nacl_tight(lab: "Lab", account: Account) -> None:
    """A NACL that thought of Lustre's source ports."""
    ec2 = lab.client("ec2")
    acl = ec2.create_network_acl(VpcId=account.vpc)["NetworkAcl"]["NetworkAclId"]
    for number, egress, low, high, cidr in (
        (100, False, 512, 1023, lab.site.cidr()),
        (110, False, 1024, 65535, "0.0.0.0/0"),
        (120, False, 443, 443, lab.site.cidr()),
        (100, True, 512, 1023, lab.site.cidr()),
        (110, True, 1024, 65535, "0.0.0.0/0"),
        (120, True, 443, 443, "0.0.0.0/0"),
    ):
        ec2.create_network_acl_entry(
            NetworkAclId=acl,
            RuleNumber=number,
            Protocol="6",
            RuleAction="allow",
            Egress=egress,
            CidrBlock=cidr,
            PortRange={"From": low, "To": high},
        )
    present = ec2.describe_network_acls(
        Filters=[{"Name": "association.subnet-id", "Values": [account.private_subnets[0]]}]
    )
    for association in present["NetworkAcls"][0]["Associations"]:
        if association["SubnetId"] == account.private_subnets[0]:
            ec2.replace_network_acl_association(AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl)


@variant("private-cluster")
def private_cluster(lab: "Lab", account: Account) -> None:
    """No way out, VPC endpoints instead, and every image from the region's own registry."""
    lab.client("ec2").delete_route(RouteTableId=account.private_route_table, DestinationCidrBlock="0.0.0.0/0")
    private_endpoints(lab)
    regional_images(lab)


@variant("endpoints-with-policies")
def endpoints_with_policies(lab: "Lab", account: Account) -> None:
    """No way out; the endpoints of FSx and STS have a group of their own, and policies that let this account in."""
    private_cluster(lab, account)
    ec2, region = lab.client("ec2"), lab.site.region
    group = ec2.create_security_group(GroupName="endpoints", Description="VPC endpoints", VpcId=account.vpc)["GroupId"]
    pairs = [{"GroupId": account.cluster_group}]
    _open(lab, group, [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": pairs}])
    actions = {"fsx": "fsx:*", "sts": ["sts:AssumeRoleWithWebIdentity", "sts:GetCallerIdentity"]}
    for service, action in actions.items():
        name = f"com.amazonaws.{region}.{service}"
        (old,) = ec2.describe_vpc_endpoints(Filters=[{"Name": "service-name", "Values": [name]}])["VpcEndpoints"]
        ec2.delete_vpc_endpoints(VpcEndpointIds=[old["VpcEndpointId"]])
        statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
        ec2.create_vpc_endpoint(
            VpcId=account.vpc,
            ServiceName=name,
            VpcEndpointType="Interface",
            SubnetIds=list(account.private_subnets),
            SecurityGroupIds=[group],
            PrivateDnsEnabled=True,
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )


@variant("mounted-by-address")
def mounted_by_address(lab: "Lab", account: Account) -> None:
    """The volume's dnsname is the primary interface's address; the driver only joins strings."""
    attributes(lab)["dnsname"] = lab.file_system_addresses(FILE_SYSTEM_ID)[0]


@variant("peered-vpc-by-address")
def peered_vpc_by_address(lab: "Lab", account: Account) -> None:
    """The file system stands in a peered VPC, where its name does not resolve, and is mounted by address."""
    ec2 = lab.client("ec2")
    vpc, _, table = _other_vpc(lab)
    peering = ec2.create_vpc_peering_connection(VpcId=account.vpc, PeerVpcId=vpc)["VpcPeeringConnection"]
    peering_id = peering["VpcPeeringConnectionId"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering_id)
    for route_table, destination in ((account.private_route_table, lab.site.peer_cidr), (table, lab.site.cidr())):
        ec2.create_route(RouteTableId=route_table, DestinationCidrBlock=destination, VpcPeeringConnectionId=peering_id)
    _serve_from(lab, account, vpc)


@variant("transit-gateway")
def transit_gateway(lab: "Lab", account: Account) -> None:
    """The file system stands in another VPC behind a transit gateway, and is mounted by address."""
    ec2 = lab.client("ec2")
    vpc, subnet, table = _other_vpc(lab)
    made = ec2.create_transit_gateway(Description="hub")["TransitGateway"]
    gateway, own = made["TransitGatewayId"], made["Options"]["AssociationDefaultRouteTableId"]
    attachments = [
        ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=gateway, VpcId=of, SubnetIds=subnets)[
            "TransitGatewayVpcAttachment"
        ]["TransitGatewayAttachmentId"]
        for of, subnets in ((account.vpc, list(account.private_subnets)), (vpc, [subnet]))
    ]
    for attachment, cidr in zip(attachments, (lab.site.cidr(), lab.site.peer_cidr), strict=True):
        ec2.create_transit_gateway_route(
            TransitGatewayRouteTableId=own, DestinationCidrBlock=cidr, TransitGatewayAttachmentId=attachment
        )
    for route_table, destination in ((account.private_route_table, lab.site.peer_cidr), (table, lab.site.cidr())):
        ec2.create_route(RouteTableId=route_table, DestinationCidrBlock=destination, TransitGatewayId=gateway)
    _serve_from(lab, account, vpc)


def _other_vpc(lab: "Lab") -> tuple[str, str, str]:
    """A second VPC with one subnet and its route table."""
    ec2, site = lab.client("ec2"), lab.site
    vpc = ec2.create_vpc(CidrBlock=site.peer_cidr)["Vpc"]["VpcId"]
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": True}})
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=site.cidr(129), AvailabilityZone=site.zones[0])["Subnet"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=made["SubnetId"])
    return vpc, made["SubnetId"], table


def _serve_from(lab: "Lab", account: Account, vpc: str) -> None:
    """Makes the file system anew in the other VPC, open to the nodes by address."""
    ec2, site, cidr = lab.client("ec2"), lab.site, lab.site.peer_cidr
    (subnet,) = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    subnet_id = subnet["SubnetId"]
    group = ec2.create_security_group(GroupName="fsx-shared", Description="FSx for Lustre", VpcId=vpc)["GroupId"]
    ranges = [{"CidrIp": site.cidr()}]
    _open(lab, group, [_ports(rule) | {"IpRanges": ranges} for rule in lustre_rules("")])
    _open(lab, group, lustre_rules(group))
    _open(
        lab,
        account.cluster_group,
        [_ports(rule) | {"IpRanges": [{"CidrIp": cidr}]} for rule in lustre_rules("")],
    )
    lab.client("fsx").delete_file_system(FileSystemId=FILE_SYSTEM_ID)
    lab.aws.fsx.state.next_identities.append((FILE_SYSTEM_ID, MOUNT_NAME))
    lab.client("fsx").create_file_system(
        FileSystemType="LUSTRE",
        FileSystemTypeVersion="2.15",
        StorageCapacity=1200,
        SubnetIds=[subnet_id],
        SecurityGroupIds=[group],
        LustreConfiguration={"DeploymentType": "SCRATCH_2"},
    )
    lab.serve(FILE_SYSTEM_ID)
    lab.hide_from_dns(FILE_SYSTEM_ID)
    attributes(lab)["dnsname"] = lab.file_system_addresses(FILE_SYSTEM_ID)[0]
    for variable in lab.kube.get("daemonsets", "aws-node", "kube-system")["spec"]["template"]["spec"]["containers"][0][
        "env"
    ]:
        if variable["name"] == "AWS_VPC_K8S_CNI_EXTERNALSNAT":
            variable["value"] = "true"
    lab.account = replace(account, file_system_group=group)


SHARED = "100.64.0.0/16"


@variant("peered-vpc-from-shared-addresses")
def peered_vpc_from_shared_addresses(lab: "Lab", account: Account) -> None:
    """The same, from nodes whose subnets are of a second range of their VPC, 100.64.0.0/16."""
    peered_vpc_by_address(lab, account)
    ec2 = lab.client("ec2")
    for number, (name, id) in enumerate(sorted(account.instances.items())):
        address = f"100.64.1.{number + 4}"
        ec2_backend(lab.site.region).get_instance(id).nics[0].private_ip_address = address
        for one in lab.kube.get("nodes", name)["status"]["addresses"]:
            if one["type"] == "InternalIP":
                one["address"] = address
    subnet = lab.aws.fsx.file_system(FILE_SYSTEM_ID)["SubnetIds"][0]
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["RouteTables"]
    peering = next(r["VpcPeeringConnectionId"] for r in table["Routes"] if "VpcPeeringConnectionId" in r)
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock=SHARED, VpcPeeringConnectionId=peering)
    assert lab.account is not None
    ranges = [{"CidrIp": SHARED}]
    _open(lab, lab.account.file_system_group, [_ports(rule) | {"IpRanges": ranges} for rule in lustre_rules("")])


def close_file_system_group(lab: "Lab", account: Account) -> None:
    """Takes every inbound rule off the file system's group."""
    for source in (account.cluster_group, account.file_system_group):
        lab.client("ec2").revoke_security_group_ingress(
            GroupId=account.file_system_group, IpPermissions=lustre_rules(source)
        )


def _open(lab: "Lab", group: str, rules: list[dict[str, Any]]) -> None:
    lab.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=rules)


def _ports(rule: dict[str, Any]) -> dict[str, Any]:
    return {key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort")}


@variant("rules-by-address")
def rules_by_address(lab: "Lab", account: Account) -> None:
    """One rule for each address: of the nodes, and of the file servers themselves."""
    close_file_system_group(lab, account)
    nodes = (lab.site.address(1, 4), lab.site.address(1, 5), lab.site.address(2, 4))
    ranges = [{"CidrIp": f"{address}/32"} for address in (*nodes, *lab.file_system_addresses(FILE_SYSTEM_ID))]
    _open(lab, account.file_system_group, [_ports(rule) | {"IpRanges": ranges} for rule in lustre_rules("")])


@variant("main-route-table")
def main_route_table(lab: "Lab", account: Account) -> None:
    """The private subnets have no table of their own and use the VPC's main one."""
    ec2 = lab.client("ec2")
    (table,) = ec2.describe_route_tables(RouteTableIds=[account.private_route_table])["RouteTables"]
    wanted = [{"Name": "vpc-id", "Values": [account.vpc]}, {"Name": "association.main", "Values": ["true"]}]
    (main,) = ec2.describe_route_tables(Filters=wanted)["RouteTables"]
    (nat,) = (route["NatGatewayId"] for route in table["Routes"] if "NatGatewayId" in route)
    ec2.create_route(RouteTableId=main["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    for association in table["Associations"]:
        ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])


@variant("network-policies")
def network_policies(lab: "Lab", account: Account) -> None:
    """Nothing may leave the driver's namespace but what is named: DNS by labels, AWS and the API server by port."""
    carry_out_policies(lab)
    network_policy(lab, "nothing-leaves")
    dns = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    ports = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    network_policy(lab, "dns", egress=[{"to": [dns], "ports": ports}])
    rule = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"protocol": "TCP", "port": 443}]}
    selector = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["fsx-csi-controller"]}]}
    network_policy(lab, "aws", podSelector=selector, egress=[rule])


@variant("policies-beside-the-driver")
def policies_beside_the_driver(lab: "Lab", account: Account) -> None:
    """A policy about packets into pods closes no way out, and one of another namespace is none of the driver's."""
    carry_out_policies(lab)
    network_policy(lab, "nothing-enters", policyTypes=["Ingress"])
    network_policy(lab, "nothing-leaves", "default")


@variant("policies-of-other-kinds-beside")
def policies_of_other_kinds_beside(lab: "Lab", account: Account) -> None:
    """Policies of Cilium, Calico and an admin, of other pods or without a rule that closes anything."""
    run_cni(lab, "cilium")
    web = {"matchLabels": {"app": "web"}}
    custom_policy(lab, "cilium.io/v2", "CiliumClusterwideNetworkPolicy", endpointSelector=web, egress=[{}])
    custom_policy(lab, "crd.projectcalico.org/v1", "GlobalNetworkPolicy", selector="app == 'web'", types=["Egress"])
    allow = [{"action": "Allow", "to": [{"namespaces": {}}]}, {"action": "Pass", "to": [{"namespaces": {}}]}]
    subject = {"namespaces": {}}
    custom_policy(lab, "policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", subject=subject, egress=allow)


@variant("cluster-policies-beside")
def cluster_policies_beside(lab: "Lab", account: Account) -> None:
    """The newer policies of an admin, and AWS's own: they accept, or are of other pods."""
    carry_out_policies(lab)
    accept = {"tier": "Admin", "subject": {"namespaces": {}}, "egress": [{"action": "Accept", "to": [{}]}]}
    custom_policy(lab, "policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", **accept)
    custom_policy(lab, "networking.k8s.aws/v1alpha1", "ClusterNetworkPolicy", **accept)
    custom_policy(
        lab, "networking.k8s.aws/v1alpha1", "ApplicationNetworkPolicy", "default", podSelector={},
        policyTypes=["Egress"], egress=[{"to": [{"domainNames": ["*.example.com"]}]}],
    )  # fmt: skip


@variant("policies-around-coredns")
def policies_around_coredns(lab: "Lab", account: Account) -> None:
    """kube-system is locked but for questions of every namespace, and CoreDNS may ask and reach the API server."""
    carry_out_policies(lab)
    network_policy(
        lab, "dns", "kube-system", policyTypes=["Ingress", "Egress"], egress=[*DNS, *HTTPS],
        ingress=[{"from": [{"namespaceSelector": {}}], **DNS[0]}],
    )  # fmt: skip
