"""The file servers' own interfaces and ports."""

from typing import TYPE_CHECKING

from tests.lab.aws.moto_backends import ec2_backend
from tests.lab.faults import symptoms
from tests.lab.faults.network.packets import dropped
from tests.lab.faults.registry import fault
from tests.lab.ports import Behaviour
from tests.lab.setup import FILE_SYSTEM_ID

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("interface-detached", cause="eni-not-in-use")
def interface_detached(lab: "Lab") -> None:
    """Somebody detached a file server's interface; AWS warns that this may be for good."""
    interface = lab.aws.fsx.file_system(FILE_SYSTEM_ID)["NetworkInterfaceIds"][0]
    ec2_backend(lab.site.region).enis[interface].status = "available"
    dropped(lab)


@fault("port-refused", cause="mgs-unreachable-network")
def port_refused(lab: "Lab") -> None:
    """Every rule is right and still nothing listens there."""
    for address in lab.file_system_addresses(FILE_SYSTEM_ID):
        lab.ports.set(address, Behaviour.REFUSED)
    symptoms.unreachable(lab)
