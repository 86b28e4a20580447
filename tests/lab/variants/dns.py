"""Other ways in which the name of a file system is spelt, resolved, or not needed."""

from typing import TYPE_CHECKING

from tests.lab.faults.dns import (
    before_forward,
    dns_firewall,
    list_host,
    private_zone,
    resolver_rule,
    run_kube_proxy,
    run_node_local,
    searched,
    zone_by_profile,
)
from tests.lab.faults.symptoms import attributes, being_provisioned, pod, pod_waits, volume
from tests.lab.setup import FILE_SYSTEM_ID, Account
from tests.lab.variants.file_system import dynamic_provisioning
from tests.lab.variants.registry import variant

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@variant("company-dns-that-forwards")
def company_dns_that_forwards(lab: "Lab", account: Account) -> None:
    """The VPC asks a company's own servers, and those ask the VPC's resolver for names of AWS."""
    ec2 = lab.client("ec2")
    servers = {"Key": "domain-name-servers", "Values": ["127.53.0.2", "127.53.0.3"]}
    options = ec2.create_dhcp_options(DhcpConfigurations=[servers])["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=account.vpc)


@variant("resolver-rules")
def resolver_rules(lab: "Lab", account: Account) -> None:
    """A company's servers are asked for the names of AWS, but for those of file systems."""
    resolver_rule(lab, "amazonaws.com")
    resolver_rule(lab, f"fsx.{lab.site.region}.{lab.site.dns_suffix}", "SYSTEM")


@variant("coredns-asks-vpc-resolver")
def coredns_asks_vpc_resolver(lab: "Lab", account: Account) -> None:
    """A server block of its own for AWS's names, next to a company's servers for the rest."""
    data = lab.kube.get("configmaps", "coredns", "kube-system")["data"]
    company = data["Corefile"].replace("forward . /etc/resolv.conf", "forward . 127.53.0.2")
    data["Corefile"] = f"{lab.site.dns_suffix}:53 {{\n    forward . 169.254.169.253\n    cache 30\n}}\n{company}"


@variant("dns-on-the-nodes")
def dns_on_the_nodes(lab: "Lab", account: Account) -> None:
    """The node plugin asks the node's own resolver, and CoreDNS is no Deployment, as in EKS Auto Mode."""
    lab.kube.get("daemonsets", "fsx-csi-node", "fsx-csi-driver")["spec"]["template"]["spec"]["dnsPolicy"] = "Default"
    pods = [p for p in lab.kube.all("pods", "kube-system") if p["metadata"]["labels"].get("k8s-app") == "kube-dns"]
    lab.kube.remove_all("pods", pods)
    lab.kube.remove("deployments", "coredns", "kube-system")
    lab.kube.remove("configmaps", "coredns", "kube-system")


@variant("coredns-with-hosts-of-ones-own")
def coredns_with_hosts_of_ones_own(lab: "Lab", account: Account) -> None:
    """A list of names of one's own, and every other name goes on; CoreDNS listens on a port without privileges."""
    data = lab.kube.get("configmaps", "coredns", "kube-system")["data"]
    hosts = "hosts {\n        10.1.2.3 gitlab.corp.example.com\n        fallthrough\n    }\n    forward"
    data["Corefile"] = data["Corefile"].replace("forward", hosts, 1).replace(".:53", ".:1053")
    for port in lab.kube.get("services", "kube-dns", "kube-system")["spec"]["ports"]:
        port["targetPort"] = 1053
    for slice_ in lab.kube.all("endpointslices", "kube-system"):
        for port in slice_["ports"]:
            port["port"] = 1053


@variant("coredns-with-plugins-of-ones-own")
def coredns_with_plugins_of_ones_own(lab: "Lab", account: Account) -> None:
    """Other names are rewritten, answered and refused; the file system's own goes on."""
    for plugin in (
        r"rewrite name regex (.*)\.svc\.corp\.example\.com {1}.svc.cluster.local",
        "rewrite stop {\n        name suffix .corp.example.com .svc.cluster.local\n    }",
        "template IN AAAA . {\n        rcode NOERROR\n    }",
        "template IN ANY corp.example.com {\n        rcode NXDOMAIN\n    }",
        "acl {\n        block type ANY net 192.0.2.0/24\n    }",
    ):
        before_forward(lab, plugin)


@variant("node-local-dns")
def node_local_dns(lab: "Lab", account: Account) -> None:
    """NodeLocal DNSCache asks the node's resolver for names outside the cluster, as it is installed."""
    run_node_local(lab, "__PILLAR__UPSTREAM__SERVERS__")


@variant("private-zone-with-the-record")
def private_zone_with_the_record(lab: "Lab", account: Account) -> None:
    """A private zone hides AWS's names and has the file system's own; others are of another name or another VPC."""
    region, address = lab.site.region, lab.file_system_addresses(FILE_SYSTEM_ID)[0]
    private_zone(lab, f"fsx.{region}.amazonaws.com", {attributes(lab)["dnsname"]: address})
    private_zone(lab, "training.internal")
    other = lab.client("ec2").create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    private_zone(lab, "amazonaws.com", vpc=other)


@variant("private-zones-of-endpoints")
def private_zones_of_endpoints(lab: "Lab", account: Account) -> None:
    """Endpoints that all VPCs of a company share: a zone for each host name, with its record."""
    for service in ("fsx", "sts"):
        host = f"{service}.{lab.site.region}.{lab.site.dns_suffix}"
        records = {host: lab.site.address(1, 200)}
        if service == "fsx":
            records[attributes(lab)["dnsname"]] = lab.file_system_addresses(FILE_SYSTEM_ID)[0]
        private_zone(lab, host, records)


@variant("dnsname-in-capitals")
def dnsname_in_capitals(lab: "Lab", account: Account) -> None:
    """A name in capitals, with the dot of the root behind it, is the same name."""
    attributes(lab)["dnsname"] = attributes(lab)["dnsname"].upper() + "."


@variant("host-name-of-ones-own")
def host_name_of_ones_own(lab: "Lab", account: Account) -> None:
    """A private zone calls the file system by a name that survives its replacement."""
    attributes(lab)["dnsname"] = "scratch.training.internal"
    lab.dns.switches.answers["scratch.training.internal"] = lab.file_system_addresses(FILE_SYSTEM_ID)[:1]


@variant("handle-with-suffix")
def handle_with_suffix(lab: "Lab", account: Account) -> None:
    """A handle only has to be unique: a second volume over the same file system needs another one."""
    volume(lab)["spec"]["csi"]["volumeHandle"] = f"{FILE_SYSTEM_ID}-datasets"


@variant("node-plugin-names-the-clusters-dns")
def node_plugin_names_the_clusters_dns(lab: "Lab", account: Account) -> None:
    """A dnsConfig of its own with the address of the cluster's DNS and fewer dots to search with."""
    options = [{"name": "ndots", "value": "2"}]
    lab.kube.get("daemonsets", "fsx-csi-node", "fsx-csi-driver")["spec"]["template"]["spec"].update(
        {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["172.20.0.10"], "options": options}}
    )


@variant("kube-dns-of-the-own-node")
def kube_dns_of_the_own_node(lab: "Lab", account: Account) -> None:
    """internalTrafficPolicy is Local, and a CoreDNS pod is on the pod's node."""
    lab.kube.get("services", "kube-dns", "kube-system")["spec"]["internalTrafficPolicy"] = "Local"
    pods = (p for p in lab.kube.all("pods", "kube-system") if p["metadata"]["labels"].get("k8s-app") == "kube-dns")
    next(pods)["spec"]["nodeName"] = pod(lab)["spec"]["nodeName"]


@variant("wildcard-of-this-file-system")
def wildcard_of_this_file_system(lab: "Lab", account: Account) -> None:
    """A private zone answers every name of FSx with the only file system's address."""
    zone = f"fsx.{lab.site.region}.{lab.site.dns_suffix}"
    private_zone(lab, zone, {f"*.{zone}": lab.file_system_addresses(FILE_SYSTEM_ID)[0]})


@variant("rule-for-aws-while-nothing-waits")
def rule_for_aws_while_nothing_waits(lab: "Lab", account: Account) -> None:
    """A company's servers know the names of AWS; the driver has made its volumes by them."""
    dynamic_provisioning(lab, account)
    resolver_rule(lab, f"sts.{lab.site.region}.{lab.site.dns_suffix}")


@variant("dns-firewall-that-knows-fsx")
def dns_firewall_that_knows_fsx(lab: "Lab", account: Account) -> None:
    """All but a list is blocked, and the list has the names of file systems; AWS's own list of harm comes first."""
    region = lab.site.region
    allowed = [f"*.fsx.{region}.amazonaws.com", f"fsx.{region}.amazonaws.com", f"sts.{region}.amazonaws.com"]
    dns_firewall(lab, ("harm", "BLOCK", ["bad.example.com"]), ("ours", "ALLOW", allowed), ("rest", "BLOCK", ["*"]))
    first = next(iter(lab.aws.resolver.state.lists.values()))
    first |= {"ManagedOwnerName": "Route 53 Resolver DNS Firewall"}
    _being_made(lab)


@variant("claim-behind-a-dns-firewall")
def claim_behind_a_dns_firewall(lab: "Lab", account: Account) -> None:
    """A file system is being made: the list of what may be asked has FSx and STS, and a Profile's zone knows both."""
    region = lab.site.region
    names = [f"{service}.{region}.amazonaws.com" for service in ("fsx", "sts")]
    zone_by_profile(lab, f"{region}.amazonaws.com", dict.fromkeys(names, lab.site.address(1, 200)))
    dns_firewall(lab, ("ours", "ALLOW", [*names, f"*.{names[0]}"]), ("rest", "BLOCK", ["*"]))
    being_provisioned(lab)


@variant("profile-with-the-record")
def profile_with_the_record(lab: "Lab", account: Account) -> None:
    """A Profile shares a zone that has the file system's own record."""
    address = lab.file_system_addresses(FILE_SYSTEM_ID)[0]
    zone_by_profile(lab, f"fsx.{lab.site.region}.amazonaws.com", {attributes(lab)["dnsname"]: address})
    _being_made(lab)


@variant("searched-domain-of-known-hosts")
def searched_domain_of_known_hosts(lab: "Lab", account: Account) -> None:
    """The domain that instances search has a wildcard below one of its own names."""
    searched(lab, "corp.example.com", lab.site.address(2, 250))
    route53 = lab.client("route53")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    listed = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    wild = next(one for one in listed if one["Name"].startswith("*."))
    below = {**wild, "Name": "*.apps.corp.example.com"}
    changes = [{"Action": "DELETE", "ResourceRecordSet": wild}, {"Action": "CREATE", "ResourceRecordSet": below}]
    route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": changes})
    _being_made(lab)


def _being_made(lab: "Lab") -> None:
    """The pod was scheduled a moment ago: nothing shows yet that its name resolves."""
    pod_waits(lab)
    pod(lab)["metadata"]["creationTimestamp"] = pod(lab)["status"]["startTime"] = lab.site.time(0)


@variant("kube-proxy-ready-on-most")
def kube_proxy_ready_on_most(lab: "Lab", account: Account) -> None:
    """A node that is coming up has no kube-proxy yet."""
    run_kube_proxy(lab, ready=2)


@variant("host-alias-of-this-file-system")
def host_alias_of_this_file_system(lab: "Lab", account: Account) -> None:
    """The node plugin's /etc/hosts has the name with the address of its own first interface."""
    list_host(lab, lab.file_system_addresses(FILE_SYSTEM_ID)[0])
