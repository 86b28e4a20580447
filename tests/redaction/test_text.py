"""One text: what is taken away, what is left, and that equal things stay equal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.redaction.redactor import Redactor

FS = "fs-04cb64a224a31f75d"
DNS = f"{FS}.fsx.ap-northeast-2.amazonaws.com"
MOUNT = f"mount.lustre: mount {DNS}@tcp:/ddyezbev at /var/lib/kubelet/pods/x/mount failed: Invalid argument"


def redactor(**names: tuple[str, ...]) -> Redactor:
    made = Redactor(b"k" * 32, trade="mount failed fsx-csi lustre")
    for kind, own in names.items():
        made.names.learn(kind, own)
    return made


@pytest.mark.parametrize(
    ("private", "shape"),
    [
        (FS, r"fs-[0-9a-f]{17}"),
        ("fs-0123abcd", r"fs-[0-9a-f]{8}"),
        ("eni-0123456789abcdef0", r"eni-[0-9a-f]{17}"),
        ("sg-0123456789abcdef0", r"sg-[0-9a-f]{17}"),
        ("vpc-0123abcd", r"vpc-[0-9a-f]{8}"),
        ("subnet-0123456789abcdef0", r"subnet-[0-9a-f]{17}"),
        ("i-0123456789abcdef0", r"i-[0-9a-f]{17}"),
        ("acl-0123456789abcdef0", r"acl-[0-9a-f]{17}"),
        ("rtb-0123456789abcdef0", r"rtb-[0-9a-f]{17}"),
        ("pcx-0123456789abcdef0", r"pcx-[0-9a-f]{17}"),
        ("123456789013", r"\d{12}"),
        ("10.77.88.99", r"10\.\d+\.\d+\.\d+"),
        ("54.239.28.85", r"\d+\.\d+\.\d+\.\d+"),
        ("2406:da12:abcd::17", r"[23][0-9a-f]*:[0-9a-f:]+"),
        ("ip-10-77-88-99", r"ip-10-\d+-\d+-\d+"),
        ("3f1c6c0e-0d0a-4a5b-9b0e-5d3c1f1a7e11", r"[0-9a-f-]{36}"),
        ("78B688E1F383DD54B44C42207B77FE34", r"[0-9A-F]{32}"),
        ("AROAIOSFODNN7EXAMPLE", r"AROA[A-Z2-7]{16}"),
        ("0a:1b:2c:3d:4e:5f", r"02(:[0-9a-f]{2}){5}"),
        ("alice@acme-corp.com", r"user-[0-9a-f]{8}@h[0-9a-f]{8}\.com"),
        ("build7.acme.internal", r"h[0-9a-f]{8}\.h[0-9a-f]{8}\.internal"),
        ("s3://acme-data", r"s3://bucket-[0-9a-f]{8}"),
        ("arn:aws:iam::123456789013:role/AcmeRole", r"arn:aws:iam::\d{12}:role/role-[0-9a-f]{8}"),
        (
            "arn:aws-cn:eks:cn-north-1:123456789013:cluster/acme",
            r"arn:aws-cn:eks:cn-north-1:\d{12}:cluster/cluster-\w{8}",
        ),
    ],
)
def test_a_private_thing_becomes_another_of_its_shape_wherever_it_stands(private: str, shape: str) -> None:
    made = redactor().text(private)
    assert re.fullmatch(shape, made), made
    assert made != private
    for text in ("saw {} twice: {}", "({}), {}.", '"{}" x={}'):
        seen = redactor().text(text.format(private, private))
        assert seen == text.format(made, made), seen


PARTS = r"hunter2\w+|s3cr3tpw|wJalr\S{20}|MIIE\w+|eyJ\w+|aHR0\w+|4mQpVx\w+|0123456789abcdef|abcdefgh\w+"


@pytest.mark.parametrize(
    "secret",
    [
        "Authorization: Bearer abcdefghijklmnop.qrst",
        "bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
        "k8s-aws-v1.aHR0cHM6Ly9zdHM",
        "password=hunter2hunter2",
        'aws_secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"',
        "https://x/?X-Amz-Signature=0123456789abcdef&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE/2026",
        "Encoded authorization failure message: 4mQpVx_abcdefghijklmnop",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----",
        "https://alice:s3cr3tpw@git.acme.com/x",
    ],
)
def test_a_secret_is_taken_out(secret: str) -> None:
    made = redactor().text(f"before {secret} after")
    assert "[removed]" in made and made.startswith("before ") and made.endswith(" after")
    for part in re.findall(PARTS, secret):
        assert part not in made


@pytest.mark.parametrize(
    "text",
    [
        "mount failed: exit status 22\nMounting command: mount\nOutput: Invalid argument",
        "LustreError: 11-0: ddyezbev-MDT0000-mdc: operation mds_connect to node failed: rc = -16",
        "server 2.15.61.1 refused client 2.10.5.0",
        "kernel 6.12.46-66.121.amzn2023.x86_64, aws-fsx-csi-driver:v1.9.0, driver v1.2.3.4",
        "602401143452.dkr.ecr.ap-northeast-2.amazonaws.com/eks/aws-fsx-csi-driver:v1.9.0",
        "topology.kubernetes.io/zone eks.amazonaws.com/role-arn fsx.csi.aws.com public.ecr.aws",
        "arn:aws:iam::aws:policy/AmazonFSxFullAccess",
        "nameserver 169.254.169.253 at 2026-11-24T07:55:22Z 07:55:22 0.0.0.0/0 ::/0",
        "(client.c:2289:ptlrpc_expire_one_request()) @@@ Request sent has timed out",
        "system:serviceaccount:kube-system:fsx-csi-controller-sa",
        "csi-node-driver-registrar, fsx-csi-node-x7k2p, coredns-7d9c8b6f5d-x2z4q",
    ],
)
def test_what_judgement_and_everybody_depend_on_stays(text: str) -> None:
    assert redactor().text(text) == text


def test_a_mount_message_still_says_what_was_mounted_from_where() -> None:
    made = redactor().text(MOUNT)
    token = redactor().text(FS)
    assert made == MOUNT.replace(FS, token)


def test_a_name_in_capitals_is_the_same_name() -> None:
    assert redactor().text(DNS.upper()) == redactor().text(DNS).upper()


def test_an_address_with_a_network_is_one_even_when_it_looks_like_a_version() -> None:
    made = redactor()
    assert made.text("2.12.3.4@tcp") != "2.12.3.4@tcp"
    assert made.text("client 2.12.3.4") == "client 2.12.3.4"


def test_a_host_of_a_domain_is_a_host_of_its_stand_in() -> None:
    made = redactor()
    domain, host = made.text("corp.acme.com"), made.text("lustre.corp.acme.com")
    assert host.endswith(f".{domain}") and "acme" not in host


def test_a_known_name_is_found_inside_longer_words_the_longest_first() -> None:
    made = redactor(cluster=("training-on-eks", "training"))
    token = made.names.name("cluster", "training-on-eks")
    assert made.text("eks-cluster-sg-training-on-eks-2403656223") == f"eks-cluster-sg-{token}-2403656223"
    assert made.text("kubernetes.io/cluster/training-on-eks") == f"kubernetes.io/cluster/{token}"
    assert made.text("trainingx") == "trainingx"


def test_a_name_that_judgement_depends_on_is_no_name_in_running_text() -> None:
    made = redactor(pv=("mount", "fsx-csi"))
    assert made.text("mount failed in fsx-csi-driver") == "mount failed in fsx-csi-driver"
    assert made.names.name("pv", "mount").startswith("pv-")


def test_a_home_folder_names_a_person() -> None:
    assert "alice" not in redactor().text("reading /home/alice/.kube/config")


@given(st.text(max_size=400))
def test_any_text_comes_back_as_a_text_and_the_same_each_time(text: str) -> None:
    assert redactor().text(text) == redactor().text(text)


@given(
    st.integers(0, 10**12 - 1),
    st.text(alphabet="abc /:,.-_\"'", max_size=20),
    st.text(alphabet="abc /:,\"'", max_size=20),
)
def test_no_surrounding_hides_an_account(number: int, before: str, after: str) -> None:
    account = f"{number:012d}"
    made = Redactor(b"k" * 32)
    if made.account(account) != account:
        assert account not in made.text(f"{before}{account}{after}")


@given(st.ip_addresses(v=4), st.sampled_from(["{}", "{}:988", "{}@tcp", "x={}", "[{}]", "/{}/", "from {},"]))
def test_no_surrounding_hides_an_address(address: object, around: str) -> None:
    made, text = Redactor(b"k" * 32), str(address)
    mapped = made.addresses.address(text)
    if not re.fullmatch(r"[12]\.\d{1,2}\.\d{1,3}\.\d{1,3}", text):
        assert made.text(around.format(text)) == around.format(mapped)
