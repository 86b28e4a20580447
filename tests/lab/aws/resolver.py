"""DNS Firewall and Route 53 Profiles, which moto does not have."""

from dataclasses import dataclass, field

from tests.lab.aws.documents import Document, Operation, answer_document
from tests.lab.aws.errors import Answer, ServiceError
from tests.lab.aws.request import AwsRequest


@dataclass
class ResolverState:
    """Rule groups, lists and Profiles, and the VPCs that have them."""

    rules: dict[str, list[Document]] = field(default_factory=dict)
    """By rule group."""
    lists: dict[str, Document] = field(default_factory=dict)
    """By id, each with Domains, Name and, of AWS's own, ManagedOwnerName."""
    groups_of_vpcs: list[Document] = field(default_factory=list)
    profiles_of_vpcs: list[Document] = field(default_factory=list)
    shared: dict[str, list[Document]] = field(default_factory=dict)
    """What each Profile shares."""

    def blocks(self, vpc: str, name: str) -> bool:
        """Whether the first rule that is about a name blocks it."""
        groups = [(one["Priority"], one["FirewallRuleGroupId"]) for one in self.groups_of_vpcs if one["VpcId"] == vpc]
        groups += [(100, id) for id in self.shares(vpc, "FIREWALL_RULE_GROUP")]
        for _, group in sorted(groups):
            for rule in sorted(self.rules[group], key=lambda rule: int(rule["Priority"])):
                if any(_is_of(entry, name) for entry in self.lists[rule["FirewallDomainListId"]]["Domains"]):
                    return bool(rule["Action"] == "BLOCK")
        return False

    def shares(self, vpc: str, kind: str) -> list[str]:
        """Ids of what Profiles share with a VPC."""
        profiles = {one["ProfileId"] for one in self.profiles_of_vpcs if one["ResourceId"] == vpc}
        found = [one for profile in profiles for one in self.shared.get(profile, ())]
        return [one["ResourceArn"].rpartition("/")[2] for one in found if one["ResourceType"] == kind]


def _is_of(entry: str, name: str) -> bool:
    return name.endswith(entry[1:]) if entry.startswith("*") else name == entry


class Resolver:
    """Serves them; `state` is everything it knows."""

    def __init__(self) -> None:
        self.state = ResolverState()
        self._operations: dict[str, Operation] = {
            "ListFirewallRuleGroupAssociations": lambda _, given: {
                "FirewallRuleGroupAssociations": self.state.groups_of_vpcs
            },
            "ListFirewallRules": lambda _, given: {"FirewallRules": self.state.rules[given["FirewallRuleGroupId"]]},
            "ListFirewallDomainLists": lambda _, given: {
                "FirewallDomainLists": [
                    {"Id": id} | {key: value for key, value in one.items() if key != "Domains"}
                    for id, one in self.state.lists.items()
                ]
            },
            "ListFirewallDomains": self._domains,
            "UpdateFirewallDomains": self._update,
            "ListProfileAssociations": lambda _, given: {"ProfileAssociations": self.state.profiles_of_vpcs},
            "ListProfileResourceAssociations": lambda request, given: {
                "ProfileResourceAssociations": self.state.shared.get(request.path.rpartition("/")[2], [])
            },
        }

    def handle(self, request: AwsRequest) -> Answer | None:
        """Answers one request; None for what moto serves."""
        if request.operation not in self._operations:
            return None
        return answer_document(request, self._operations, "application/x-amz-json-1.1")

    def _domains(self, request: AwsRequest, given: Document) -> Document:
        found = self.state.lists[given["FirewallDomainListId"]]
        if "ManagedOwnerName" in found:
            raise ServiceError("AccessDeniedException", "The list is managed by AWS.", 400)
        return {"Domains": found["Domains"]}

    def _update(self, request: AwsRequest, given: Document) -> Document:
        domains = self.state.lists[given["FirewallDomainListId"]]["Domains"]
        others = [one for one in domains if one not in given["Domains"]]
        kept = [*others, *given["Domains"]] if given["Operation"] == "ADD" else others
        self.state.lists[given["FirewallDomainListId"]]["Domains"] = kept
        return {"Id": given["FirewallDomainListId"], "Status": "COMPLETE"}
