"""What LNet prints of an option that it refuses: each version's words name the option, not the version or the kernel.

Format strings of Lustre 2.10 to 2.17 lnet/lnet/{config,acceptor,api-ni}.c and klnds/socklnd; 2.17 prints no numbers
before them.
"""

from __future__ import annotations

import pytest

from diag.model.diagnosis import Likelihood
from tests.diagnosis.test_families import MOUNT, diagnosed

NO_DEVICE = (
    f"{MOUNT}No such device\nAre the lustre modules loaded?\n Check /etc/modprobe.conf and /proc/filesystems\n"
    "exit status 19\n"
)
MALFORMED, NO_CARD = "lnet-not-configured", "lnet-interface-missing"


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("LNetError: 10f-e: Error parsing 'networks=\"tcp(eth0\"'", MALFORMED),
        ("LNetError: Error parsing 'networks=\"tcp(eth0\"'", MALFORMED),
        ("LNetError: 113-f: Unrecognised network type", MALFORMED),
        ("LNetError: Unrecognised network type", MALFORMED),
        ("LNetError: 112-e: Can't parse networks: string too long", MALFORMED),
        ("LNetError: 119-2: Error -22 parsing ip2nets", MALFORMED),
        ("LNetError: Error -22 parsing ip2nets", MALFORMED),
        ("LNetError: 10f-e: Error parsing 'routes=\"tcp1\"'", MALFORMED),
        ("LNetError: 101-a: Please specify EITHER 'networks' or 'ip2nets' but not both at once", MALFORMED),
        ("LNetError: 124-3: Can't parse 'accept=\"no\"'", MALFORMED),
        ("LNetError: Can't parse 'accept=\"no\"'", MALFORMED),
        ("LNetError: 107-d: LNI tcp has no per-peer credits", MALFORMED),
        ("LNetError: LNI tcp has no credits", MALFORMED),
        ("lnet: `abc' invalid for parameter `accept_port'", MALFORMED),
        ("LNetError: 11a-e: ip2nets does not match any local IP interfaces", NO_CARD),
        ("LNetError: 3:0:(socklnd.c:2849:ksocknal_startup()) Can't get interface eth9 info: -19", NO_CARD),
        ("LNetError: 3:0:(socklnd.c:2855:ksocknal_startup()) Interface eth1 is down", NO_CARD),
        ("LNetError: 3:0:(socklnd.c:2518:ksocknal_startup()) ksocklnd: failed to find interface eth9", NO_CARD),
    ],
)
def test_the_option_is_the_cause(line: str, cause: str) -> None:
    first = diagnosed(f"{NO_DEVICE}[ 10.1] {line}\n").causes[0]
    assert (first.id, first.verdict) == (cause, Likelihood.CONFIRMED)


def test_an_import_of_lnet_conf_that_failed() -> None:
    first = diagnosed("systemd[1]: Failed to start lnet management.\n").causes[0]
    assert (first.id, first.verdict) == (MALFORMED, Likelihood.LIKELY)


def test_an_acceptor_on_another_port() -> None:
    causes = diagnosed(f"{MOUNT}Connection timed out\n[ 10.1] LNet: Accept secure, port 1988\n").causes
    assert {one.id: one.verdict for one in causes}["lnet-port-changed"] is Likelihood.LIKELY
    usual = diagnosed(f"{MOUNT}Connection timed out\n[ 10.1] LNet: Accept secure, port 988\n").causes
    assert all(one.id != "lnet-port-changed" or one.verdict is Likelihood.RULED_OUT for one in usual)
