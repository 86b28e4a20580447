"""StorageClass parameters: the driver ignores keys it does not know, and FSx refuses values it does not know."""

import json
from typing import TYPE_CHECKING, Any

from tests.lab.aws.moto_backends import kms_backend, s3_backend
from tests.lab.faults import symptoms
from tests.lab.faults.registry import fault
from tests.lab.incident import STORAGE_CLASS
from tests.lab.setup import BUCKET, ROLE, lustre_rules

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("storageclass-misspelt-key", cause="storageclass-unknown-parameter")
def storageclass_misspelt_key(lab: "Lab") -> None:
    """The driver ignores keys it does not know: this one makes a SCRATCH_1."""
    parameters = _parameters(lab)
    parameters["deploymenttype"] = parameters.pop("deploymentType")
    symptoms.being_provisioned(lab)


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


@fault("storageclass-key-of-another-region", cause="kms-key-unusable")
def storageclass_key_of_another_region(lab: "Lab") -> None:
    """The class came from a cluster elsewhere, with the key of that Region; here the account has another one."""
    here = name_key(lab, own_key(lab), NAMED_KEY)
    use = lab.client("iam").get_role_policy(RoleName=ROLE, PolicyName=USE_OF_KEY)["PolicyDocument"]
    rights = json.dumps(use | {"Statement": [{**use["Statement"][0], "Resource": here}]})
    lab.client("iam").put_role_policy(RoleName=ROLE, PolicyName=USE_OF_KEY, PolicyDocument=rights)
    _parameters(lab)["kmsKeyId"] = here.replace(lab.site.region, "us-west-2")
    symptoms.being_provisioned(lab)


USE_OF_KEY = "use-of-the-key"
NAMED_KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"


def keep_no_secrets(lab: "Lab") -> None:
    """moto makes a key of RSA for every KMS key, which no world can be written down with."""
    for made in kms_backend(lab.site.region).keys.values():
        made.private_key = None


def name_key(lab: "Lab", key: str, name: str) -> str:
    """Gives a key an id that is the same in every world; its new ARN."""
    keys = kms_backend(lab.site.region).keys
    made = keys.pop(key.rpartition("/")[2])
    made.id, made.arn = name, key.replace(made.id, name)
    keys[name] = made
    return str(made.arn)


def own_key(lab: "Lab", **policy: Any) -> str:
    """Gives the class a key of the account; `policy` are fields of its one statement. The key's ARN."""
    root = lab.site.arn("iam", "root")
    statement = {"Sid": "owner", "Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement | policy]})
    key = lab.client("kms").create_key(Policy=document, Description="FSx for Lustre")["KeyMetadata"]["Arn"]
    keep_no_secrets(lab)
    use = {
        "Effect": "Allow",
        "Action": ["kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt"],
        "Resource": key,
    }
    rights = json.dumps({"Version": "2012-10-17", "Statement": [use]})
    lab.client("iam").put_role_policy(RoleName=ROLE, PolicyName=USE_OF_KEY, PolicyDocument=rights)
    parameters = {"deploymentType": "PERSISTENT_1", "perUnitStorageThroughput": "50", "kmsKeyId": key}
    _parameters(lab).update(parameters)
    return str(key)


def _refused_key(lab: "Lab", key: str, state: str) -> None:
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        f" 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d4a, BadRequest: KMSInvalidStateException: {key} is {state}.",
    )


@fault("storageclass-key-disabled", cause="kms-key-unusable")
def storageclass_key_disabled(lab: "Lab") -> None:
    """Somebody switched the key off."""
    key = own_key(lab)
    lab.client("kms").disable_key(KeyId=key)
    _refused_key(lab, key, "disabled")


@fault("storageclass-key-pending-deletion", cause="kms-key-unusable")
def storageclass_key_pending_deletion(lab: "Lab") -> None:
    """The key is to be deleted, and cannot be used in the meantime."""
    key = own_key(lab)
    lab.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=30)
    _refused_key(lab, key, "pending deletion")


@fault("storageclass-key-gone", cause="kms-key-unusable")
def storageclass_key_gone(lab: "Lab") -> None:
    """The key of a former stack; the claim has only just been made."""
    own_key(lab)
    _parameters(lab)["kmsKeyId"] = lab.site.arn("kms", f"key/{NAMED_KEY}", lab.site.region)
    symptoms.being_provisioned(lab)


@fault("storageclass-key-policy-without-the-role", cause="kms-key-unusable")
def storageclass_key_policy_without_the_role(lab: "Lab") -> None:
    """The key's policy names its administrator alone, and leaves nothing to the account's policies."""
    own_key(lab, Principal={"AWS": lab.site.arn("iam", "role/key-administrator")})
    symptoms.being_provisioned(lab)


@fault("storageclass-bucket-gone", cause="s3-access-denied")
def storageclass_bucket_gone(lab: "Lab") -> None:
    """A bucket of a former stack."""
    _parameters(lab)["s3ImportPath"] = "s3://training-data-of-former-days/sets"
    symptoms.being_provisioned(lab)


@fault("storageclass-bucket-of-another-region", cause="s3-access-denied")
def storageclass_bucket_of_another_region(lab: "Lab") -> None:
    """The data is in another Region than the file system is to be."""
    here = {"LocationConstraint": lab.site.region}
    lab.client("s3").create_bucket(Bucket="training-data-west", CreateBucketConfiguration=here)
    s3_backend(lab.site.region).buckets["training-data-west"].region_name = "us-west-2"
    _parameters(lab)["s3ImportPath"] = "s3://training-data-west"
    symptoms.being_provisioned(lab)


def deny_bucket(lab: "Lab", **condition: Any) -> None:
    """Gives the bucket a policy that denies everybody where the condition holds."""
    arn = f"arn:{lab.site.partition}:s3:::{BUCKET}"
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": condition,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=document)


@fault("storageclass-bucket-behind-an-endpoint", cause="s3-access-denied")
def storageclass_bucket_behind_an_endpoint(lab: "Lab") -> None:
    """The bucket's policy denies whoever does not come through the company's VPC endpoint, which FSx never does."""
    deny_bucket(lab, StringNotEquals={"aws:SourceVpce": "vpce-0123456789abcdef0"})
    _parameters(lab)["s3ImportPath"] = f"s3://{BUCKET}"
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d2e, BadRequest: Access denied for import path.",
    )


@fault("storageclass-subnet-of-another-vpc", cause="route-missing")
def storageclass_subnet_of_another_vpc(lab: "Lab") -> None:
    """The subnet and the group are of a VPC to which no route of the nodes leads."""
    ec2, site = lab.client("ec2"), lab.site
    vpc = ec2.create_vpc(CidrBlock=site.peer_cidr)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=site.cidr(129), AvailabilityZone=site.zones[0])["Subnet"]
    group = ec2.create_security_group(GroupName="fsx-elsewhere", Description="FSx for Lustre", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=lustre_rules(group))
    _parameters(lab).update(subnetId=subnet["SubnetId"], securityGroupIds=group)
    symptoms.being_provisioned(lab)


@fault("storageclass-two-subnets", cause="multiple-subnets-not-supported")
def storageclass_two_subnets(lab: "Lab") -> None:
    """A Lustre file system stands in one subnet."""
    assert lab.account is not None
    parameters = _parameters(lab)
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
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d2c, BadRequest: Invalid Lustre FS storage capacity: 5000. Must be"
        " 1200 or a multiple of 2400.",
    )


@fault("storageclass-without-version", cause="storageclass-default-version")
def storageclass_without_version(lab: "Lab") -> None:
    """What this class makes is 2.10."""
    del _parameters(lab)["fileSystemTypeVersion"]
    symptoms.being_provisioned(lab)


@fault("storageclass-throughput-not-a-number", cause="storageclass-invalid-value")
def storageclass_throughput_not_a_number(lab: "Lab") -> None:
    """The driver parses the value itself."""
    parameters = _parameters(lab)
    parameters |= {"deploymentType": "PERSISTENT_2", "perUnitStorageThroughput": "250MBps"}
    symptoms.provisioning_fails(
        lab, "rpc error: code = InvalidArgument desc = perUnitStorageThroughput must be a number"
    )


@fault("storageclass-throughput-not-offered", cause="invalid-throughput-parameter")
def storageclass_throughput_not_offered(lab: "Lab") -> None:
    """200 is PERSISTENT_1's."""
    parameters = _parameters(lab)
    parameters |= {"deploymentType": "PERSISTENT_2", "perUnitStorageThroughput": "200"}
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d31, InvalidPerUnitStorageThroughput: The storage throughput (MB/s/TiB)"
        " value should be one of [125,250,500,1000].",
    )


@fault("storageclass-group-without-ports", cause="sg-self-rule-missing")
def storageclass_group_without_ports(lab: "Lab") -> None:
    """FSx looks at the group before it creates, and finds nothing for 988."""
    assert lab.account is not None
    group = lab.client("ec2").create_security_group(GroupName="empty", Description="no rules", VpcId=lab.account.vpc)[
        "GroupId"
    ]
    _parameters(lab)["securityGroupIds"] = group
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d32, InvalidNetworkSettings: The file system cannot be created because the"
        " default security group in the subnet provided or the provided security groups do not permit Lustre LNET"
        " network traffic on port 988",
    )


@fault("storageclass-zone-without-type", cause="deployment-type-unavailable-in-az")
def storageclass_zone_without_type(lab: "Lab") -> None:
    """Not every zone has every deployment type."""
    lab.hidden.zones_without.add((lab.site.zones[0], "PERSISTENT_2"))
    _parameters(lab).update(deploymentType="PERSISTENT_2", perUnitStorageThroughput="250")
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d33, BadRequest: The requested Lustre configuration: PERSISTENT_2 is not"
        " available in this availability zone",
    )


@fault("provisioner-too-impatient", cause="provision-timeout")
def provisioner_too_impatient(lab: "Lab") -> None:
    """FSx takes longer than --timeout; every try starts over."""
    lab.hidden.slow_creation = True
    symptoms.provisioning_fails(
        lab,
        "rpc error: code = Internal desc = Filesystem is not ready: operation error FSx: DescribeFileSystems,"
        " https response error StatusCode: 0, RequestID: , canceled, context canceled",
    )


@fault("storageclass-groups-untrimmed", cause="storageclass-network-missing")
def storageclass_groups_untrimmed(lab: "Lab") -> None:
    """The driver splits at commas and trims nothing."""
    assert lab.account is not None
    _parameters(lab)["securityGroupIds"] = f"{lab.account.file_system_group}, {lab.account.cluster_group}"
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 5f2b6b0a-4f3e-4c11-8b0e-6e6f5c0b7d34, api error ValidationException: 1 validation error detected: Value"
        f" '[{_parameters(lab)['securityGroupIds']}]' at 'securityGroupIds' failed to satisfy constraint: Member must"
        " satisfy constraint: [Member must satisfy regular expression pattern: ^(sg-[0-9a-f]{8,})$]",
    )


@fault("storageclass-group-key-misspelt", cause="storageclass-unknown-parameter")
def storageclass_group_key_misspelt(lab: "Lab") -> None:
    """`securityGroupIDs` is nothing to the driver."""
    parameters = _parameters(lab)
    parameters["securityGroupIDs"] = parameters.pop("securityGroupIds")
    symptoms.being_provisioned(lab)


@fault("storageclass-subnet-gone", cause="storageclass-network-missing")
def storageclass_subnet_gone(lab: "Lab") -> None:
    """The subnet of another account, or of a VPC that was made anew."""
    _parameters(lab)["subnetId"] = "subnet-0d0e0f0a0b0c0d0e0"
    symptoms.being_provisioned(lab)


@fault("storageclass-unexpanded", cause="unexpanded-variable")
def storageclass_unexpanded(lab: "Lab") -> None:
    """The class was applied without envsubst."""
    _parameters(lab)["subnetId"] = "${SUBNET_ID}"
    symptoms.being_provisioned(lab)


@fault("storageclass-persistent-without-throughput", cause="invalid-throughput-parameter")
def storageclass_persistent_without_throughput(lab: "Lab") -> None:
    """The driver's README names a default that the code does not send."""
    _parameters(lab)["deploymentType"] = "PERSISTENT_1"
    symptoms.being_provisioned(lab)


@fault("storageclass-compression-in-lower-case", cause="storageclass-invalid-value")
def storageclass_compression_in_lower_case(lab: "Lab") -> None:
    """FSx's words are case-sensitive."""
    _parameters(lab)["dataCompressionType"] = "lz4"
    symptoms.being_provisioned(lab)


@fault("storageclass-hdd-on-scratch", cause="storageclass-invalid-value")
def storageclass_hdd_on_scratch(lab: "Lab") -> None:
    """HDD storage is PERSISTENT_1's alone."""
    _parameters(lab).update(storageType="HDD", driveCacheType="NONE")
    symptoms.being_provisioned(lab)


@fault("storageclass-efa-on-scratch", cause="efa-requirements")
def storageclass_efa_on_scratch(lab: "Lab") -> None:
    """EFA needs PERSISTENT_2 with a metadata configuration."""
    _parameters(lab)["efaEnabled"] = "true"
    symptoms.being_provisioned(lab)


@fault("storageclass-mount-option-unknown", cause="bad-mount-option")
def storageclass_mount_option_unknown(lab: "Lab") -> None:
    """Copied from an EFS class; provisioning ends well, the first mount will not."""
    lab.kube.get("storageclasses", STORAGE_CLASS)["mountOptions"] = ["tls"]
    symptoms.being_provisioned(lab)


@fault("storageclass-old-version", cause="client-server-version-mismatch")
def storageclass_old_version(lab: "Lab") -> None:
    """2.10 by name, and AL2023 nodes."""
    _parameters(lab)["fileSystemTypeVersion"] = "2.10"
    symptoms.being_provisioned(lab)


def _parameters(lab: "Lab") -> dict[str, str]:
    found: dict[str, str] = lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"]
    return found


def _without_throughput(lab: "Lab") -> bool:
    return "perUnitStorageThroughput" not in lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"]


@fault("storageclass-throughput-on-scratch", cause="invalid-throughput-parameter", gone=_without_throughput)
def storageclass_throughput_on_scratch(lab: "Lab") -> None:
    """A type with a fixed throughput was given one: no document says that FSx refuses it, and the claim waits on."""
    lab.kube.get("storageclasses", STORAGE_CLASS)["parameters"]["perUnitStorageThroughput"] = "200"
    symptoms.being_provisioned(lab)
    symptoms.claim(lab)["metadata"]["creationTimestamp"] = lab.site.time(40)


_OWN = "csi.storage.k8s.io/"


@fault("storageclass-secret-for-the-provisioner", cause="csi-secret-unusable")
def storageclass_secret_for_the_provisioner(lab: "Lab") -> None:
    """The class was copied from another driver's; the chart lets this one's controller read no secret."""
    given = {"provisioner-secret-name": "creds", "provisioner-secret-namespace": "storage"}
    _parameters(lab).update({f"{_OWN}{key}": value for key, value in given.items()})
    symptoms.provisioning_fails(
        lab,
        'error getting secret creds in namespace storage: secrets "creds" is forbidden: User "system:serviceaccount:'
        'fsx-csi-driver:fsx-csi-driver-controller-sa" cannot get resource "secrets" in API group "" in the namespace'
        ' "storage"',
    )


@fault("storageclass-half-of-a-secret", cause="csi-secret-unusable")
def storageclass_half_of_a_secret(lab: "Lab") -> None:
    """The name of a secret without its namespace: the provisioner refuses before it asks anybody."""
    _parameters(lab)[f"{_OWN}node-publish-secret-name"] = "creds"
    symptoms.being_provisioned(lab)


@fault("storageclass-unknown-key-of-the-provisioner", cause="storageclass-unknown-parameter")
def storageclass_unknown_key_of_the_provisioner(lab: "Lab") -> None:
    """The prefix is the provisioner's own, and it takes no key of it that it does not know."""
    _parameters(lab)[f"{_OWN}fsType"] = "lustre"
    symptoms.provisioning_fails(lab, f'found unknown parameter key "{_OWN}fsType" with reserved namespace {_OWN}')
