"""Lists of names in the node plugin's own pods, which are read before any DNS server is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from diag import Draft, Layer, Reason, Table, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.steps import advise
from diag.analysis.attributes import is_address
from diag.analysis.driver.workloads import pods_of
from diag.analysis.file_systems import file_system_of
from diag.analysis.network.names import NameStanding
from diag.model.unavailable import unwrap, value_or
from diag.resources.ec2 import NetworkInterface
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume, Pod, PodSpec, Workload

LIST = "/etc/hosts"
TAKE_AWAY = (
    "Take the name {dns_name} out of hostAliases of DaemonSet {node_plugin}, and of the values of what installed the"
    " driver as well; mounted volumes stay mounted while its pods are replaced."
)


@check("host-aliases", layer=Layer.DNS, each="volumes", speaks_for="dns-wrong-address")
def no_own_list_has_the_name(
    volume: PersistentVolume,
    file_systems: Table[FileSystem],
    node_plugin: Workload,
    pods: tuple[Pod, ...] | Unavailable,
    network_interfaces: Table[NetworkInterface],
    name_standings: dict[str, NameStanding] | Unavailable,
) -> Iterator[Draft]:
    """The node plugin's hostAliases do not lead the file system's name elsewhere.

    mount.lustre runs in the node plugin's container and reads its /etc/hosts before any server is asked. The kubelet
    writes hostAliases into it. What is mounted over it nobody sees from here.

    pass: hostAliases do not have the name, or lead it to an ENI of the file system
    warn: as fail, while a pod that mounts by the name is up
    fail: they lead it to an address that is none
    unknown: another file is mounted over /etc/hosts, and no pod shows that the name resolves; or the driver, FSx or
        EC2 could not be read
    skip: mounted by address, or FSx has no such file system
    source: Kubernetes documentation, adding entries to Pod /etc/hosts; Lustre 2.15 mount_lustre.c convert_hostnames
    """
    name = (volume.dns_name or "").lower().removesuffix(".")
    known = file_system_of(volume, file_systems)
    if not name or is_address(name) or isinstance(known, Unavailable):
        yield skip(volume, "no name of a file system is asked for")
        return
    running = [pod.spec for pod in pods_of(node_plugin, value_or(pods, ()))]
    specs = running or [node_plugin.spec.template.spec]
    standing = value_or(name_standings, {}).get(volume.name)
    is_mounted = standing is not None and standing.is_mounted
    given = tuple(dict.fromkeys(_addresses(name, specs)))
    right = {unwrap(network_interfaces.get(id)).private_ip_address for id in known.network_interface_ids if given}
    if wrong := [address for address in given if address not in right]:
        message = f"hostAliases of the node plugin lead {name} to {', '.join(wrong)}, no ENI of {known.id}"
        names = {"dns_name": name, "node_plugin": node_plugin.metadata.name}
        say = warn if is_mounted else fail
        yield say(volume, message, fix=advise(TAKE_AWAY, names, by="whoever installed the driver"), concerns=(known,))
    elif not is_mounted and any(map(_is_mounted_over, specs)):
        what = Unavailable(f"{LIST} of the node plugin", Reason.NOT_ASKED, "its pods mount a file of their own over it")
        yield unknown(volume, f"whether {LIST} of the node plugin has {name} is not known", because=(what,))
    else:
        where = f"lead {name} to {', '.join(given)}" if given else f"do not have {name}"
        yield ok(volume, f"hostAliases of the node plugin {where}", rules_out=(), concerns=(known,))


def _addresses(name: str, specs: Iterable[PodSpec]) -> Iterator[str]:
    """The first entry of a list counts."""
    for spec in specs:
        for alias in spec.host_aliases or ():
            if name in {host.lower() for host in alias.hostnames or ()}:
                yield alias.ip
                break


def _is_mounted_over(spec: PodSpec) -> bool:
    return any(mount.mount_path == LIST for one in spec.containers for mount in one.volume_mounts or ())
