"""StorageClass parameters: the driver ignores keys it does not know, and FSx refuses values it does not know."""

from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.registry import fault
from tests.lab.incident import STORAGE_CLASS

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("storageclass-misspelt-key", cause="storageclass-unknown-parameter")
def storageclass_misspelt_key(lab: "Lab") -> None:
    """The driver ignores keys it does not know: this one makes a SCRATCH_1."""
    parameters = lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"]
    parameters["deploymenttype"] = parameters.pop("deploymentType")


@fault("storageclass-without-network", cause="storageclass-network-missing")
def storageclass_without_network(lab: "Lab") -> None:
    """No subnetId and no securityGroupIds: CreateFileSystem gets empty ids."""
    lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"] = {"fileSystemTypeVersion": "2.15"}
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d2a, api error ValidationException: 2 validation errors detected: Value ''"
        " at 'subnetIds.1.member' failed to satisfy constraint: Member must satisfy regular expression pattern:"
        " ^(subnet-[0-9a-f]{8,})$; Value '' at 'securityGroupIds.1.member' failed to satisfy constraint: Member must"
        " satisfy regular expression pattern: ^(sg-[0-9a-f]{8,})$",
    )


@fault("storageclass-two-subnets", cause="multiple-subnets-not-supported")
def storageclass_two_subnets(lab: "Lab") -> None:
    """A Lustre file system stands in one subnet."""
    assert lab.account is not None
    parameters = lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"]
    parameters["subnetId"] = ",".join(lab.account.private_subnets)
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d2b, api error ValidationException: 1 validation error detected: Value"
        f" '[{parameters['subnetId']}]' at 'subnetIds' failed to satisfy constraint: Member must satisfy constraint:"
        " [Member must have length less than or equal to 24, Member must have length greater than or equal to 15,"
        " Member must satisfy regular expression pattern: ^(subnet-[0-9a-f]{8,})$]",
    )


@fault("storageclass-bad-capacity", cause="invalid-storage-capacity")
def storageclass_bad_capacity(lab: "Lab") -> None:
    """5,000 GiB is no size that FSx makes."""
    symptoms.claim(lab)["spec"]["resources"]["requests"]["storage"] = "5000Gi"
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d2c, BadRequest: Invalid Lustre FS storage capacity provided. Storage"
        " capacity must be 1200 GiB, 2400 GiB, or a multiple of 2400 GiB.",
    )
