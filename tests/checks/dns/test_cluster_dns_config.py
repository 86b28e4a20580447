"""The cluster's DNS: its Service leads to CoreDNS, and CoreDNS passes the file system's name on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.dns.cluster_dns_config import cluster_dns_leads_on
from diag import Reason, Unavailable, Verdict
from diag.model.finding import Finding
from diag.resources.kubernetes import EndpointSlice, Pod, Service, Workload
from tests.checks import given, given_network
from tests.checks.given_driver_objects import PENDING
from tests.checks.given_name_resolution_path import core_dns, judge, plugin
from tests.checks.given_network import NAME

COREFILE = ".:53 {\n    errors\n    HOSTS\n    forward . /etc/resolv.conf\n    cache 30\n}\n"
ABSENT = Unavailable("it", Reason.ABSENT, "there is none")


def service(port: int = 53, target: int | str = 53, address: str = "172.20.0.10", **selector: str) -> Service:
    ports = [{"port": port, "protocol": protocol, "targetPort": target} for protocol in ("UDP", "TCP")]
    spec = {"clusterIP": address, "ports": ports, "selector": selector or {"k8s-app": "kube-dns"}}
    raw = {"metadata": {"name": "kube-dns", "namespace": "kube-system"}, "spec": spec}
    return msgspec.convert(raw, Service)


def core_dns_pod(ready: str = "True") -> Pod:
    raw = {
        "metadata": {"name": "coredns-1", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "status": {"conditions": [{"type": "Ready", "status": ready}], "podIP": "10.0.1.20"},
    }
    return msgspec.convert(raw, Pod)


def found(text: str = COREFILE.replace("HOSTS", ""), **facts: Any) -> Finding:
    pods = (given.pod(), given.plugin_pod(), core_dns_pod())
    cluster = given.eks_cluster()
    network = msgspec.structs.replace(cluster.kubernetes_network_config, service_ipv4_cidr="172.20.0.0/16")
    usual = {
        "deployments": (core_dns(),),
        "dns_service": service(),
        "pods": pods,
        "corefile": given_network.corefile(text),
        "eks_cluster": msgspec.structs.replace(cluster, kubernetes_network_config=network),
    }
    return judge(cluster_dns_leads_on, **(usual | facts))


@pytest.mark.parametrize(("ready", "verdict"), [(0, Verdict.FAIL), (1, Verdict.PASS)])
def test_kube_proxy_that_is_ready_nowhere_leads_to_no_service(ready: int, verdict: Verdict) -> None:
    status = {"desiredNumberScheduled": 3, "numberReady": ready}
    raw = {"metadata": {"name": "kube-proxy", "namespace": "kube-system"}, "kind": "DaemonSet", "status": status}
    proxy = msgspec.convert(raw, Workload)
    assert found(daemon_sets=(given.node_plugin(), proxy)).verdict is verdict


def test_the_usual_way() -> None:
    assert found().verdict is Verdict.PASS
    assert found(dns_service=service(target="dns")).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("service", "says"),
    [
        (ABSENT, "no Service"),
        (service(port=54), "no UDP port 53"),
        (service(target=54), "leads to port 54, and CoreDNS listens on 53"),
        (service(app="coredns"), "selects app=coredns, and no ready pod"),
    ],
)
def test_a_service_that_leads_nowhere(service: Service | Unavailable, says: str) -> None:
    told = found(dns_service=service)
    assert (told.verdict, told.cause) == (Verdict.FAIL, "cluster-dns-misconfigured")
    assert says in told.message


@pytest.mark.parametrize(
    ("slices", "says"),
    [
        ((), "has no endpoint that is ready"),
        ((given.endpoints(ready=False),), "has no endpoint that is ready"),
        ((given.endpoints(port=5353),), "are of port 5353, and CoreDNS listens on 53"),
        ((given.endpoints("10.0.1.99"),), "10.0.1.99, and no CoreDNS pod is there"),
    ],
)
def test_endpoints_that_lead_nowhere(slices: tuple[EndpointSlice, ...], says: str) -> None:
    told = found(dns_endpoints=slices)
    assert (told.verdict, told.cause, says in told.message) == (Verdict.FAIL, "cluster-dns-misconfigured", True)


def test_endpoints_of_the_other_ip_family_say_nothing_of_a_pod() -> None:
    assert found(dns_endpoints=(given.endpoints("fd00::99"),)).verdict is Verdict.PASS
    both = (given.endpoints("fd00::99"), given.endpoints("10.0.1.99"))
    assert found(dns_endpoints=both).verdict is Verdict.FAIL


def test_endpoints_that_a_person_keeps_and_those_that_were_not_seen() -> None:
    kept = msgspec.structs.replace(service(), spec=msgspec.structs.replace(service().spec, selector=None))
    assert found(dns_service=kept).verdict is Verdict.PASS
    assert found(dns_endpoints=given.denied("list endpointslices")).verdict is Verdict.UNKNOWN


def test_pods_that_are_not_ready_are_the_matter_of_cluster_dns() -> None:
    assert found(pods=(given.pod(), given.plugin_pod(), core_dns_pod(ready="False"))).verdict is Verdict.PASS


def test_a_service_with_another_address_than_the_kubelets_were_told() -> None:
    told = found(dns_service=service(address="172.20.7.7"))
    assert (told.verdict, told.cause) == (Verdict.WARN, "cluster-dns-misconfigured")
    assert "172.20.7.7, and EKS gives pods 172.20.0.10" in told.message


@pytest.mark.parametrize(
    ("hosts", "verdict"),
    [
        ("hosts {\n        10.1.2.3 gitlab.example.com\n        fallthrough\n    }", Verdict.PASS),
        ("hosts {\n        10.1.2.3 gitlab.example.com\n    }", Verdict.FAIL),
        ("hosts /etc/hosts example.com {\n        10.1.2.3 gitlab.example.com\n    }", Verdict.PASS),
        (f"hosts {{\n        203.0.113.9 {NAME}\n        fallthrough\n    }}", Verdict.FAIL),
        (f"hosts {{\n        {given_network.eni().private_ip_address} {NAME}\n    }}", Verdict.PASS),
    ],
)
def test_names_that_coredns_answers_by_itself(hosts: str, verdict: Verdict) -> None:
    assert found(COREFILE.replace("HOSTS", hosts)).verdict is verdict


@pytest.mark.parametrize("text", ["", "cluster.local:53 {\n    errors\n}\n", ".:53 {\n    errors\n}\n"])
def test_a_corefile_that_forwards_the_name_to_nobody(text: str) -> None:
    assert found(text).verdict is Verdict.FAIL


def test_a_corefile_that_is_gone() -> None:
    assert found(corefile=ABSENT).verdict is Verdict.WARN


def test_nobody_asks_it() -> None:
    assert found(dns_service=ABSENT, **plugin(dnsPolicy="Default")).verdict is Verdict.SKIP
    assert found(dns_service=ABSENT, deployments=()).verdict is Verdict.SKIP


def test_unseen() -> None:
    assert found(dns_service=given.denied("get services")).verdict is Verdict.UNKNOWN
    assert found(corefile=given.denied("get configmaps")).verdict is Verdict.UNKNOWN


PLUGIN_POD = given.replace(given.plugin_pod(), status=given.replace(given.plugin_pod().status, pod_ip="10.0.1.9"))
WAITING = (given.pod(phase="Pending"), PLUGIN_POD, core_dns_pod())


@pytest.mark.parametrize(
    ("plugin", "says"),
    [
        ("template IN ANY amazonaws.com {\n        rcode NXDOMAIN\n    }", "answers"),
        ("template ANY ANY {\n        rcode SERVFAIL\n    }", "answers"),
        ('template IN A amazonaws.com {\n        answer "{{ .Name }} 60 IN A 203.0.113.9"\n    }', "203.0.113.9"),
        (
            "template IN A amazonaws.com {\n        match ^gitlab[.]example\n        rcode NXDOMAIN\n    }",
            "no `fallthrough`",
        ),
        ("rewrite name suffix .amazonaws.com .corp.example", "ap-northeast-2.corp.example in place"),
        ("rewrite stop name substring amazonaws corp", "corp.com in place"),
        (f"rewrite name {NAME} lustre.corp.example", "lustre.corp.example in place"),
        ("rewrite continue {\n        name prefix fs- old-\n    }", "old-"),
        ("acl {\n        block net 10.0.0.0/8\n    }", "block"),
        ("acl amazonaws.com {\n        allow net 192.168.0.0/16\n        drop\n    }", "drop"),
        ("kubernetes", "authority"),
    ],
)
def test_plugins_that_keep_the_name(plugin: str, says: str) -> None:
    told = found(COREFILE.replace("HOSTS", plugin), pods=WAITING)
    assert (told.verdict, told.cause) == (Verdict.FAIL, "cluster-dns-misconfigured")
    assert says in told.message
    assert told.fix is not None and "Corefile" in str(told.fix)


@pytest.mark.parametrize(
    "plugin",
    [
        r"rewrite name regex (.*)\.amazonaws\.com {1}.corp.example",
        "rewrite name regex (.*) {1}.corp.example",
        'template IN A amazonaws.com {\n        match ^fs-\n        answer "{{ .Name }} 60 IN A {{ .Group.a }}"\n    }',
        "file /etc/coredns/amazonaws.db amazonaws.com",
    ],
)
def test_plugins_that_may_keep_the_name(plugin: str) -> None:
    text = COREFILE.replace("HOSTS", plugin)
    assert found(text, pods=WAITING).verdict is Verdict.WARN
    assert found(text).verdict is Verdict.PASS, "a pod that mounts by the name is up"


@pytest.mark.parametrize(
    "plugin",
    [
        "template IN AAAA . {\n        rcode NOERROR\n    }",
        "template IN A corp.example {\n        rcode NXDOMAIN\n    }",
        "template IN A {\n        match gitlab[.]example$\n        rcode NXDOMAIN\n        fallthrough\n    }",
        f'template IN A {{\n        answer "{{{{ .Name }}}} 60 IN A {given_network.eni().private_ip_address}"\n    }}',
        r"rewrite name regex (.*)\.svc\.corp\.example {1}.svc.cluster.local",
        "rewrite name suffix .corp.example .svc.cluster.local",
        "rewrite ttl regex .* 30",
        "acl {\n        block net 192.0.2.0/24\n    }",
        "acl {\n        allow net 10.0.0.0/8\n        block\n    }",
        "acl {\n        filter type AAAA\n    }",
        "kubernetes cluster.local in-addr.arpa",
        "kubernetes {\n        fallthrough\n    }",
        "file /etc/coredns/corp.db corp.example",
    ],
)
def test_plugins_for_other_names(plugin: str) -> None:
    assert found(COREFILE.replace("HOSTS", plugin), pods=WAITING).verdict is Verdict.PASS


def test_the_corefile_of_the_cache_on_the_nodes() -> None:
    plain = given.node_plugin()
    cache = given.replace(plain, metadata=given.replace(plain.metadata, name="node-local-dns"))
    sets = {"daemon_sets": (plain, cache), "pods": WAITING}
    local = given_network.corefile(COREFILE.replace("HOSTS", "template IN A {\n        rcode NXDOMAIN\n    }"))
    told = found(node_local_corefile=local, **sets)
    assert (told.verdict, "of NodeLocal DNSCache" in told.message) == (Verdict.FAIL, True)
    assert (
        found(node_local_corefile=given_network.corefile(COREFILE.replace("HOSTS", "")), **sets).verdict is Verdict.PASS
    )
    assert found(node_local_corefile=given.denied("get configmaps"), **sets).verdict is Verdict.UNKNOWN


def test_a_service_of_the_own_node_alone() -> None:
    local = given.replace(service(), spec=given.replace(service().spec, internal_traffic_policy="Local"))
    there, away = core_dns_pod(), core_dns_pod()
    there = given.replace(there, spec=given.replace(there.spec, node_name=given.NODE))
    away = given.replace(away, spec=given.replace(away.spec, node_name="node-z"))
    told = found(dns_service=local, pods=(given.pod(), given.plugin_pod(), away))
    assert (told.verdict, told.cause) == (Verdict.FAIL, "cluster-dns-misconfigured")
    assert f"no CoreDNS pod is on {given.NODE}" in told.message
    assert found(dns_service=local, pods=(given.pod(), given.plugin_pod(), there)).verdict is Verdict.PASS


def test_a_node_plugin_that_names_another_service() -> None:
    own = {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["172.20.0.99"]}}
    told = found(**plugin(**own))
    assert (told.verdict, "names 172.20.0.99, and the Service kube-dns is at 172.20.0.10" in told.message) == (
        Verdict.FAIL, True,
    )  # fmt: skip
    right = {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["172.20.0.10"]}}
    assert found(**plugin(**right)).verdict is Verdict.PASS
    assert found(**plugin(dnsPolicy="None", dnsConfig={"nameservers": ["10.9.9.9"]})).verdict is Verdict.SKIP


def test_coredns_that_asks_itself() -> None:
    told = found(".:53 {\n    forward . 172.20.0.10\n}\n")
    assert (told.verdict, "it asks itself" in told.message) == (Verdict.FAIL, True)


TEMPLATE = ".:53 {\n    template IN ANY amazonaws.com {\n        BODY\n    }\n    forward . /etc/resolv.conf\n}\n"


def test_the_names_of_aws_that_the_controller_asks_for() -> None:
    by_address = given.volume(attributes={"dnsname": "10.0.1.5", "mountname": "abcdebev"})
    usual: dict[str, Any] = given_network.network() | {
        "deployments": (core_dns(), given.controller()),
        "dns_service": service(),
        "pods": (given.pod(), given.plugin_pod(), core_dns_pod()),
        "persistent_volumes": (by_address,),
        "corefile": given_network.corefile(TEMPLATE.replace("BODY", "rcode NXDOMAIN")),
    }
    (told,) = given.findings(cluster_dns_leads_on, claims=(PENDING,), **usual)
    assert (told.verdict, told.concerns) == (Verdict.FAIL, (PENDING.subject,))
    assert f"fsx.{given.REGION}.amazonaws.com" in told.message
    assert given.findings(cluster_dns_leads_on, **usual)[0].verdict is Verdict.SKIP, "no claim waits"
    endpoint = TEMPLATE.replace("BODY", 'answer "{{ .Name }} 60 IN A 10.0.1.77"')
    (told,) = given.findings(
        cluster_dns_leads_on, claims=(PENDING,), **usual | {"corefile": given_network.corefile(endpoint)}
    )
    assert told.verdict is Verdict.PASS, "an endpoint of one's own may be any address"
