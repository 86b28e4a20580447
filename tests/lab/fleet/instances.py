"""DescribeInstances for the fleet: moto takes two seconds for a thousand instances, and as long to list them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs

from tests.lab.aws.errors import Answer
from tests.lab.aws.request import AwsRequest
from tests.lab.fleet.objects import Fleet

_PAGE = 1000


@dataclass(frozen=True)
class FleetInstances:
    """Where the fleet's instances stand, the same for all of them."""

    fleet: Fleet
    vpc: str
    subnets: tuple[str, str]
    group: str

    def handle(self, request: AwsRequest) -> Answer | None:
        """Answers DescribeInstances; None leaves the request to moto."""
        if (request.service, request.operation) != ("ec2", "DescribeInstances"):
            return None
        form = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
        wanted = _wanted(form)
        if wanted is not None:
            return _answer(self._item(number) for number in self._numbers(wanted))
        start = int(form.get("NextToken", "0"))
        end = min(self.fleet.nodes, start + min(int(form.get("MaxResults", _PAGE)), _PAGE))
        token = f"<nextToken>{end}</nextToken>" if end < self.fleet.nodes else ""
        return _answer((self._item(number) for number in range(start, end)), token)

    def _numbers(self, instance_ids: Iterable[str]) -> Iterable[int]:
        for instance_id in instance_ids:
            found = re.fullmatch(r"i-0f1ee7([0-9a-f]{11})", instance_id)
            if found and (number := int(found[1], 16)) < self.fleet.nodes:
                yield number

    def _item(self, number: int) -> str:
        fleet = self.fleet
        subnet, address = self.subnets[number % 2], fleet.address(number)
        groups = f"<groupSet><item><groupId>{self.group}</groupId><groupName>nodes</groupName></item></groupSet>"
        return (
            f"<item><reservationId>r-{number:017x}</reservationId><ownerId>123456789012</ownerId><instancesSet><item>"
            f"<instanceId>{fleet.instance_id(number)}</instanceId><imageId>ami-0a1b2c3d4e5f60718</imageId>"
            "<instanceState><code>16</code><name>running</name></instanceState>"
            f"<privateDnsName>{fleet.node_name(number)}</privateDnsName>"
            f"<instanceType>{fleet.group(number)[1]}</instanceType>"
            f"<placement><availabilityZone>{fleet.zone(number)}</availabilityZone></placement>"
            f"<subnetId>{subnet}</subnetId><vpcId>{self.vpc}</vpcId><privateIpAddress>{address}</privateIpAddress>"
            f"<architecture>x86_64</architecture>{groups}<networkInterfaceSet><item>"
            f"<networkInterfaceId>eni-0f1ee7{number:011x}</networkInterfaceId><subnetId>{subnet}</subnetId>"
            f"<vpcId>{self.vpc}</vpcId><status>in-use</status><privateIpAddress>{address}</privateIpAddress>{groups}"
            "<attachment><deviceIndex>0</deviceIndex><status>attached</status></attachment>"
            "</item></networkInterfaceSet></item></instancesSet></item>"
        )


def _wanted(form: dict[str, str]) -> list[str] | None:
    """The ids asked for, by parameter or by filter; None asks for all."""
    named = [value for key, value in form.items() if re.fullmatch(r"InstanceId\.\d+", key)]
    for key, value in form.items():
        if (found := re.fullmatch(r"Filter\.(\d+)\.Name", key)) and value == "instance-id":
            prefix = f"Filter.{found[1]}.Value."
            named += [value for name, value in form.items() if name.startswith(prefix)]
    return named or None


def _answer(items: Iterable[str], token: str = "") -> Answer:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
        f"<requestId>7b1c2f7e-0000-4000-8000-000000000001</requestId><reservationSet>{''.join(items)}</reservationSet>"
        f"{token}</DescribeInstancesResponse>"
    )
    return Answer(200, body.encode(), (("Content-Type", "text/xml;charset=UTF-8"),))
