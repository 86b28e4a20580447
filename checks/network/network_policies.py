"""The NetworkPolicies of the driver's namespace leave its pods their ways out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from diag import Draft, Fix, Layer, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.steps import advise, change, guard, save, undo
from diag.analysis.attributes import is_address
from diag.analysis.claims import Provisioning
from diag.analysis.driver.workloads import missing_component
from diag.analysis.identity.controller import PROXY, Giver, injected, plugin_of
from diag.analysis.network.names import asks_cluster_dns, is_cluster_dns
from diag.analysis.network.policies import Way, denies_by_default, enforcer_of, lets, limiting
from diag.analysis.network.security_groups import ipv4
from diag.grammar.command import Verbatim
from diag.model.unavailable import value_or
from diag.resources.ec2 import VpcEndpoint
from diag.resources.kubernetes import Namespace, NetworkPolicy, PersistentVolume, Pod, Service, Workload

NAME_LABEL = "kubernetes.io/metadata.name"
"""The API server gives it to every namespace. Source: Kubernetes documentation, well-known labels."""
AGENT = "169.254.170.23"
"""Where the Pod Identity agent answers pods. Source: EKS user guide, pod identities."""
NODE_LOCAL = "169.254.20.10"
"""Where NodeLocal DNSCache answers. Source: kubernetes/kubernetes cluster/addons/dns/nodelocaldns."""
AWS_NAMES = {"fsx": "FSx", "sts": "STS"}


@check("network-policies", layer=Layer.NETWORK, speaks_for="network-policy-blocks-driver")
def policies_leave_the_driver_its_ways(
    driver_policies: tuple[NetworkPolicy, ...],
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
) -> Iterator[Draft]:
    """NetworkPolicies leave the controller its ways to FSx, to its credentials and to DNS, and the node plugin DNS.

    A policy that selects a pod for egress closes all that no policy opens. The controller's calls to FSx and STS then
    time out and claims stay Pending; the node plugin resolves no name. The mount's own packets are the node's, which no
    NetworkPolicy drops. Policies of other kinds (Cilium's, Calico's, AdminNetworkPolicy) are not read.

    pass: no policy selects the pods for egress, or the policies leave every way open
    warn: a way is closed, and nothing waits for it: no claim for the driver, or nothing shows that anybody carries
        policies out
    fail: the VPC CNI, Calico or Cilium carries policies out, and closes a way for which a claim waits, or DNS to a
        node plugin that mounts by name
    unknown: the policies could not be read, or one names a namespace by labels that could not be read
    skip: nothing is provisioned, no volume is mounted by name, or there is no such half of the driver
    source: Kubernetes documentation, network policies; EKS user guide, cni-network-policy
    """
    named = [volume for volume in volumes if volume.dns_name and not is_address(volume.dns_name)]
    known = value_or(provisioning, Provisioning())
    sets = value_or(daemon_sets, ())
    dns = _dns(value_or(deployments, ()), dns_service, value_or(pods, ()))
    enforcer, strict = enforcer_of(sets), denies_by_default(sets)
    labels_of: dict[str, Mapping[str, str]] = {way.namespace: {NAME_LABEL: way.namespace} for way in dns}
    labels_of |= {one.metadata.name: one.metadata.labels or {} for one in value_or(namespaces, ())}
    for workload, half, needed in (
        (controller, "controller", known.in_use),
        (node_plugin, "node plugin", bool(named)),
    ):
        if isinstance(workload, Unavailable):
            yield missing_component(half, workload)
            continue
        ways = dns if asks_cluster_dns(workload) else ()
        if half == "controller":
            ways = (*ways, *_of_aws(value_or(controller_pods, ()), vpc_endpoints))
        if not needed or not ways:
            yield skip(workload, f"the {half} needs no way that a policy could close")
            continue
        own = limiting(driver_policies, workload)
        isolated = own or (enforcer and strict and not workload.spec.template.spec.host_network)
        closed = [way for way in ways if isolated and not any(lets(one, way, labels_of) for one in own)]
        if not closed:
            yield ok(workload, f"no NetworkPolicy closes a way that the {half} needs", *_names(own))
            continue
        whom = ", ".join(f"{way.whom} ({way.protocol} {way.ports[0]})" for way in closed)
        message = f"{' and '.join(_names(own)) or 'strict mode without a policy'} closes the {half}'s way to {whom}"
        if isinstance(namespaces, Unavailable) and any(way.namespace for way in closed) and _by_labels(own):
            yield unknown(workload, f"perhaps {message}: labels of namespaces are not known", because=(namespaces,))
            continue
        waiting = known.pending if half == "controller" else named
        say = fail if enforcer and waiting else warn
        seen = f"carried out by {enforcer}" if enforcer else "nothing shows that anybody carries policies out here"
        fix = _open(workload, own, closed)
        yield say(workload, message, seen, cause="network-policy-blocks-driver", fix=fix, concerns=waiting)


def _dns(deployments: Sequence[Workload], service: Service | Unavailable, pods: Sequence[Pod]) -> tuple[Way, ...]:
    """CoreDNS behind its Service, or the cache on the node; nothing where the cluster has no CoreDNS Deployment."""
    core = next(filter(is_cluster_dns, deployments), None)
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


def _of_aws(pods: Sequence[Pod], endpoints: tuple[VpcEndpoint, ...] | Unavailable) -> Iterator[Way]:
    givers = {injected(pod) for pod in pods}
    if not {name for pod in pods for name in plugin_of(pod.spec).env_names} & PROXY:
        inside = {item.service for item in value_or(endpoints, ()) if item.private_dns_enabled}
        for service in ("fsx", *(("sts",) if Giver.WEB_IDENTITY in givers else ())):
            is_public = not isinstance(endpoints, Unavailable) and service not in inside
            yield Way(AWS_NAMES[service], "TCP", (443,), is_public=is_public)
    if Giver.POD_IDENTITY in givers:
        yield Way("the Pod Identity agent", "TCP", (80,), addresses=(AGENT,))


def _by_labels(policies: Sequence[NetworkPolicy]) -> bool:
    """Whether a rule names a namespace by another label than its name."""
    peers = (peer for one in policies for rule in one.spec.egress or () for peer in rule.to or ())
    selectors = (peer.namespace_selector for peer in peers if peer.namespace_selector)
    keys = {key for one in selectors for key in (one.match_labels or {})}
    return bool(keys - {NAME_LABEL}) or any(one.match_expressions for one in selectors)


def _names(policies: Sequence[NetworkPolicy]) -> tuple[str, ...]:
    return tuple(f"NetworkPolicy {one.metadata.namespace}/{one.metadata.name}" for one in policies)


def _open(workload: Workload, policies: Sequence[NetworkPolicy], closed: Sequence[Way]) -> Fix:
    """A policy beside the others, made of one of them, that opens the ways: policies only add up."""
    selector = workload.spec.selector
    if not policies or selector is None or not selector.match_labels:
        wanted = ", ".join(f"{way.protocol} {way.ports[0]}" for way in closed)
        return advise(
            f"add a NetworkPolicy that lets the driver's pods out to {wanted}", by="whoever runs the policies"
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
            change(f"kubectl apply -f {after}", changes="adds a NetworkPolicy that opens these ways; the others stay"),
            undo(f"kubectl delete -f {after}"),
        )
    )
