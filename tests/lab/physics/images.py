"""Whether a node can pull an image: where its registry is, who may read it, and whether a route leads there."""

import re
from typing import TYPE_CHECKING, Any

from tests.lab.aws.moto_backends import ec2_backend, iam_backend
from tests.lab.aws.simulate import allows
from tests.lab.physics.network import Network

if TYPE_CHECKING:
    from tests.lab.lab import Lab

_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[\w-]+)\.amazonaws\.com(\.cn)?/")
_REFERENCE = re.compile(
    r"(?:[\w-]+(?:\.[\w-]+)*(?::\d+)?/)?[a-z0-9._/-]+(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_NODE_ROLE = "eks-node-role"


class Images:
    """Pulls, as the nodes' containerd would."""

    def __init__(self, lab: "Lab", network: Network) -> None:
        self._lab = lab
        self._network = network

    def obstacle(self, image: str) -> tuple[str, str]:
        """The waiting reason and containerd's words; two empty ones when the image can be pulled."""
        if not _REFERENCE.fullmatch(image) or ".." in image:
            text = f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}"'
            return "InvalidImageName", f"{text}: invalid reference format"
        tag = image.rpartition(":")[2]
        unread = f'Failed to pull image "{image}": failed to resolve reference "{image}"'
        if tag in self._lab.hidden.absent_tags:
            return "ImagePullBackOff", f"{unread}: {image}: not found"
        registry = _ECR.match(image)
        if registry is None:
            if self._has_way_out():
                return "", ""
            return "ImagePullBackOff", f"{unread}: failed to do request: dial tcp 75.2.101.78:443: i/o timeout"
        if registry["region"] != self._lab.site.region:
            return "ImagePullBackOff", f"{unread}: unexpected status from HEAD request: 401 Unauthorized"
        if not self._has_way_out() and not all(self._endpoint(name) for name in ("ecr.api", "ecr.dkr")):
            return "ImagePullBackOff", f"{unread}: failed to do request: i/o timeout"
        role = iam_backend(self._lab.site.region).get_role(_NODE_ROLE)
        if not allows(role, "ecr:BatchGetImage", "*"):
            return "ImagePullBackOff", f"{unread}: unexpected status from HEAD request: 403 Forbidden"
        return "", ""

    def _has_way_out(self) -> bool:
        assert self._lab.account is not None
        return all(self._network.has_way_out(subnet) for subnet in self._lab.account.private_subnets)

    def _endpoint(self, service: str) -> bool:
        assert self._lab.account is not None
        return self._network.endpoint(self._lab.account.vpc, service)


def instances(lab: "Lab") -> list[Any]:
    """The nodes' instances."""
    assert lab.account is not None
    return [ec2_backend(lab.site.region).get_instance(instance) for instance in lab.account.instances.values()]
