"""Partitions, the registries of EKS and the releases of the driver, by their tables."""

import pytest

from diag.knowledge.driver_versions import driver_versions, faults_of, parse_version
from diag.knowledge.partitions import is_known_region, partition_of, partitions
from diag.knowledge.registries import driver_image, registries, registry_of


@pytest.mark.parametrize(
    ("region", "image"),
    [
        ("ap-northeast-2", "602401143452.dkr.ecr.ap-northeast-2.amazonaws.com/eks/aws-fsx-csi-driver"),
        ("ap-east-1", "800184023465.dkr.ecr.ap-east-1.amazonaws.com/eks/aws-fsx-csi-driver"),
        ("cn-north-1", "918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/aws-fsx-csi-driver"),
        ("us-gov-west-1", "013241004608.dkr.ecr.us-gov-west-1.amazonaws.com/eks/aws-fsx-csi-driver"),
        ("sa-west-1", ""),
        ("None", ""),
    ],
)
def test_the_driver_s_image_in_a_region(region: str, image: str) -> None:
    assert driver_image(region) == image


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"), ("us-gov-east-1", "aws-us-gov"), ("cn-northwest-1", "aws-cn"),
        ("us-iso-east-1", "aws-iso"), ("ap-southeast-9", "aws"),
    ],
)  # fmt: skip
def test_a_region_s_partition(region: str, partition: str) -> None:
    found = partition_of(region)
    assert found is not None
    assert found.id == partition


@pytest.mark.parametrize("region", ["", "None", "us-east", "ap_northeast_2", "us-east-1a"])
def test_what_is_no_region(region: str) -> None:
    assert partition_of(region) is None


def test_a_region_fits_one_partition_and_one_registry() -> None:
    for partition in partitions().partitions:
        for region in partition.regions:
            assert partition_of(region) is partition
    served = [region for registry in registries().registries for region in registry.regions]
    assert len(served) == len(set(served))
    assert all(is_known_region(region) for region in served)
    assert registry_of("ap-southeast-9") is None


@pytest.mark.parametrize(
    ("tag", "version"),
    [("v1.9.0", (1, 9, 0)), ("v1.9.0-eksbuild.2", (1, 9, 0)), ("1.10.3", (1, 10, 3)), ("latest", None), ("v1.9", None)],
)
def test_versions_of_tags(tag: str, version: tuple[int, int, int] | None) -> None:
    assert parse_version(tag) == version


def test_faults_are_those_between_since_and_mended() -> None:
    assert faults_of((1, 9, 0)) == ()
    assert [fault.fixed_in for fault in faults_of((1, 2, 0))] == ["1.5.0", "1.4.0", "1.3.0"]
    assert "1.2.0" not in {fault.fixed_in for fault in faults_of((0, 9, 0))}
    assert parse_version(driver_versions().newest) is not None
