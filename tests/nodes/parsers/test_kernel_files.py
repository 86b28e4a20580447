"""mountinfo, /proc/net/tcp, nf_conntrack, modinfo, /proc/filesystems and the rest that the kernel prints."""

import ipaddress
import socket
import struct

from hypothesis import given
from hypothesis import strategies as st

from diag.knowledge.lustre_waits import lustre_function, waits_for
from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import BlockedTask, InstalledModule, LustreMount, OsRelease, ResolverConfig
from diag.resources.reachability import Connect
from diag.sources.nodes.parsers import kernel, modules, mountinfo, reach, sockets, system
from diag.sources.nodes.parsers.answers import Answer

FOUND = """filename:       /lib/modules/6.1.79-99.167.amzn2023.x86_64/kernel/drivers/staging/lustrefsx/lustre.ko
license:        GPL
version:        2.15.3
description:    Lustre Client File System
vermagic:       6.1.79-99.167.amzn2023.x86_64 SMP preempt mod_unload modversions """


def test_installed_module() -> None:
    found = modules.read_installed_module(Answer(0, FOUND))
    assert isinstance(found, InstalledModule)
    assert (found.version, found.kernel) == ("2.15.3", "6.1.79-99.167.amzn2023.x86_64")


def test_no_module_on_disk_is_absent_and_no_folder_is_not() -> None:
    absent = modules.read_installed_module(Answer(1, "modinfo: ERROR: Module lustre not found."))
    elsewhere = modules.read_installed_module(Answer(3, ""))
    no_tool = modules.read_installed_module(Answer(127, "sh: modinfo: not found"))
    assert isinstance(absent, Unavailable) and absent.reason is Reason.ABSENT
    assert isinstance(elsewhere, Unavailable) and elsewhere.reason is Reason.NOT_ASKED
    assert isinstance(no_tool, Unavailable) and no_tool.reason is Reason.UNREACHABLE


def test_client_version() -> None:
    assert modules.read_client_version(Answer(0, "2.12.8_198_gde6dd89\n")) == "2.12.8_198_gde6dd89"
    for answer in (Answer(3, ""), Answer(2, "error: get_param: param_path 'version': No such file or directory")):
        found = modules.read_client_version(answer)
        assert isinstance(found, Unavailable) and found.reason is Reason.ABSENT


def test_mountinfo_keeps_lustre_alone_and_decodes_octal() -> None:
    text = (
        "29 1 259:1 / / rw,noatime shared:1 - xfs /dev/nvme0n1p1 rw,seclabel\n"
        r"612 29 0:71 / /mnt/my\040data ro,noatime shared:301 - lustre 10.0.1.5@tcp:/ddyezbev ro,flock" + "\n"
        "613 29 0:72 / /mnt/lustre rw - ext4 /dev/lustre rw\n"
    )
    assert mountinfo.read_lustre_mounts(Answer(0, text)) == (
        LustreMount("10.0.1.5@tcp:/ddyezbev", "/mnt/my data", ("ro", "noatime", "flock"), True),
    )


def test_terminal_escapes_in_a_mount_point_do_not_get_through() -> None:
    hostile = "1 2 0:1 / /mnt/\x1b]0;owned\x07\\033[2J rw - lustre 10.0.1.5@tcp:/x rw"
    found = mountinfo.read_lustre_mounts(Answer(0, hostile))
    assert not isinstance(found, Unavailable)
    assert "\x1b" not in found[0].target and "\x07" not in found[0].target


@given(
    st.ip_addresses(v=4),
    st.integers(0, 65535),
    st.ip_addresses(v=4),
    st.integers(0, 65535),
    st.sampled_from(["01", "0A"]),
)
def test_ipv4_sockets(
    local: ipaddress.IPv4Address, port: int, remote: ipaddress.IPv4Address, rport: int, st_: str
) -> None:
    def written(address: ipaddress.IPv4Address) -> str:
        return f"{struct.unpack('<I', address.packed)[0]:08X}"

    line = (
        f"   0: {written(local)}:{port:04X} {written(remote)}:{rport:04X} {st_} 00000000:00000000 00:00000000 00000000"
    )
    found = sockets.read_sockets(Answer(0, line))
    assert not isinstance(found, Unavailable)
    (one,) = found
    assert (one.local_address, one.local_port, one.remote_address, one.remote_port) == (
        str(local),
        port,
        str(remote),
        rport,
    )


def test_mapped_addresses_of_tcp6_are_ipv4() -> None:
    raw = socket.inet_pton(socket.AF_INET6, "::ffff:10.0.1.4")
    words = "".join(f"{struct.unpack('<I', raw[i : i + 4])[0]:08X}" for i in range(0, 16, 4))
    line = f"1: {words}:03DC {'0' * 32}:0000 0A 0"
    found = sockets.read_sockets(Answer(0, line))
    assert not isinstance(found, Unavailable)
    assert (found[0].local_address, found[0].local_port, found[0].state) == ("10.0.1.4", 988, "LISTEN")


def test_tracking_before_and_after_translation() -> None:
    kept = "src=10.0.1.4 dst=10.0.3.7 sport=1023 dport=988 src=10.0.3.7 dst=10.0.1.4 sport=988 dport=1023 [ASSURED]"
    moved = "src=10.0.1.4 dst=10.1.3.7 sport=1022 dport=988 src=10.1.3.7 dst=52.1.1.1 sport=988 dport=54021 mark=0"
    text = f"ipv4 2 tcp 6 431999 ESTABLISHED {kept}\nipv4 2 tcp 6 110 SYN_SENT {moved}\n"
    found = sockets.read_translations(Answer(0, text))
    assert not isinstance(found, Unavailable)
    assert [(t.source_port, t.seen_port, t.is_rewritten) for t in found] == [(1023, 1023, False), (1022, 54021, True)]


def test_names_of_several_questions() -> None:
    text = "name fs-1.fsx.eu-west-1.amazonaws.com 0\n10.0.3.7      STREAM fs-1\n10.0.3.7      DGRAM\nname nosuch 2\n"
    found = reach.read_names(Answer(0, text))
    assert not isinstance(found, Unavailable)
    assert [(n.name, n.addresses, n.exit_status) for n in found] == [
        ("fs-1.fsx.eu-west-1.amazonaws.com", ("10.0.3.7",), 0),
        ("nosuch", (), 2),
    ]


def test_connects_by_what_the_tool_says() -> None:
    text = (
        "10.0.3.10 124 \n"
        "10.0.3.9 1 bash: connect: Connection refused\n"
        "10.0.3.8 0 \n"
        "10.0.3.7 1 nc: connect to 10.0.3.7 port 988 (tcp) failed: No route to host\n"
        "10.0.3.6 1 Ncat: TIMEOUT.\n"
    )
    found = reach.read_connects(Answer(0, text), 988)
    assert not isinstance(found, Unavailable)
    assert [(a.address, a.outcome) for a in found] == [
        ("10.0.3.6", Connect.FAILED),
        ("10.0.3.7", Connect.NO_ROUTE),
        ("10.0.3.8", Connect.OPEN),
        ("10.0.3.9", Connect.REFUSED),
        ("10.0.3.10", Connect.TIMEOUT),
    ]


def test_blocked_tasks_by_where_they_wait() -> None:
    text = "4711 cl_sync_io_wait python3\n12 - kworker/u8:1\n99 0 my (odd) name\n"
    found = kernel.read_blocked(Answer(0, text))
    assert found == (
        BlockedTask(4711, "python3", "cl_sync_io_wait"),
        BlockedTask(12, "kworker/u8:1", ""),
        BlockedTask(99, "my (odd) name", ""),
    )
    assert [lustre_function(task.functions) for task in found] == ["cl_sync_io_wait", "", ""]


def test_a_wait_in_lustre_is_mostly_no_uninterruptible_sleep() -> None:
    text = (
        "3692 S wait_woken 812 ptlrpc_set_wait,ptlrpc_queue_wait,ldlm_cli_enqueue touch\n"
        "3700 I cl_sync_io_wait - - dd\n"
        "3701 D io_schedule 9 - cp\n"
        "3702 S wait_woken 9 x;rm,ll_file_read odd\n"
    )
    found = kernel.read_blocked(Answer(0, text))
    assert found == (
        BlockedTask(
            3692, "touch", "wait_woken", "S", 812, ("ptlrpc_set_wait", "ptlrpc_queue_wait", "ldlm_cli_enqueue")
        ),
        BlockedTask(3700, "dd", "cl_sync_io_wait", "I"),
        BlockedTask(3701, "cp", "io_schedule", "D", 9),
        BlockedTask(3702, "odd", "wait_woken", "S", 9, ("ll_file_read",)),
    )
    assert [lustre_function(task.functions) for task in found] == [
        "ptlrpc_set_wait", "cl_sync_io_wait", "", "ll_file_read"
    ]  # fmt: skip
    assert waits_for(found[0].functions) == "the reply of a server"


def test_clock_is_right_between_question_and_answer() -> None:
    def skew(said: str) -> float | Unavailable:
        return system.read_clock_skew(Answer(0, said), 1000000000.0, 1000000002.0)

    assert skew("1000000001.5") == 0.0
    assert skew("1000000092.0") == 90.0
    assert skew("999999990.0") == -10.0
    assert skew("1000000001") == 0.0
    assert skew("1000000001.%N") == 0.0
    assert isinstance(skew("never"), Unavailable)


def test_small_files() -> None:
    assert system.read_os_release(
        Answer(0, 'ID="amzn"\nVERSION_ID="2023"\nPRETTY_NAME="Amazon Linux 2023"')
    ) == OsRelease("amzn", "2023", "Amazon Linux 2023")
    assert system.read_resolver(Answer(0, "# c\nsearch a.b c\nnameserver 10.100.0.10 # x\n")) == ResolverConfig(
        ("10.100.0.10",), ("a.b", "c")
    )
    assert system.read_lockdown(Answer(0, "none [integrity] confidentiality")) == "integrity"
    assert system.read_page_size(Answer(0, "65536\n")) == 65536
    assert system.read_tools_version(Answer(0, "lctl 2.15.8\n")) == "2.15.8"
    assert modules.read_filesystems(Answer(0, "nodev\tproc\n\text4\nnodev\tlustre")) == ("proc", "ext4", "lustre")


@given(st.integers(0, 255), st.text())
def test_any_text_is_read(status: int, text: str) -> None:
    answer = Answer(status, text)
    for read in (
        modules.read_installed_module, modules.read_loaded_modules, modules.read_client_version,
        modules.read_filesystems, mountinfo.read_lustre_mounts, sockets.read_sockets, sockets.read_translations,
        reach.read_names, kernel.read_blocked, kernel.read_kernel_messages, system.read_os_release,
        system.read_resolver, system.read_lockdown, system.read_page_size, system.read_kernel,
        system.read_architecture, system.read_tools_version,
    ):  # fmt: skip
        read(answer)
    reach.read_connects(answer, 988)
    system.read_clock_skew(answer, 0.0, 1.0)
