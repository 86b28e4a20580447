"""After a teardown: the real command names what still stands, and what a naive clean-up would wrongly take."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.command import Doctor
from tests.lab.aws.eks import trust_policy
from tests.lab.faults.another_file_system import another_file_system
from tests.lab.incident import CLAIM, VOLUME, WORKLOAD
from tests.lab.lab import Lab
from tests.lab.setup import BUCKET, FILE_SYSTEM_ID, MOUNT_NAME

ONLY = ("--only", "leftovers", "--format", "json")


def tear_down(lab: Lab) -> None:
    """Pod, claim and volume are deleted; everything in the account was forgotten."""
    lab.kube.remove("pods", WORKLOAD, "default")
    lab.kube.remove("persistentvolumeclaims", CLAIM, "default")
    lab.kube.remove("persistentvolumes", VOLUME)


def warned(doctor: Doctor, *further: str) -> dict[str, list[str]]:
    """The warnings of a run by check, and the hazards that fail, as `subject: message`."""
    ran = doctor("run", *ONLY, *further)
    found: dict[str, list[str]] = {}
    for finding in ran.document["findings"]:
        assert finding["verdict"] != "fail" or finding["check"] == "cleanup-hazards", finding
        if finding["verdict"] in ("warn", "fail"):
            found.setdefault(finding["check"], []).append(f"{finding['subject']['name']}: {finding['message']}")
    return found


@pytest.mark.lab
def test_a_cluster_in_use_has_none(doctor: Doctor, lab: Lab) -> None:
    lab.load("healthy")
    assert warned(doctor) == {}


@pytest.mark.lab
def test_who_asks_for_them_is_told_of_nothing_else(doctor: Doctor) -> None:
    document = doctor("run", *ONLY).document
    assert document["diagnoses"] == [] and document["exit_code"] != 3
    assert {finding["check"].split("-")[0] for finding in document["findings"]} <= {"leftover", "cleanup"}


@pytest.mark.lab
def test_they_are_no_part_of_the_default_run(doctor: Doctor, lab: Lab) -> None:
    lab.load("healthy")
    checks = {finding["check"] for finding in doctor("run", "--format", "json").document["findings"]}
    assert not {check for check in checks if check.startswith(("leftover-", "cleanup-"))}


@pytest.mark.lab
def test_a_file_system_that_nobody_names_any_more(doctor: Doctor, lab: Lab) -> None:
    lab.load("healthy")
    tear_down(lab)
    (told,) = warned(doctor)["leftover-file-systems"]
    assert (
        told.startswith(f"{FILE_SYSTEM_ID}: 1200 GiB SCRATCH_2 is still running and billed")
        and "no tag says whose" in told
    )


@pytest.mark.lab
def test_one_that_this_clusters_driver_made_may_be_deleted(doctor: Doctor, lab: Lab) -> None:
    lab.load("dynamic-provisioning")
    (volume,) = lab.kube.all("persistentvolumes")
    lab.kube.remove("pods", WORKLOAD, "default")
    lab.kube.remove("persistentvolumeclaims", CLAIM, "default")
    volume["status"]["phase"] = "Released"
    made = lab.aws.fsx.file_system(FILE_SYSTEM_ID)["CreationTime"]
    volume["metadata"]["creationTimestamp"] = datetime.fromtimestamp(made + 540, UTC).isoformat()
    (finding,) = (f for f in doctor("run", *ONLY).document["findings"] if f["check"] == "leftover-file-systems")
    assert finding["verdict"] == "warn" and "has no claim" in finding["message"]
    assert finding["fix"]["commands"][-1] == f"aws fsx delete-file-system --file-system-id {FILE_SYSTEM_ID}"


@pytest.mark.lab
def test_one_that_a_driver_made_may_be_a_sibling_clusters(doctor: Doctor, lab: Lab) -> None:
    lab.load("dynamic-provisioning")
    tear_down_dynamic(lab)
    found = {f["check"]: f for f in doctor("run", *ONLY).document["findings"]}
    left, hazard = found["leftover-file-systems"], found["cleanup-hazards"]
    assert left["verdict"] == "warn" and "a driver made it for volume pvc-" in left["message"]
    assert not left["fix"]["commands"] and hazard["verdict"] == "unknown"


def tear_down_dynamic(lab: Lab) -> None:
    """The claim of a class with reclaim policy Retain and its volume are gone."""
    (volume,) = lab.kube.all("persistentvolumes")
    lab.kube.remove("pods", WORKLOAD, "default")
    lab.kube.remove("persistentvolumeclaims", CLAIM, "default")
    lab.kube.remove("persistentvolumes", volume["metadata"]["name"])


@pytest.mark.lab
def test_another_teams_file_system_is_to_be_left_alone(doctor: Doctor, lab: Lab) -> None:
    lab.load("healthy")
    another_file_system(lab)
    theirs = next(id for id in lab.aws.fsx.state.file_systems[lab.site.region] if id != FILE_SYSTEM_ID)
    lab.aws.fsx.file_system(theirs)["Tags"].append({"Key": "kubernetes.io/cluster/research", "Value": "owned"})
    found = warned(doctor)
    assert "leftover-file-systems" not in found
    (told,) = found["cleanup-hazards"]
    assert told.startswith(f"{theirs}: leave it alone") and "research's" in told


@pytest.mark.lab
def test_a_set_up_that_was_run_twice(doctor: Doctor, lab: Lab) -> None:
    lab.load("healthy")
    another_file_system(lab)
    (told,) = warned(doctor)["leftover-file-systems"]
    assert f"{FILE_SYSTEM_ID} links s3://{BUCKET} too" in told


@pytest.mark.lab
def test_a_volume_whose_file_system_is_gone(doctor: Doctor, lab: Lab) -> None:
    lab.load("healthy")
    lab.client("fsx").delete_file_system(FileSystemId=FILE_SYSTEM_ID)
    (told,) = warned(doctor)["leftover-volumes"]
    assert told.startswith(f"{VOLUME}: its file system {FILE_SYSTEM_ID}")


@pytest.mark.lab
def test_a_group_on_no_interface_that_others_name(doctor: Doctor, lab: Lab) -> None:
    lab.load("healthy")
    assert lab.account is not None
    ec2 = lab.client("ec2")
    group = ec2.create_security_group(GroupName="fsx-lustre-sg-old", Description="old", VpcId=lab.account.vpc)[
        "GroupId"
    ]
    rule = {"IpProtocol": "tcp", "FromPort": 988, "ToPort": 988, "UserIdGroupPairs": [{"GroupId": group}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    ec2.authorize_security_group_ingress(GroupId=lab.account.cluster_group, IpPermissions=[rule])
    (told,) = warned(doctor)["leftover-security-groups"]
    assert told.startswith(f"{group}: ") and f"rules of {lab.account.cluster_group} still name it" in told


@pytest.mark.lab
def test_an_interface_that_belongs_to_nothing(doctor: Doctor, lab: Lab) -> None:
    lab.load("healthy")
    assert lab.account is not None
    eni = lab.client("ec2").create_network_interface(
        SubnetId=lab.account.private_subnets[0], Groups=[lab.account.file_system_group]
    )["NetworkInterface"]["NetworkInterfaceId"]
    (told,) = warned(doctor)["leftover-interfaces"]
    assert told.startswith(f"{eni}: attached to nothing")


@pytest.mark.lab
def test_identities_of_a_cluster_that_is_gone(doctor: Doctor, lab: Lab) -> None:
    lab.load("healthy")
    iam, gone = lab.client("iam"), f"oidc.eks.{lab.site.region}.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
    made = iam.create_open_id_connect_provider(Url=f"https://{gone}", ThumbprintList=["9e99a48a" * 5])
    trust = trust_policy(made["OpenIDConnectProviderArn"], f"https://{gone}", "kube-system", "fsx-csi-controller-sa")
    iam.create_role(RoleName="old-driver", AssumeRolePolicyDocument=trust)
    read = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    iam.create_policy(PolicyName="FSxLustreS3IntegrationPolicy", PolicyDocument=json.dumps(read))
    found = warned(doctor)
    assert [told.partition(":")[0] for told in found["leftover-roles"]] == ["old-driver"]
    assert "FSxLustreS3IntegrationPolicy is attached to nothing" in found["leftover-policies"][0]
    assert gone in found["leftover-oidc-providers"][0]


@pytest.mark.lab
def test_logs_and_notifications_that_nobody_needs(doctor: Doctor, lab: Lab) -> None:
    lab.load("healthy")
    logs, s3 = lab.client("logs"), lab.client("s3")
    for name in ("/aws/fsx/lustre", "/aws/eks/torn-down/cluster", f"/aws/eks/{lab.site.cluster}/cluster"):
        logs.create_log_group(logGroupName=name)
    s3.create_bucket(Bucket="old-data", CreateBucketConfiguration={"LocationConstraint": lab.site.region})
    topic = f"arn:aws:sns:{lab.site.region}:123456789012:topic"
    for bucket in ("old-data", BUCKET):
        s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={
                "TopicConfigurations": [{"Id": "FSx", "TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]
            },
        )
    found = warned(doctor)
    told = " ".join(found["leftover-log-groups"])
    assert len(found["leftover-log-groups"]) == 2 and "/aws/fsx/lustre" in told and "/aws/eks/torn-down" in told
    (told,) = found["leftover-bucket-notifications"]
    assert told.startswith("old-data: ")


@pytest.mark.lab
def test_a_missing_permission_costs_only_its_own_answer(doctor: Doctor, lab: Lab) -> None:
    lab.load("healthy")
    lab.deny("iam:ListRoles", "s3:GetBucketNotification")
    ran = doctor("run", *ONLY)
    assert ran.code == 5
    unknown = {f["check"]: f for f in ran.document["findings"] if f["verdict"] == "unknown"}
    assert set(unknown) == {"leftover-roles", "leftover-bucket-notifications"}
    assert unknown["leftover-roles"]["unavailable"][0]["permission"] == "iam:ListRoles"
    assert unknown["leftover-bucket-notifications"]["unavailable"][0]["permission"] == "s3:GetBucketNotification"


@pytest.mark.lab
def test_nothing_of_a_torn_down_cluster_is_still_an_inspection(doctor: Doctor, lab: Lab) -> None:
    lab.load("healthy")
    tear_down(lab)
    lab.client("fsx").delete_file_system(FileSystemId=FILE_SYSTEM_ID)
    ran = doctor("run", *ONLY)
    assert ran.code == 0 and MOUNT_NAME not in ran.out


@pytest.mark.lab
@pytest.mark.parametrize(
    ("world", "looked_at"),
    [
        ("sibling-cluster", {"leftover-file-systems": "warn", "cleanup-hazards": "unknown"}),
        ("other-region-cluster", {"leftover-roles": "skip"}),
        ("other-account-cluster", {"leftover-roles": "warn", "leftover-oidc-providers": "warn"}),
    ],
)
def test_what_a_neighbour_uses_is_never_offered_for_deletion(
    doctor: Doctor, lab: Lab, world: str, looked_at: dict[str, str]
) -> None:
    lab.load(world)
    found = doctor("run", *ONLY).document["findings"]
    assert {f["check"]: f["verdict"] for f in found if f["verdict"] not in ("pass",)} == looked_at
    commands = [command for f in found for command in (f.get("fix") or {}).get("commands", ())]
    assert not [command for command in commands if "delete" in command or "detach" in command]
