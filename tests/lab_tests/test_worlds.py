"""Worlds, variants and faults: what each puts in place, and that a load takes it back."""

import ipaddress
import json
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab
from tests.lab.aws.moto_backends import restore_backends, snapshot_backends
from tests.lab.faults import FAULTS
from tests.lab.faults.registry import fault
from tests.lab.ports import Behaviour
from tests.lab.setup import FILE_SYSTEM_ID
from tests.lab.variants import VARIANTS

pytestmark = pytest.mark.lab
ROOT = Path(__file__).parents[2]
# The layers of the mount path, in order; a fault's layer is the file it stands in.
LAYERS = {"request", "driver", "identity", "file-system", "dns", "network", "lnet", "client", "mount", "workload"}


def picture(lab: Lab) -> tuple[Any, ...]:
    """Everything a fault may change."""
    return (
        _objects(lab),
        pickle.dumps((lab.aws.fsx.state, lab.aws.eks.state, lab.aws.ssm.state)),
        _account(lab),
        lab.ports.snapshot(),
        dict(lab.dns.switches.answers),
        dict(lab.api.logs),
        set(lab.aws.switches.foreign_buckets),
    )


def _objects(lab: Lab) -> str:
    kinds = ["nodes", "pods", "persistentvolumes", "persistentvolumeclaims", "events", "storageclasses", "csidrivers"]
    kinds += ["csinodes", "daemonsets", "deployments", "serviceaccounts", "configmaps"]
    return json.dumps({kind: list(lab.kube.all(kind)) for kind in kinds}, sort_keys=True)


def _account(lab: Lab) -> str:
    """moto's state through its own calls: pickles of equal graphs need not be equal bytes."""
    ec2, iam = lab.client("ec2"), lab.client("iam")
    vpcs = ec2.describe_vpcs()["Vpcs"]
    parts = [
        ec2.describe_security_groups()["SecurityGroups"],
        ec2.describe_network_interfaces()["NetworkInterfaces"],
        ec2.describe_instances()["Reservations"],
        ec2.describe_network_acls()["NetworkAcls"],
        ec2.describe_route_tables()["RouteTables"],
        vpcs,
        [
            ec2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=name)[name[0].upper() + name[1:]]
            for vpc in vpcs
            for name in ("enableDnsSupport", "enableDnsHostnames")
        ],
        iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"],
        iam.list_open_id_connect_providers()["OpenIDConnectProviderList"],
        lab.client("s3").list_buckets()["Buckets"],
    ]
    return json.dumps(parts, default=str, sort_keys=True)


@pytest.fixture(scope="module")
def untouched(running_lab: Lab) -> dict[str, tuple[Any, ...]]:
    """The picture of every world that faults start from."""
    pictures = {}
    for world in {item.world for item in FAULTS.values()}:
        running_lab.load(world)
        pictures[world] = picture(running_lab)
    return pictures


BY_WORLD_AND_LAYER = sorted({(item.world, item.layer) for item in FAULTS.values()})


@pytest.mark.parametrize(("world", "layer"), BY_WORLD_AND_LAYER)
def test_a_load_takes_faults_back(lab: Lab, untouched: dict[str, tuple[Any, ...]], world: str, layer: str) -> None:
    """One picture for all faults of a layer: what any of them leaves behind is in it."""
    for name, item in FAULTS.items():
        if (item.world, item.layer) == (world, layer):
            lab.load(world)
            lab.inject(name)
            assert lab.aws.unserved == [], name
            assert impossible_events(lab) == [], name
    lab.load(world)
    assert picture(lab) == untouched[world]


def impossible_events(lab: Lab) -> list[str]:
    """Events that no cluster shows: of an object that is not there, or of a failed mount while the pod is not waiting.

    Also with a placeholder that nobody filled.
    """
    return [event["message"] for event in lab.kube.all("events") if not _is_possible(lab, event)]


def _is_possible(lab: Lab, event: dict[str, Any]) -> bool:
    about = event["involvedObject"]
    plural = {"Pod": "pods", "PersistentVolumeClaim": "persistentvolumeclaims"}.get(about["kind"])
    if plural and event["type"] == "Warning":
        target = lab.kube.get(plural, about["name"], about["namespace"])
        if target["metadata"]["uid"] != about["uid"]:
            return False
    if event["reason"] != "FailedMount":
        return True
    status = lab.kube.get("pods", about["name"], about["namespace"])["status"]
    states = [container["state"] for container in status.get("containerStatuses", ())]
    waiting = {state.get("waiting", {}).get("reason") for state in states}
    return (status["phase"], waiting) == ("Pending", {"ContainerCreating"}) and "{" not in event["message"].replace(
        "${", ""
    )


def test_an_impossible_event_is_seen(lab: Lab) -> None:
    lab.load("healthy")
    lab.inject("mountname-wrong-case")
    (event,) = (one for one in lab.kube.all("events") if one["reason"] == "FailedMount")
    assert impossible_events(lab) == []
    lab.kube.get("pods", "pod-fsx", "default")["status"]["phase"] = "Running"
    assert impossible_events(lab) == [event["message"]]


def test_a_fault_changes_the_picture(lab: Lab, untouched: dict[str, tuple[Any, ...]]) -> None:
    """What every fault changes is what tests/faults sees of it; that a picture shows a change is seen here."""
    lab.load("healthy")
    lab.inject("sg-without-988")
    assert picture(lab) != untouched["healthy"]


def test_every_fault_names_a_layer() -> None:
    assert {item.layer for item in FAULTS.values()} <= LAYERS


def test_every_fault_s_cause_has_its_runbook() -> None:
    assert {item.cause for item in FAULTS.values()} <= {path.stem for path in (ROOT / "runbooks").glob("*.md")}


def test_faults_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two faults"):
        fault("version-2.10", cause="anything")(lambda lab: None)


def test_mount_errors_quote_the_volume_as_it_is(lab: Lab) -> None:
    lab.load("healthy")
    lab.inject("mountname-empty")
    (event,) = [event for event in lab.kube.all("events") if event["reason"] == "FailedMount"]
    assert f"{FILE_SYSTEM_ID}.fsx.ap-northeast-2.amazonaws.com@tcp:/fsx at " in event["message"]
    assert "mount failed: exit status 2\nMounting command: mount\n" in event["message"]
    assert re.search(r"Mounting arguments: -t lustre -o flock \S+@tcp:/fsx /var/lib/kubelet/pods/", event["message"])


@pytest.mark.parametrize("name", ["incident", "healthy", *sorted(VARIANTS)])
def test_a_world_is_of_one_piece(lab: Lab, name: str) -> None:
    """Kubernetes, EC2, FSx and the network agree on who is where."""
    lab.load(name)
    ec2, site = lab.client("ec2"), lab.site
    assert ec2.meta.region_name == site.region
    for node in lab.kube.all("nodes"):
        if node["spec"]["providerID"].startswith("eks-hybrid:"):
            continue
        zone, _, instance_id = node["spec"]["providerID"].removeprefix("aws:///").partition("/")
        instance = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
        assert instance["PrivateIpAddress"] == node["status"]["addresses"][0]["address"]
        assert instance["Placement"]["AvailabilityZone"] == zone
        assert node["metadata"]["labels"]["topology.kubernetes.io/zone"] == zone
    for address in lab.file_system_addresses(FILE_SYSTEM_ID):
        assert ipaddress.ip_address(address) in ipaddress.ip_network(f"127.{site.octet}.0.0/16")
        assert lab.ports.behaviour(address) is Behaviour.OPEN
        socket.create_connection((address, lab.ports.port), timeout=1).close()
    for volume in lab.kube.all("persistentvolumes"):
        source = volume["spec"].get("csi", {})
        caches = [cache["FileCacheId"] for cache in lab.aws.fsx.state.caches.get(site.region, ())]
        if source.get("driver") == "fsx.csi.aws.com" and source["volumeHandle"] not in caches:
            file_system = source["volumeHandle"][: len(FILE_SYSTEM_ID)]
            assert lab.aws.fsx.file_system(file_system)["Lifecycle"] in ("AVAILABLE", "UPDATING")
    cluster = lab.client("eks").describe_cluster(name=site.cluster)["cluster"]
    assert cluster["arn"] == site.cluster_arn
    assert lab.aws.unserved == []
    # Other things may go wrong around it: that is what some variants are for. Nor need anybody use the volume now.
    pods = [pod for pod in lab.kube.all("pods") if pod["metadata"]["name"] == "pod-fsx"]
    phases = {pod["status"]["phase"] for pod in pods if pod["status"].get("startTime") != lab.site.time(0)}
    claim_waits = any(claim["status"].get("phase") == "Pending" for claim in lab.kube.all("persistentvolumeclaims"))
    assert name == "incident" or claim_waits or phases <= {"Running", "Succeeded"}


def test_the_healthy_world_warns_of_nothing(healthy: Lab) -> None:
    assert [event["message"] for event in healthy.kube.all("events") if event["type"] == "Warning"] == []
    assert {pod["status"]["phase"] for pod in healthy.kube.all("pods")} == {"Running"}


def test_partitions_reach_every_name(lab: Lab) -> None:
    lab.load("china")
    text = _objects(lab)
    assert lab.env["AWS_REGION"] == "cn-north-1"
    assert "ap-northeast-2" not in text
    assert "arn:aws:" not in text
    assert "918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/aws-fsx-csi-driver" in text
    assert lab.client("sts").get_caller_identity()["Arn"].startswith("arn:aws-cn:")


def test_node_groups_are_the_same_from_instance_and_interface(lab: Lab) -> None:
    lab.load("nodes-with-own-group")
    assert lab.account is not None
    ec2 = lab.client("ec2")
    for instance_id in lab.account.instances.values():
        instance = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
        by_filter = ec2.describe_network_interfaces(
            Filters=[{"Name": "attachment.instance-id", "Values": [instance_id]}]
        )["NetworkInterfaces"]
        groups = [instance["SecurityGroups"], instance["NetworkInterfaces"][0]["Groups"], by_filter[0]["Groups"]]
        assert [[group["GroupName"] for group in listed] for listed in groups] == [["gpu-nodes"]] * 3


@pytest.mark.parametrize("world", ["incident", "nodes-with-own-group"])
def test_a_world_has_the_same_ids_each_time_it_is_built(lab: Lab, world: str) -> None:
    def ids() -> tuple[Any, set[str]]:
        lab.load(world)
        assert lab.account is not None
        own = [{"Name": "vpc-id", "Values": [lab.account.vpc]}]
        return lab.account, {group["GroupId"] for group in ec2.describe_security_groups(Filters=own)["SecurityGroups"]}

    ec2 = lab.client("ec2")
    first = ids()
    lab.load("china")
    lab.forget_worlds()
    assert ids() == first


@pytest.mark.parametrize("times", [1, 2])
def test_healing_ends_the_incident(lab: Lab, times: int) -> None:
    for _ in range(times):
        lab.heal()
    assert lab.aws.fsx.file_system(FILE_SYSTEM_ID)["FileSystemTypeVersion"] == "2.15"
    assert lab.kube.get("pods", "pod-fsx", "default")["status"]["phase"] == "Running"
    assert not [event for event in lab.kube.all("events") if event["reason"] == "FailedMount"]


def test_the_incident_s_groups_lack_the_rule_to_itself(lab: Lab) -> None:
    account = lab.account
    assert account is not None

    def sources(port: int) -> set[str]:
        groups = lab.client("ec2").describe_security_groups(GroupIds=[account.file_system_group])
        rules = groups["SecurityGroups"][0]["IpPermissions"]
        return {p["GroupId"] for rule in rules if rule["FromPort"] == port for p in rule["UserIdGroupPairs"]}

    assert sources(988) == sources(1018) == {account.cluster_group}
    lab.load("healthy")
    assert sources(988) == sources(1018) == {account.cluster_group, account.file_system_group}


def test_times_are_of_today(lab: Lab) -> None:
    (event,) = [event for event in lab.kube.all("events") if event["reason"] == "FailedMount"]
    assert event["lastTimestamp"][:10] in {lab.site.time(0)[:10], lab.site.time(60)[:10]}


def test_snapshots_point_at_the_live_backends(lab: Lab) -> None:
    """A restored interface must know the backend moto answers from, not a copy of it."""
    from tests.lab.aws.moto_backends import ec2_backend

    restore_backends(snapshot_backends())
    backend = ec2_backend(lab.site.region)
    assert {id(eni.ec2_backend) for eni in backend.enis.values()} == {id(backend)}


def test_run_by_hand() -> None:
    """`python -m tests.lab --json` prints the environment as one line and stands until it is told to end."""
    command = [sys.executable, "-m", "tests.lab", "--world", "healthy", "--fault", "version-2.10", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        environment = json.loads(process.stdout.readline())
        program = (
            "import boto3; s, = boto3.client('fsx').describe_file_systems()['FileSystems'];"
            "print(s['FileSystemTypeVersion'])"
        )
        asked = subprocess.run(
            [sys.executable, "-c", program], env=os.environ | environment, capture_output=True, text=True, check=True
        )
        assert asked.stdout == "2.10\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert not Path(environment["KUBECONFIG"]).exists()
