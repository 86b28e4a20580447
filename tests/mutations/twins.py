"""Healthy but unusual: the same walk, with changes after which a mount works as before. Nothing may be said of them."""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from tests.mutations.additions import WORKS, additions
from tests.mutations.operators import Change, name_of, places
from tests.mutations.recorded import Document, World
from tests.mutations.roles import roles_of

Edit = Callable[[Any], None]
"""Changes one element in place."""

_HOSTS = "hosts {\n        10.1.2.3 gitlab.corp.example.com\n        fallthrough\n    }\n    forward"
COREFILES: Mapping[str, Callable[[str], str]] = {
    "names of one's own": lambda text: text.replace("forward", _HOSTS, 1),
    "a zone of the company's": lambda text: f"corp.example.com:53 {{\n    forward . 10.9.9.9\n}}\n{text}",
    "the VPC's resolver by address": lambda text: text.replace("/etc/resolv.conf", "169.254.169.253"),
    "a forward with options": lambda text: text.replace(
        "forward . /etc/resolv.conf", "forward . /etc/resolv.conf {\n        max_concurrent 1000\n    }"
    ),
    "comments": lambda text: f"# hosts {{\n{text}",
}
"""Corefiles that answer the file system's name as the usual one does."""

STRANGER = "sg-0fedcba9876543210"
ALL_ALLOWED = '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
SOMEBODY = "arn:aws:iam::123456789012:role/somebody-else"


def twins(world: World) -> Iterator[Change]:
    """Every twin of a world: one object changed, one added to another, or a further one beside it."""
    for kind, objects in world.objects.items():
        roles = {index: role for index, role in roles_of(world, kind).items() if not _waits(kind, objects[index])}
        yield from additions(kind, objects, roles, WORKS)
        for index, role in roles.items():
            before = objects[index]
            for path, keys in (("", ()), *places(before, "", ())):
                for operator, edit in _edits(kind, role, keys, _at(before, keys)):
                    make = partial(_edited, before, keys, edit)
                    yield Change(kind, role, name_of(kind, before), path, operator, before, make)


def _waits(kind: str, item: Document) -> bool:
    """Whether it is a claim that has no volume yet: what would do no harm to a bound one may keep it from one."""
    return kind == "persistentvolumeclaims" and item["status"].get("phase") != "Bound"


def _at(document: Any, keys: tuple[Any, ...]) -> Any:
    for key in keys:
        document = document[key]
    return document


def _edited(before: Document, keys: tuple[Any, ...], edit: Edit) -> Document:
    document = copy.deepcopy(before)
    edit(_at(document, keys))
    return document


def _edits(kind: str, role: str, keys: tuple[Any, ...], value: Any) -> Iterator[tuple[str, Edit]]:
    if isinstance(value, dict):
        if "IpProtocol" in value:
            yield from _rule(value)
        elif "RuleNumber" in value and value.get("RuleAction") == "allow":
            yield from _acl_entry(value)
        elif "Effect" in value and "Action" in value:
            yield from _statement(kind, role, value)
        elif keys and keys[-1] in ("labels", "annotations"):
            yield "a further one", lambda found: found.update({"team.example.com/colour": "blue"})
    elif isinstance(value, list):
        yield from _list(kind, role, str(keys[-1]) if keys else "", value)
    if not keys:
        yield from _whole(kind, role)


def _put(**values: Any) -> Edit:
    return lambda found: found.update(values)


def _add(key: str, *items: Any) -> Edit:
    def edit(found: Any) -> None:
        found[key] = [*(found.get(key) or ()), *copy.deepcopy(items)]

    return edit


def _rule(rule: Document) -> Iterator[tuple[str, Edit]]:
    """Rules that are wider than they need to be, or name others as well."""
    if "FromPort" in rule:
        low, high = rule["FromPort"], rule["ToPort"]
        yield "a lower first port", _put(FromPort=low - 1)
        yield "a higher last port", _put(ToPort=high + 1)
        yield "all ports", _put(FromPort=0, ToPort=65535)
        yield "the ports from 1", _put(FromPort=1, ToPort=high)
        yield "a number for the protocol", _put(IpProtocol="6")
        yield "all traffic", lambda found: (found.update(IpProtocol="-1"), found.pop("FromPort"), found.pop("ToPort"))
    yield "another group too", _add("UserIdGroupPairs", {"GroupId": STRANGER, "UserId": "123456789012"})
    yield "another group first", lambda found: found["UserIdGroupPairs"].insert(0, {"GroupId": STRANGER})
    yield "another range too", _add("IpRanges", {"CidrIp": "192.168.0.0/24", "Description": "office"})
    yield "every address too", _add("IpRanges", {"CidrIp": "0.0.0.0/0"})
    yield "IPv6 too", _add("Ipv6Ranges", {"CidrIpv6": "::/0"})
    for index, item in enumerate(rule.get("IpRanges") or ()):
        if (wider := _wider(item.get("CidrIp", ""))) is not None:
            yield f"range {index} wider", lambda found, at=index, cidr=wider: found["IpRanges"][at].update(CidrIp=cidr)


def _wider(cidr: str) -> str | None:
    network = ipaddress.IPv4Network(cidr)
    return str(network.supernet(4)) if network.prefixlen > 8 else None


def _acl_entry(entry: Document) -> Iterator[tuple[str, Edit]]:
    yield "a larger number", _put(RuleNumber=entry["RuleNumber"] + 5)
    yield "a smaller number", _put(RuleNumber=entry["RuleNumber"] - 5)
    if "PortRange" in entry:
        ports = entry["PortRange"]
        yield "more ports", _put(PortRange={"From": max(1, ports["From"] - 10), "To": min(65535, ports["To"] + 10)})
        yield "all protocols", lambda found: (found.update(Protocol="-1"), found.pop("PortRange"))
    if (wider := _wider(entry["CidrBlock"]) if entry["CidrBlock"] != "0.0.0.0/0" else None) is not None:
        yield "a wider range", _put(CidrBlock=wider)


def _statement(kind: str, role: str, statement: Document) -> Iterator[tuple[str, Edit]]:
    """Statements that allow the same in other words, or somebody else as well."""
    yield "named", _put(Sid="Written2026")
    actions = statement["Action"]
    if isinstance(actions, list):
        yield "actions the other way round", _put(Action=actions[::-1])
        services = dict.fromkeys(action.partition(":")[0] for action in actions)
        yield "all actions of the services", _put(Action=[f"{service}:*" for service in services])
        yield "actions in capitals", _put(Action=[action.upper() for action in actions])
    else:
        yield "one action as a list", _put(Action=[actions])
        yield "all actions of the service", _put(Action=f"{actions.partition(':')[0]}:*")
    if kind == "RolePolicy":
        resource = statement["Resource"]
        yield "a resource as a list", _put(Resource=resource if isinstance(resource, list) else [resource])
        yield "every resource", _put(Resource="*")
    condition = statement.get("Condition", {})
    if "StringEquals" in condition:
        equals = condition["StringEquals"]
        yield "StringLike", _put(Condition={"StringLike": equals})
        yield "values as lists", _put(Condition={"StringEquals": {key: [value] for key, value in equals.items()}})
        yield "one value more", _put(
            Condition={"StringEquals": {key: [value, f"{value}.cn"] for key, value in equals.items() if "aud" in key}
                       | {key: value for key, value in equals.items() if "aud" not in key}}
        )  # fmt: skip
        yield "another case of the operator", _put(Condition={"stringequals": equals})


def _list(kind: str, role: str, key: str, value: list[Any]) -> Iterator[tuple[str, Edit]]:
    items: Mapping[tuple[str, str], tuple[Any, ...]] = {
        ("Role", "Statement"): (
            {"Effect": "Allow", "Principal": {"AWS": SOMEBODY}, "Action": "sts:AssumeRole"},
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ),
        ("RolePolicy", "Statement"): (
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "ec2:TerminateInstances", "Resource": "*"},
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        ),
        ("RouteTable", "Routes"): (
            {"DestinationCidrBlock": "192.168.0.0/16", "TransitGatewayId": "tgw-0fedcba9876543210", "State": "active"},
            {"DestinationCidrBlock": "172.20.0.0/16", "VpcPeeringConnectionId": "pcx-0fedcba987", "State": "active"},
            {"DestinationCidrBlock": "172.21.0.0/16", "VpcPeeringConnectionId": "pcx-0fedcba987", "State": "blackhole"},
            {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-0fedcba9", "State": "active"},
            {"DestinationPrefixListId": "pl-0fedcba9", "GatewayId": "vpce-0fedcba98765", "State": "active"},
        ),
        ("RouteTable", "Associations"): ({"SubnetId": "subnet-0fedcba9876543210", "Main": False},),
        ("NetworkAcl", "Entries"): (
            {"RuleNumber": 300, "Egress": False, "Protocol": "-1", "RuleAction": "deny", "CidrBlock": "192.168.0.0/16"},
            {"RuleNumber": 50, "Egress": False, "Protocol": "6", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0",
             "PortRange": {"From": 22, "To": 22}},
            {"RuleNumber": 51, "Egress": True, "Protocol": "17", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0",
             "PortRange": {"From": 0, "To": 65535}},
            {"RuleNumber": 400, "Egress": True, "Protocol": "-1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"},
        ),
        ("SecurityGroup", "IpPermissions"): (
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "192.168.0.0/24"}],
             "UserIdGroupPairs": [], "Ipv6Ranges": [], "PrefixListIds": []},
            {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
             "UserIdGroupPairs": [], "Ipv6Ranges": [], "PrefixListIds": []},
        ),
        ("SecurityGroup", "IpPermissionsEgress"): (
            {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
             "UserIdGroupPairs": [], "Ipv6Ranges": [], "PrefixListIds": []},
        ),
        ("PrefixList", "Entries"): ({"Cidr": "192.168.0.0/16"},),
        ("OidcProvider", "ClientIDList"): ("https://example.com",),
        ("OidcProvider", "ThumbprintList"): ("0" * 40,),
        ("FileSystem", "Tags"): ({"Key": "team", "Value": "blue"},),
        ("Subnet", "Tags"): ({"Key": "kubernetes.io/role/internal-elb", "Value": "1"},),
        ("persistentvolumes", "mountOptions"): ("noatime",),
        ("nodes", "addresses"): ({"type": "ExternalIP", "address": "203.0.113.9"},),
        ("pods", "tolerations"): ({"key": "team", "operator": "Exists", "effect": "NoSchedule"},),
        ("networkpolicies", "egress"): (
            {"ports": [{"protocol": "TCP", "port": 5432}]},
            {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]},
        ),
        ("networkpolicies", "ports"): (
            {"protocol": "TCP", "port": 9443},
            {"protocol": "UDP", "port": 1, "endPort": 99},
        ),
        ("networkpolicies", "to"): (
            {"namespaceSelector": {}},
            {"ipBlock": {"cidr": "192.168.0.0/16", "except": ["192.168.1.0/24"]}},
        ),
        ("clusterroles", "rules"): ({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]},),
        ("clusterroles", "verbs"): ("*", "deletecollection"),
        ("clusterroles", "resources"): ("*", "persistentvolumes/status"),
        ("clusterroles", "apiGroups"): ("*", "example.com"),
        ("clusterrolebindings", "subjects"): (
            {"kind": "Group", "name": "system:masters", "apiGroup": "rbac.authorization.k8s.io"},
            {"kind": "ServiceAccount", "name": "default", "namespace": "kube-system"},
        ),
        ("endpointslices", "endpoints"): (
            {"addresses": ["10.0.9.9"], "conditions": {"ready": False, "serving": True, "terminating": True}},
        ),
        ("endpointslices", "ports"): ({"name": "metrics", "port": 9153, "protocol": "TCP"},),
        ("csinodes", "drivers"): ({"name": "ebs.csi.aws.com", "nodeID": "i-0fedcba9876543210", "topologyKeys": None},),
    }  # fmt: skip
    for number, item in enumerate(items.get((kind, key), ())):
        yield f"one more ({number})", lambda found, item=item: found.append(copy.deepcopy(item))
        yield f"one more first ({number})", lambda found, item=item: found.insert(0, copy.deepcopy(item))
    if len(value) > 1 and key not in ("NetworkInterfaceIds", "SubnetIds", "args", "command"):
        yield "the other way round", lambda found: found.reverse()


def _of_templates(role: str) -> tuple[tuple[str, Edit], ...]:
    """Templates of the driver whose containers meet at another place, or by other words."""
    if role not in ("plugin", "controller"):
        return ()

    def containers(found: Any) -> Iterator[Any]:
        yield from found["spec"]["template"]["spec"]["containers"]

    def written_out(found: Any) -> None:
        for container in containers(found):
            values = {item["name"]: item.get("value", "") for item in container.get("env", ())}
            for name in ("CSI_ENDPOINT", "ADDRESS", "DRIVER_REG_SOCK_PATH"):
                args = container.get("args", [])
                container["args"] = [arg.replace(f"$({name})", values.get(name, "")) for arg in args]

    def in_two_words(found: Any) -> None:
        for container in containers(found):
            container["args"] = [word for arg in container.get("args", ()) for word in arg.split("=", 1)]

    def another_socket(found: Any) -> None:
        for container in containers(found):
            container["args"] = [arg.replace("csi.sock", "fsx.sock") for arg in container.get("args", ())]
            for item in container.get("env", ()):
                if "value" in item:
                    item["value"] = item["value"].replace("csi.sock", "fsx.sock")

    def a_helper(found: Any) -> None:
        found["spec"]["template"]["spec"]["containers"].append({"name": "logs", "image": "example.com/fluent-bit:4"})

    return (
        ("arguments written out", written_out),
        ("arguments in two words", in_two_words),
        ("a socket of another name", another_socket),
        ("a container of one's own", a_helper),
        ("all services in one", lambda found: found["spec"]["template"]["spec"]["containers"][0].update(
            args=[a for a in found["spec"]["template"]["spec"]["containers"][0]["args"] if "--mode" not in a])),
    )  # fmt: skip


def _whole(kind: str, role: str) -> Iterator[tuple[str, Edit]]:
    done = {"AdministrativeActionType": "FILE_SYSTEM_UPDATE", "Status": "COMPLETED"}
    whole: Mapping[str, tuple[tuple[str, Edit], ...]] = {
        "FileSystem": (
            ("larger", _put(StorageCapacity=9600)),
            ("an update that is done", _put(AdministrativeActions=[done])),
            ("another owner's tag", _put(Tags=[{"Key": "Name", "Value": "shared"}])),
            ("compressed", lambda found: found["LustreConfiguration"].update(DataCompressionType="LZ4")),
            ("updated later", lambda found: found["LustreConfiguration"].update(WeeklyMaintenanceStartTime="7:03:30")),
            ("updating", _put(Lifecycle="UPDATING")),
        ),
        "NetworkInterface": (
            ("a second group", _add("Groups", {"GroupId": "sg-98a83a529d8d82b5c", "GroupName": "default"})),
            ("a description of its own", _put(Description="Lustre")),
        ),
        "Vpc": (("a second range", _add("CidrBlockAssociationSet", {"CidrBlock": "100.64.0.0/16"})),),
        "Subnet": (("few addresses more", _put(AvailableIpAddressCount=251)),),
        "Cluster": (
            ("a newer version", _put(version="1.35")),
            ("a private API", lambda found: found["resourcesVpcConfig"].update(
                endpointPublicAccess=False, endpointPrivateAccess=True)),
        ),
        "Instance": (
            ("another type", _put(InstanceType="m7i.large")),
            ("one hop more", lambda found: found["MetadataOptions"].update(HttpPutResponseHopLimit=3)),
            ("metadata without tokens too", lambda found: found["MetadataOptions"].update(HttpTokens="optional")),
        ),
        "VpcEndpoint": (
            ("tagged", _put(Tags=[{"Key": "team", "Value": "blue"}])),
            ("a policy that allows all", _put(PolicyDocument=ALL_ALLOWED)),
        ),
        "Role": (("a description", _put(Description="Lustre")), ("a longer session", _put(MaxSessionDuration=43200))),
        "Addon": (("an update that is done", _put(addonVersion="v1.9.9-eksbuild.1")),),
        "nodes": (
            ("a soft taint", lambda found: found["spec"].update(taints=[{"key": "a", "effect": "PreferNoSchedule"}])),
            ("a newer kubelet", lambda found: found["status"]["nodeInfo"].update(kubeletVersion="v1.35.1-eks-0000000")),
        ),
        "persistentvolumes": (
            ("retained", lambda found: found["spec"].update(persistentVolumeReclaimPolicy="Retain")),
            ("read by many too", lambda found: found["spec"].update(accessModes=["ReadWriteMany", "ReadOnlyMany"])),
            ("smaller", lambda found: found["spec"]["capacity"].update(storage="1200Gi")),
            ("in other units", lambda found: found["spec"]["capacity"].update(storage="1Ti")),
        ),
        "storageclasses": (
            ("expandable", _put(allowVolumeExpansion=True)),
            ("not the default, and said so", lambda found: found["metadata"].update(
                annotations={"storageclass.kubernetes.io/is-default-class": "false"})),
        ),
        "services": (
            ("a port for metrics too", lambda found: found["spec"]["ports"].append(
                {"name": "metrics", "port": 9153, "protocol": "TCP", "targetPort": 9153})),
            ("a port by its name", lambda found: found["spec"]["ports"][0].update(targetPort="dns")),
            ("two families", lambda found: found["spec"].update(
                clusterIPs=[found["spec"]["clusterIP"], "fd00:10:96::a"], ipFamilyPolicy="PreferDualStack")),
        ),
        "configmaps": tuple(
            (name, lambda found, change=change: found["data"].update(Corefile=change(found["data"]["Corefile"])))
            for name, change in COREFILES.items()
        ),
        "daemonsets": _of_templates(role),
        "deployments": _of_templates(role),
        "csidrivers": (
            ("inline volumes too", lambda found: found["spec"].update(
                volumeLifecycleModes=["Persistent", "Ephemeral"])),
        ),
        "NatGateway": (
            ("a regional one", lambda found: (found.pop("SubnetId", None), found.update(AvailabilityMode="regional"))),
            ("a second address", _add("NatGatewayAddresses", {"AllocationId": "eipalloc-0fedcba9"})),
        ),
        "networkpolicies": (
            ("all ways", lambda found: found["spec"].update(egress=[{}])),
            ("packets in too", lambda found: found["spec"].update(policyTypes=["Ingress", "Egress"])),
        ),
        "clusterroles": (("everything", lambda found: found["rules"].append(
            {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]})),),
        "leases": (("the other replica", lambda found: found["spec"].update(
            holderIdentity="fsx-csi-controller-6b9bbc9d-cvq96", leaseTransitions=7)),),
        "resourcequotas": (
            ("another resource", lambda found: found["spec"]["hard"].update({"requests.memory": "1Gi"})),
            ("a higher limit", lambda found: found["spec"]["hard"].update({"requests.storage": "10Ti"})),
            ("another class", lambda found: found["spec"]["hard"].update(
                {"gp3.storageclass.storage.k8s.io/requests.storage": "0"})),
        ),
        "limitranges": (("a lower minimum", lambda found: found["spec"]["limits"][0].update(min={"storage": "1Mi"})),),
        "namespaces": (
            ("a level that warns", lambda found: found["metadata"]["labels"].update(
                {"pod-security.kubernetes.io/warn": "restricted"})),
            ("privileged", lambda found: found["metadata"]["labels"].update(
                {"pod-security.kubernetes.io/enforce": "privileged"})),
        ),
        "serviceaccounts": (("no token by itself", _put(automountServiceAccountToken=False)),),
    }  # fmt: skip
    yield from whole.get(kind, ())
