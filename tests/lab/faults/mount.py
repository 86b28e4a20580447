"""Failures that only the mount's own words tell: every check that can be made from outside passes."""

from typing import TYPE_CHECKING

from tests.lab.aws.moto_backends import ACCOUNT
from tests.lab.faults import symptoms
from tests.lab.faults.driver.image import replace_image
from tests.lab.faults.registry import fault
from tests.lab.physics.hidden import Ailment
from tests.lab.ports import Behaviour
from tests.lab.setup import FILE_SYSTEM_ID

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("event-exit-5", cause="mgs-unreachable-network")
def event_exit_5(lab: "Lab") -> None:
    """EIO: every rule that AWS knows of is right, and something on the way still drops the packets."""
    _lose_packets(lab)
    symptoms.unreachable(lab)


@fault("event-exit-110", cause="mgs-unreachable-network")
def event_exit_110(lab: "Lab") -> None:
    """The same as newer clients say it: ETIMEDOUT."""
    _lose_packets(lab)
    symptoms.timed_out(lab)


@fault("event-exit-32", cause="mount-helper-missing")
def event_exit_32(lab: "Lab") -> None:
    """mount(8) found no mount.lustre in the plugin's image, which somebody built smaller."""
    image = f"{ACCOUNT}.dkr.ecr.{lab.site.region}.amazonaws.com/aws-fsx-csi-driver:v1.9.0-slim"
    replace_image(lab, "fsx-plugin", image)
    lab.hidden.afflict(image, Ailment.NO_HELPER)
    symptoms.mount_fails(
        lab,
        32,
        "mount: {target}: wrong fs type, bad option, bad superblock on {source}, missing codepage or helper program,"
        " or other error.",
    )


@fault("event-exit-17", cause="client-sysfs-duplicate-name")
def event_exit_17(lab: "Lab") -> None:
    """EEXIST: the node keeps the name of an earlier mount."""
    lab.hidden.afflict(symptoms.pod(lab)["spec"]["nodeName"], Ailment.SYSFS_NAME)
    symptoms.mount_fails(lab, 17, "mount.lustre: mount {source} at {target} failed: File exists")


@fault("event-in-flight", cause="inflight-lock-stuck")
def event_in_flight(lab: "Lab") -> None:
    """An earlier mount of the same target has not come back."""
    lab.hidden.afflict(symptoms.pod(lab)["spec"]["nodeName"], Ailment.LOCK)
    handle = symptoms.volume(lab)["spec"]["csi"]["volumeHandle"]
    symptoms.setup_fails(
        lab,
        f'rpc error: code = Aborted desc = An operation with the given volume="{handle}" and'
        f' target="{symptoms.mount_target(lab)}" is already in progress',
    )


@fault("event-not-permitted", cause="mount-not-permitted")
def event_not_permitted(lab: "Lab") -> None:
    """A policy took the plugin's privilege away."""
    for pod in lab.kube.all("pods", "fsx-csi-driver"):
        if pod["metadata"]["labels"].get("app") == "fsx-csi-node":
            for container in pod["spec"]["containers"]:
                container.pop("securityContext", None)
    symptoms.mount_fails(lab, 1, "mount.lustre: mount {source} at {target} failed: Operation not permitted")


def _lose_packets(lab: "Lab") -> None:
    lab.hidden.lost = True
    for address in lab.file_system_addresses(FILE_SYSTEM_ID):
        lab.ports.set(address, Behaviour.DROPPED)
