"""A world of the lab, recorded whole: what AWS and Kubernetes would answer, and sources that answer from it."""

from __future__ import annotations

import copy
import datetime
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from diag.analysis.identity.permissions import BY_BOUNDARY, Decision, by_documents
from diag.knowledge.controller_actions import controller_actions
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.resources.reachability import Connect, DnsAnswer, Resolution, TcpAnswer
from diag.resources.target import KubeContext
from diag.sources.aws.answers import with_document
from diag.sources.aws.rights import SERVICE_ROLE
from diag.sources.aws.session import Aws
from diag.sources.dns import Resolver
from diag.sources.kubernetes.client import Kube, resource_of
from diag.sources.kubernetes.transport import Answer
from diag.sources.tcp import Dialer
from tests.lab.aws.moto_backends import iam_backend
from tests.lab.incident import WORKLOAD, WORKLOAD_NAMESPACE
from tests.lab.kubernetes.discovery import discovery
from tests.lab.kubernetes.resources import RESOURCES
from tests.lab.lab import Lab
from tests.mutations.recorded_account import answer_list, answer_one, record_further

Document = dict[str, Any]


@dataclass(frozen=True)
class Kept:
    """How one kind of AWS object is recorded and asked for."""

    service: str
    operation: str
    key: str
    id: str


AWS: Mapping[str, Kept] = {
    "FileSystem": Kept("fsx", "DescribeFileSystems", "FileSystems", "FileSystemId"),
    "DataRepositoryAssociation": Kept("fsx", "DescribeDataRepositoryAssociations", "Associations", "AssociationId"),
    "NetworkInterface": Kept("ec2", "DescribeNetworkInterfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    "SecurityGroup": Kept("ec2", "DescribeSecurityGroups", "SecurityGroups", "GroupId"),
    "Subnet": Kept("ec2", "DescribeSubnets", "Subnets", "SubnetId"),
    "Vpc": Kept("ec2", "DescribeVpcs", "Vpcs", "VpcId"),
    "DhcpOptions": Kept("ec2", "DescribeDhcpOptions", "DhcpOptions", "DhcpOptionsId"),
    "RouteTable": Kept("ec2", "DescribeRouteTables", "RouteTables", "RouteTableId"),
    "NetworkAcl": Kept("ec2", "DescribeNetworkAcls", "NetworkAcls", "NetworkAclId"),
    "VpcEndpoint": Kept("ec2", "DescribeVpcEndpoints", "VpcEndpoints", "VpcEndpointId"),
    "VpcPeeringConnection": Kept(
        "ec2", "DescribeVpcPeeringConnections", "VpcPeeringConnections", "VpcPeeringConnectionId"
    ),
    "NatGateway": Kept("ec2", "DescribeNatGateways", "NatGateways", "NatGatewayId"),
    "TransitGateway": Kept("ec2", "DescribeTransitGateways", "TransitGateways", "TransitGatewayId"),
    "TransitGatewayAttachment": Kept(
        "ec2", "DescribeTransitGatewayAttachments", "TransitGatewayAttachments", "TransitGatewayAttachmentId"
    ),
    "TransitGatewayVpcAttachment": Kept(
        "ec2", "DescribeTransitGatewayVpcAttachments", "TransitGatewayVpcAttachments", "TransitGatewayAttachmentId"
    ),
    "InternetGateway": Kept("ec2", "DescribeInternetGateways", "InternetGateways", "InternetGatewayId"),
}
"""Objects that one list operation returns. The others need several calls, see `record` and `RecordedAws`."""

_OWN = frozenset(resource.plural for resource in RESOURCES if not resource.custom)
_PLURALS = tuple(resource.plural for resource in RESOURCES if resource.plural != "events" or not resource.group)


@dataclass
class World:
    """Every object of one world by kind, in the API's own words."""

    name: str
    taken_at: str
    region: str
    context: KubeContext
    objects: dict[str, list[Document]]
    """By kind: an AWS one as in `AWS`, a Kubernetes plural."""
    names: dict[str, tuple[str, ...]]
    """What DNS answers."""
    asked: set[str] = field(default_factory=set)
    """The kinds that were asked for since this was emptied."""
    _bodies: dict[str, tuple[list[Document], bytes]] = field(default_factory=dict)

    def of(self, kind: str) -> list[Document]:
        """The objects of a kind, noting that they were asked for."""
        self.asked.add(kind)
        return self.objects.get(kind, [])

    def body(self, kind: str, list_kind: str) -> bytes:
        """The JSON of a whole Kubernetes list."""
        items = self.of(kind)
        cached = self._bodies.get(kind)
        if cached is None or cached[0] is not items:
            text = json.dumps({"kind": list_kind, "apiVersion": "v1", "metadata": {}, "items": items}).encode()
            cached = self._bodies[kind] = (items, text)
        return cached[1]


STARTING = "starting-pod"
"""The healthy world with its pod scheduled and not yet mounted: nothing shows yet that the mount works."""


def record(lab: Lab, name: str) -> World:
    """Load a world of the lab and write down all that it holds."""
    lab.load("healthy" if name == STARTING else name)
    if name == STARTING:
        _let_it_start(lab.kube.get("pods", WORKLOAD, WORKLOAD_NAMESPACE), lab.site.time(0))
    region = lab.site.region
    objects: dict[str, list[Document]] = {plural: copy.deepcopy(list(lab.kube.all(plural))) for plural in _PLURALS}
    for kind, kept in AWS.items():
        answer = getattr(lab.client(kept.service), _snake(kept.operation))()
        objects[kind] = answer[kept.key]
    ec2, eks, iam = lab.client("ec2"), lab.client("eks"), lab.client("iam")
    objects |= record_further(lab)
    objects["VpcEndpoint"] = [
        with_document(found, "PolicyDocument") for found in objects["VpcEndpoint"] if found["State"] != "deleted"
    ]
    objects["Instance"] = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    objects["VpcAttribute"] = [_attributes(ec2, vpc["VpcId"]) for vpc in objects["Vpc"]]
    objects["PrefixList"] = [
        {"PrefixListId": id, "Entries": ec2.get_managed_prefix_list_entries(PrefixListId=id)["Entries"]}
        for id in sorted(_prefix_lists(objects["SecurityGroup"]))
    ]
    route53, vpcs = lab.client("route53"), [vpc["VpcId"] for vpc in objects["Vpc"]]
    objects["HostedZone"] = [
        {**zone, "VPCId": vpc}
        for vpc in vpcs
        for zone in route53.list_hosted_zones_by_vpc(VPCId=vpc, VPCRegion=region)["HostedZoneSummaries"]
    ]
    objects["ResourceRecordSet"] = [
        {**found, "HostedZoneId": zone["HostedZoneId"]}
        for zone in objects["HostedZone"]
        for found in route53.list_resource_record_sets(HostedZoneId=zone["HostedZoneId"])["ResourceRecordSets"]
    ]
    clusters = eks.list_clusters()["clusters"]
    objects["Cluster"] = [eks.describe_cluster(name=cluster)["cluster"] for cluster in clusters]
    objects["Addon"] = [
        eks.describe_addon(clusterName=cluster, addonName=addon)["addon"]
        for cluster in clusters
        for addon in eks.list_addons(clusterName=cluster)["addons"]
    ]
    objects["PodIdentityAssociation"] = [
        eks.describe_pod_identity_association(clusterName=cluster, associationId=found["associationId"])["association"]
        for cluster in clusters
        for found in eks.list_pod_identity_associations(clusterName=cluster)["associations"]
    ]
    objects["Role"] = [iam.get_role(RoleName=role["RoleName"])["Role"] for role in iam.list_roles()["Roles"]]
    objects["Role"].append({"RoleName": SERVICE_ROLE, "Arn": f"arn:aws:iam::123456789012:role/{SERVICE_ROLE}"})
    objects["RolePolicy"] = list(_policies(region))
    objects["InstanceProfile"] = iam.list_instance_profiles()["InstanceProfiles"]
    providers = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    objects["OidcProvider"] = [
        {
            "Arn": item["Arn"],
            **_without_metadata(iam.get_open_id_connect_provider(OpenIDConnectProviderArn=item["Arn"])),
        }
        for item in providers
    ]
    context = Kube(kubeconfig=str(lab.kubeconfigs["exec"])).context()
    at = lab.site.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    hidden = {name for name, answer in lab.dns.switches.answers.items() if not isinstance(answer, tuple)}
    zone = {host: addresses for host, addresses in lab.zone().items() if host not in {name.lower() for name in hidden}}
    return World(name, at, region, context, {kind: plain(found) for kind, found in objects.items()}, zone)


def _let_it_start(pod: Document, at: str) -> None:
    pod["metadata"]["creationTimestamp"] = at
    status = pod["status"]
    for key in ("podIP", "podIPs"):
        status.pop(key, None)
    status |= {"phase": "Pending", "startTime": at}
    for condition in status["conditions"]:
        if condition["type"] not in ("PodScheduled", "Initialized"):
            condition["status"] = "False"
    for container in status["containerStatuses"]:
        container |= {"ready": False, "started": False, "state": {"waiting": {"reason": "ContainerCreating"}}}
        for key in ("containerID", "imageID"):
            container.pop(key, None)


def _snake(operation: str) -> str:
    from botocore import xform_name

    return str(xform_name(operation))


def _without_metadata(answer: Document) -> Document:
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def _attributes(ec2: Any, vpc: str) -> Document:
    found: Document = {"VpcId": vpc}
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        answer = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name[0].lower() + name[1:])
        found[name] = answer[name]["Value"]
    return found


def _prefix_lists(groups: Iterable[Document]) -> set[str]:
    rules = (rule for group in groups for rule in (*group["IpPermissions"], *group["IpPermissionsEgress"]))
    return {ref["PrefixListId"] for rule in rules for ref in rule.get("PrefixListIds", ())}


def _policies(region: str) -> Iterator[Document]:
    for role in iam_backend(region).roles.values():
        for policy in role.managed_policies.values():
            document = next(version.document for version in policy.versions if version.is_default_version)
            parsed = json.loads(document) if isinstance(document, str) else document
            yield {"RoleName": role.name, "PolicyArn": policy.arn, "Document": copy.deepcopy(parsed)}
        for name, document in role.policies.items():
            parsed = json.loads(document) if isinstance(document, str) else document
            yield {"RoleName": role.name, "PolicyName": name, "Document": copy.deepcopy(parsed)}


class RecordedAws(Aws):
    """The account of a recorded world."""

    def __init__(self, world: World) -> None:
        super().__init__(region=world.region)
        self._world = world

    def configured_region(self) -> str:
        """The Region of the world."""
        return self._world.region

    def one(self, service: str, operation: str, *, region: str = "", **arguments: Any) -> Document:
        """One call, answered from the record."""
        of = self._world.of
        if (further := answer_one(self._find, operation, arguments)) is not None:
            return further
        match operation:
            case "DescribeCluster":
                return {"cluster": self._find("Cluster", "name", arguments["name"])}
            case "DescribeAddon":
                return {"addon": self._find("Addon", "addonName", arguments["addonName"])}
            case "DescribePodIdentityAssociation":
                found = self._find("PodIdentityAssociation", "associationId", arguments["associationId"])
                return {"association": found}
            case "ListHostedZonesByVPC":
                zones = of("HostedZone")
                return {"HostedZoneSummaries": [zone for zone in zones if zone.get("VPCId") == arguments["VPCId"]]}
            case "GetRole":
                return {"Role": self._find("Role", "RoleName", arguments["RoleName"])}
            case "GetInstanceProfile":
                found = self._find("InstanceProfile", "InstanceProfileName", arguments["InstanceProfileName"])
                return {"InstanceProfile": found}
            case "GetOpenIDConnectProvider":
                return self._find("OidcProvider", "Arn", arguments["OpenIDConnectProviderArn"])
            case "DescribeVpcAttribute":
                attribute = arguments["Attribute"][0].upper() + arguments["Attribute"][1:]
                found = self._find("VpcAttribute", "VpcId", arguments["VpcId"])
                return {attribute: {"Value": found[attribute]}} if attribute in found else {}
        raise LookupError(f"{service}:{operation} is not recorded ({len(of('Cluster'))} clusters are)")

    def pages(self, service: str, operation: str, key: str, *, region: str = "", **arguments: Any) -> tuple[Any, ...]:
        """Every item, answered from the record."""
        world = self._world
        for kind, kept in AWS.items():
            if (kept.service, kept.operation) == (service, operation):
                return tuple(map(_with_text, _filtered(world.of(kind), arguments)))
        if (listed := answer_list(world.of, operation, arguments)) is not None:
            return listed
        match operation:
            case "DescribeInstances":
                return tuple({"Instances": [found]} for found in _filtered(world.of("Instance"), arguments))
            case "GetManagedPrefixListEntries":
                return tuple(self._find("PrefixList", "PrefixListId", arguments["PrefixListId"]).get("Entries", ()))
            case "ListResourceRecordSets":
                found, zone = world.of("ResourceRecordSet"), arguments["HostedZoneId"]
                return tuple(item for item in found if item.get("HostedZoneId") == zone)
            case "ListResolverRuleAssociations":
                (wanted,) = (set(one["Values"]) for one in arguments["Filters"])
                return tuple(one for one in world.of("ResolverRuleAssociation") if one.get("VPCId") in wanted)
            case "ListAttachedRolePolicies":
                # Which condition of a policy refuses is more than the matrix asks for.
                raise Unreadable(Unavailable("policies of the role", Reason.DENIED))
            case "ListResolverRules":
                return tuple(world.of("ResolverRule"))
            case "ListClusters":
                return tuple(found.get("name", "") for found in world.of("Cluster"))
            case "ListPodIdentityAssociations":
                wanted = {"namespace": arguments["namespace"], "serviceAccount": arguments["serviceAccount"]}
                found = world.of("PodIdentityAssociation")
                return tuple(item for item in found if all(item.get(key) == value for key, value in wanted.items()))
            case "SimulatePrincipalPolicy":
                return tuple(self._simulate(arguments))
        raise LookupError(f"{service}:{operation} is not recorded")

    def _find(self, kind: str, key: str, value: str) -> Document:
        for found in self._world.of(kind):
            if found.get(key) == value:
                return found
        raise Unreadable(Unavailable(value, Reason.ABSENT, f"there is no such {kind}"))

    def _simulate(self, arguments: Mapping[str, Any]) -> Iterator[Document]:
        """IAM's answer, worked out from the documents, conditions and boundary included."""
        name = arguments["PolicySourceArn"].rpartition("/")[2]
        roles = [role for role in self._world.of("Role") if role.get("RoleName") == name]
        if not roles:
            raise Unreadable(Unavailable(name, Reason.ABSENT, "there is no such role"))
        documents = [
            p["Document"] for p in self._world.of("RolePolicy") if p.get("RoleName") == name and "Document" in p
        ]
        arn = (roles[0].get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
        bounds = [
            one.get("Document", {}) for one in self._world.of("PermissionsBoundary") if one.get("PolicyArn") == arn
        ]
        # A boundary whose policy is gone allows nothing.
        bound = (bounds or [{}])[0] if arn else None
        wanted = set(arguments["ActionNames"])
        context = {entry["ContextKeyName"]: tuple(entry["ContextKeyValues"]) for entry in arguments["ContextEntries"]}
        actions = [action for action in controller_actions() if action.name in wanted]
        asked = [(action, arn) for action in actions for arn in arguments["ResourceArns"]]
        for right in by_documents(documents, bound, asked, context):
            decision = "implicitDeny" if right.decision is Decision.DENIED else "allowed"
            bounded = {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": right.why != BY_BOUNDARY}}
            yield {"EvalActionName": right.action, "EvalResourceName": right.resource, "EvalDecision": decision} | (
                bounded if arn else {}
            )


def _with_text(item: Document) -> Document:
    """An endpoint with its policy as EC2 sends it: as text."""
    document = item.get("PolicyDocument")
    return item if document is None else {**item, "PolicyDocument": json.dumps(document)}


def _filtered(items: Iterable[Document], arguments: Mapping[str, Any]) -> Iterator[Document]:
    given = (*arguments.get("Filters", ()), *arguments.get("Filter", ()))
    filters = {item["Name"]: item["Values"] for item in given}
    for item in items:
        if all(_values(item, name) & set(values) for name, values in filters.items()):
            yield item


def _values(item: Document, name: str) -> set[Any]:
    """What a filter of EC2 compares: `vpc-id` is VpcId, `association.subnet-id` is in each of Associations."""
    head, _, rest = name.partition(".")
    if rest:
        holders = item.get(f"{head.title()}s") or ()
        return {value for holder in holders for value in _values(holder, rest)}
    pascal = "".join(word.title() for word in head.split("-"))
    return {item[pascal]} if isinstance(item.get(pascal), str) else set()


class RecordedKube(Kube):
    """The cluster of a recorded world."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def context(self) -> KubeContext:
        """What the kubeconfig says."""
        return self._world.context

    def ask(self, verb: str, path: str, query: Mapping[str, str] | None = None, **how: Any) -> Answer:
        """One request, answered from the record."""
        if path == "/apis":
            # Objects are kept by plural, and those of a plural that Kubernetes has itself are Kubernetes' own.
            groups = discovery(
                path, lambda resource: resource.plural not in _OWN and bool(self._world.of(resource.plural))
            )
            return Answer(200, json.dumps(groups).encode(), "application/json")
        plural = resource_of(path).partition("/")[0]
        parts = path.split("/")
        namespace = parts[parts.index("namespaces") + 1] if "namespaces" in parts[:-2] else ""
        resource = next((resource for resource in RESOURCES if resource.plural == plural), None)
        if resource is None:
            raise Unreadable(Unavailable(f"{verb} {plural}", Reason.ABSENT, f"the API server has no {path}"))
        if verb == "list" and not namespace and not _selects(query):
            return Answer(200, self._world.body(plural, f"{resource.kind}List"), "application/json")
        items = [item for item in self._world.of(plural) if _namespace(item) == namespace or not namespace]
        if verb == "list":
            items = [item for item in items if _is_selected(item, query or {})]
            body = {"kind": f"{resource.kind}List", "metadata": {}, "items": items}
            return Answer(200, json.dumps(body).encode(), "application/json")
        for item in items:
            if (item.get("metadata") or {}).get("name") == parts[-1]:
                return Answer(200, json.dumps({"kind": resource.kind} | item).encode(), "application/json")
        raise Unreadable(Unavailable(f"{verb} {plural}", Reason.ABSENT, f"the API server has no {path}"))


def _namespace(item: Document) -> str:
    return str((item.get("metadata") or {}).get("namespace", ""))


def _selects(query: Mapping[str, str] | None) -> bool:
    return bool(query and ({"fieldSelector", "labelSelector"} & set(query)))


def _is_selected(item: Document, query: Mapping[str, str]) -> bool:
    for clause in filter(None, query.get("fieldSelector", "").split(",")):
        path, _, wanted = clause.partition("=")
        found: Any = item
        for part in path.split("."):
            found = (found or {}).get(part) if isinstance(found, dict) else None
        if found != wanted:
            return False
    labels = (item.get("metadata") or {}).get("labels") or {}
    clauses = filter(None, query.get("labelSelector", "").split(","))
    return all(labels.get(key) == wanted for key, _, wanted in (clause.partition("=") for clause in clauses))


class RecordedResolver(Resolver):
    """Names as the world's DNS knows them, whatever AWS says of them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ask(self, name: str, servers: tuple[str, ...]) -> tuple[DnsAnswer, ...]:
        """The answer of one server."""
        addresses = self._world.names.get(name.lower(), ())
        outcome = Resolution.ANSWERED if addresses else Resolution.NO_NAME
        return (DnsAnswer(name, "10.0.0.2", outcome, addresses, 1.0),)


class RecordedDialer(Dialer):
    """A machine that is in no VPC: every connect times out, which proves nothing."""

    def connect_all(self, addresses: tuple[str, ...], port: int) -> tuple[TcpAnswer, ...]:
        """A time-out for each address."""
        return tuple(TcpAnswer(address, port, Connect.TIMEOUT, "", 3000.0, "ETIMEDOUT") for address in addresses)


def plain(value: Any) -> Any:
    """A copy that may be changed; time stamps become text, as JSON has them."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.datetime) else value
