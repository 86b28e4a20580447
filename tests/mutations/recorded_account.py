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
    return {
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
