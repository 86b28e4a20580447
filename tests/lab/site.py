"""Where a world stands: region, partition, account and the loopback network that plays the VPC."""

import datetime
import json
import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.lab.aws.moto_backends import ACCOUNT, partition_of

_OBJECTS = Path(__file__).with_name("objects")
# What the recorded objects say, and the moment they were recorded.
_RECORDED_REGION = "ap-northeast-2"
_RECORDED_AT = datetime.datetime(2026, 11, 23, 21, 0, 0, tzinfo=datetime.UTC)
_RECORDED_REGISTRY = "602401143452.dkr.ecr.ap-northeast-2.amazonaws.com"

# EKS's own image registries by region (AWS, "View Amazon container image registries for Amazon EKS add-ons").
_REGISTRY_ACCOUNTS = {
    "cn-north-1": "918309763551",
    "cn-northwest-1": "961992271922",
    "us-gov-west-1": "013241004608",
    "us-gov-east-1": "151742754352",
    "eu-south-1": "590381155156",
    "ap-east-1": "800184023465",
}


@dataclass(frozen=True)
class Site:
    """The place of a world: 127.octet.0.0/16, of which the cluster's VPC is the lower half."""

    octet: int
    region: str = _RECORDED_REGION
    cluster: str = "training-on-eks"
    dns_suffix_override: str = ""
    now: datetime.datetime = _RECORDED_AT

    @property
    def partition(self) -> str:
        """aws, aws-cn or aws-us-gov."""
        return partition_of(self.region)

    @property
    def dns_suffix(self) -> str:
        """The partition's domain."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    @property
    def registry(self) -> str:
        """The host of EKS's image registry in this region."""
        account = _REGISTRY_ACCOUNTS.get(self.region, "602401143452")
        return f"{account}.dkr.ecr.{self.region}.{self.dns_suffix}"

    @property
    def cluster_arn(self) -> str:
        """The cluster's ARN."""
        return f"arn:{self.partition}:eks:{self.region}:{ACCOUNT}:cluster/{self.cluster}"

    def arn(self, service: str, resource: str, region: str = "") -> str:
        """An ARN of this partition and account."""
        return f"arn:{self.partition}:{service}:{region}:{ACCOUNT}:{resource}"

    def address(self, subnet: int, host: int) -> str:
        """The address 127.octet.subnet.host."""
        return f"127.{self.octet}.{subnet}.{host}"

    def cidr(self, subnet: int | None = None) -> str:
        """The VPC's range, or one subnet's."""
        return f"127.{self.octet}.0.0/17" if subnet is None else f"127.{self.octet}.{subnet}.0/24"

    @property
    def peer_cidr(self) -> str:
        """The range of a second VPC: the upper half."""
        return f"127.{self.octet}.128.0/17"

    def node(self, subnet: int, host: int) -> str:
        """The name of the node at an address."""
        return f"ip-127-{self.octet}-{subnet}-{host}.{self.region}.compute.internal"

    def zone(self, letter: str) -> str:
        """An availability zone."""
        return f"{self.region}{letter}"

    @property
    def zones(self) -> tuple[str, str]:
        """The two zones the private subnets stand in; Seoul's b is not offered to everybody."""
        return (self.zone("a"), self.zone("c" if self.region == _RECORDED_REGION else "b"))

    def in_region(self, region: str) -> "Site":
        """The same site somewhere else."""
        return replace(self, region=region)

    def time(self, minutes_ago: float = 0) -> str:
        """A timestamp as Kubernetes writes it."""
        return (self.now - datetime.timedelta(minutes=minutes_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def load(self, kind: str) -> list[dict[str, Any]]:
        """The recorded objects of a kind, moved to this site and to the present."""
        text = (_OBJECTS / f"{kind}.json").read_text()
        text = (
            text.replace(_RECORDED_REGISTRY, self.registry)
            .replace("arn:aws:", f"arn:{self.partition}:")
            .replace(f".fsx.{_RECORDED_REGION}.amazonaws.com", f".fsx.{self.region}.{self.dns_suffix}")
            .replace(f"{_RECORDED_REGION}c", self.zones[1])
            .replace(_RECORDED_REGION, self.region)
            .replace("127.77.", f"127.{self.octet}.")
            .replace("ip-127-77-", f"ip-127-{self.octet}-")
        )
        objects: list[dict[str, Any]] = json.loads(text)
        return [_moved(obj, self.now - _RECORDED_AT) for obj in objects]


def _moved(value: Any, by: datetime.timedelta) -> Any:
    """Every timestamp in a document, moved: an event of last year would be no event at all."""
    if isinstance(value, dict):
        return {key: _moved(item, by) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, by) for item in value]
    if isinstance(value, str) and value.startswith("2026-11-23T") and value.endswith("Z"):
        shape = "%Y-%m-%dT%H:%M:%S.%fZ" if "." in value else "%Y-%m-%dT%H:%M:%SZ"
        return (datetime.datetime.strptime(value, shape) + by).strftime(shape)
    return value


def claim_network() -> tuple[int, socket.socket]:
    """Takes a free 127.N.0.0/16 for this lab, so that labs of parallel test runs do not share addresses.

    Returns:
        N, and the socket that holds the claim until it is closed.

    Raises:
        OSError: none is free, or the system (macOS) has no address in 127/8 but 127.0.0.1.
    """
    problem: OSError | None = None
    for octet in range(77, 250):
        claim = socket.socket()
        try:
            claim.bind((f"127.{octet}.0.1", 40988))
        except OSError as error:
            claim.close()
            problem = error
        else:
            return octet, claim
    raise OSError("no free network in 127/8") from problem
