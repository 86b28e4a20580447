"""One AWS request as the front sees it: which service, which operation, which IAM permission."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, parse_qsl

# The credential scope's service names that differ from the IAM prefix.
_IAM_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}

# Operations whose IAM action has another name.
_PERMISSIONS = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "tag:GetResources": "tag:GetResources",
}

_S3_SUBRESOURCES = {
    "location": "Location",
    "policy": "Policy",
    "policyStatus": "PolicyStatus",
    "notification": "NotificationConfiguration",
    "encryption": "Encryption",
    "acl": "Acl",
    "tagging": "Tagging",
    "versioning": "Versioning",
}

_EKS_ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/clusters", "ListClusters"),
    ("POST", r"/clusters", "CreateCluster"),
    ("GET", r"/clusters/(?P<cluster>[^/]+)", "DescribeCluster"),
    ("GET", r"/clusters/(?P<cluster>[^/]+)/addons", "ListAddons"),
    ("POST", r"/clusters/(?P<cluster>[^/]+)/addons", "CreateAddon"),
    ("GET", r"/clusters/(?P<cluster>[^/]+)/addons/(?P<name>[^/]+)", "DescribeAddon"),
    ("DELETE", r"/clusters/(?P<cluster>[^/]+)/addons/(?P<name>[^/]+)", "DeleteAddon"),
    ("POST", r"/clusters/(?P<cluster>[^/]+)/addons/(?P<name>[^/]+)/update", "UpdateAddon"),
    ("GET", r"/addons/supported-versions", "DescribeAddonVersions"),
    ("GET", r"/clusters/(?P<cluster>[^/]+)/node-groups", "ListNodegroups"),
    ("POST", r"/clusters/(?P<cluster>[^/]+)/node-groups", "CreateNodegroup"),
    ("GET", r"/clusters/(?P<cluster>[^/]+)/node-groups/(?P<name>[^/]+)", "DescribeNodegroup"),
    (
        "POST",
        r"/clusters/(?P<cluster>[^/]+)/node-groups/(?P<name>[^/]+)/update-version",
        "UpdateNodegroupVersion",
    ),
    ("GET", r"/clusters/(?P<cluster>[^/]+)/fargate-profiles", "ListFargateProfiles"),
    ("GET", r"/clusters/(?P<cluster>[^/]+)/fargate-profiles/(?P<name>[^/]+)", "DescribeFargateProfile"),
    ("GET", r"/clusters/(?P<cluster>[^/]+)/pod-identity-associations", "ListPodIdentityAssociations"),
    ("POST", r"/clusters/(?P<cluster>[^/]+)/pod-identity-associations", "CreatePodIdentityAssociation"),
    (
        "GET",
        r"/clusters/(?P<cluster>[^/]+)/pod-identity-associations/(?P<name>[^/]+)",
        "DescribePodIdentityAssociation",
    ),
    ("GET", r"/clusters/(?P<cluster>[^/]+)/access-entries", "ListAccessEntries"),
    ("POST", r"/clusters/(?P<cluster>[^/]+)/insights", "ListInsights"),
    ("GET", r"/clusters/(?P<cluster>[^/]+)/insights/(?P<name>[^/]+)", "DescribeInsight"),
)

_ROUTE53_ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/2013-04-01/hostedzonesbyvpc", "ListHostedZonesByVPC"),
    ("GET", r"/2013-04-01/hostedzone/[^/]+", "GetHostedZone"),
    ("GET", r"/2013-04-01/hostedzone/[^/]+/rrset", "ListResourceRecordSets"),
    ("POST", r"/2013-04-01/hostedzone/[^/]+/rrset/?", "ChangeResourceRecordSets"),
    ("POST", r"/2013-04-01/hostedzone/[^/]+/associatevpc", "AssociateVPCWithHostedZone"),
    ("POST", r"/2013-04-01/hostedzone/[^/]+/disassociatevpc", "DisassociateVPCFromHostedZone"),
)

_PROFILES_ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/profileassociations", "ListProfileAssociations"),
    ("GET", r"/profileresourceassociations/profileid/[^/]+", "ListProfileResourceAssociations"),
)
_ROUTES = {"eks": _EKS_ROUTES, "route53": _ROUTE53_ROUTES, "route53profiles": _PROFILES_ROUTES}


@dataclass(frozen=True)
class AwsRequest:
    """A request with its service and operation worked out."""

    service: str
    operation: str
    region: str
    access_key: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    parameters: dict[str, str]

    def header(self, name: str) -> str:
        """A header's value, or the empty string."""
        return self.headers.get(name.lower(), "")

    @property
    def permission(self) -> str:
        """The IAM action the operation needs, as a policy spells it."""
        action = f"{_IAM_PREFIXES.get(self.service, self.service)}:{self.operation}"
        return _PERMISSIONS.get(action, action)


def parse_request(method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> AwsRequest:
    """Works out the service from the signature's credential scope and the operation from wherever it stands."""
    service, region, access_key = _credential_scope(headers.get("authorization", ""))
    operation, parameters = _operation(service, method, path, query, headers, body)
    return AwsRequest(service, operation, region, access_key, method, path, query, headers, body, parameters)


def _credential_scope(authorization: str) -> tuple[str, str, str]:
    found = re.search(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request", authorization)
    if found is None:
        return "", "", ""
    return found[3], found[2], found[1]


def _operation(
    service: str, method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> tuple[str, dict[str, str]]:
    if target := headers.get("x-amz-target"):
        return target.rpartition(".")[2], {}
    if found := re.fullmatch(r"/service/[^/]+/operation/([^/]+)", path):
        return found[1], {}
    if routes := _ROUTES.get(service):
        for route_method, pattern, operation in routes:
            if method == route_method and (found := re.fullmatch(pattern, path)):
                return operation, found.groupdict()
        return "Unknown", {}
    if service == "s3":
        return _s3_operation(method, path, query)
    form = parse_qs(body.decode("utf-8", "replace")) or parse_qs(query)
    return form.get("Action", ["Unknown"])[0], {}


def _s3_operation(method: str, path: str, query: str) -> tuple[str, dict[str, str]]:
    bucket, _, key = path.lstrip("/").partition("/")
    if not bucket:
        return "ListBuckets", {}
    where = {"bucket": bucket, "key": key}
    if key:
        return f"{method.title()}Object", where
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    verb = {"GET": "Get", "PUT": "Put", "DELETE": "Delete"}.get(method, method.title())
    if "publicAccessBlock" in names:
        return f"{verb}PublicAccessBlock", where
    for name in names:
        if name in _S3_SUBRESOURCES:
            return f"{verb}Bucket{_S3_SUBRESOURCES[name]}", where
    if method == "HEAD":
        return "HeadBucket", where
    if method == "GET":
        return "ListObjectsV2", where
    return {"PUT": "CreateBucket", "DELETE": "DeleteBucket"}.get(method, "Unknown"), where
