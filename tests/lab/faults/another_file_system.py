"""A second file system in the account, somebody else's."""

from typing import TYPE_CHECKING

from tests.lab.setup import BUCKET

if TYPE_CHECKING:
    from tests.lab.lab import Lab

OTHER_ID, OTHER_MOUNT_NAME = "fs-0b7e1c2d3f4a5b6c7", "q2wznbev"


def another_file_system(lab: "Lab") -> str:
    """Makes a second file system, somebody else's, and returns its DNS name."""
    assert lab.account is not None
    lab.aws.fsx.state.next_identities.append((OTHER_ID, OTHER_MOUNT_NAME))
    made = lab.client("fsx").create_file_system(
        FileSystemType="LUSTRE",
        FileSystemTypeVersion="2.15",
        StorageCapacity=1200,
        SubnetIds=[lab.account.private_subnets[1]],
        SecurityGroupIds=[lab.account.file_system_group],
        LustreConfiguration={"DeploymentType": "SCRATCH_2", "ImportPath": f"s3://{BUCKET}"},
        Tags=[{"Key": "Name", "Value": "research-scratch"}],
    )
    lab.serve(OTHER_ID)
    return str(made["FileSystem"]["DNSName"])
