"""The NetworkPolicies of the driver's namespace leave its pods their ways out."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from diag import Draft, Fix, Layer, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.steps import advise, change, guard, save, undo
from diag.analysis.attributes import is_address
from diag.analysis.claims import Provisioning
from diag.analysis.driver.workloads import missing_component, pods_of
from diag.analysis.identity.controller import Giver, goes_by_proxy, injected
from diag.analysis.network.names import asks_cluster_dns, has_node_local_dns, is_cluster_dns
from diag.analysis.network.policies import Way, denies_by_default, enforcer_of, lets, limiting, may_limit, private_range
from diag.analysis.network.security_groups import ipv4
from diag.grammar.command import Verbatim
from diag.model.unavailable import value_or
from diag.resources.ec2 import VpcEndpoint
from diag.resources.eks import EksCluster
from diag.resources.kubernetes import (
    Namespace,
    NetworkPolicy,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    Service,
    Workload,
)
from diag.resources.kubernetes.other_policy import Limit, OtherPolicy

CAUSE = "network-policy-blocks-driver"
NAME_LABEL = "kubernetes.io/metadata.name"
"""The API server gives it to every namespace. Source: Kubernetes documentation, well-known labels."""
AGENT = "169.254.170.23"
"""Where the Pod Identity agent answers pods. Source: EKS user guide, pod identities."""
NODE_LOCAL = "169.254.20.10"
"""Where NodeLocal DNSCache answers. Source: kubernetes/kubernetes cluster/addons/dns/nodelocaldns."""
AWS_NAMES = {"fsx": "FSx", "sts": "STS"}


@check("network-policies", layer=Layer.NETWORK, speaks_for=CAUSE)
def policies_leave_the_driver_its_ways(
    driver_policies: tuple[NetworkPolicy, ...],
    dns_policies: tuple[NetworkPolicy, ...] | Unavailable,
    other_policies: tuple[OtherPolicy, ...] | Unavailable,
    namespaces: tuple[Namespace, ...] | Unavailable,
    controller: Workload | Unavailable,
    controller_pods: tuple[Pod, ...] | Unavailable,
    node_plugin: Workload | Unavailable,
    deployments: tuple[Workload, ...] | Unavailable,
    daemon_sets: tuple[Workload, ...] | Unavailable,
    dns_service: Service | Unavailable,
    pods: tuple[Pod, ...] | Unavailable,
    provisioning: Provisioning | Unavailable,
    volumes: tuple[PersistentVolume, ...],
    vpc_endpoints: tuple[VpcEndpoint, ...] | Unavailable,
    eks_cluster: EksCluster | Unavailable,
    nodes: tuple[Node, ...] | Unavailable,
) -> Iterator[Draft]:
    """NetworkPolicies leave the controller its ways to AWS, to the API server and to DNS, and the node plugin DNS.

    A policy that selects a pod for egress closes all that no policy opens. The controller's calls to FSx, STS or the
    API server then time out and claims stay Pending; the node plugin resolves no name. A policy that selects CoreDNS
    may keep the questions out, or CoreDNS from the VPC's resolver. The mount's own packets are the node's, which no
    NetworkPolicy drops. Of policies of other kinds (Cilium's, Calico's, AdminNetworkPolicy, AWS's) it is read which
    pods they select and whether they let anything through, not what.

    pass: no policy selects the pods, or the policies leave every way open
    warn: a way is closed, and nothing waits for it: no claim for the driver, or nothing shows that anybody carries
        policies out
    fail: the VPC CNI, Calico or Cilium carries policies out, and closes a way for which a claim waits, or DNS to a
        node plugin that mounts by name
    unknown: policies or API groups could not be read, one names a namespace by labels that could not be read, or a
        policy of another kind limits the pods and lets something through
    skip: nothing is provisioned, no volume is mounted by name, or there is no such half of the driver
    source: Kubernetes documentation, network policies; EKS user guide, cni-network-policy
    """
    named = [volume for volume in volumes if volume.dns_name and not is_address(volume.dns_name)]
    known = value_or(provisioning, Provisioning())
    sets = value_or(daemon_sets, ())
    core = next(filter(is_cluster_dns, value_or(deployments, ())), None)
    dns = _dns(core, dns_service, value_or(pods, ()))
    labels_of: dict[str, Mapping[str, str]] = {way.namespace: {NAME_LABEL: way.namespace} for way in dns}
    labels_of |= {one.metadata.name: one.metadata.labels or {} for one in value_or(namespaces, ())}
    wall = _Wall(enforcer_of(sets), denies_by_default(sets), labels_of, namespaces, other_policies)
    for workload, half, needed in (
        (controller, "controller", known.in_use),
        (node_plugin, "node plugin", bool(named)),
    ):
        if isinstance(workload, Unavailable):
            yield missing_component(half, workload)
            continue
        ways = dns if asks_cluster_dns(workload) else ()
        if half == "controller":
            ways = (
                *ways,
                *_of_cluster(eks_cluster, value_or(nodes, ())),
                *_of_aws(value_or(controller_pods, ()), vpc_endpoints),
            )
        if not needed or not ways:
            yield skip(workload, f"the {half} needs no way that a policy could close")
            continue
        waiting = known.pending if half == "controller" else named
        yield _judge(workload, driver_policies, f"the {half}'s way to", ways, wall, waiting)
    if core is None or not named or not isinstance(node_plugin, Workload):
        return
    if has_node_local_dns(sets) or not asks_cluster_dns(node_plugin):
        return
    if isinstance(dns_policies, Unavailable):
        yield unknown(core, f"policies of CoreDNS were not seen: {dns_policies}", because=(dns_policies,))
        return
    if not node_plugin.spec.template.spec.host_network:
        (way,) = dns
        asking = pods_of(node_plugin, value_or(pods, ()))
        labels = node_plugin.spec.template.metadata.labels or {}
        addresses = tuple(pod.status.pod_ip for pod in asking if ipv4(pod.status.pod_ip))
        plugin = Way(
            "the node plugin", "UDP", way.ports, way.port_names, addresses, node_plugin.metadata.namespace, labels
        )
        yield _judge(core, dns_policies, "CoreDNS to questions of", (plugin,), wall, named, ingress=True)
    yield _judge(core, dns_policies, "CoreDNS's way to", (Way("the VPC's resolver", "UDP", (53,)),), wall, named)


class _Wall(NamedTuple):
    """Who carries policies out, and what is known beside them."""

    enforcer: str
    strict: bool
    labels_of: Mapping[str, Mapping[str, str]]
    namespaces: tuple[Namespace, ...] | Unavailable
    others: tuple[OtherPolicy, ...] | Unavailable


def _judge(
    workload: Workload,
    policies: Sequence[NetworkPolicy],
    what: str,
    ways: Sequence[Way],
    wall: _Wall,
    waiting: Sequence[PersistentVolume | PersistentVolumeClaim],
    *,
    ingress: bool = False,
) -> Draft:
    """One direction of one workload's packets."""
    own = limiting(policies, workload, ingress=ingress)
    strict = wall.enforcer and wall.strict and not workload.spec.template.spec.host_network
    closed = [
        way for way in ways if (own or strict) and not any(lets(o, way, wall.labels_of, ingress=ingress) for o in own)
    ]
    seen = (
        f"carried out by {wall.enforcer}" if wall.enforcer else "nothing shows that anybody carries policies out here"
    )
    others = may_limit(value_or(wall.others, ()), workload, wall.labels_of, ingress=ingress)
    if own:
        # A baseline is not about pods that a NetworkPolicy selects. Source: network-policy-api.
        others = tuple(other for other in others if other.kind != "BaselineAdminNetworkPolicy")
    names = _names(own)
    if not closed and others and all(o.limit(ingress=ingress) is Limit.ALL for o in others):
        closed, names, own = list(ways), tuple(dict.fromkeys(map(str, others))), ()
    elif not closed and others:
        kinds = ", ".join(dict.fromkeys(other.kind for other in others))
        message = f"policies of kind {kinds} are present that this tool does not judge: they may close {what}"
        whom = ", ".join(way.whom for way in ways)
        return unknown(workload, f"{message} {whom}", *dict.fromkeys(map(str, others)))
    if not closed and isinstance(wall.others, Unavailable):
        message = f"policies of other kinds than NetworkPolicy were not seen: {wall.others}"
        return unknown(workload, message, because=(wall.others,))
    if not closed:
        return ok(workload, f"no policy closes {what} {', '.join(way.whom for way in ways)}", *names)
    whom = ", ".join(f"{way.whom} ({way.protocol} {way.ports[0]})" for way in closed)
    message = f"{' and '.join(names) or 'strict mode without a policy'} closes {what} {whom}"
    if isinstance(wall.namespaces, Unavailable) and any(way.namespace for way in closed) and _by_labels(own, ingress):
        text = f"perhaps {message}: labels of namespaces are not known"
        return unknown(workload, text, because=(wall.namespaces,))
    say = fail if wall.enforcer and waiting else warn
    fix = _open(workload, own, closed, ingress)
    return say(workload, message, seen, cause=CAUSE, fix=fix, concerns=waiting)


def _dns(core: Workload | None, service: Service | Unavailable, pods: Sequence[Pod]) -> tuple[Way, ...]:
    """CoreDNS behind its Service, or the cache on the node; nothing where the cluster has no CoreDNS Deployment."""
    if core is None:
        return ()
    addresses = [pod.status.pod_ip for pod in filter(is_cluster_dns, pods)]
    target = 53
    if isinstance(service, Service):
        addresses.append(service.spec.cluster_ip)
        found = (port.target_port for port in service.spec.ports or () if port.protocol == "UDP")
        target = next((port for port in found if isinstance(port, int)), target)
    labels = core.spec.template.metadata.labels or {}
    known = tuple(address for address in (*addresses, NODE_LOCAL) if ipv4(address))
    return (Way("the cluster's DNS", "UDP", (53, target), ("dns",), known, core.metadata.namespace, labels),)


def _of_cluster(cluster: EksCluster | Unavailable, nodes: Sequence[Node]) -> Iterator[Way]:
    """The API server: its Service has the first address of the range, its endpoints are private as the nodes are."""
    ranges = tuple(dict.fromkeys(filter(None, (private_range(node.internal_ip) for node in nodes))))
    if isinstance(cluster, Unavailable) or not ranges:
        return
    try:
        service = ipaddress.IPv4Network(cluster.kubernetes_network_config.service_ipv4_cidr)[1]
    except (ValueError, IndexError):
        return
    yield Way("the API server", "TCP", (443,), ("https",), (str(service),), ranges=ranges)


def _of_aws(pods: Sequence[Pod], endpoints: tuple[VpcEndpoint, ...] | Unavailable) -> Iterator[Way]:
    givers = {injected(pod) for pod in pods}
    if not goes_by_proxy(pods):
        inside = {item.service for item in value_or(endpoints, ()) if item.private_dns_enabled}
        for service in ("fsx", *(("sts",) if Giver.WEB_IDENTITY in givers else ())):
            is_public = not isinstance(endpoints, Unavailable) and service not in inside
            yield Way(AWS_NAMES[service], "TCP", (443,), is_public=is_public)
    if Giver.POD_IDENTITY in givers:
        yield Way("the Pod Identity agent", "TCP", (80,), addresses=(AGENT,))


def _by_labels(policies: Sequence[NetworkPolicy], ingress: bool) -> bool:
    """Whether a rule names a namespace by another label than its name."""
    peers = (peer for one in policies for given, _ in one.rules(ingress=ingress) for peer in given)
    selectors = (peer.namespace_selector for peer in peers if peer.namespace_selector)
    keys = {key for one in selectors for key in (one.match_labels or {})}
    return bool(keys - {NAME_LABEL}) or any(one.match_expressions for one in selectors)


def _names(policies: Sequence[NetworkPolicy]) -> tuple[str, ...]:
    return tuple(f"NetworkPolicy {one.metadata.namespace}/{one.metadata.name}" for one in policies)


def _open(workload: Workload, policies: Sequence[NetworkPolicy], closed: Sequence[Way], ingress: bool) -> Fix:
    """A policy beside the others, made of one of them, that opens the ways: policies only add up."""
    selector = workload.spec.selector
    if ingress or not policies or selector is None or not selector.match_labels:
        wanted = ", ".join(f"{way.whom} over {way.protocol} {way.ports[0]}" for way in closed)
        request = "Let {wanted} in to the pods of {who}" if ingress else "Let the pods of {who} out to {wanted}"
        names = {"wanted": wanted, "who": str(workload.subject)}
        return advise(
            f"{request}, by a rule of the policies or by a NetworkPolicy.", names, by="whoever runs the policies"
        )
    ports = [{"protocol": way.protocol, "port": port} for way in closed for port in dict.fromkeys(way.ports)]
    rules = [{"ports": [port]} for port in ports]
    names = {
        "driver_namespace": workload.metadata.namespace,
        "driver_workload": f"{workload.kind.lower()}/{workload.metadata.name}",
        "name": policies[0].metadata.name,
    }
    spec = {"podSelector": {"matchLabels": selector.match_labels}, "policyTypes": ["Egress"], "egress": rules}
    metadata = {
        "name": f"{workload.metadata.name}-egress",
        **dict.fromkeys(("uid", "resourceVersion", "creationTimestamp", "labels", "annotations", "managedFields")),
    }
    before, after = "networkpolicy-{name}.yaml", "networkpolicy-egress.yaml"
    patch = Verbatim({"metadata": metadata, "spec": {"ingress": None, **spec}})
    return Fix(
        (
            save(f"kubectl -n {{driver_namespace}} get networkpolicy {{name}} -o yaml > {before}", names),
            save(
                f"kubectl patch --local -f {before} --type=merge -p {{patch}} -o yaml > {after}",
                {**names, "patch": patch},
            ),
            guard(f"test -s {after}"),
            change(f"kubectl apply -f {after}", changes="Add a NetworkPolicy that allows this. The others stay."),
            undo(f"kubectl delete -f {after}"),
        )
    )
