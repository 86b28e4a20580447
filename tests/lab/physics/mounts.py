"""One mount of one volume on one node, hop by hop, as driver, mount.lustre and the kernel go about it."""

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.lab.aws.moto_backends import resolver_backend, route53_backend
from tests.lab.dns import Trouble
from tests.lab.physics.clients import client_of, fits
from tests.lab.physics.hidden import Ailment
from tests.lab.physics.network import Network
from tests.lab.ports import Behaviour

if TYPE_CHECKING:
    from tests.lab.kubernetes.world import Object
    from tests.lab.lab import Lab

DRIVER = "fsx.csi.aws.com"
_CLUSTER = "the cluster's DNS"
# mount(8)'s own words, and those of Lustre's client (mount.lustre(8)).
_OPTIONS = re.compile(
    r"(no)?(flock|localflock|user_xattr|lazystatfs|atime|diratime|relatime|exec|suid|dev|auto|checksum|always_ping)"
    r"|ro|rw|_netdev|defaults|sync|async|strictatime|retry=\d+|skpath=\S+|user_fid2path|verbose|encrypt|nosuid"
)


_ANY_RANGE_SINCE = 1_608_163_200
"""17 December 2020."""


def _is_in(name: str, domain: str) -> bool:
    return f".{name}".endswith(f".{domain.strip('.').lower()}")


@dataclass(frozen=True)
class Failure:
    """Why something does not come about: an event's reason and text."""

    reason: str
    text: str


class Mounts:
    """Says what becomes of a mount."""

    def __init__(self, lab: "Lab", network: Network) -> None:
        self._lab = lab
        self._network = network

    def resolve(self, name: str) -> tuple[str, ...]:
        """The addresses that a node's resolver gives for a name; none when it does not resolve."""
        try:
            return (str(ipaddress.IPv4Address(name)),)
        except ValueError:
            pass
        if listed := self._listed(name):
            return listed
        if self._resolver_obstacle():
            return ()
        if found := next(filter(None, map(self._wildcard, self._tried_first(name))), None):
            return found
        answers, name = self._lab.dns.switches.answers, name.lower().rstrip(".")
        if self._lab.aws.resolver.state.blocks(self._vpc().id, name):
            return ()
        found: Any = answers.get(name) or answers.get("*") or self._lab.zone().get(name, ())
        return () if isinstance(found, Trouble) else found

    def _listed(self, name: str) -> tuple[str, ...]:
        """What the node plugin's own /etc/hosts says."""
        plugin = self._plugin()
        aliases = (plugin["spec"]["template"]["spec"] if plugin else {}).get("hostAliases") or ()
        return next(((one["ip"],) for one in aliases if name.lower() in one["hostnames"]), ())

    def _tried_first(self, name: str) -> list[str]:
        """The name in the domain of the VPC's DHCP options, where the plugin takes it for a short one."""
        plugin = self._plugin()
        spec = plugin["spec"]["template"]["spec"] if plugin else {}
        options = {one["name"]: one.get("value") for one in (spec.get("dnsConfig") or {}).get("options", ())}
        ndots = int(options.get("ndots") or (5 if self._asked() == _CLUSTER else 1))
        dhcp = self._vpc().dhcp_options
        domains = (dhcp._options if dhcp else {}).get("domain-name") or ()
        return [f"{name}.{domain}" for domain in domains if name.count(".") < ndots and not name.endswith(".")]

    def _wildcard(self, name: str) -> tuple[str, ...]:
        """What a wildcard in a private zone of the VPC answers."""
        for zone in route53_backend(self._lab.site.region).zones.values():
            if any(one["vpc_id"] == self._vpc().id for one in zone.vpcs) and _is_in(name, zone.name):
                for record in zone.rrsets:
                    if record.type == "A" and record.name[:2] == "*." and _is_in(name, record.name[2:]):
                        return tuple(record.records)
        return ()

    def name_obstacle(self) -> str:
        """What keeps, or may keep, every file system's name from resolving on the nodes."""
        return self._resolver_obstacle() or self._forwarding_obstacle() or self._shadow()

    def _shadow(self) -> str:
        """A private zone of the VPC, or a Resolver rule, takes a file system's name and does not know it."""
        region, vpc = self._lab.site.region, self._vpc().id
        shared = self._lab.aws.resolver.state.shares(vpc, "PRIVATE_HOSTED_ZONE")
        for name, addresses in self._lab.zone().items():
            if self._lab.aws.resolver.state.blocks(vpc, name):
                return f"DNS Firewall blocks {name}"
            for zone in route53_backend(region).zones.values():
                mine = zone.id.rpartition("/")[2] in shared or any(one["vpc_id"] == vpc for one in zone.vpcs)
                if not mine or not _is_in(name, zone.name):
                    continue
                found = [r for r in zone.rrsets if r.type == "A" and r.name.rstrip(".").lower() == name]
                if not any(set(record.records) & set(addresses) for record in found):
                    return f"the private zone {zone.name} does not know {name}"
            resolver = resolver_backend(region)
            rules = [
                resolver.resolver_rules[association.resolver_rule_id]
                for association in resolver.resolver_rule_associations.values()
                if association.vpc_id == vpc
            ]
            rules += [resolver.resolver_rules[id] for id in self._lab.aws.resolver.state.shares(vpc, "RESOLVER_RULE")]
            matching = [rule for rule in rules if _is_in(name, rule.domain_name)]
            rule = max(matching, key=lambda rule: len(rule.domain_name), default=None)
            if rule is not None and rule.rule_type == "FORWARD":
                return f"the Resolver rule {rule.id} sends {name} to a company's servers"
        return ""

    def _forwarding_obstacle(self) -> str:
        """Servers of a company's own are asked; whether they know the name shows in the lab's DNS alone."""
        for name in self._lab.zone():
            server = self._asked()
            if server == _CLUSTER:
                server = self._forwarded(name)
            if server not in self._vpc_resolver():
                return f"{server or 'nobody'} is asked for {name}, not the VPC's resolver"
        return ""

    def _asked(self) -> str:
        """The DNS server that the node plugin asks first. Source: Kubernetes documentation, Pod's DNS Policy."""
        plugin = self._plugin()
        spec = plugin["spec"]["template"]["spec"] if plugin else {}
        policy = spec.get("dnsPolicy", "ClusterFirst")
        if policy == "None":
            first = str(next(iter((spec.get("dnsConfig") or {}).get("nameservers") or ()), ""))
            return _CLUSTER if first in self._service_addresses() else first
        on_node = policy == "Default" or (policy == "ClusterFirst" and spec.get("hostNetwork", False))
        return self._node_asks() if on_node else _CLUSTER

    def _forwarded(self, name: str) -> str:
        """The server that CoreDNS asks for a name, by the block of the longest zone. Source: coredns.io/manual."""
        blocks = [
            (zone.rpartition(":")[0].strip(".") if ":" in zone else zone.strip("."), body)
            for zones, body in re.findall(r"(?ms)^(\S[^{\n]*)\{\n(.*?)^\}", self._corefile())
            for zone in zones.split()
        ]
        mine = [block for block in blocks if not block[0] or _is_in(name, block[0])]
        body = max(mine, key=lambda block: len(block[0]), default=("", ""))[1]
        target = re.search(r"forward \S+ (\S+)", body)
        if target is None:
            return ""
        return self._node_asks() if target[1] == "/etc/resolv.conf" else target[1]

    def _node_asks(self) -> str:
        """The server that the nodes got from the VPC's DHCP options."""
        options = self._vpc().dhcp_options
        servers = (options._options if options else {}).get("domain-name-servers") or ["AmazonProvidedDNS"]
        return str(servers[0])

    def _vpc_resolver(self) -> tuple[str, ...]:
        """What the VPC's resolver is called."""
        network = ipaddress.IPv4Network(self._vpc().cidr_block)
        return ("AmazonProvidedDNS", "169.254.169.253", str(network[2]))

    def _service_addresses(self) -> list[str]:
        services = self._lab.kube.all("services", "kube-system")
        return [str(s["spec"].get("clusterIP")) for s in services if s["metadata"]["name"] == "kube-dns"]

    def _resolver_obstacle(self) -> str:
        """The VPC's resolver is off, or the cluster's DNS does not run."""
        vpc = self._vpc()
        if not vpc.enable_dns_support or not vpc.enable_dns_hostnames:
            return "the VPC's DNS is off"
        if self._asked() != _CLUSTER:
            return ""
        pods = [
            pod
            for pod in self._lab.kube.all("pods", "kube-system")
            if pod["metadata"].get("labels", {}).get("k8s-app") == "kube-dns"
        ]
        if not any(
            condition["type"] == "Ready" and condition["status"] == "True"
            for pod in pods
            for condition in pod["status"].get("conditions", ())
        ):
            return "no CoreDNS pod is ready"
        for plugin in self._lab.kube.all("pods"):
            is_plugin = plugin["metadata"].get("labels", {}).get("app") == "fsx-csi-node"
            if is_plugin and self._network.is_closed_by_policy(plugin, "UDP", 53):
                return "a NetworkPolicy keeps the node plugin from the cluster's DNS"
        services = [s for s in self._lab.kube.all("services", "kube-system") if s["metadata"]["name"] == "kube-dns"]
        if not any(
            (service["spec"].get("selector") or {"k8s-app": "kube-dns"}).items() <= pod["metadata"]["labels"].items()
            for service in services
            for pod in pods
        ):
            return "the Service kube-dns leads to no pod"
        hosts = re.search(r"hosts\s*{([^}]*)}", self._corefile())
        return "CoreDNS answers from a list alone" if hosts and "fallthrough" not in hosts[1] else ""

    def mount(self, pod: "Object", volume: "Object", node: "Object") -> Failure | None:
        """Why the volume cannot be mounted for the pod on the node; None when it can."""
        spec, name = volume["spec"], node["metadata"]["name"]
        csi = spec["csi"]
        title = f'volume "{volume["metadata"]["name"]}"'
        if not any(csidriver["metadata"]["name"] == csi["driver"] for csidriver in self._lab.kube.all("csidrivers")):
            text = f"timed out waiting for external-attacher of {csi['driver']} CSI driver to attach volume"
            return Failure(
                "FailedAttachVolume", f"AttachVolume.Attach failed for {title} : {text} {csi['volumeHandle']}"
            )
        csinode = self._lab.kube.get("csinodes", name)
        if not any(driver["name"] == csi["driver"] for driver in csinode["spec"].get("drivers") or ()):
            text = f"driver name {csi['driver']} not found in the list of registered CSI drivers"
            failed = "kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient"
            return Failure("FailedMount", f"MountVolume.MountDevice failed for {title} : {failed}: {text}")
        error = self._secret_missing(csi.get("nodePublishSecretRef")) or self._driver_error(pod, volume, node)
        return Failure("FailedMount", f"MountVolume.SetUp failed for {title} : {error}") if error else None

    def _secret_missing(self, named: "Object | None") -> str:
        found = {(one["metadata"].get("namespace"), one["metadata"]["name"]) for one in self._lab.kube.all("secrets")}
        if named is None or (named["namespace"], named["name"]) in found:
            return ""
        return f"fetching NodePublishSecretRef {named['namespace']}/{named['name']} failed: not found"

    def _driver_error(self, pod: "Object", volume: "Object", node: "Object") -> str:
        spec = volume["spec"]
        attributes = spec["csi"].get("volumeAttributes") or {}
        if spec.get("volumeMode") == "Block":
            return "volume has volumeMode Block, but is specified in volumeMounts"
        if not set(spec["accessModes"]) <= {"ReadWriteOnce", "ReadWriteMany"}:
            return "rpc error: code = InvalidArgument desc = Volume capability not supported"
        if not attributes.get("dnsname"):
            return "rpc error: code = InvalidArgument desc = dnsname is not provided"
        if Ailment.LOCK in self._lab.hidden.of(node["metadata"]["name"]):
            handle = spec["csi"]["volumeHandle"]
            return f'rpc error: code = Aborted desc = An operation with the given volume="{handle}" is in progress'
        if self._lab.hidden.many_files and self._changes_owners(pod):
            return "Setting volume ownership and fsGroup set: the volume has a lot of files"
        answer = self.kernel(attributes["dnsname"], attributes.get("mountname") or "fsx", spec, node)
        if answer is None:
            return ""
        code, text = answer
        source = f"{attributes['dnsname']}@tcp:/{attributes.get('mountname') or 'fsx'}"
        place = f"{pod['metadata']['uid']}/volumes/kubernetes.io~csi/{volume['metadata']['name']}"
        target = f"/var/lib/kubelet/pods/{place}/mount"
        options = spec.get("mountOptions") or []
        flags = f"-o {','.join(options)} " if options else ""
        output = text.format(source=source, target=target)
        return (
            f'rpc error: code = Internal desc = Could not mount "{source}" at "{target}": mount failed: exit status'
            f" {code}\nMounting command: mount\nMounting arguments: -t lustre {flags}{source} {target}\nOutput:"
            f" {output}\n"
        )

    def _changes_owners(self, pod: "Object") -> bool:
        """Whether kubelet gives every file of a volume to the pod's group first."""
        context = pod["spec"].get("securityContext") or {}
        policy = self._lab.kube.get("csidrivers", DRIVER)["spec"].get("fsGroupPolicy")
        return policy == "File" and "fsGroup" in context and context.get("fsGroupChangePolicy") != "OnRootMismatch"

    def kernel(self, server: str, name: str, spec: "Object", node: "Object") -> tuple[int, str] | None:
        """mount.lustre's exit status and words; None when the mount succeeds."""
        host, failed = node["metadata"]["name"], "mount.lustre: mount {source} at {target} failed: "
        ailments = self._lab.hidden.of(host)
        if Ailment.NO_HELPER in self._lab.hidden.images(self._plugin_image()):
            return 32, "mount: {target}: wrong fs type, bad option, bad superblock on {source}, missing codepage"
        if Ailment.UNPRIVILEGED in ailments or not self._plugin_privileged():
            return 1, failed + "Operation not permitted"
        client = client_of(node["status"]["nodeInfo"])
        if client is None:
            return 19, failed + "No such device\nAre the lustre modules loaded?"
        if any(not _OPTIONS.fullmatch(option) for option in spec.get("mountOptions") or ()):
            return 22, failed + "Invalid argument\nThis may have multiple causes.\nAre the mount options correct?"
        base, _, path = name.partition("/")
        if len(base) > 8:
            return 36, failed + "File name too long"
        addresses = self.resolve(server)
        if not addresses:
            return 22, "mount.lustre: Can't parse NID '{source}'\n\nThis mount helper should only be invoked via mount"
        system = self._serves(host, addresses[0])
        if system is None:
            return 5, failed + "Input/output error\nIs the MGS running?"
        lustre = system["LustreConfiguration"]
        if not fits(client, system["FileSystemTypeVersion"]):
            return 22, failed + f"Invalid argument\nThis may have multiple causes.\nIs '{name}' the correct name?"
        if base != lustre["MountName"] or (path and path not in self._lab.hidden.directories):
            return 2, failed + "No such file or directory\nIs the filesystem name correct?"
        if Ailment.SYSFS_NAME in ailments:
            return 17, failed + "File exists"
        others = self._lab.file_system_addresses(system["FileSystemId"])
        if len(others) < len(system["NetworkInterfaceIds"]) or any(not self.reachable(host, a) for a in others):
            return 5, failed + "Input/output error"
        return None

    def reachable(self, node: str, address: str) -> bool:
        """Whether Lustre's packets pass between a node and an address."""
        return not self.packet_obstacle(node, address)

    def packet_obstacle(self, node: str, address: str) -> str:
        """What stops them."""
        if self._lab.hidden.lost or self._family() == "ipv6":
            return "packets are lost on the way"
        target, own = self._network.interface_at(address), self._vpc()
        if target is not None and target.subnet.vpc_id != own.id:
            if self._source_ports_rewritten(address):
                return "the source port is rewritten"
            if self._refuses_range(node, address):
                return "an old file system answers private addresses alone"
        return self._network.obstacle(node, address)

    def _refuses_range(self, node: str, address: str) -> bool:
        """Source: FSx for Lustre user guide, mounting-on-premises."""
        own = ipaddress.IPv4Address(self._network.address_of(node))
        private = any(own in ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
        systems = self._lab.aws.fsx.state.file_systems.get(self._lab.site.region, {}).values()
        old = [system for system in systems if system["CreationTime"] < _ANY_RANGE_SINCE]
        return not private and any(address in self._lab.file_system_addresses(s["FileSystemId"]) for s in old)

    def _serves(self, node: str, address: str) -> "Object | None":
        """The file system whose MGS answers at the address."""
        if not self.reachable(node, address):
            return None
        for system in self._lab.aws.fsx.state.file_systems.get(self._lab.site.region, {}).values():
            first = self._lab.file_system_addresses(system["FileSystemId"])[:1]
            if system["FileSystemType"] == "LUSTRE" and first == (address,) and self.serving(system):
                return dict(system)
        return None

    def serving(self, system: "Object") -> bool:
        """Whether a file system's servers answer."""
        if system["Lifecycle"] in ("CREATING", "FAILED", "DELETING"):
            return False
        if "KMS" in (system.get("FailureDetails") or {}).get("Message", ""):
            return False
        if not any(action["Status"] == "IN_PROGRESS" for action in system.get("AdministrativeActions", ())):
            return True
        # AWS may work on a file system while its servers are up.
        addresses = self._lab.file_system_addresses(system["FileSystemId"])
        return self._lab.ports.behaviour(addresses[0]) is Behaviour.OPEN

    def _vpc(self) -> Any:
        from tests.lab.aws.moto_backends import ec2_backend

        assert self._lab.account is not None
        return ec2_backend(self._lab.site.region).vpcs[self._lab.account.vpc]

    def _family(self) -> str:
        network = self._lab.aws.eks.cluster(self._lab.site.cluster).cluster["kubernetesNetworkConfig"]
        return str(network["ipFamily"])

    def _corefile(self) -> str:
        for found in self._lab.kube.all("configmaps", "kube-system"):
            if found["metadata"]["name"] == "coredns":
                return str(found.get("data", {}).get("Corefile", ""))
        return ""

    def _plugin(self) -> "Object | None":
        """The node plugin's DaemonSet."""
        for found in self._lab.kube.all("daemonsets"):
            if found["spec"]["template"]["metadata"].get("labels", {}).get("app") == "fsx-csi-node":
                return found
        return None

    def _plugin_image(self) -> str:
        plugin = self._plugin()
        containers = plugin["spec"]["template"]["spec"]["containers"] if plugin else ()
        return next((container["image"] for container in containers if container["name"] == "fsx-plugin"), "")

    def _plugin_privileged(self) -> bool:
        plugin = self._plugin()
        if plugin is None:
            return False
        uid = plugin["metadata"]["uid"]
        pods = [
            pod
            for pod in self._lab.kube.all("pods", plugin["metadata"]["namespace"])
            if any(owner["uid"] == uid for owner in pod["metadata"].get("ownerReferences", ()))
        ]
        return not pods or any(
            (container.get("securityContext") or {}).get("privileged")
            for pod in pods
            for container in pod["spec"]["containers"]
            if container["name"] == "fsx-plugin"
        )

    def _source_ports_rewritten(self, address: str) -> bool:
        """The VPC CNI translates what leaves the VPC, unless a setting spares the address."""
        for found in self._lab.kube.all("daemonsets", "kube-system"):
            if found["metadata"]["name"] != "aws-node":
                continue
            (container, *_) = found["spec"]["template"]["spec"]["containers"]
            variables = {v["name"]: v.get("value", "") for v in container.get("env", ())}
            # Without randomisation netfilter keeps a port below 1024 below 1024 (iptables-extensions(8), SNAT).
            kept = variables.get("AWS_VPC_K8S_CNI_RANDOMIZESNAT") == "none"
            if kept or variables.get("AWS_VPC_K8S_CNI_EXTERNALSNAT") == "true":
                return False
            spared = filter(None, variables.get("AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS", "").split(","))
            return not any(ipaddress.ip_address(address) in ipaddress.ip_network(c.strip()) for c in spared)
        return False
