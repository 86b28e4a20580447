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
