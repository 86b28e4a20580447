"""The file system's own servers may talk to each other on ports 988 and 1018-1023."""

from __future__ import annotations

from collections.abc import Iterator

from checks.network.security_groups import authorize_gaps, missing
from diag import Draft, Layer, Table, check, ok, skip, warn
from diag.analysis.file_systems import has_no_servers
from diag.analysis.network.paths import enis_of, server_gaps
from diag.resources.ec2 import NetworkInterface, PrefixList, SecurityGroup
from diag.resources.fsx import FileSystem


@check("security-groups-self", layer=Layer.NETWORK, each="mounted_file_systems", speaks_for="sg-self-rule-missing")
def security_groups_admit_servers(
    file_system: FileSystem,
    network_interfaces: Table[NetworkInterface],
    security_groups: Table[SecurityGroup],
    prefix_lists: Table[PrefixList],
) -> Iterator[Draft]:
    """The file system's own servers may talk to each other on ports 988 and 1018-1023.

    AWS asks for a rule from the group to itself, or from the whole subnet, and refuses most creations without it; and
    for the same rule outbound where not everything may leave. A file system that exists without them may mount all the
    same.

    pass: the groups of every ENI admit both port ranges from every ENI, and let them out to it
    warn: they do not
    unknown: ENIs, groups or a prefix list could not be read
    skip: the file system has no ENIs to look at (being created, deleted, failed, or none of Lustre)
    source: FSx for Lustre user guide, limit-access-security-groups and cannot-create-fs
    """
    enis = enis_of(file_system, network_interfaces)
    if not enis:
        yield skip(file_system, has_no_servers(file_system))
        return
    gaps = list(server_gaps(enis, security_groups, prefix_lists))
    if not gaps:
        yield ok(file_system, "its servers admit 988 and 1018-1023 from each other")
        return
    lacking = "; ".join(dict.fromkeys(missing(gap) for gap in gaps))
    message = f"AWS requires rules between the file servers themselves: {lacking}"
    yield warn(file_system, message, cause="sg-self-rule-missing", fix=authorize_gaps(gaps))
