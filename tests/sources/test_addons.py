"""The driver's add-on as EKS describes it: there, not there, or not to be seen."""

from typing import Any

from diag.model.unavailable import Reason, Unavailable, unwrap
from diag.resources.eks import Addon
from diag.sources.aws.addons import addons
from tests.checks import given

DESCRIBED = {
    "addon": {
        "addonName": "aws-fsx-csi-driver",
        "clusterName": "training",
        "status": "DEGRADED",
        "addonVersion": "v1.9.0-eksbuild.1",
        "health": {"issues": [{"code": "ConfigurationConflict", "message": "no", "resourceIds": ["fsx-csi-node"]}]},
    }
}


class Answers:
    """An account that gives one answer."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    def one(self, service: str, operation: str, **arguments: Any) -> Any:
        self.asked.append({"call": f"{service}:{operation}", **arguments})
        return unwrap(self.answer)


def read(answer: Any) -> tuple[Any, Answers]:
    aws = Answers(answer)
    return addons(aws, given.eks_cluster(), given.identity()), aws


def test_an_add_on_with_its_issues() -> None:
    (found,), aws = read(DESCRIBED)
    assert isinstance(found, Addon)
    assert (found.status, found.health.issues[0].code) == ("DEGRADED", "ConfigurationConflict")  # type: ignore[index]
    assert aws.asked == [
        {
            "call": "eks:DescribeAddon",
            "region": given.REGION,
            "clusterName": "training",
            "addonName": "aws-fsx-csi-driver",
        }
    ]


def test_no_add_on_is_an_answer() -> None:
    assert read(Unavailable("eks:DescribeAddon", Reason.ABSENT, "No addon found"))[0] == ()


def test_what_may_not_be_seen_stays_unavailable() -> None:
    denied = given.denied("eks:DescribeAddon")
    assert read(denied)[0] == denied
    garbled, _ = read({"addon": {"status": "ACTIVE"}})
    assert isinstance(garbled, Unavailable)
    assert garbled.reason is Reason.GARBLED
