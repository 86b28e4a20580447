"""The VPC's own DNS switches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diag import Draft, Fix, Layer, Table, Unavailable, check, fail, ok, skip
from diag.advice.steps import change, undo
from diag.analysis.attributes import is_address
from diag.analysis.file_systems import file_system_of
from diag.resources.ec2 import Vpc
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume

FLAGS = {"enableDnsSupport": "enable-dns-support", "enableDnsHostnames": "enable-dns-hostnames"}


@check("vpc-dns", layer=Layer.DNS, each="volumes", speaks_for="vpc-dns-disabled")
def vpc_resolves_names(volume: PersistentVolume, file_systems: Table[FileSystem], vpcs: Table[Vpc]) -> Iterator[Draft]:
    """The file system's VPC has DNS support and DNS host names switched on.

    Without the first the VPC's resolver answers nothing at all, without the second it does not know the names of file
    systems. A volume that is mounted by address needs neither.

    pass: enableDnsSupport and enableDnsHostnames are both on
    fail: one of them is off and the volume is mounted by name
    unknown: FSx or EC2 could not be asked
    skip: the volume is mounted by address, or FSx has no such file system
    source: FSx for Lustre user guide, mount-troubleshooting; Amazon VPC user guide, DNS attributes for your VPC
    """
    known = file_system_of(volume, file_systems)
    if is_address(volume.dns_name or "") or isinstance(known, Unavailable):
        yield skip(volume, "no name of a file system is asked for this volume")
        return
    vpc = vpcs[known.vpc_id]
    switches = (("enableDnsSupport", vpc.enable_dns_support), ("enableDnsHostnames", vpc.enable_dns_hostnames))
    off = [name for name, on in switches if not on]
    if not off:
        text = f"{vpc.vpc_id} has enableDnsSupport and enableDnsHostnames"
        yield ok(volume, text, f"ec2:DescribeVpcAttribute {vpc.vpc_id}", concerns=(known,))
        return
    message = f"{' and '.join(off)} of {vpc.vpc_id} is off, so the name of {known.id} does not resolve there"
    yield fail(
        volume, message, f"ec2:DescribeVpcAttribute {vpc.vpc_id}", fix=switch_on(vpc.vpc_id, off), concerns=(known,)
    )


def switch_on(vpc: str, off: Sequence[str]) -> Fix:
    """Switch the VPC's attributes on."""
    message = "Switch the VPC's DNS on. It takes effect at once for every machine of the VPC. Restart no pod."
    steps = [f"aws ec2 modify-vpc-attribute --vpc-id {{vpc}} --{FLAGS[name]} {{setting}}" for name in off]
    return Fix(
        (
            *(change(step, {"vpc": vpc, "setting": {"Value": True}}, changes=message) for step in steps),
            *(undo(step, {"vpc": vpc, "setting": {"Value": False}}) for step in reversed(steps)),
        )
    )
