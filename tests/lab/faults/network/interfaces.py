"""The file servers' own interfaces and ports."""

from typing import TYPE_CHECKING

from tests.lab.aws.moto_backends import ec2_backend
from tests.lab.faults import symptoms
from tests.lab.faults.network.packets import dropped
from tests.lab.faults.registry import fault
from tests.lab.incident import STORAGE_CLASS
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
    lab.hidden.lost = True
    for address in lab.file_system_addresses(FILE_SYSTEM_ID):
        lab.ports.set(address, Behaviour.REFUSED)
    symptoms.unreachable(lab)


@fault("interface-deleted", cause="eni-not-in-use")
def interface_deleted(lab: "Lab") -> None:
    """A clean-up of unused interfaces took one of the file system's."""
    interface = lab.aws.fsx.file_system(FILE_SYSTEM_ID)["NetworkInterfaceIds"][0]
    dropped(lab)
    del ec2_backend(lab.site.region).enis[interface]


@fault("subnet-without-addresses", cause="subnet-out-of-addresses")
def subnet_without_addresses(lab: "Lab") -> None:
    """Pods have taken every address of the subnet in which the class makes file systems."""
    subnet = lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"]["subnetId"]
    for zone in ec2_backend(lab.site.region).subnets.values():
        if subnet in zone:
            zone[subnet]._available_ip_addresses -= zone[subnet].available_ip_address_count
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d3f, InvalidNetworkSettings: There are not enough free addresses in subnet"
        f" {subnet}.",
    )
