"""The name or address under which a volume reaches its file system."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from diag import Correction, Draft, Fix, Layer, Table, Unavailable, check, fail, ok, skip, unknown
from diag.advice.replace_volume import replace_volume
from diag.analysis.attributes import (
    DNS_NAME,
    HOST_NAME,
    OF_FSX,
    OTHER_SERVICE,
    is_address,
    is_spelt_otherwise,
    misspelt_attribute,
)
from diag.analysis.file_systems import file_system_of, meant_cache, meant_id
from diag.grammar.ids import REGION
from diag.grammar.unfilled import is_stand_in
from diag.resources.ec2 import NetworkInterface
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume, Pod

OUR_CAUSES = (
    "dnsname-mismatch", "dnsname-missing", "region-mismatch", "wrong-mgs-address", "unexpanded-variable",
    "dns-resolution-failure",
)  # fmt: skip


NAME_IS_RIGHT = ("dnsname-mismatch", "dnsname-missing", "region-mismatch", "wrong-mgs-address")


NO_NAME_IS_ASKED = (
    *NAME_IS_RIGHT, "dns-resolution-failure", "dns-wrong-address", "dns-outside-vpc", "vpc-dns-disabled",
    "custom-dns-servers", "private-zone-shadows-name", "coredns-unhealthy",
)  # fmt: skip


@check("dns-name", layer=Layer.DNS, each="volumes", speaks_for=OUR_CAUSES)
def dns_name_is_the_file_systems(
    volume: PersistentVolume,
    file_systems: Table[FileSystem] | Unavailable,
    network_interfaces: Table[NetworkInterface] | Unavailable,
    cluster_identity: ClusterIdentity,
    claim_pods: dict[str, tuple[Pod, ...]] | Unavailable,
) -> Iterator[Draft]:
    """The PersistentVolume's dnsname is the DNS name of its file system, or the address of its primary ENI.

    The driver puts the attribute, read under that exact key, in front of `@tcp:/` and mounts it; it never asks FSx.
    From another VPC, by peering, an address is the right way: the name is only for the file system's own VPC.

    pass: it equals FSx's DNSName, or is the address of the first of NetworkInterfaceIds, or a host name of your own
    fail: it is missing, misspelt, an unexpanded variable, no host name, or names another file system, Region or suffix;
        an address is another than the primary ENI's
    unknown: FSx or EC2 could not be asked, or FSx has no such file system
    skip: the volume names an Amazon File Cache (see file-cache)
    source: aws-fsx-csi-driver v1.9.0 pkg/driver/node.go; FSx API DNSName and NetworkInterfaceIds (first is the primary)
    """
    name = volume.dns_name or ""
    known = file_system_of(volume, file_systems)

    def named(right: str) -> Fix:
        return replace_volume(volume, claim_pods, attributes={"dnsname": right})

    def fix() -> Fix:
        return named("" if isinstance(known, Unavailable) else known.dns_name)

    if not name:
        wrong_key = misspelt_attribute(volume.attributes, "dnsname")
        why = f"the key is misspelt {wrong_key!r}" if wrong_key else "the attribute is absent or empty"
        sure = is_spelt_otherwise(wrong_key, "dnsname")
        certain = Correction(wrong_key, wrong_key, "dnsname", is_key=True) if sure else None
        message = f"no dnsname ({why}): the driver refuses the mount"
        yield fail(volume, message, cause="dnsname-missing", fix=fix(), correction=certain)
    elif is_stand_in(name):
        message = f"dnsname is {name!r}, a variable that was never filled in"
        # Which file system was meant is known to a person alone where the handle is no better.
        by_handle = None if isinstance(known, Unavailable) else fix()
        yield fail(volume, message, cause="unexpanded-variable", fix=by_handle)
    elif is_address(name):
        yield _judge_address(volume, name, known, network_interfaces, named)
    elif not HOST_NAME.fullmatch(name):
        message = f"dnsname is {name!r}, which is no host name and can never resolve"
        yield fail(volume, message, cause="dns-resolution-failure", fix=fix())
    elif meant_cache(volume):
        yield skip(volume, "it names an Amazon File Cache (see file-cache)")
    else:
        yield _judge_name(volume, name.lower().removesuffix("."), known, cluster_identity.region, fix)


def _judge_name(
    volume: PersistentVolume, name: str, known: FileSystem | Unavailable, region: str, fix: Callable[[], Fix]
) -> Draft:
    parts = DNS_NAME.fullmatch(name)
    if parts is None:
        if foreign := OTHER_SERVICE.fullmatch(name):
            message = f"dnsname {name!r} is a name of {foreign['service']}, FSx has fs-….fsx.<Region>.amazonaws.com"
            return fail(volume, message, cause="dnsname-mismatch", fix=fix())
        if inside := OF_FSX.fullmatch(name):
            message = f"dnsname is {name!r}, and {inside['label']!r} is no id of a file system: FSx has no such name"
            return fail(volume, message, cause="dnsname-mismatch", fix=fix())
        message = f"dnsname {name!r} is a host name of your own; where it leads is asked of DNS"
        return ok(volume, message, rules_out=("dnsname-missing",))
    if not REGION.fits(parts["region"]):
        message = f"dnsname is {name!r}: {parts['region']!r} is no AWS Region"
        return fail(volume, message, cause="unexpanded-variable", fix=fix())
    actual = "" if isinstance(known, Unavailable) else known.dns_name.lower()
    if name == actual:
        return ok(volume, f"dnsname is {name}, as FSx says", rules_out=NAME_IS_RIGHT)
    meant = meant_id(volume)
    if parts["file_system"] != meant:
        message = f"dnsname names {parts['file_system']}, the volume handle {meant}"
        return fail(volume, message, cause="dnsname-mismatch", fix=fix())
    expected = DNS_NAME.fullmatch(actual)
    home = expected["region"] if expected else region
    if home and parts["region"] != home:
        message = (
            f"dnsname is of Region {parts['region']}, {'the file system' if expected else 'the cluster'} is in {home}"
        )
        certain = Correction("dnsname", volume.dns_name or "", actual) if actual else None
        return fail(volume, message, cause="region-mismatch", fix=fix(), correction=certain)
    if actual:
        certain = Correction("dnsname", volume.dns_name or "", actual)
        message = f"dnsname is {name!r}, FSx says {actual!r}"
        return fail(volume, message, cause="dnsname-mismatch", fix=fix(), correction=certain)
    why = known if isinstance(known, Unavailable) else None
    message = f"cannot compare dnsname {name!r}: {why or 'FSx gives no DNSName'}"
    return unknown(volume, message, because=(why,) if why else ())


def _judge_address(
    volume: PersistentVolume,
    address: str,
    known: FileSystem | Unavailable,
    enis: Table[NetworkInterface] | Unavailable,
    named: Callable[[str], Fix],
) -> Draft:
    if isinstance(known, Unavailable):
        return unknown(volume, f"it is unknown whose address {address} is: {known}", because=(known,))
    ids = known.network_interface_ids
    primary = enis if isinstance(enis, Unavailable) else enis.get(ids[0] if ids else "")
    if isinstance(primary, Unavailable):
        return unknown(volume, f"the primary address of {known.id} is unknown: {primary}", because=(primary,))
    right = primary.private_ip_address
    evidence = f"ec2:DescribeNetworkInterfaces {ids[0]}, the first of {known.id}, has {right}"
    if address == right:
        message = f"dnsname is {address}, the address of the primary ENI of {known.id}"
        return ok(volume, message, evidence, rules_out=NO_NAME_IS_ASKED)
    own = not isinstance(enis, Unavailable) and any(
        not isinstance(eni := enis.get(id), Unavailable) and eni.private_ip_address == address for id in ids
    )
    whose = "an ENI of its other servers, not the primary one" if own else f"no ENI of {known.id}"
    return fail(
        volume, f"dnsname is {address}, {whose}: the MGS is at {right}", evidence, cause="wrong-mgs-address",
        fix=named(right), concerns=(known,),
    )  # fmt: skip
