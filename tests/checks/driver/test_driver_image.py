"""driver-image: each image of the driver can be pulled in the cluster's region."""

from typing import Any

import pytest

from checks.driver.driver_image import driver_image
from diag import Kind, Subject, Table, Unavailable, Verdict
from diag.model.finding import Finding
from diag.resources.iam import Role
from diag.resources.kubernetes import Pod, Workload
from tests.checks import given, given_network

SEOUL = "602401143452.dkr.ecr.ap-northeast-2.amazonaws.com/eks/aws-fsx-csi-driver:v1.9.0"
OREGON = SEOUL.replace("ap-northeast-2", "us-west-2")
NODE = Subject(Kind.NODE, given.NODE)


def of_plugin(image: str, reason: str = "", message: str = "", *, event: str = "") -> Finding:
    """The finding about a node plugin with that image: it runs, or waits for that reason."""
    plugin = given.node_plugin(image=image)
    statuses = (given.waiting("fsx-plugin", reason, message),) if reason else ()
    pod = given.plugin_pod(given.NODE, *statuses, workload=plugin)
    events = (given.event(pod, "Failed", event),) if event else ()
    return about(plugin, (pod,), warning_events=events)


def about(plugin: Workload, pods: tuple[Pod, ...], **facts: Any) -> Finding:
    """The finding about the DaemonSet in a world with those pods."""
    found = given.findings(driver_image, daemon_sets=(plugin,), pods=pods, **facts)
    return next(finding for finding in found if finding.subject == plugin.subject)


@pytest.mark.parametrize(
    "image",
    [
        given.DRIVER_IMAGE,
        SEOUL,
        SEOUL.replace("dkr.ecr.", "dkr-ecr.").replace("amazonaws.com", "on.aws"),
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ecr-public/fsx-csi-driver/aws-fsx-csi-driver:v1.9.0",
        "registry.corp.example:5000/mirror/aws-fsx-csi-driver:v1.9.0",
    ],
)
def test_an_image_that_fits_and_runs_passes(image: str) -> None:
    found = of_plugin(image)
    assert found.verdict is Verdict.PASS
    assert "image-pull-wrong-region-ecr" in found.rules_out


@pytest.mark.parametrize(
    ("region", "image"),
    [
        ("ap-east-1", "800184023465.dkr.ecr.ap-east-1.amazonaws.com/eks/aws-fsx-csi-driver:v1.9.0"),
        ("cn-north-1", "918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/aws-fsx-csi-driver:v1.9.0"),
        ("us-gov-west-1", "013241004608.dkr.ecr-fips.us-gov-west-1.amazonaws.com/eks/aws-fsx-csi-driver:v1.9.0"),
    ],
)
def test_other_partitions_and_opt_in_regions_have_registries_of_their_own(region: str, image: str) -> None:
    plugin = given.node_plugin(image=image)
    found = about(plugin, (given.plugin_pod(workload=plugin),), cluster_identity=given.identity(region))
    assert found.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("region", "image", "why"),
    [
        ("cn-north-1", OREGON, "EKS registry of us-west-2, the cluster is in cn-north-1, another partition"),
        ("ap-east-1", SEOUL.replace(given.REGION, "ap-east-1"), "has no registry in ap-east-1"),
        ("cn-north-1", "918309763551.dkr.ecr.cn-north-1.amazonaws.com/eks/aws-fsx-csi-driver:v1", "amazonaws.com.cn"),
    ],
)  # fmt: skip
def test_a_registry_that_does_not_serve_the_region_fails_when_nothing_shows_that_it_pulls(
    region: str, image: str, why: str
) -> None:
    found = about(given.node_plugin(image=image), (), cluster_identity=given.identity(region))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "image-pull-wrong-region-ecr")
    assert why in found.message
    assert found.fix is not None
    assert "public.ecr.aws/fsx-csi-driver/aws-fsx-csi-driver:v1" in found.fix.commands[0]


def test_another_region_s_registry_works_over_the_internet_and_only_warns() -> None:
    assert of_plugin(OREGON).verdict is Verdict.WARN
    found = about(given.node_plugin(image=OREGON), ())
    assert (found.verdict, found.cause) == (Verdict.WARN, "image-pull-wrong-region-ecr")
    assert "only over the internet" in found.message


@pytest.mark.parametrize(
    ("routes", "verdict"),
    [
        (("10.0.0.0/16", "local"), Verdict.FAIL),
        (("0.0.0.0/0", "nat-0123456789abcdef0"), Verdict.WARN),
        (("0.0.0.0/0", "tgw-0123456789abcdef0"), Verdict.WARN),
    ],
)
def test_another_region_s_registry_fails_where_the_nodes_have_no_way_out(
    routes: tuple[str, str], verdict: Verdict
) -> None:
    nodes = given_network.instances(given_network.instance(given.node()))
    facts = {"instances": nodes, "route_tables": (given_network.routes(routes, id="rtb-main"),)}
    assert about(given.node_plugin(image=OREGON), (), **facts).verdict is verdict


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("toomanyrequests: Rate exceeded", "image-pull-rate-limited"),
        ("429 Too Many Requests", "image-pull-rate-limited"),
        ("no match for platform in manifest: not found", "image-wrong-architecture"),
        ("manifest for x not found: manifest unknown", "image-not-found"),
        ("dial tcp 75.2.101.78:443: i/o timeout", "image-pull-wrong-region-ecr"),
    ],
)
def test_another_region_s_registry_takes_no_blame_for_what_its_place_does_not_explain(message: str, cause: str) -> None:
    found = of_plugin(OREGON, "ErrImagePull", message)
    assert (found.verdict, found.cause) == (Verdict.FAIL, cause)


def test_a_region_that_the_table_does_not_list_is_only_a_warning() -> None:
    plugin = given.node_plugin(image=SEOUL.replace(given.REGION, "sa-west-1"))
    assert about(plugin, (), cluster_identity=given.identity("sa-west-1")).verdict is Verdict.WARN


@pytest.mark.parametrize(
    "image",
    [
        "602401143452.dkr.ecr..amazonaws.com/eks/aws-fsx-csi-driver:v1.9.0",
        "602401143452.dkr.ecr.None.amazonaws.com/eks/aws-fsx-csi-driver:v1.9.0",
        f"{SEOUL.rpartition(':')[0]}:",
        "${REGISTRY}/eks/aws-fsx-csi-driver:v1.9.0",
    ],
)
def test_a_reference_with_a_variable_that_was_empty_fails(image: str) -> None:
    found = of_plugin(image, "InvalidImageName", f'Failed to apply default image tag "{image}"')
    assert (found.verdict, found.cause) == (Verdict.FAIL, "image-invalid-reference")
    assert found.concerns == (NODE,)


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("pull access denied, repository does not exist or may require authorization", "image-pull-denied"),
        ("unexpected status from HEAD request to https://x: 403 Forbidden", "image-pull-denied"),
        ("dial tcp 75.2.101.78:443: i/o timeout", "image-pull-no-egress"),
        ("dial tcp: lookup public.ecr.aws on 10.100.0.10:53: no such host", "image-pull-no-egress"),
        ('failed to resolve reference "x": x: not found', "image-not-found"),
        ("manifest for x not found: manifest unknown", "image-not-found"),
        ("snapshotter: no space left on device", ""),
    ],
)
def test_a_failed_pull_says_why(message: str, cause: str) -> None:
    found = of_plugin(given.DRIVER_IMAGE, "ErrImagePull", f'failed to pull and unpack image "x": {message}')
    assert (found.verdict, found.cause) == (Verdict.FAIL, cause)
    assert found.concerns == (NODE,)


def test_a_back_off_is_explained_by_the_pod_s_event() -> None:
    pull = f'Failed to pull image "{given.DRIVER_IMAGE}": rpc error: desc = dial tcp: i/o timeout'
    found = of_plugin(given.DRIVER_IMAGE, "ImagePullBackOff", "Back-off pulling image", event=pull)
    assert found.cause == "image-pull-no-egress"


def test_a_refused_pull_from_another_region_is_told_as_the_wrong_region() -> None:
    found = of_plugin(OREGON, "ErrImagePull", "no basic auth credentials")
    assert (found.verdict, found.cause) == (Verdict.FAIL, "image-pull-wrong-region-ecr")


def test_a_side_car_counts_as_the_driver_s_own_image_does() -> None:
    waiting = given.waiting("node-driver-registrar", "ErrImagePull", "dial tcp: i/o timeout")
    found = about(given.node_plugin(image=SEOUL), (given.plugin_pod(given.NODE, waiting),))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "image-pull-no-egress")
    assert "node-driver-registrar" in found.message


def test_a_controller_without_an_image_matters_only_to_a_claim_that_waits_for_it() -> None:
    bad = given.controller(image=OREGON)
    pods = (
        given.plugin_pod(),
        given.plugin_pod("", given.waiting("fsx-plugin", "ErrImagePull", "403 Forbidden"), workload=bad),
    )
    pending = given.claim("wanted", volume="")
    idle = given.findings(driver_image, deployments=(bad,), pods=pods)
    asked = given.findings(driver_image, deployments=(bad,), pods=pods, claims=(given.claim(), pending))
    assert [f.verdict for f in idle] == [Verdict.PASS, Verdict.WARN]
    assert [f.verdict for f in asked] == [Verdict.PASS, Verdict.FAIL]
    assert asked[1].concerns == (pending.subject,)


def test_no_driver_is_not_a_fault_of_its_images() -> None:
    found = given.verdicts(driver_image, daemon_sets=(), deployments=())
    assert found == (Verdict.SKIP, Verdict.SKIP)


@pytest.mark.parametrize("fact", ["list daemonsets", "list pods"])
def test_what_could_not_be_listed_is_unknown(fact: str) -> None:
    name = {"list daemonsets": "daemon_sets", "list pods": "pods"}[fact]
    found = given.findings(driver_image, **{name: given.denied(fact)})
    assert found[0].verdict is Verdict.UNKNOWN
    assert isinstance(found[0].unavailable[0], Unavailable)
    assert found[0].unavailable[0].permission == fact


def test_a_public_registry_without_a_way_to_it_is_for_the_network_or_a_mirror() -> None:
    found = of_plugin(given.DRIVER_IMAGE, "ImagePullBackOff", "dial tcp 75.2.101.78:443: i/o timeout")
    assert found.fix is not None
    assert found.fix.commands == ()
    assert (found.fix.steps[0].by, "no VPC endpoint" in found.fix.note) == (
        "whoever runs the network, or the registry of this account",
        True,
    )


@pytest.mark.parametrize(
    ("image", "role", "is_let_in"),
    [
        (SEOUL, "eks-node", True),
        (SEOUL.replace("602401143452", given.identity().account), "eks-node", True),
        (SEOUL.replace("602401143452", "123456789012"), "eks-node", False),
        (SEOUL, "", False),
    ],
)
def test_a_refused_role_gets_the_right_to_pull_where_that_can_be_what_it_lacks(
    image: str, role: str, is_let_in: bool
) -> None:
    plugin = given.node_plugin(image=image)
    pod = given.plugin_pod(given.NODE, given.waiting("fsx-plugin", "ErrImagePull", "403 Forbidden"), workload=plugin)
    roles = Table({given.NODE: Role(role)} if role else {})
    found = about(plugin, (pod,), refused_roles=roles)
    attach = "aws iam attach-role-policy --role-name eks-node --policy-arn arn:aws:iam::aws:policy/"
    commands = found.fix.commands if found.fix else ()
    assert commands == ((f"{attach}AmazonEC2ContainerRegistryPullOnly",) if is_let_in else ())


def test_a_node_without_room_says_so() -> None:
    found = of_plugin(given.DRIVER_IMAGE, "ErrImagePull", "write /var/lib/containerd/x: no space left on device")
    assert (found.verdict, found.cause) == (Verdict.FAIL, "")
    assert "it cannot be pulled, as the node's disk is full" in found.message
