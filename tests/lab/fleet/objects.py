"""The fleet's Kubernetes objects: sequences that make each object from its number when it is read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, overload

from tests.lab.site import Site

Object = dict[str, Any]
NAMESPACE = "fsx-csi-driver"
_TEAMS = 40
# What the node groups run: one kernel each, all past the first with a Lustre client.
_GROUPS = (
    ("p5-a", "p5.48xlarge", "6.12.46-66.121.amzn2023.x86_64"),
    ("p5-b", "p5.48xlarge", "6.12.46-66.121.amzn2023.x86_64"),
    ("g6-a", "g6.12xlarge", "6.12.40-63.114.amzn2023.x86_64"),
    ("cpu-a", "m6i.8xlarge", "6.1.155-176.282.amzn2023.x86_64"),
)


@dataclass(frozen=True)
class Fleet:
    """How much there is of everything, and the recorded objects that serve as patterns."""

    site: Site
    nodes: int
    pods: int
    volumes: int
    file_systems: int
    node: Object
    csinode: Object
    plugin: Object
    workload: Object
    volume: Object
    claim: Object

    def address(self, number: int) -> str:
        """The node's address: two subnets of 8,190 addresses, 250 used in each 256."""
        row, host = divmod(number // 2, 250)
        return self.site.address(32 + 32 * (number % 2) + row, 4 + host)

    def node_name(self, number: int) -> str:
        """The node's name."""
        return f"ip-{self.address(number).replace('.', '-')}.{self.site.region}.compute.internal"

    def instance_id(self, number: int) -> str:
        """The EC2 instance under the node."""
        return f"i-0f1ee7{number:011x}"

    def zone(self, number: int) -> str:
        """The node's availability zone."""
        return self.site.zones[number % 2]

    def group(self, number: int) -> tuple[str, str, str]:
        """Node group, instance type and kernel."""
        return _GROUPS[number % len(_GROUPS)]

    def file_system_id(self, number: int) -> str:
        """The file system of a volume."""
        return f"fs-0f1ee7{number % self.file_systems:011x}"

    def mount_name(self, number: int) -> str:
        """That file system's mount name."""
        return f"{number % self.file_systems:05x}bev"


@dataclass(frozen=True)
class Made(Sequence[Object]):
    """`size` objects, the n-th made by `make(fleet, n)`."""

    fleet: Fleet
    size: int
    make: Callable[[Fleet, int], Object]

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, index: int) -> Object: ...
    @overload
    def __getitem__(self, index: slice) -> list[Object]: ...
    def __getitem__(self, index: int | slice) -> Object | list[Object]:
        if isinstance(index, slice):
            return [self.make(self.fleet, number) for number in range(*index.indices(self.size))]
        if not 0 <= index < self.size:
            raise IndexError(index)
        return self.make(self.fleet, index)


def make_node(fleet: Fleet, number: int) -> Object:
    """A node of one of the groups."""
    name, zone = fleet.node_name(number), fleet.zone(number)
    group, instance_type, kernel = fleet.group(number)
    pattern = fleet.node
    labels = pattern["metadata"]["labels"] | {
        "eks.amazonaws.com/nodegroup": group,
        "node.kubernetes.io/instance-type": instance_type,
        "beta.kubernetes.io/instance-type": instance_type,
        "kubernetes.io/hostname": name,
        "topology.kubernetes.io/zone": zone,
        "failure-domain.beta.kubernetes.io/zone": zone,
    }
    addresses = [
        {"address": fleet.address(number), "type": "InternalIP"},
        {"address": name, "type": "InternalDNS"},
        {"address": name, "type": "Hostname"},
    ]
    status = pattern["status"]
    return pattern | {
        "metadata": _metadata(pattern, name, "", f"n{number}") | {"labels": labels},
        "spec": {"providerID": f"aws:///{zone}/{fleet.instance_id(number)}"},
        "status": status | {"addresses": addresses, "nodeInfo": status["nodeInfo"] | {"kernelVersion": kernel}},
    }


def make_csinode(fleet: Fleet, number: int) -> Object:
    """The node's list of drivers."""
    name = fleet.node_name(number)
    drivers = [{"name": "fsx.csi.aws.com", "nodeID": name, "topologyKeys": None}]
    return fleet.csinode | {"metadata": _metadata(fleet.csinode, name, "", f"c{number}"), "spec": {"drivers": drivers}}


def make_pod(fleet: Fleet, number: int) -> Object:
    """First one node plugin for each node, then training pods, each with a volume."""
    if number < fleet.nodes:
        pattern, node = fleet.plugin, number
        metadata = _metadata(pattern, f"fsx-csi-node-{number:05x}", NAMESPACE, f"p{number}")
        spec = pattern["spec"] | {"nodeName": fleet.node_name(node)}
    else:
        pattern, node = fleet.workload, number % fleet.nodes
        job = (number - fleet.nodes) % fleet.volumes
        metadata = _metadata(pattern, f"train-{number - fleet.nodes:05d}", team(job), f"p{number}")
        volumes = [{"name": "fsx-volume", "persistentVolumeClaim": {"claimName": f"data-{job:04d}"}}]
        spec = pattern["spec"] | {"nodeName": fleet.node_name(node), "volumes": volumes}
    status = pattern["status"] | {"hostIP": fleet.address(node)}
    return pattern | {"metadata": metadata, "spec": spec, "status": status}


def make_volume(fleet: Fleet, number: int) -> Object:
    """A static volume of one of the file systems."""
    pattern, file_system = fleet.volume, fleet.file_system_id(number)
    dns_name = f"{file_system}.fsx.{fleet.site.region}.{fleet.site.dns_suffix}"
    source = pattern["spec"]["csi"] | {
        "volumeHandle": file_system,
        "volumeAttributes": {"dnsname": dns_name, "mountname": fleet.mount_name(number)},
    }
    claim = pattern["spec"]["claimRef"] | {
        "name": f"data-{number:04d}",
        "namespace": team(number),
        "uid": _uid(f"q{number}"),
    }
    return pattern | {
        "metadata": _metadata(pattern, f"data-{number:04d}", "", f"v{number}"),
        "spec": pattern["spec"] | {"csi": source, "claimRef": claim},
    }


def make_claim(fleet: Fleet, number: int) -> Object:
    """The volume's claim."""
    name = f"data-{number:04d}"
    return fleet.claim | {
        "metadata": _metadata(fleet.claim, name, team(number), f"q{number}"),
        "spec": fleet.claim["spec"] | {"volumeName": name},
    }


def team(number: int) -> str:
    """The namespace of a volume's users."""
    return f"team-{number % _TEAMS:02d}"


def team_namespaces() -> list[Object]:
    """Their namespaces."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": team(number), "uid": _uid(f"s{number}")},
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        }
        for number in range(_TEAMS)
    ]


def _metadata(pattern: Object, name: str, namespace: str, key: str) -> Object:
    made: Object = pattern["metadata"] | {"name": name, "uid": _uid(key), "resourceVersion": "1000"}
    return made | {"namespace": namespace} if namespace else made


def _uid(key: str) -> str:
    kind, number = key[0], int(key[1:])
    return f"0f1ee700-0000-4000-8{ord(kind):03x}-{number:012x}"
