"""Objects of an account that take more than one list to write down, and the answers that are made of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from tests.lab.aws.moto_backends import iam_backend, kms_backend, resolver_backend, s3_backend
from tests.lab.lab import Lab

Document = dict[str, Any]
Find = Callable[[str, str, str], Document]
"""An object of a kind by a field and its value; raises Unreadable where there is none."""
Of = Callable[[str], list[Document]]
"""The objects of a kind."""


def record_further(lab: Lab) -> dict[str, list[Document]]:
    """The routes of transit gateways, keys, buckets, Resolver rules, boundaries and EKS access entries of a world."""
    ec2, kms, s3, region = lab.client("ec2"), lab.client("kms"), lab.client("s3"), lab.site.region
    tables = ec2.describe_transit_gateway_route_tables()["TransitGatewayRouteTables"]
    states = [{"Name": "state", "Values": ["active", "blackhole"]}]
    searched = {
        id: ec2.search_transit_gateway_routes(TransitGatewayRouteTableId=id, Filters=states)["Routes"]
        for id in (table["TransitGatewayRouteTableId"] for table in tables)
    }
    keys = [kms.describe_key(KeyId=id)["KeyMetadata"] for id in kms_backend(region).keys]
    policies = [kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"] for key in keys]
    buckets = [{"Name": name, "BucketRegion": found.region_name} for name, found in s3_backend(region).buckets.items()]
    rules = lab.client("route53resolver")
    return _names_of(lab) | {
        "TransitGatewayRouteTable": [{"TransitGatewayRouteTableId": id, "Routes": r} for id, r in searched.items()],
        "Key": keys,
        "KeyPolicy": [
            {"KeyId": key["KeyId"], "Document": json.loads(text)} for key, text in zip(keys, policies, strict=True)
        ],
        "Bucket": buckets,
        "BucketPolicy": [found for bucket in buckets for found in _policy_of(s3, bucket["Name"])],
        "ResolverRule": rules.list_resolver_rules()["ResolverRules"] if resolver_backend(region).resolver_rules else [],
        "ResolverRuleAssociation": [
            {"Id": found.id, "ResolverRuleId": found.resolver_rule_id, "VPCId": found.vpc_id, "Status": "COMPLETE"}
            for found in resolver_backend(region).resolver_rule_associations.values()
        ],
        "PermissionsBoundary": list(_boundaries(region)),
        "AccessEntry": [
            {
                "principalArn": lab.site.arn("iam", f"role/{name}"),
                "type": kind,
                "username": "system:node:{{EC2PrivateDNSName}}",
                "kubernetesGroups": ["system:nodes"],
            }
            for name, kind in (("eks-node-role", "EC2_LINUX"),)
        ],
    }


def _names_of(lab: Lab) -> dict[str, list[Document]]:
    """DNS Firewall and Route 53 Profiles, and the zones that these share."""
    state, route53 = lab.aws.resolver.state, lab.client("route53")
    shared = [one for found in state.shared.values() for one in found]
    zones = [one["ResourceArn"] for one in shared if one["ResourceType"] == "PRIVATE_HOSTED_ZONE"]
    return {
        "FirewallRuleGroupAssociation": state.groups_of_vpcs,
        "FirewallRule": [rule for rules in state.rules.values() for rule in rules],
        "FirewallDomainList": [{"Id": id, **found} for id, found in state.lists.items()],
        "ProfileAssociation": state.profiles_of_vpcs,
        "ProfileResourceAssociation": shared,
        "SharedZone": [route53.get_hosted_zone(Id=arn.rpartition("/")[2])["HostedZone"] for arn in zones],
    }


def answer_list(of: Of, operation: str, arguments: dict[str, Any]) -> tuple[Any, ...] | None:
    """The items of a list of DNS Firewall or of Profiles; None for an operation that is answered elsewhere."""
    match operation:
        case "ListProfileAssociations":
            return tuple(of("ProfileAssociation"))
        case "ListProfileResourceAssociations":
            found = of("ProfileResourceAssociation")
            return tuple(one for one in found if one.get("ProfileId") == arguments["ProfileId"])
        case "ListFirewallRuleGroupAssociations":
            return tuple(of("FirewallRuleGroupAssociation"))
        case "ListFirewallRules":
            group = arguments["FirewallRuleGroupId"]
            return tuple(one for one in of("FirewallRule") if one.get("FirewallRuleGroupId") == group)
        case "ListFirewallDomainLists":
            return tuple({k: v for k, v in one.items() if k != "Domains"} for one in of("FirewallDomainList"))
        case "ListFirewallDomains":
            lists = (one for one in of("FirewallDomainList") if one.get("Id") == arguments["FirewallDomainListId"])
            return tuple(entry for one in lists for entry in one.get("Domains") or ())
    return None


def _policy_of(s3: Any, bucket: str) -> Iterator[Document]:
    try:
        yield {"Bucket": bucket, "Document": json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])}
    except ClientError:
        return


def _boundaries(region: str) -> Iterator[Document]:
    iam = iam_backend(region)
    for arn in {role.permissions_boundary_arn for role in iam.roles.values()} - {None, ""}:
        version = next(v for v in iam.managed_policies[arn].versions if v.is_default_version)
        document = version.document
        yield {"PolicyArn": arn, "Document": json.loads(document) if isinstance(document, str) else document}


def answer_one(find: Find, operation: str, arguments: dict[str, Any]) -> Document | None:
    """The answer to one call; None for an operation that is answered elsewhere."""
    match operation:
        case "GetHostedZone":
            return {"HostedZone": find("SharedZone", "Id", f"/hostedzone/{arguments['Id']}")}
        case "SearchTransitGatewayRoutes":
            id = arguments["TransitGatewayRouteTableId"]
            return {"Routes": find("TransitGatewayRouteTable", "TransitGatewayRouteTableId", id).get("Routes", [])}
        case "DescribeKey":
            name = arguments["KeyId"]
            return {"KeyMetadata": find("Key", "Arn" if name.startswith("arn:") else "KeyId", name)}
        case "GetKeyPolicy":
            return {"Policy": json.dumps(find("KeyPolicy", "KeyId", arguments["KeyId"]).get("Document"))}
        case "GetPolicy":
            find("PermissionsBoundary", "PolicyArn", arguments["PolicyArn"])
            return {"Policy": {"DefaultVersionId": "v1"}}
        case "GetPolicyVersion":
            return {"PolicyVersion": find("PermissionsBoundary", "PolicyArn", arguments["PolicyArn"])}
        case "HeadBucket":
            return dict(find("Bucket", "Name", arguments["Bucket"]))
        case "GetBucketPolicy":
            return {"Policy": json.dumps(find("BucketPolicy", "Bucket", arguments["Bucket"]).get("Document"))}
    return None
