"""NetworkPolicies that keep the driver's pods in."""

from typing import TYPE_CHECKING, Any

from tests.lab.faults import symptoms
from tests.lab.faults.registry import fault
from tests.lab.setup import NAMESPACE

if TYPE_CHECKING:
    from tests.lab.lab import Lab

DNS = [{"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}]
HTTPS = [{"ports": [{"protocol": "TCP", "port": 443}]}]


def carry_out_policies(lab: "Lab") -> None:
    """The VPC CNI's agent is switched on."""
    for container in lab.kube.get("daemonsets", "aws-node", "kube-system")["spec"]["template"]["spec"]["containers"]:
        container["args"] = [
            argument.replace("network-policy=false", "network-policy=true") for argument in container.get("args", ())
        ]


def network_policy(lab: "Lab", name: str, namespace: str = NAMESPACE, **spec: Any) -> None:
    """Adds a policy about packets out of pods; of all in the namespace where no selector is given."""
    lab.kube.add(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": namespace, "creationTimestamp": lab.site.time(600)},
            "spec": {"podSelector": {}, "policyTypes": ["Egress"], **spec},
        }
    )


@fault("network-policy-closes-dns", cause="network-policy-blocks-driver")
def network_policy_closes_dns(lab: "Lab") -> None:
    """A team's default for every namespace: only HTTPS may leave, and the node plugin's questions do not."""
    carry_out_policies(lab)
    network_policy(lab, "https-alone", egress=HTTPS)
    symptoms.name_unresolved(lab)


@fault("network-policy-closes-aws", cause="network-policy-blocks-driver")
def network_policy_closes_aws(lab: "Lab") -> None:
    """DNS is open and nothing else: the controller's calls to STS and FSx time out."""
    carry_out_policies(lab)
    network_policy(lab, "dns-alone", egress=DNS)
    endpoint = f"https://sts.{lab.site.region}.{lab.site.dns_suffix}/"
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, get identity: get credentials: failed to refresh cached credentials,"
        " failed to retrieve credentials, operation error STS: AssumeRoleWithWebIdentity, exceeded maximum number of"
        f' attempts, 3, https response error StatusCode: 0, RequestID: , request send failed, Post "{endpoint}": dial'
        " tcp 52.95.36.71:443: i/o timeout",
    )


@fault("network-policy-closes-the-agent", cause="network-policy-blocks-driver", world="pod-identity")
def network_policy_closes_the_agent(lab: "Lab") -> None:
    """HTTPS and DNS are open; the Pod Identity agent answers on port 80 of a link-local address."""
    carry_out_policies(lab)
    network_policy(lab, "https-and-dns", egress=[*DNS, *HTTPS])
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, get identity: get credentials: failed to refresh cached credentials,"
        ' failed to load credentials, exceeded maximum number of attempts, 3, Get "http://169.254.170.23/v1/credentials":'
        " dial tcp 169.254.170.23:80: i/o timeout",
    )


def custom_policy(lab: "Lab", api_version: str, kind: str, namespace: str = "", **spec: Any) -> None:
    """Adds a policy of another kind, cluster-wide where no namespace is given."""
    metadata = {"name": "fence", "creationTimestamp": lab.site.time(600)}
    if namespace:
        metadata["namespace"] = namespace
    lab.kube.add({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})


def run_cni(lab: "Lab", name: str) -> None:
    """Another network plugin beside the VPC CNI, which carries policies out."""
    labels = {"k8s-app": name}
    spec = {"hostNetwork": True, "containers": [{"name": name, "image": f"quay.io/cni/{name}:v1"}]}
    lab.kube.add(
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": name, "namespace": "kube-system", "creationTimestamp": lab.site.time(6000)},
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
            "status": {"desiredNumberScheduled": 0, "currentNumberScheduled": 0, "numberReady": 0},
        }
    )


def _without(plural: str) -> Any:
    return lambda lab: not list(lab.kube.all(plural))


@fault(
    "cilium-policy-closes-dns", cause="network-policy-blocks-driver",
    gone=_without("ciliumclusterwidenetworkpolicies"),
)  # fmt: skip
def cilium_policy_closes_dns(lab: "Lab") -> None:
    """A default of Cilium for the driver's namespace: nothing may leave, and no other policy lets it."""
    run_cni(lab, "cilium")
    labels = {"k8s:io.kubernetes.pod.namespace": NAMESPACE}
    custom_policy(
        lab, "cilium.io/v2", "CiliumClusterwideNetworkPolicy", endpointSelector={"matchLabels": labels}, egress=[{}]
    )
    symptoms.name_unresolved(lab)


@fault("calico-policy-closes-dns", cause="network-policy-blocks-driver", gone=_without("globalnetworkpolicies"))
def calico_policy_closes_dns(lab: "Lab") -> None:
    """A GlobalNetworkPolicy without a rule selects every pod."""
    run_cni(lab, "calico-node")
    custom_policy(lab, "crd.projectcalico.org/v1", "GlobalNetworkPolicy", selector="all()", types=["Egress"])
    symptoms.name_unresolved(lab)


def _dns_open(lab: "Lab") -> bool:
    return len(list(lab.kube.all("networkpolicies", "kube-system"))) != 1


@fault("network-policy-closes-coredns", cause="network-policy-blocks-driver", gone=_dns_open)
def network_policy_closes_coredns(lab: "Lab") -> None:
    """kube-system was locked: its pods take packets of their own namespace alone."""
    carry_out_policies(lab)
    ingress = [{"from": [{"podSelector": {}}]}]
    network_policy(lab, "own-alone", "kube-system", policyTypes=["Ingress"], ingress=ingress)
    symptoms.name_unresolved(lab)


@fault("network-policy-closes-the-vpc-resolver", cause="network-policy-blocks-driver", gone=_dns_open)
def network_policy_closes_the_vpc_resolver(lab: "Lab") -> None:
    """CoreDNS may reach the API server and nothing else: names of the cluster resolve, others do not."""
    carry_out_policies(lab)
    network_policy(lab, "api-alone", "kube-system", egress=HTTPS)
    symptoms.name_unresolved(lab)


def _api_open(lab: "Lab") -> bool:
    return len(list(lab.kube.all("networkpolicies", NAMESPACE))) != 1


@fault("network-policy-closes-the-api-server", cause="network-policy-blocks-driver", gone=_api_open)
def network_policy_closes_the_api_server(lab: "Lab") -> None:
    """HTTPS is open to the internet without the VPC's own ranges, where the API server is."""
    carry_out_policies(lab)
    private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8"]
    outside = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": private}}], **HTTPS[0]}
    network_policy(lab, "internet-alone", egress=[*DNS, outside])
    symptoms.provision_dynamically(lab)
    symptoms.claim(lab)["metadata"]["creationTimestamp"] = lab.site.time(40)
    symptoms.claim_waits(lab, ("ExternalProvisioning", symptoms.WAITING_FOR, "persistentvolume-controller"))


@fault(
    "baseline-policy-closes-every-network", cause="network-policy-blocks-driver",
    gone=_without("baselineadminnetworkpolicies"),
)  # fmt: skip
def baseline_policy_closes_every_network(lab: "Lab") -> None:
    """The cluster's baseline denies whatever no NetworkPolicy speaks of, and the driver's namespace has none."""
    run_cni(lab, "cilium")
    deny = [{"name": "deny", "action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}]
    kind = "BaselineAdminNetworkPolicy"
    custom_policy(lab, "policy.networking.k8s.io/v1alpha1", kind, subject={"namespaces": {}}, egress=deny)
    symptoms.name_unresolved(lab)
