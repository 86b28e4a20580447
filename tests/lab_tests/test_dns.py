"""The lab's resolver, over UDP and TCP."""

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.lab import Lab
from tests.lab.dns import Trouble
from tests.lab.setup import FILE_SYSTEM_ID

pytestmark = pytest.mark.lab
NAME = f"{FILE_SYSTEM_ID}.fsx.ap-northeast-2.amazonaws.com"


def ask(lab: Lab, name: str = NAME, kind: str = "A", tcp: bool = False) -> dns.message.Message:
    address, _, port = lab.dns.endpoint.partition(":")
    query = dns.message.make_query(name, kind)
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, address, port=int(port), timeout=1)


def addresses(message: dns.message.Message) -> list[str]:
    return [item.address for answer in message.answer for item in answer]


@pytest.mark.parametrize("tcp", [False, True])
def test_the_name_is_the_primary_interface_s_address(lab: Lab, tcp: bool) -> None:
    assert addresses(ask(lab, tcp=tcp)) == [lab.file_system_addresses(FILE_SYSTEM_ID)[0]]


def test_case_does_not_matter_and_other_types_are_empty(lab: Lab) -> None:
    assert addresses(ask(lab, NAME.upper()))
    nothing = ask(lab, kind="AAAA")
    assert (nothing.rcode(), nothing.answer) == (dns.rcode.NOERROR, [])


def test_other_names_do_not_exist(lab: Lab) -> None:
    assert ask(lab, "fs-0dead.fsx.ap-northeast-2.amazonaws.com").rcode() == dns.rcode.NXDOMAIN


def test_troubles(lab: Lab) -> None:
    lab.dns.switches.answers[NAME] = Trouble.SERVFAIL
    assert ask(lab).rcode() == dns.rcode.SERVFAIL
    lab.dns.switches.answers[NAME] = ("127.9.9.9",)
    assert addresses(ask(lab)) == ["127.9.9.9"]
    lab.dns.switches.answers["*"] = lab.dns.switches.answers[NAME] = Trouble.BLACK_HOLE
    with pytest.raises(dns.exception.Timeout):
        ask(lab)


def test_a_deleted_file_system_takes_its_name_along(lab: Lab) -> None:
    lab.client("fsx").delete_file_system(FileSystemId=FILE_SYSTEM_ID)
    assert ask(lab).rcode() == dns.rcode.NXDOMAIN
