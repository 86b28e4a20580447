"""`lnetctl net show` and `lctl list_nids` as clients of 2.15 and 2.17 print them."""

from hypothesis import given
from hypothesis import strategies as st

from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import LnetInterface
from diag.sources.nodes.parsers.answers import Answer
from diag.sources.nodes.parsers.lnet import read_lnet_interfaces, read_nids

OLD = """net:
    - net type: lo
      local NI(s):
        - nid: 0@lo
          status: up
    - net type: tcp
      local NI(s):
        - nid: 10.0.1.4@tcp
          status: up
          interfaces:
              0: ens5
        - nid: 10.0.1.9@tcp
          status: down
          interfaces:
              0: ens6
"""
NEW = """net:
-     net type: lo
      local NI(s):
      -     nid: 0@lo
            status: up
-     net type: efa
      local NI(s):
      -     nid: 10.0.1.4@efa
            status: up
            interfaces:
                  0: rdmap0s31
"""
VERBOSE = """net:
    - net type: tcp
      local NI(s):
        - nid: 10.0.1.4@tcp
          status: up
          interfaces:
              0: ens5
          statistics:
              send_count: 106
          tunables:
              peer_credits: 8
          CPT: "[0]"
"""
NO_MODULE = "opening /dev/lnet failed: No such file or directory\nhint: the kernel modules may not be loaded"


def test_interfaces_of_2_15() -> None:
    assert read_lnet_interfaces(Answer(0, OLD)) == (
        LnetInterface("0@lo", "up"),
        LnetInterface("10.0.1.4@tcp", "up", ("ens5",)),
        LnetInterface("10.0.1.9@tcp", "down", ("ens6",)),
    )


def test_interfaces_of_2_17_are_indented_otherwise() -> None:
    assert read_lnet_interfaces(Answer(0, NEW)) == (
        LnetInterface("0@lo", "up"),
        LnetInterface("10.0.1.4@efa", "up", ("rdmap0s31",)),
    )


def test_statistics_are_no_interfaces() -> None:
    assert read_lnet_interfaces(Answer(0, VERBOSE)) == (LnetInterface("10.0.1.4@tcp", "up", ("ens5",)),)


def test_not_loaded_is_absent_whatever_the_exit_status() -> None:
    for answer in (Answer(0, NO_MODULE), Answer(234, "Writer error: failed to resolve Netlink family id")):
        found = read_lnet_interfaces(answer)
        assert isinstance(found, Unavailable) and found.reason is Reason.ABSENT
        assert "not loaded" in found.detail


def test_not_root_is_denied_and_not_absent() -> None:
    for status in (0, 1):
        found = read_lnet_interfaces(Answer(status, "opening /dev/lnet failed: Permission denied\nhint: run as root"))
        assert isinstance(found, Unavailable) and found.reason is Reason.DENIED


def test_loaded_without_a_network() -> None:
    found = read_nids(Answer(1, "IOC_LIBCFS_GET_NI error 100: Network is down"))
    assert isinstance(found, Unavailable) and found.reason is Reason.ABSENT and "not loaded" not in found.detail


def test_nids() -> None:
    assert read_nids(Answer(0, "10.0.1.4@tcp\n10.0.1.4@efa\nfe80::1@tcp\n")) == (
        "10.0.1.4@tcp",
        "10.0.1.4@efa",
        "fe80::1@tcp",
    )
    assert read_nids(Answer(0, "")) == ()


def test_no_tool_is_not_no_network() -> None:
    for read in (read_nids, read_lnet_interfaces):
        found = read(Answer(127, ""))
        assert isinstance(found, Unavailable) and found.reason is Reason.UNREACHABLE


@given(st.integers(0, 255), st.text())
def test_any_text_is_read(status: int, text: str) -> None:
    read_nids(Answer(status, text))
    read_lnet_interfaces(Answer(status, text))
    read_lnet_interfaces(Answer(status, "net:\n  - nid: " + text))
