"""The name: where it is resolved, by whom, and to what."""

from typing import TYPE_CHECKING, Any

from tests.lab.dns import Trouble
from tests.lab.faults import symptoms
from tests.lab.faults.another_file_system import another_file_system
from tests.lab.faults.registry import fault

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("vpc-dns-support-off", cause="vpc-dns-disabled")
def vpc_dns_support_off(lab: "Lab") -> None:
    """The VPC's own resolver is switched off."""
    assert lab.account is not None
    lab.client("ec2").modify_vpc_attribute(VpcId=lab.account.vpc, EnableDnsSupport={"Value": False})
    lab.dns.switches.answers["*"] = Trouble.SERVFAIL
    symptoms.name_unresolved(lab)


@fault("vpc-dns-hostnames-off", cause="vpc-dns-disabled")
def vpc_dns_hostnames_off(lab: "Lab") -> None:
    """Names of file systems need enableDnsHostnames too."""
    assert lab.account is not None
    lab.client("ec2").modify_vpc_attribute(VpcId=lab.account.vpc, EnableDnsHostnames={"Value": False})
    _unknown(lab)


@fault("dhcp-custom-dns", cause="custom-dns-servers")
def dhcp_custom_dns(lab: "Lab") -> None:
    """The VPC asks a company's own servers, which do not forward fsx names."""
    assert lab.account is not None
    ec2 = lab.client("ec2")
    options = ec2.create_dhcp_options(
        DhcpConfigurations=[
            {"Key": "domain-name", "Values": ["corp.example.com"]},
            {"Key": "domain-name-servers", "Values": ["127.53.0.2", "127.53.0.3"]},
        ]
    )["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=lab.account.vpc)
    _unknown(lab)


@fault("private-zone-without-record", cause="private-zone-shadows-name")
def private_zone_without_record(lab: "Lab") -> None:
    """Somebody made a zone for one endpoint of FSx: the names of all file systems are hidden behind it."""
    private_zone(lab, f"fsx.{lab.site.region}.amazonaws.com")
    _unknown(lab)


@fault("private-zone-of-all-aws", cause="private-zone-shadows-name")
def private_zone_of_all_aws(lab: "Lab") -> None:
    """A zone for a proxy's names of AWS, with one record that is not the file system's."""
    private_zone(lab, "amazonaws.com", {f"sts.{lab.site.region}.amazonaws.com": lab.site.address(1, 200)})
    _unknown(lab)


@fault("private-zone-stale-record", cause="dns-wrong-address")
def private_zone_stale_record(lab: "Lab") -> None:
    """The record of the zone is that of the file system before this one."""
    gone = lab.site.address(2, 250)
    private_zone(lab, f"{lab.site.region}.amazonaws.com", {_name(lab): gone})
    lab.dns.switches.answers[_name(lab)] = (gone,)
    symptoms.unreachable(lab)


@fault("resolver-rule-forwards-aws", cause="private-zone-shadows-name")
def resolver_rule_forwards_aws(lab: "Lab") -> None:
    """A rule sends all names of AWS to a company's servers, which do not know those of file systems."""
    resolver_rule(lab, "amazonaws.com")
    _unknown(lab)


def resolver_rule(lab: "Lab", domain: str, kind: str = "FORWARD") -> None:
    """Makes a Resolver rule for a domain and associates it with the cluster's VPC."""
    assert lab.account is not None
    resolver, ec2 = lab.client("route53resolver"), lab.client("ec2")
    if kind == "SYSTEM":
        made = resolver.create_resolver_rule(CreatorRequestId=domain, Name="own", RuleType=kind, DomainName=domain)
        resolver.associate_resolver_rule(ResolverRuleId=made["ResolverRule"]["Id"], VPCId=lab.account.vpc)
        return
    group = ec2.create_security_group(GroupName="resolver", Description="DNS", VpcId=lab.account.vpc)["GroupId"]
    endpoint = resolver.create_resolver_endpoint(
        CreatorRequestId="outbound",
        Name="outbound",
        SecurityGroupIds=[group],
        Direction="OUTBOUND",
        IpAddresses=[
            {"SubnetId": subnet, "Ip": lab.site.address(number, 240)}
            for number, subnet in enumerate(lab.account.private_subnets, 1)
        ],
    )["ResolverEndpoint"]["Id"]
    rule = resolver.create_resolver_rule(
        CreatorRequestId="aws",
        Name="aws",
        RuleType=kind,
        DomainName=domain,
        TargetIps=[{"Ip": "10.9.9.9", "Port": 53}],
        ResolverEndpointId=endpoint,
    )["ResolverRule"]["Id"]
    resolver.associate_resolver_rule(ResolverRuleId=rule, VPCId=lab.account.vpc)


def private_zone(lab: "Lab", name: str, addresses: dict[str, str] | None = None, vpc: str = "") -> None:
    """Makes a private hosted zone of the cluster's VPC with A records by name."""
    assert lab.account is not None
    route53 = lab.client("route53")
    made = route53.create_hosted_zone(
        Name=name,
        CallerReference=name,
        VPC={"VPCRegion": lab.site.region, "VPCId": vpc or lab.account.vpc},
        HostedZoneConfig={"PrivateZone": True},
    )["HostedZone"]["Id"]
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": host, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": address}],
            },
        }
        for host, address in (addresses or {}).items()
    ]  # fmt: skip
    if changes:
        route53.change_resource_record_sets(HostedZoneId=made, ChangeBatch={"Changes": changes})


@fault("dns-nxdomain", cause="dns-resolution-failure")
def dns_nxdomain(lab: "Lab") -> None:
    """The resolver says there is no such name, for a reason not to be seen from here."""
    _unknown(lab)


@fault("dns-servfail", cause="dns-resolution-failure")
def dns_servfail(lab: "Lab") -> None:
    """The resolver gives up."""
    lab.dns.switches.answers[_name(lab)] = Trouble.SERVFAIL
    symptoms.name_unresolved(lab)


@fault("dns-black-hole", cause="dns-resolution-failure")
def dns_black_hole(lab: "Lab") -> None:
    """Queries are never answered."""
    lab.dns.switches.answers["*"] = Trouble.BLACK_HOLE
    symptoms.name_unresolved(lab)


@fault("dns-wrong-address", cause="dns-wrong-address")
def dns_wrong_address(lab: "Lab") -> None:
    """A private zone shadows the name with an address of no interface of the file system."""
    lab.dns.switches.answers[_name(lab)] = (lab.site.address(2, 250),)
    symptoms.unreachable(lab)


@fault("dns-address-of-another", cause="dns-wrong-address")
def dns_address_of_another(lab: "Lab") -> None:
    """A stale record leads to another file system, whose MGS does not know the name."""
    other = another_file_system(lab)
    lab.dns.switches.answers[_name(lab)] = lab.zone()[other]
    symptoms.no_such_name(lab)


@fault("coredns-down", cause="coredns-unhealthy")
def coredns_down(lab: "Lab") -> None:
    """The mount helper asks the cluster's DNS, and no replica of it is ready."""
    deployment = lab.kube.get("deployments", "coredns", "kube-system")
    deployment["status"] = {
        "observedGeneration": 2,
        "replicas": 2,
        "unavailableReplicas": 2,
        "updatedReplicas": 2,
        "conditions": [
            {
                "type": "Available",
                "status": "False",
                "reason": "MinimumReplicasUnavailable",
                "message": "Deployment does not have minimum availability.",
                "lastTransitionTime": lab.site.time(20),
                "lastUpdateTime": lab.site.time(20),
            }
        ],
    }
    for pod in lab.kube.all("pods", "kube-system"):
        if pod["metadata"]["labels"].get("k8s-app") == "kube-dns":
            text = f"back-off 5m0s restarting failed container=coredns pod={pod['metadata']['name']}"
            pod["status"]["containerStatuses"][0] |= {
                "ready": False,
                "started": False,
                "restartCount": 9,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": text}},
            }
            for condition in pod["status"]["conditions"]:
                if condition["type"] in ("Ready", "ContainersReady"):
                    condition["status"] = "False"
    symptoms.name_unresolved(lab)


def _name(lab: "Lab") -> str:
    return symptoms.attributes(lab)["dnsname"]


def _unknown(lab: "Lab") -> None:
    lab.dns.switches.answers[_name(lab)] = Trouble.NXDOMAIN
    symptoms.name_unresolved(lab)


@fault("coredns-scaled-to-nothing", cause="coredns-unhealthy")
def coredns_scaled_to_nothing(lab: "Lab") -> None:
    """Somebody saved two pods."""
    _stop_coredns(lab)
    symptoms.name_unresolved(lab)


def _stop_coredns(lab: "Lab") -> None:
    deployment = lab.kube.get("deployments", "coredns", "kube-system")
    deployment["spec"]["replicas"] = 0
    deployment["status"] = {"observedGeneration": 3}
    gone = [
        pod for pod in lab.kube.all("pods", "kube-system") if pod["metadata"]["labels"].get("k8s-app") == "kube-dns"
    ]
    lab.kube.remove_all("pods", gone)


@fault("coredns-forwards-to-company", cause="custom-dns-servers")
def coredns_forwards_to_company(lab: "Lab") -> None:
    """The cluster's DNS sends everything to a company's servers, which do not know the names of file systems."""
    data = lab.kube.get("configmaps", "coredns", "kube-system")["data"]
    data["Corefile"] = data["Corefile"].replace("forward . /etc/resolv.conf", "forward . 127.53.0.2 127.53.0.3")
    _unknown(lab)


def _has_dns_service(lab: "Lab") -> bool:
    return any(service["metadata"]["name"] == "kube-dns" for service in lab.kube.all("services", "kube-system"))


@fault("kube-dns-service-deleted", cause="cluster-dns-misconfigured", gone=_has_dns_service)
def kube_dns_service_deleted(lab: "Lab") -> None:
    """CoreDNS runs, and nothing leads to it any more."""
    lab.kube.remove("services", "kube-dns", "kube-system")
    symptoms.name_unresolved(lab)


@fault("kube-dns-selects-nobody", cause="cluster-dns-misconfigured")
def kube_dns_selects_nobody(lab: "Lab") -> None:
    """A hand changed the Service's selector: its endpoints are empty."""
    lab.kube.get("services", "kube-dns", "kube-system")["spec"]["selector"] = {"k8s-app": "coredns"}
    symptoms.name_unresolved(lab)


@fault("coredns-hosts-without-fallthrough", cause="cluster-dns-misconfigured")
def coredns_hosts_without_fallthrough(lab: "Lab") -> None:
    """A list of names of one's own, after which every other name ends."""
    data = lab.kube.get("configmaps", "coredns", "kube-system")["data"]
    hosts = "hosts {\n        10.1.2.3 gitlab.corp.example.com\n    }\n    forward"
    data["Corefile"] = data["Corefile"].replace("forward", hosts, 1)
    symptoms.name_unresolved(lab)


@fault("dns-without-address", cause="dns-resolution-failure")
def dns_without_address(lab: "Lab") -> None:
    """A private zone has the name with a text record alone."""
    lab.dns.switches.answers[_name(lab)] = Trouble.EMPTY
    symptoms.name_unresolved(lab)


@fault("dnsname-empty", cause="dnsname-missing")
def dnsname_empty(lab: "Lab") -> None:
    """$DNS_NAME was empty."""
    symptoms.attributes(lab)["dnsname"] = ""
    symptoms.setup_fails(lab, "rpc error: code = InvalidArgument desc = dnsname is not provided")


@fault("dnsname-of-another-partition", cause="dnsname-mismatch")
def dnsname_of_another_partition(lab: "Lab") -> None:
    """The suffix was copied from a manifest for the China Regions."""
    symptoms.attributes(lab)["dnsname"] += ".cn"
    symptoms.name_unresolved(lab)


@fault("dnsname-with-network", cause="dns-resolution-failure")
def dnsname_with_network(lab: "Lab") -> None:
    """The driver adds @tcp itself; given twice, no resolver can be asked for it."""
    symptoms.attributes(lab)["dnsname"] += "@tcp"
    symptoms.name_unresolved(lab)


@fault("dnsname-address-of-another", cause="wrong-mgs-address")
def dnsname_address_of_another(lab: "Lab") -> None:
    """The address of another file system, whose MGS does not know the name."""
    other = another_file_system(lab)
    symptoms.attributes(lab)["dnsname"] = lab.zone()[other][0]
    symptoms.no_such_name(lab)


def _leads_to_coredns(lab: "Lab") -> bool:
    pods = {pod["status"].get("podIP") for pod in lab.kube.all("pods", "kube-system")}
    slices = lab.kube.all("endpointslices", "kube-system")
    return any(set(one["addresses"]) & pods for slice_ in slices for one in slice_["endpoints"] or ())


@fault("kube-dns-endpoints-of-nobody", cause="cluster-dns-misconfigured", gone=_leads_to_coredns)
def kube_dns_endpoints_of_nobody(lab: "Lab") -> None:
    """The Service has no selector, and the endpoints that a person wrote are those of pods that are gone."""
    lab.kube.get("services", "kube-dns", "kube-system")["spec"].pop("selector")
    for slice_ in lab.kube.all("endpointslices", "kube-system"):
        slice_["endpoints"] = [{"addresses": [lab.site.address(1, 240)], "conditions": {"ready": True}}]
    symptoms.name_unresolved(lab)


@fault("coredns-stub-zone-takes-aws", cause="custom-dns-servers")
def coredns_stub_zone_takes_aws(lab: "Lab") -> None:
    """A block for AWS's names sends them to a company's servers, and all others go the usual way."""
    data = lab.kube.get("configmaps", "coredns", "kube-system")["data"]
    data["Corefile"] = f"{lab.site.dns_suffix}:53 {{\n    forward . 127.53.0.2\n    cache 30\n}}\n{data['Corefile']}"
    _unknown(lab)


@fault("node-plugin-asks-a-company", cause="custom-dns-servers")
def node_plugin_asks_a_company(lab: "Lab") -> None:
    """The DaemonSet's own dnsConfig names a company's servers in place of the cluster's."""
    spec = lab.kube.get("daemonsets", "fsx-csi-node", "fsx-csi-driver")["spec"]["template"]["spec"]
    spec |= {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["127.53.0.2"]}}
    _unknown(lab)


def _plain_corefile(lab: "Lab") -> bool:
    """Whether nothing but the usual plugins stands in the Corefile."""
    text = lab.kube.get("configmaps", "coredns", "kube-system")["data"]["Corefile"]
    return not any(f"    {plugin} " in text for plugin in ("template", "rewrite", "acl"))


def before_forward(lab: "Lab", plugin: str) -> None:
    """A plugin more in the usual block of the Corefile."""
    data = lab.kube.get("configmaps", "coredns", "kube-system")["data"]
    data["Corefile"] = data["Corefile"].replace("forward", f"{plugin}\n    forward", 1)


@fault("coredns-template-takes-aws", cause="cluster-dns-misconfigured", gone=_plain_corefile)
def coredns_template_takes_aws(lab: "Lab") -> None:
    """Names of AWS were to stay inside: every one of them is answered with NXDOMAIN."""
    before_forward(lab, f"template IN ANY {lab.site.dns_suffix} {{\n        rcode NXDOMAIN\n    }}")
    symptoms.name_unresolved(lab)


@fault("coredns-template-of-another-address", cause="cluster-dns-misconfigured", gone=_plain_corefile)
def coredns_template_of_another_address(lab: "Lab") -> None:
    """The answer is written down, and is that of the file system before this one."""
    answer = f'answer "{{{{ .Name }}}} 60 IN A {lab.site.address(2, 250)}"'
    before_forward(lab, f"template IN A fsx.{lab.site.region}.{lab.site.dns_suffix} {{\n        {answer}\n    }}")
    symptoms.unreachable(lab)


@fault("coredns-rewrites-the-name", cause="cluster-dns-misconfigured", gone=_plain_corefile)
def coredns_rewrites_the_name(lab: "Lab") -> None:
    """A rule for names of a company takes those of AWS with it."""
    before_forward(lab, f"rewrite name suffix .{lab.site.dns_suffix} .aws.corp.example.com")
    symptoms.name_unresolved(lab)


@fault("coredns-may-rewrite-the-name", cause="cluster-dns-misconfigured", gone=_plain_corefile)
def coredns_may_rewrite_the_name(lab: "Lab") -> None:
    """The same by a pattern, which this tool does not try: the mount that fails makes it likely."""
    before_forward(lab, r"rewrite name regex (.*)\.fsx\.(.*)\.amazonaws\.com {1}.lustre.corp.example.com")
    symptoms.name_unresolved(lab)


@fault("coredns-refuses-the-nodes", cause="cluster-dns-misconfigured", gone=_plain_corefile)
def coredns_refuses_the_nodes(lab: "Lab") -> None:
    """An acl lets the ranges of an old VPC ask, and the node plugin's pods are in none of them."""
    before_forward(lab, "acl {\n        allow net 192.168.0.0/16\n        block\n    }")
    symptoms.name_unresolved(lab)


NODE_LOCAL = """.:53 {{
    errors
    cache 30
    bind 169.254.20.10 172.20.0.10
    forward . {upstream}
}}
"""


def run_node_local(lab: "Lab", upstream: str) -> None:
    """NodeLocal DNSCache on every node, with a Corefile of its own."""
    metadata = {"name": "node-local-dns", "namespace": "kube-system", "creationTimestamp": lab.site.time(6000)}
    labels = {"k8s-app": "node-local-dns"}
    image = "registry.k8s.io/dns/k8s-dns-node-cache:1.26.4"
    args = ["-localip", "169.254.20.10,172.20.0.10", "-conf", "/etc/Corefile"]
    spec = {"hostNetwork": True, "containers": [{"name": "node-cache", "image": image, "args": args}]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    lab.kube.add(
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {**metadata, "labels": labels},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": template,
                "updateStrategy": {"type": "RollingUpdate"},
            },
            "status": {"desiredNumberScheduled": 0, "currentNumberScheduled": 0, "numberReady": 0},
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": dict(metadata),
            "data": {"Corefile": NODE_LOCAL.format(upstream=upstream)},
        },
    )


def _node_local_asks_the_vpc(lab: "Lab") -> bool:
    found = [one for one in lab.kube.all("configmaps", "kube-system") if one["metadata"]["name"] == "node-local-dns"]
    return not any("127.53.0.2" in one["data"]["Corefile"] for one in found)


@fault("node-local-dns-asks-a-company", cause="custom-dns-servers", gone=_node_local_asks_the_vpc)
def node_local_dns_asks_a_company(lab: "Lab") -> None:
    """CoreDNS is as it should be, and NodeLocal DNSCache sends names outside the cluster past it."""
    run_node_local(lab, "127.53.0.2")
    _unknown(lab)


def _no_zone(lab: "Lab") -> bool:
    return not lab.client("route53").list_hosted_zones()["HostedZones"]


def _api_unknown(lab: "Lab", service: str, before: str) -> None:
    host = f"{service}.{lab.site.region}.{lab.site.dns_suffix}"
    symptoms.create_fails(
        lab,
        f"operation error FSx: CreateFileSystem, {before}exceeded maximum number of attempts, 3, https response error"
        f' StatusCode: 0, RequestID: , request send failed, Post "https://{host}/": dial tcp: lookup {host} on'
        " 172.20.0.10:53: no such host",
    )


@fault("private-zone-hides-fsx", cause="private-zone-shadows-name", gone=_no_zone)
def private_zone_hides_fsx(lab: "Lab") -> None:
    """A zone for the names of file systems has each of them, and hides the name of the API."""
    zone = f"fsx.{lab.site.region}.{lab.site.dns_suffix}"
    private_zone(lab, zone, {_name(lab): next(iter(lab.zone().values()))[0]})
    _api_unknown(lab, "fsx", "")


@fault("private-zone-hides-sts", cause="private-zone-shadows-name", gone=_no_zone)
def private_zone_hides_sts(lab: "Lab") -> None:
    """A zone that was made for an endpoint of STS, whose record went with the endpoint."""
    private_zone(lab, f"sts.{lab.site.region}.{lab.site.dns_suffix}")
    _api_unknown(
        lab, "sts",
        "get identity: get credentials: failed to refresh cached credentials, failed to retrieve credentials,"
        " operation error STS: AssumeRoleWithWebIdentity, ",
    )  # fmt: skip


def _service(lab: "Lab") -> dict[str, Any]:
    found: dict[str, Any] = lab.kube.get("services", "kube-dns", "kube-system")["spec"]
    return found


@fault(
    "kube-dns-of-the-own-node-alone", cause="cluster-dns-misconfigured",
    gone=lambda lab: _service(lab).get("internalTrafficPolicy") != "Local",
)  # fmt: skip
def kube_dns_of_the_own_node_alone(lab: "Lab") -> None:
    """internalTrafficPolicy Local was to save traffic between zones; no CoreDNS pod is on the pod's node."""
    _service(lab)["internalTrafficPolicy"] = "Local"
    symptoms.name_unresolved(lab)


def _plugin(lab: "Lab") -> dict[str, Any]:
    found: dict[str, Any] = lab.kube.get("daemonsets", "fsx-csi-node", "fsx-csi-driver")["spec"]["template"]["spec"]
    return found


@fault(
    "node-plugin-names-an-old-service", cause="cluster-dns-misconfigured",
    gone=lambda lab: "172.20.0.99" not in str(_plugin(lab)),
)  # fmt: skip
def node_plugin_names_an_old_service(lab: "Lab") -> None:
    """The DaemonSet's own dnsConfig names the address that the DNS Service of another cluster has."""
    _plugin(lab).update({"dnsPolicy": "None", "dnsConfig": {"nameservers": ["172.20.0.99"]}})
    symptoms.name_unresolved(lab)


@fault("node-plugin-names-a-dead-coredns", cause="coredns-unhealthy")
def node_plugin_names_a_dead_coredns(lab: "Lab") -> None:
    """The DaemonSet's own dnsConfig names the cluster's DNS, of which no replica is left."""
    _plugin(lab).update({"dnsPolicy": "None", "dnsConfig": {"nameservers": [_service(lab)["clusterIP"]]}})
    coredns_scaled_to_nothing(lab)


def _forwards_out(lab: "Lab") -> bool:
    return _service(lab)["clusterIP"] not in lab.kube.get("configmaps", "coredns", "kube-system")["data"]["Corefile"]


@fault("coredns-asks-itself", cause="cluster-dns-misconfigured", gone=_forwards_out)
def coredns_asks_itself(lab: "Lab") -> None:
    """The upstream is the address of CoreDNS' own Service."""
    data = lab.kube.get("configmaps", "coredns", "kube-system")["data"]
    data["Corefile"] = data["Corefile"].replace("/etc/resolv.conf", _service(lab)["clusterIP"])
    symptoms.name_unresolved(lab)


def _caches_ready(lab: "Lab") -> bool:
    return bool(lab.kube.get("daemonsets", "node-local-dns", "kube-system")["status"]["numberReady"])


@fault("node-local-dns-ready-nowhere", cause="coredns-unhealthy", gone=_caches_ready)
def node_local_dns_ready_nowhere(lab: "Lab") -> None:
    """CoreDNS is well, and the cache that pods ask in its place runs on no node."""
    run_node_local(lab, "__PILLAR__UPSTREAM__SERVERS__")
    counts = {"desiredNumberScheduled": 3, "currentNumberScheduled": 3, "numberReady": 0, "numberUnavailable": 3}
    lab.kube.get("daemonsets", "node-local-dns", "kube-system")["status"] = counts
    symptoms.name_unresolved(lab)


def _asked_in_vain(lab: "Lab", service: str, why: str) -> None:
    """The controller's DNS server does not answer, or does not know the name."""
    _api_unknown(
        lab, service, "" if service == "fsx" else
        "get identity: get credentials: failed to refresh cached credentials, failed to retrieve credentials,"
        " operation error STS: AssumeRoleWithWebIdentity, ",
    )  # fmt: skip
    for event in lab.kube.all("events"):
        event["message"] = event["message"].replace("no such host", why)


_NO_ANSWER = "read udp 10.0.1.5:41234->172.20.0.10:53: i/o timeout"


@fault("controller-asks-a-dead-coredns", cause="coredns-unhealthy")
def controller_asks_a_dead_coredns(lab: "Lab") -> None:
    """No volume is there yet, and the controller's first call ends at its resolver."""
    _stop_coredns(lab)
    _asked_in_vain(lab, "sts", _NO_ANSWER)


@fault("controller-asks-a-deleted-service", cause="cluster-dns-misconfigured", gone=_has_dns_service)
def controller_asks_a_deleted_service(lab: "Lab") -> None:
    """CoreDNS runs, and the controller's questions do not reach it."""
    lab.kube.remove("services", "kube-dns", "kube-system")
    _asked_in_vain(lab, "sts", _NO_ANSWER)


@fault("controller-names-answered-by-template", cause="cluster-dns-misconfigured", gone=_plain_corefile)
def controller_names_answered_by_template(lab: "Lab") -> None:
    """Names of AWS were to stay inside, and so did those of its APIs."""
    before_forward(lab, f"template IN ANY {lab.site.dns_suffix} {{\n        rcode NXDOMAIN\n    }}")
    _asked_in_vain(lab, "fsx", "no such host")


def _no_stub(lab: "Lab") -> bool:
    return "10.9.9.9" not in lab.kube.get("configmaps", "coredns", "kube-system")["data"]["Corefile"]


@fault("controller-names-asked-of-a-company", cause="custom-dns-servers", gone=_no_stub)
def controller_names_asked_of_a_company(lab: "Lab") -> None:
    """A stub zone of the Corefile sends the names of AWS to servers that do not know those of its APIs."""
    data = lab.kube.get("configmaps", "coredns", "kube-system")["data"]
    data["Corefile"] = f"{lab.site.dns_suffix}:53 {{\n    forward . 10.9.9.9\n}}\n{data['Corefile']}"
    _asked_in_vain(lab, "fsx", "no such host")


def _aws_asked_of_aws(lab: "Lab") -> bool:
    rules = lab.client("route53resolver").list_resolver_rules()["ResolverRules"]
    return any(rule["RuleType"] == "SYSTEM" and rule["DomainName"].count(".") > 2 for rule in rules)


@fault("controller-names-forwarded-by-rule", cause="private-zone-shadows-name", gone=_aws_asked_of_aws)
def controller_names_forwarded_by_rule(lab: "Lab") -> None:
    """A Resolver rule sends the names of AWS to servers that do not know those of its APIs."""
    resolver_rule(lab, "amazonaws.com")
    _asked_in_vain(lab, "sts", "no such host")


def _resolver_on(lab: "Lab") -> bool:
    assert lab.account is not None
    asked = {"VpcId": lab.account.vpc, "Attribute": "enableDnsSupport"}
    return bool(lab.client("ec2").describe_vpc_attribute(**asked)["EnableDnsSupport"]["Value"])


@fault("controller-names-without-the-vpcs-resolver", cause="vpc-dns-disabled", gone=_resolver_on)
def controller_names_without_the_vpcs_resolver(lab: "Lab") -> None:
    """The VPC's own resolver is switched off, and nothing is mounted yet."""
    assert lab.account is not None
    lab.client("ec2").modify_vpc_attribute(VpcId=lab.account.vpc, EnableDnsSupport={"Value": False})
    _asked_in_vain(lab, "sts", "server misbehaving")


def _resolvable(lab: "Lab") -> bool:
    assert lab.account is not None
    return not lab.aws.resolver.state.blocks(lab.account.vpc, _name(lab))


LIST, GROUP = "rslvr-fdl-0a1b2c3d4e5f6789", "rslvr-frg-0a1b2c3d4e5f6789"


def dns_firewall(lab: "Lab", *rules: tuple[str, str, list[str]], profile: bool = False) -> None:
    """A rule group of DNS Firewall on the cluster's VPC: (name, action, domains) of each rule, in their order."""
    assert lab.account is not None
    state = lab.aws.resolver.state
    state.rules[GROUP] = []
    for number, (name, action, domains) in enumerate(rules, 1):
        id = f"{LIST[:-1]}{number}"
        state.lists[id] = {"Name": name, "Domains": domains}
        rule = {"FirewallRuleGroupId": GROUP, "FirewallDomainListId": id, "Name": name, "Action": action}
        answer = {"BlockResponse": "NXDOMAIN"} if action == "BLOCK" else {}
        state.rules[GROUP].append({**rule, **answer, "Priority": number * 100})
    if profile:
        arn = lab.site.arn("route53resolver", f"firewall-rule-group/{GROUP}", lab.site.region)
        share_by_profile(lab, "FIREWALL_RULE_GROUP", arn, ResourceProperties='{"priority":102}')
        return
    association = {"Id": "rslvr-frgassoc-1", "FirewallRuleGroupId": GROUP, "VpcId": lab.account.vpc, "Priority": 101}
    state.groups_of_vpcs.append({**association, "Status": "COMPLETE"})


def share_by_profile(lab: "Lab", kind: str, arn: str, **more: str) -> None:
    """A Route 53 Profile of the cluster's VPC shares one resource."""
    assert lab.account is not None
    id, state = "rp-0a1b2c3d4e5f6789", lab.aws.resolver.state
    state.profiles_of_vpcs[:] = [{"Id": "rpassoc-1", "ProfileId": id, "ResourceId": lab.account.vpc}]
    resource = {"Id": "rpr-1", "ProfileId": id, "ResourceArn": arn, "ResourceType": kind, **more}
    state.shared.setdefault(id, []).append(resource)


@fault("dns-firewall-walled-garden", cause="dns-firewall-blocks-name", gone=_resolvable)
def dns_firewall_walled_garden(lab: "Lab") -> None:
    """A list of what may be asked, and all else is blocked; the list knows S3 and ECR."""
    allowed = [f"*.s3.{lab.site.region}.amazonaws.com", f"*.ecr.{lab.site.region}.amazonaws.com"]
    dns_firewall(lab, ("allowed", "ALLOW", allowed), ("all-else", "BLOCK", ["*"]))
    _unknown(lab)


@fault("dns-firewall-by-profile", cause="dns-firewall-blocks-name", gone=_resolvable)
def dns_firewall_by_profile(lab: "Lab") -> None:
    """The rule group comes by a Profile of the network account; nothing is associated with the VPC itself."""
    dns_firewall(lab, ("trusted", "ALLOW", ["*.corp.example.com"]), ("aws", "BLOCK", ["*.amazonaws.com"]), profile=True)
    _unknown(lab)


def _profiles_shadow_nothing(lab: "Lab") -> bool:
    """The zone that the Profile shares has the file system's address."""
    route53 = lab.client("route53")
    names = {
        record["Name"].rstrip(".")
        for zone in route53.list_hosted_zones()["HostedZones"]
        for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
        if record["Type"] == "A"
    }
    return _name(lab) in names


@fault("private-zone-by-profile", cause="private-zone-shadows-name", gone=_profiles_shadow_nothing)
def private_zone_by_profile(lab: "Lab") -> None:
    """A zone for one endpoint of FSx, shared by a Route 53 Profile: the VPC's own list of zones does not have it."""
    zone_by_profile(lab, f"fsx.{lab.site.region}.{lab.site.dns_suffix}")
    _unknown(lab)


def zone_by_profile(lab: "Lab", name: str, addresses: dict[str, str] | None = None) -> None:
    """A zone of another VPC that a Profile shares with the cluster's."""
    other = lab.client("ec2").create_vpc(CidrBlock="10.78.0.0/16")["Vpc"]["VpcId"]
    private_zone(lab, name, addresses, vpc=other)
    zone = lab.client("route53").list_hosted_zones()["HostedZones"][-1]["Id"].rpartition("/")[2]
    share_by_profile(lab, "PRIVATE_HOSTED_ZONE", f"arn:{lab.site.partition}:route53:::hostedzone/{zone}")


@fault("resolver-rule-by-profile", cause="private-zone-shadows-name", gone=_aws_asked_of_aws)
def resolver_rule_by_profile(lab: "Lab") -> None:
    """A FORWARD rule of the network account for amazonaws.com comes by a Profile."""
    resolver_rule(lab, "amazonaws.com")
    resolver = lab.client("route53resolver")
    (made,) = resolver.list_resolver_rule_associations()["ResolverRuleAssociations"]
    resolver.disassociate_resolver_rule(ResolverRuleId=made["ResolverRuleId"], VPCId=made["VPCId"])
    arn = lab.site.arn("route53resolver", f"resolver-rule/{made['ResolverRuleId']}", lab.site.region)
    share_by_profile(lab, "RESOLVER_RULE", arn)
    _unknown(lab)


@fault("controller-names-behind-dns-firewall", cause="dns-firewall-blocks-name")
def controller_names_behind_dns_firewall(lab: "Lab") -> None:
    """All names of AWS but those of EC2 and ECR are blocked, and a claim waits."""
    dns_firewall(lab, ("allowed", "ALLOW", ["*.ecr.amazonaws.com"]), ("all-else", "BLOCK", ["*"]))
    _asked_in_vain(lab, "sts", "no such host")


def searched(lab: "Lab", domain: str, answer: str) -> None:
    """The VPC's instances search a domain whose private zone answers every name."""
    assert lab.account is not None
    ec2 = lab.client("ec2")
    configurations = [
        {"Key": "domain-name", "Values": [domain]},
        {"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS"]},
    ]
    options = ec2.create_dhcp_options(DhcpConfigurations=configurations)["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=lab.account.vpc)
    private_zone(lab, domain, {f"*.{domain}": answer})


def _few_dots(lab: "Lab") -> bool:
    options = (_plugin(lab).get("dnsConfig") or {}).get("options") or ()
    return any(one == {"name": "ndots", "value": "1"} for one in options)


@fault("searched-domain-with-wildcard", cause="dns-wrong-address", gone=_few_dots)
def searched_domain_with_wildcard(lab: "Lab") -> None:
    """Four dots are fewer than five: the name is asked for in the company's domain first, where everything resolves."""
    searched(lab, "corp.example.com", lab.site.address(2, 250))
    symptoms.unreachable(lab)


def _forwards(lab: "Lab") -> bool:
    return "forward . " in lab.kube.get("configmaps", "coredns", "kube-system")["data"]["Corefile"]


@fault("coredns-forwards-to-nobody", cause="cluster-dns-misconfigured", gone=_forwards)
def coredns_forwards_to_nobody(lab: "Lab") -> None:
    """The line was lost in a merge: names of the cluster alone resolve."""
    data = lab.kube.get("configmaps", "coredns", "kube-system")["data"]
    data["Corefile"] = "\n".join(line for line in data["Corefile"].splitlines() if "forward" not in line)
    _unknown(lab)


def _proxied(lab: "Lab") -> bool:
    return bool(lab.kube.get("daemonsets", "kube-proxy", "kube-system")["status"]["numberReady"])


def run_kube_proxy(lab: "Lab", ready: int) -> None:
    """kube-proxy on three nodes, ready on so many."""
    metadata = {"name": "kube-proxy", "namespace": "kube-system", "labels": {"k8s-app": "kube-proxy"}}
    metadata["creationTimestamp"] = lab.site.time(9000)  # type: ignore[assignment]
    spec = {"hostNetwork": True, "containers": [{"name": "kube-proxy", "image": "eks/kube-proxy:v1.34.0-eksbuild.2"}]}
    template = {"metadata": {"labels": {"k8s-app": "kube-proxy"}}, "spec": spec}
    lab.kube.add(
        {
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata,
            "spec": {"selector": {"matchLabels": {"k8s-app": "kube-proxy"}}, "template": template},
            "status": {"desiredNumberScheduled": 3, "currentNumberScheduled": 3, "numberReady": ready},
        }
    )  # fmt: skip


@fault("kube-proxy-ready-nowhere", cause="cluster-dns-misconfigured", gone=_proxied)
def kube_proxy_ready_nowhere(lab: "Lab") -> None:
    """An update of the add-on brought an image that cannot be pulled: the address of kube-dns leads nowhere."""
    run_kube_proxy(lab, ready=0)
    symptoms.name_unresolved(lab)


def list_host(lab: "Lab", address: str) -> None:
    """Writes the file system's name into /etc/hosts of the node plugin's pods."""
    aliases = [{"ip": "10.1.2.3", "hostnames": ["gitlab.corp.example.com"]}, {"ip": address, "hostnames": [_name(lab)]}]
    running = (pod["spec"] for pod in lab.kube.all("pods", "fsx-csi-driver") if "node" in pod["metadata"]["name"])
    for spec in (_plugin(lab), *running):
        spec["hostAliases"] = aliases


def _unlisted(lab: "Lab") -> bool:
    return not _plugin(lab).get("hostAliases")


@fault("host-alias-of-the-former-file-system", cause="dns-wrong-address", gone=_unlisted)
def host_alias_of_the_former_file_system(lab: "Lab") -> None:
    """Somebody got round a DNS fault with an entry in /etc/hosts; the file system has been replaced since."""
    list_host(lab, lab.site.address(2, 250))
    symptoms.unreachable(lab)
