"""Image references are read as a container runtime reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.analysis.driver.images import BadImage, Image, parse_image

ECR = "602401143452.dkr.ecr.ap-northeast-2.amazonaws.com"
label = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
hosts = st.lists(label, min_size=2, max_size=4).map(".".join)
paths = st.lists(st.from_regex(r"[a-z0-9]+([._-][a-z0-9]+)?", fullmatch=True), min_size=1, max_size=4).map("/".join)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
digests = st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:{}".format)


@given(hosts, paths, st.one_of(st.just(""), tags), st.one_of(st.just(""), digests))
def test_what_was_put_together_is_taken_apart(host: str, path: str, tag: str, digest: str) -> None:
    text = f"{host}/{path}" + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
    assert parse_image(text) == Image(text, host, path, tag, digest)


@given(st.text(max_size=300))
def test_no_text_breaks_the_parser(text: str) -> None:
    parsed = parse_image(text)
    assert isinstance(parsed, BadImage) or parsed.repository


@given(hosts, paths, st.sampled_from([" ", "${TAG}", "A/..", "::", "@sha256:12", ":-x", "/"]))
def test_a_broken_end_is_no_image(host: str, path: str, end: str) -> None:
    assert isinstance(parse_image(f"{host}/{path}{end}"), BadImage)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("602401143452.dkr.ecr..amazonaws.com/eks/aws-fsx-csi-driver:v1.9.0", "a part of its host name is empty"),
        (f"{ECR}/eks/aws-fsx-csi-driver:", "its tag is empty"),
        (f"{ECR}/eks/AWS-fsx-csi-driver:v1", "lower case"),
        ("${REGISTRY}/eks/aws-fsx-csi-driver:v1", "placeholder"),
        ("", "empty"),
        ("a" * 2000, "2000 characters"),
    ],
)
def test_why_a_text_is_no_image(text: str, why: str) -> None:
    parsed = parse_image(text)
    assert isinstance(parsed, BadImage)
    assert why in parsed.why


@pytest.mark.parametrize(
    ("text", "host", "repository"),
    [
        ("busybox", "docker.io", "busybox"),
        ("team/app:1", "docker.io", "team/app"),
        ("localhost/app", "localhost", "app"),
        ("mirror:5000/eks/aws-fsx-csi-driver:v1", "mirror:5000", "eks/aws-fsx-csi-driver"),
        ("None/aws-fsx-csi-driver:v1", "None", "aws-fsx-csi-driver"),
    ],
)
def test_which_part_is_the_host(text: str, host: str, repository: str) -> None:
    parsed = parse_image(text)
    assert isinstance(parsed, Image)
    assert (parsed.host, parsed.repository) == (host, repository)


@pytest.mark.parametrize(
    ("host", "ecr"),
    [
        (ECR, ("602401143452", "ap-northeast-2", False)),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", ("123456789012", "us-east-1", True)),
        ("918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn", ("918309763551", "cn-north-1", False)),
        ("602401143452.dkr.ecr.None.amazonaws.com", ("602401143452", "None", False)),
        ("public.ecr.aws", None),
        ("mirror.example.com", None),
    ],
)
def test_private_ecr_hosts(host: str, ecr: tuple[str, str, bool] | None) -> None:
    found = Image(f"{host}/x", host, "x").ecr
    assert ecr == (found and (found.account, found.region, found.fips))
