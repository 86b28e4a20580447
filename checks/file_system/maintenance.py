"""Updates and maintenance of a file system at this moment."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from diag import Draft, Layer, Table, Unavailable, check, fail, ok, skip, warn
from diag.analysis.file_systems import has_no_servers, is_in_window, update_under_way
from diag.analysis.network.vantage import is_within_reach
from diag.resources.ec2 import NetworkInterface, Vpc
from diag.resources.fsx import FileSystem
from diag.resources.reachability import Connect, TcpAnswer


@check("maintenance", layer=Layer.FILE_SYSTEM, each="mounted_file_systems", speaks_for="maintenance-in-progress")
def no_maintenance_now(
    file_system: FileSystem,
    taken_at: str,
    network_interfaces: Table[NetworkInterface] | Unavailable,
    tcp_answers: tuple[TcpAnswer, ...] | Unavailable,
    vpcs: Table[Vpc] | Unavailable,
) -> Iterator[Draft]:
    """No update is being applied to the file system, and this is not its maintenance window.

    While FSx changes version, throughput or storage, and while it patches, the servers are away for some minutes. A
    mount fails then and the next attempt succeeds; clients that have it mounted wait.

    pass: nothing is under way, or an update is and every server answers all the same
    warn: an update is under way, or this is the weekly window of half an hour
    fail: an update is under way and a server does not answer
    skip: the file system has no servers (see file-system-state and file-system-type)
    source: FSx API AdministrativeActions; FSx for Lustre user guide, maintenance-windows, managing-storage-capacity
    """
    if reason := has_no_servers(file_system):
        yield skip(file_system, reason)
        return
    action = update_under_way(file_system)
    start = file_system.lustre.weekly_maintenance_start_time
    if action is not None:
        done = f", {action.progress_percent} % done" if action.progress_percent is not None else ""
        message = f"an update of {file_system.id} is under way{done}; its servers may be away for some minutes"
        answers = _answers(file_system, network_interfaces, tcp_answers)
        if answers and all(answer.outcome is Connect.OPEN for answer in answers):
            yield ok(file_system, f"{message}, but all of them answer")
        elif is_within_reach(answers, vpcs, file_system.vpc_id):
            yield fail(file_system, f"{message}, and one does not answer now")
        else:
            yield warn(file_system, message, cause="maintenance-in-progress")
    elif is_in_window(start, datetime.datetime.fromisoformat(taken_at)):
        message = f"this is the weekly maintenance window of {file_system.id} ({start} UTC, half an hour)"
        yield warn(file_system, f"{message}; when FSx patches it, its servers are away for some minutes of it",
                   cause="maintenance-in-progress")  # fmt: skip
    else:
        yield ok(file_system, f"no update of {file_system.id} is under way, and its window is another ({start} UTC)")


def _answers(
    file_system: FileSystem,
    enis: Table[NetworkInterface] | Unavailable,
    tcp_answers: tuple[TcpAnswer, ...] | Unavailable,
) -> list[TcpAnswer]:
    if isinstance(enis, Unavailable) or isinstance(tcp_answers, Unavailable):
        return []
    own = {enis.values[id].private_ip_address for id in file_system.network_interface_ids if id in enis}
    return [answer for answer in tcp_answers if answer.address in own]
