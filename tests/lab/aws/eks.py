"""Amazon EKS: the control plane of the lab (API 2017-11-01, REST JSON).

moto keeps no vpcId, no cluster security group and neither add-ons nor Pod Identity: what a mount is judged by.
"""

import base64
import hashlib
import json
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from tests.lab.aws.documents import Document, Operation, answer_document, page
from tests.lab.aws.errors import Answer, ServiceError
from tests.lab.aws.moto_backends import ACCOUNT, ec2_backend, partition_of
from tests.lab.aws.request import AwsRequest


@dataclass
class ClusterState:
    """A cluster and what hangs on it, each as the document the API returns."""

    cluster: Document
    addons: dict[str, Document] = field(default_factory=dict)
    nodegroups: dict[str, Document] = field(default_factory=dict)
    pod_identities: dict[str, Document] = field(default_factory=dict)
    fargate_profiles: list[str] = field(default_factory=list)
    insights: list[Document] = field(default_factory=list)


@dataclass
class EksState:
    """Clusters by region and name."""

    clusters: dict[tuple[str, str], ClusterState] = field(default_factory=dict)
    # What every cluster made from now on says of its API server.
    endpoint: str = ""
    certificate_authority: bytes = b""


class Eks:
    """Serves EKS; `state` is everything it knows."""

    def __init__(self) -> None:
        self.state = EksState()
        self._operations: dict[str, Operation] = {
            "ListClusters": self._list_clusters,
            "CreateCluster": self._create_cluster,
            "DescribeCluster": lambda request, arguments: {"cluster": self._named(request).cluster},
            "ListAddons": self._list_addons,
            "CreateAddon": self._create_addon,
            "DescribeAddon": self._describe_addon,
            "UpdateAddon": self._update_addon,
            "DeleteAddon": self._delete_addon,
            "DescribeAddonVersions": self._describe_addon_versions,
            "ListNodegroups": self._list_nodegroups,
            "CreateNodegroup": self._create_nodegroup,
            "DescribeNodegroup": self._describe_nodegroup,
            "UpdateNodegroupVersion": self._update_nodegroup_version,
            "ListFargateProfiles": self._list_fargate_profiles,
            "DescribeFargateProfile": self._describe_fargate_profile,
            "ListPodIdentityAssociations": self._list_pod_identities,
            "CreatePodIdentityAssociation": self._create_pod_identity,
            "DescribePodIdentityAssociation": self._describe_pod_identity,
            "ListAccessEntries": lambda request, arguments: {"accessEntries": []},
            "ListInsights": lambda request, arguments: {"insights": self._named(request).insights},
            "DescribeInsight": self._describe_insight,
        }

    def handle(self, request: AwsRequest) -> Answer:
        """Answers one request."""
        return answer_document(request, self._operations, "application/json")

    def cluster(self, name: str) -> ClusterState:
        """The live state of a cluster in any region.

        Raises:
            KeyError: there is none of that name.
        """
        for (_, known), state in self.state.clusters.items():
            if known == name:
                return state
        raise KeyError(name)

    def _named(self, request: AwsRequest) -> ClusterState:
        name = request.parameters["cluster"]
        state = self.state.clusters.get((request.region, name))
        if state is None:
            raise ServiceError("ResourceNotFoundException", f"No cluster found for name: {name}.", 404)
        return state

    def _list_clusters(self, request: AwsRequest, arguments: Document) -> Document:
        names = [name for region, name in self.state.clusters if region == request.region]
        items, rest = page(names, _query(request), "maxResults", "nextToken")
        return {"clusters": items} | rest

    def _create_cluster(self, request: AwsRequest, arguments: Document) -> Document:
        name, region = arguments["name"], request.region
        network = arguments["resourcesVpcConfig"]
        ec2 = ec2_backend(region)
        vpc_id = next(
            str(zone[subnet].vpc_id)
            for subnet in network["subnetIds"]
            for zone in ec2.subnets.values()
            if subnet in zone
        )
        partition = partition_of(region)
        digest = hashlib.sha256(f"{region}/{name}".encode()).hexdigest().upper()
        suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        cluster: Document = {
            "name": name,
            "arn": f"arn:{partition}:eks:{region}:{ACCOUNT}:cluster/{name}",
            "createdAt": time.time(),
            "version": arguments.get("version", "1.34"),
            "endpoint": self.state.endpoint,
            "roleArn": arguments["roleArn"],
            "resourcesVpcConfig": {
                "subnetIds": network["subnetIds"],
                "securityGroupIds": network.get("securityGroupIds", []),
                "clusterSecurityGroupId": _cluster_group(region, vpc_id, name, digest),
                "vpcId": vpc_id,
                "endpointPublicAccess": network.get("endpointPublicAccess", True),
                "endpointPrivateAccess": network.get("endpointPrivateAccess", True),
                "publicAccessCidrs": ["0.0.0.0/0"],
            },
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4"},
            "identity": {"oidc": {"issuer": f"https://oidc.eks.{region}.{suffix}/id/{digest[:32]}"}},
            "status": "ACTIVE",
            "certificateAuthority": {"data": base64.b64encode(self.state.certificate_authority).decode()},
            "platformVersion": "eks.9",
            "tags": arguments.get("tags", {}),
            "health": {"issues": []},
            "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
            "upgradePolicy": {"supportType": "EXTENDED"},
        }
        self.state.clusters[region, name] = ClusterState(cluster)
        return {"cluster": cluster}

    def _list_addons(self, request: AwsRequest, arguments: Document) -> Document:
        items, rest = page(sorted(self._named(request).addons), _query(request), "maxResults", "nextToken")
        return {"addons": items} | rest

    def _create_addon(self, request: AwsRequest, arguments: Document) -> Document:
        state = self._named(request)
        name, cluster = arguments["addonName"], state.cluster["name"]
        addon: Document = {
            "addonName": name,
            "clusterName": cluster,
            "status": "ACTIVE",
            "addonVersion": arguments.get("addonVersion", "v1.9.0-eksbuild.1"),
            "health": {"issues": []},
            "addonArn": f"{state.cluster['arn'].replace(':cluster/', ':addon/')}/{name}/9ac8b1f0",
            "createdAt": time.time(),
            "modifiedAt": time.time(),
            "tags": {},
        }
        if role := arguments.get("serviceAccountRoleArn"):
            addon["serviceAccountRoleArn"] = role
        state.addons[name] = addon
        return {"addon": addon}

    def _describe_addon(self, request: AwsRequest, arguments: Document) -> Document:
        name = request.parameters["name"]
        addon = self._named(request).addons.get(name)
        if addon is None:
            raise ServiceError("ResourceNotFoundException", f"No addon: {name} found in cluster", 404)
        return {"addon": addon}

    def _update_addon(self, request: AwsRequest, arguments: Document) -> Document:
        addon = self._describe_addon(request, arguments)["addon"]
        given = {key: arguments[key] for key in ("addonVersion", "configurationValues") if key in arguments}
        addon |= given | {"modifiedAt": time.time()}
        if arguments.get("resolveConflicts") == "OVERWRITE":
            addon["status"], addon["health"]["issues"] = "ACTIVE", []
        if role := arguments.get("serviceAccountRoleArn"):
            addon["serviceAccountRoleArn"] = role
        return {"update": _update("AddonUpdate")}

    def _describe_addon_versions(self, request: AwsRequest, arguments: Document) -> Document:
        """The newest version of each add-on that the lab knows."""
        newest = {"aws-fsx-csi-driver": "v1.9.0-eksbuild.1", "eks-pod-identity-agent": "v1.3.9-eksbuild.3"}
        wanted = _query(request).get("addonName")
        found = [
            {
                "addonName": name,
                "type": "storage" if "csi" in name else "security",
                "addonVersions": [
                    {"addonVersion": version, "compatibilities": [{"clusterVersion": "1.34", "defaultVersion": True}]}
                ],
            }
            for name, version in newest.items()
            if wanted in (None, name)
        ]
        return {"addons": found}

    def _delete_addon(self, request: AwsRequest, arguments: Document) -> Document:
        found = self._describe_addon(request, arguments)
        del self._named(request).addons[request.parameters["name"]]
        return found

    def _list_nodegroups(self, request: AwsRequest, arguments: Document) -> Document:
        items, rest = page(sorted(self._named(request).nodegroups), _query(request), "maxResults", "nextToken")
        return {"nodegroups": items} | rest

    def _create_nodegroup(self, request: AwsRequest, arguments: Document) -> Document:
        state = self._named(request)
        name = arguments["nodegroupName"]
        state.nodegroups[name] = {
            "nodegroupName": name,
            "nodegroupArn": f"{state.cluster['arn'].replace(':cluster/', ':nodegroup/')}/{name}/1cc8b1f0",
            "clusterName": state.cluster["name"],
            "version": state.cluster["version"],
            "releaseVersion": "1.34.1-20251103",
            "createdAt": time.time(),
            "modifiedAt": time.time(),
            "status": "ACTIVE",
            "capacityType": "ON_DEMAND",
            "scalingConfig": arguments.get("scalingConfig", {"minSize": 3, "maxSize": 3, "desiredSize": 3}),
            "instanceTypes": arguments.get("instanceTypes", ["g5.xlarge"]),
            "subnets": arguments["subnets"],
            "amiType": arguments.get("amiType", "AL2023_x86_64_NVIDIA"),
            "nodeRole": arguments["nodeRole"],
            "health": {"issues": []},
        }
        return {"nodegroup": state.nodegroups[name]}

    def _describe_nodegroup(self, request: AwsRequest, arguments: Document) -> Document:
        name = request.parameters["name"]
        nodegroup = self._named(request).nodegroups.get(name)
        if nodegroup is None:
            raise ServiceError("ResourceNotFoundException", f"No node group found for name: {name}.", 404)
        return {"nodegroup": nodegroup}

    def _update_nodegroup_version(self, request: AwsRequest, arguments: Document) -> Document:
        group = self._describe_nodegroup(request, arguments)["nodegroup"]
        group["releaseVersion"] = arguments.get("releaseVersion", "1.34.2-20251120")
        return {"update": _update("VersionUpdate")}

    def _list_fargate_profiles(self, request: AwsRequest, arguments: Document) -> Document:
        return {"fargateProfileNames": self._named(request).fargate_profiles}

    def _describe_fargate_profile(self, request: AwsRequest, arguments: Document) -> Document:
        """A profile that takes every pod of the namespace it is called after."""
        state, name = self._named(request), request.parameters["name"]
        if name not in state.fargate_profiles:
            raise ServiceError("ResourceNotFoundException", f"No Fargate Profile found with name: {name}.", 404)
        cluster = state.cluster["name"]
        profile = {"fargateProfileName": name, "clusterName": cluster, "status": "ACTIVE", "tags": {}}
        return {"fargateProfile": profile | {"selectors": [{"namespace": name}], "subnets": []}}

    def _create_pod_identity(self, request: AwsRequest, arguments: Document) -> Document:
        state = self._named(request)
        identity = f"a-{len(state.pod_identities) + 1:016x}"
        state.pod_identities[identity] = {
            "clusterName": state.cluster["name"],
            "namespace": arguments["namespace"],
            "serviceAccount": arguments["serviceAccount"],
            "roleArn": arguments["roleArn"],
            "associationArn": f"{state.cluster['arn'].replace(':cluster/', ':podidentityassociation/')}/{identity}",
            "associationId": identity,
            "tags": {},
            "createdAt": time.time(),
            "modifiedAt": time.time(),
        }
        return {"association": state.pod_identities[identity]}

    def _list_pod_identities(self, request: AwsRequest, arguments: Document) -> Document:
        query = _query(request)
        # The list has no role: it takes a describe to learn it, as in the real API.
        summary = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId")
        found = [
            {key: item[key] for key in summary}
            for item in self._named(request).pod_identities.values()
            if all(item[key] == query[key] for key in ("namespace", "serviceAccount") if key in query)
        ]
        items, rest = page(found, query, "maxResults", "nextToken")
        return {"associations": items} | rest

    def _describe_pod_identity(self, request: AwsRequest, arguments: Document) -> Document:
        identity = request.parameters["name"]
        found = self._named(request).pod_identities.get(identity)
        if found is None:
            raise ServiceError("ResourceNotFoundException", f"Association {identity} not found.", 404)
        return {"association": found}

    def _describe_insight(self, request: AwsRequest, arguments: Document) -> Document:
        for insight in self._named(request).insights:
            if insight["id"] == request.parameters["name"]:
                return {"insight": insight}
        raise ServiceError("ResourceNotFoundException", "No insight found.", 404)


def _update(kind: str) -> Document:
    made = "7d4d8c3e-0000-4000-8000-000000000001"
    return {"id": made, "status": "InProgress", "type": kind, "params": [], "createdAt": time.time(), "errors": []}


def _query(request: AwsRequest) -> Document:
    return dict(parse_qsl(request.query))


def _cluster_group(region: str, vpc_id: str, name: str, digest: str) -> str:
    """EKS makes this group itself: everything from itself, everything out."""
    ec2 = ec2_backend(region)
    number = int(digest[:9], 16) % 10**10
    group = ec2.create_security_group(
        f"eks-cluster-sg-{name}-{number}",
        "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes,"
        " as well as any managed workloads.",
        vpc_id=vpc_id,
        tags={f"kubernetes.io/cluster/{name}": "owned", "aws:eks:cluster-name": name},
    )
    ec2.authorize_security_group_ingress(
        group.id, "-1", "-1", "-1", [], source_groups=[{"GroupId": group.id}], vpc_id=vpc_id
    )
    return str(group.id)


def trust_policy(provider_arn: str, issuer: str, namespace: str, service_account: str) -> str:
    """The trust policy that lets one service account take a role through the cluster's OIDC provider."""
    host = issuer.removeprefix("https://")
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": provider_arn},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {
                        "StringEquals": {
                            f"{host}:aud": "sts.amazonaws.com",
                            f"{host}:sub": f"system:serviceaccount:{namespace}:{service_account}",
                        }
                    },
                }
            ],
        }
    )
