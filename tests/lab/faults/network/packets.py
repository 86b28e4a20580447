"""What becomes of packets to the file servers."""

from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.ports import Behaviour
from tests.lab.setup import FILE_SYSTEM_ID, Account

if TYPE_CHECKING:
    from tests.lab.lab import Lab


def account_of(lab: "Lab") -> Account:
    """The ids of what the set-up made."""
    assert lab.account is not None
    return lab.account


def dropped(lab: "Lab") -> None:
    """The packets to every file server are lost, and the mount ends as it does then."""
    for address in lab.file_system_addresses(FILE_SYSTEM_ID):
        lab.ports.set(address, Behaviour.DROPPED)
    symptoms.unreachable(lab)
