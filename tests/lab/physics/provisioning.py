"""A dynamic volume: who the controller is to AWS, what that caller may do, and what FSx says to the request."""

import fnmatch
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.lab.aws.moto_backends import ec2_backend, iam_backend, kms_backend, s3_backend
from tests.lab.aws.simulate import allows
from tests.lab.physics.images import instances
from tests.lab.physics.network import Network
from tests.lab.setup import ROLE

if TYPE_CHECKING:
    from tests.lab.kubernetes.world import Object
    from tests.lab.lab import Lab

# What the driver reads of a StorageClass (aws-fsx-csi-driver, pkg/driver/controller.go).
KEYS = {
    "subnetId",
    "securityGroupIds",
    "autoImportPolicy",
    "s3ImportPath",
    "s3ExportPath",
    "deploymentType",
    "kmsKeyId",
    "perUnitStorageThroughput",
    "storageType",
    "driveCacheType",
    "dailyAutomaticBackupStartTime",
    "automaticBackupRetentionDays",
    "copyTagsToBackups",
    "dataCompressionType",
    "weeklyMaintenanceStartTime",
    "fileSystemTypeVersion",
    "extraTags",
    "efaEnabled",
    "metadataConfigurationMode",
    "metadataIops",
}
_THROUGHPUTS = {"PERSISTENT_1": (50, 100, 200), "PERSISTENT_2": (125, 250, 500, 1000)}
_HDD_THROUGHPUTS = {"12": 6000, "40": 1800}
"""With the sizes that such a file system is a multiple of, in GiB. Source: fsx 2018-03-01 CreateFileSystem."""
_DEFAULT_CAPACITY = 1200
AGENT_ADDRESS, SERVER_ADDRESS = "169.254.170.23", "172.20.0.1"
_RESERVED = "csi.storage.k8s.io/"


@dataclass(frozen=True)
class Refusal(Exception):
    """Why there is no volume, in the driver's words."""

    text: str


class Provisioning:
    """Makes file systems for claims, as the driver's controller does."""

    def __init__(self, lab: "Lab", network: Network) -> None:
        self._lab = lab
        self._network = network

    def create(self, claim: "Object", storage_class: "Object") -> "Object":
        """The file system made for a claim.

        Raises:
            Refusal: it is not made.
        """
        parameters = storage_class.get("parameters") or {}
        if claim["spec"].get("selector") is not None:
            raise Refusal("claim Selector is not supported")
        self._secret_is_read(parameters)
        source = claim["spec"].get("dataSourceRef") or claim["spec"].get("dataSource")
        if source is not None:
            raise Refusal(f"CSI driver does not copy {source['kind']} {source['name']}: plugin support is missing")
        pairs = (pair.partition("=") for pair in parameters.get("extraTags", "").split(",") if pair)
        tags = {"CSIVolumeName": f"pvc-{claim['metadata']['uid']}", **{key: value for key, _, value in pairs}}
        self._caller_may_create(tags)
        request = self._request(claim, parameters)
        if self._lab.hidden.fsx_refuses:
            raise Refusal(f"CreateFileSystem failed: {self._lab.hidden.fsx_refuses}")
        if self._lab.hidden.slow_creation:
            raise Refusal("Filesystem is not ready: DescribeFileSystems, canceled, context canceled")
        for system in self._lab.aws.fsx.state.file_systems.get(self._lab.site.region, {}).values():
            made_for = {tag["Value"] for tag in system.get("Tags", ()) if tag["Key"] == "CSIVolumeName"}
            if tags["CSIVolumeName"] in made_for and system.get("Lifecycle") == "FAILED":
                raise Refusal(f'unexpected state for filesystem {system["FileSystemId"]}: "FAILED"')
        try:
            return dict(self._lab.client("fsx").create_file_system(**request)["FileSystem"])
        except Exception as error:
            raise Refusal(f"CreateFileSystem failed: {error}") from error

    def _secret_is_read(self, parameters: dict[str, str]) -> None:
        """The provisioner reads the secret that a class names for it, and knows all keys of its own prefix."""
        own = {key.removeprefix(_RESERVED): value for key, value in parameters.items() if key.startswith(_RESERVED)}
        if unknown := [key for key in own if key != "fstype" and "-secret-name" not in key]:
            raise Refusal(f'found unknown parameter key "{_RESERVED}{unknown[0]}" with reserved namespace {_RESERVED}')
        for name in (key for key in own if key.endswith("-name") and f"{key}space" not in own):
            raise Refusal(f"either name and namespace for {name} secrets specified, Both must be specified")
        if "provisioner-secret-name" in own and self.rights_missing("", "secrets", "get"):
            raise Refusal(f"error getting secret {own['provisioner-secret-name']}: secrets is forbidden")

    def proxied(self, name: str, address: str) -> bool:
        """Whether a container of the controller calls an address inside the cluster through a proxy."""
        pod = self.controller()
        container = next(c for c in pod["spec"]["containers"] if c["name"] == name) if pod else {}
        given = {variable["name"].lower(): variable.get("value", "") for variable in container.get("env", ())}
        spared = given.get("no_proxy", "").split(",")
        return bool({"http_proxy", "https_proxy"} & set(given)) and address not in spared and "*" not in spared

    def obstacle(self, storage_class: "Object", capacity: int = _DEFAULT_CAPACITY) -> str:
        """What of a class FSx or the driver would not take as it is meant; empty when all is right."""
        parameters = storage_class.get("parameters") or {}
        if unknown := {key for key in parameters if not key.startswith(_RESERVED)} - KEYS:
            return f"the driver ignores {', '.join(sorted(unknown))}"
        claim = {"spec": {"resources": {"requests": {"storage": f"{capacity}Gi"}}}, "metadata": {"uid": "0"}}
        try:
            self._request(claim, parameters)
        except Refusal as refusal:
            return refusal.text
        return ""

    def controller(self) -> "Object | None":
        """A ready pod of the driver's controller, which calls AWS."""
        for pod in self._lab.kube.all("pods"):
            labels = pod["metadata"].get("labels") or {}
            ready = any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))
            if labels.get("app") == "fsx-csi-controller" and ready and not pod["metadata"].get("deletionTimestamp"):
                return pod
        return None

    def rights_missing(self, group: str, resource: str, verb: str) -> bool:
        """Whether no role that is bound to the controller's account lets it do that in the cluster."""
        pod = self.controller()
        account = {"kind": "ServiceAccount", "name": pod["spec"]["serviceAccountName"]} if pod else {}
        bound = {
            binding["roleRef"]["name"]
            for plural in ("clusterrolebindings", "rolebindings")
            for binding in self._lab.kube.all(plural)
            if any(account.items() <= subject.items() for subject in binding.get("subjects", ()))
        }
        return not any(
            verb in rule["verbs"] and resource in rule["resources"] and group in rule["apiGroups"]
            for plural in ("clusterroles", "roles")
            for role in self._lab.kube.all(plural)
            if role["metadata"]["name"] in bound
            for rule in role["rules"] or ()
        )

    def _caller_may_create(self, tags: dict[str, str]) -> None:
        pod = self.controller()
        if pod is None:
            raise Refusal("no controller runs")
        if self.rights_missing("", "persistentvolumes", "create"):
            raise Refusal("persistentvolumes is forbidden")
        container = next(c for c in pod["spec"]["containers"] if c["name"] == "fsx-plugin")
        variables = {variable["name"]: variable.get("value", "") for variable in container.get("env", ())}
        imds = self._reaches_metadata(pod)
        role = self._role(pod, container, variables, imds)
        if not variables.get("AWS_REGION") and not imds:
            raise Refusal("Invalid Configuration: Missing Region")
        if "AWS_ENDPOINT_URL" in variables:
            raise Refusal(f'Post "{variables["AWS_ENDPOINT_URL"]}/": dial tcp: no such host')
        self._reaches("fsx")
        if role is None:
            return
        system = self._lab.site.arn("fsx", "file-system/fs-0a1b2c3d4e5f60001", self._lab.site.region)
        needed = ("fsx:CreateFileSystem", "fsx:TagResource")
        missing = [action for action in needed if not allows(role, action, system, tags)]
        if missing:
            raise Refusal(f"AccessDeniedException: not authorized to perform: {missing[0]}")
        service = self._lab.site.arn("iam", "role/aws-service-role/fsx.amazonaws.com/AWSServiceRoleForAmazonFSx")
        if not self._has_service_role() and not allows(role, "iam:CreateServiceLinkedRole", service):
            raise Refusal("AccessDeniedException: not authorized to perform: iam:CreateServiceLinkedRole")

    def _reaches_metadata(self, pod: "Object") -> bool:
        """Whether the metadata service of the pod's own node answers it."""
        assert self._lab.account is not None
        instance = self._lab.account.instances.get(pod["spec"].get("nodeName", ""))
        found = next((found for found in instances(self._lab) if found.id == instance), None)
        return found is not None and int(found.metadata_options.http_put_response_hop_limit or 1) >= 2

    def _has_service_role(self) -> bool:
        """FSx's own role is there once a file system was made, or somebody made it."""
        paths = {role.path for role in iam_backend(self._lab.site.region).roles.values()}
        systems = self._lab.aws.fsx.state.file_systems.get(self._lab.site.region, {})
        return bool(systems) or any("aws-service-role/fsx.amazonaws.com" in path for path in paths)

    def _role(self, pod: "Object", container: "Object", variables: dict[str, str], imds: bool) -> Any:
        namespace = pod["metadata"]["namespace"]
        secrets = {
            source["name"]
            for variable in container.get("env", ())
            if (source := (variable.get("valueFrom") or {}).get("secretKeyRef"))
        }
        stored = {obj["metadata"]["name"] for obj in self._lab.kube.all("secrets", namespace)}
        # The keys are read when the pod starts: it keeps those of a secret that is gone since.
        if pod["metadata"]["uid"] in self._lab.hidden.started_with_keys or secrets & stored:
            if not self._lab.hidden.keys_work:
                raise Refusal("UnrecognizedClientException: The security token included in the request is invalid.")
            return None
        account = pod["spec"].get("serviceAccountName", "default")
        if arn := variables.get("AWS_ROLE_ARN"):
            self._reaches("sts")
            if pod["metadata"]["uid"] in self._lab.hidden.expired_tokens:
                raise Refusal("ExpiredTokenException: Token expired")
            if self._lab.hidden.sts_refuses:
                raise Refusal(self._lab.hidden.sts_refuses)
            return self._by_web_identity(arn, namespace, account)
        if association := self.association(namespace, account):
            return self._by_pod_identity(association, container["image"])
        if not imds:
            raise Refusal("no EC2 IMDS role found, canceled, context deadline exceeded")
        return self._named_role("eks-node-role")

    def _by_web_identity(self, arn: str, namespace: str, account: str) -> Any:
        denied = Refusal("AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity")
        if not fnmatch.fnmatch(arn, f"arn:{self._lab.site.partition}:iam::*:role/?*"):
            raise Refusal(f"ValidationError: Request ARN is invalid: {arn}")
        iam = iam_backend(self._lab.site.region)
        role = next((role for role in iam.roles.values() if role.arn == arn), None)
        if role is None:
            raise denied
        assert self._lab.account is not None
        issuer = self._lab.account.issuer.removeprefix("https://")
        provider = next((p for p in iam.open_id_providers if p.endswith(f"oidc-provider/{issuer}")), "")
        if not provider:
            raise Refusal("InvalidIdentityToken: No OpenIDConnect provider found in your account")
        claims = {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": f"system:serviceaccount:{namespace}:{account}"}
        if not _trusted(role, {"Federated": provider}, "sts:AssumeRoleWithWebIdentity", claims):
            raise denied
        return role

    def _by_pod_identity(self, association: "Object", image: str) -> Any:
        agents = [
            found
            for found in self._lab.kube.all("daemonsets", "kube-system")
            if found["metadata"]["name"] == "eks-pod-identity-agent"
        ]
        if not agents or not agents[0]["status"].get("numberReady"):
            raise Refusal("dial tcp 169.254.170.23:80: connect: connection refused")
        version = image.rpartition(":v")[2]
        if tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < (1, 3):
            raise Refusal('CredentialsEndpointError: invalid endpoint host, "169.254.170.23"')
        pod = self.controller()
        if self.proxied("fsx-plugin", AGENT_ADDRESS):
            raise Refusal("proxyconnect tcp: i/o timeout")
        if pod is not None and self._network.is_closed_by_policy(pod, "TCP", 80):
            raise Refusal("dial tcp 169.254.170.23:80: i/o timeout")
        cluster = self._lab.aws.eks.cluster(self._lab.site.cluster).cluster["arn"]
        if not allows(self._named_role("eks-node-role"), "eks-auth:AssumeRoleForPodIdentity", cluster):
            raise Refusal("AccessDeniedException: not authorized to perform: eks-auth:AssumeRoleForPodIdentity")
        role = self._named_role(association["roleArn"].rpartition("/")[2])
        service = {"Service": "pods.eks.amazonaws.com"}
        claims = {"aws:SourceArn": cluster, "aws:SourceAccount": cluster.split(":")[4]}
        if not all(_trusted(role, service, f"sts:{action}", claims) for action in ("AssumeRole", "TagSession")):
            raise Refusal("AccessDeniedException: EKS does not have permissions to assume the associated role.")
        return role

    def association(self, namespace: str, account: str) -> "Object | None":
        """EKS's association of a role with a service account."""
        for found in self._lab.aws.eks.cluster(self._lab.site.cluster).pod_identities.values():
            if (found["namespace"], found["serviceAccount"]) == (namespace, account):
                return found
        return None

    def _named_role(self, name: str) -> Any:
        for role in iam_backend(self._lab.site.region).roles.values():
            if role.name == name:
                return role
        raise Refusal(f"no role {name}")

    def _reaches(self, service: str) -> None:
        assert self._lab.account is not None
        account = self._lab.account
        pod = self.controller()
        if pod is not None and self._network.is_closed_by_policy(pod, "TCP", 443):
            raise Refusal(f'Post "https://{service}.{self._lab.site.region}.amazonaws.com/": i/o timeout')
        open_ = all(self._network.has_way_out(subnet) for subnet in account.private_subnets)
        if not open_ and not self._network.endpoint(account.vpc, service):
            raise Refusal(f'Post "https://{service}.{self._lab.site.region}.amazonaws.com/": i/o timeout')

    def _request(self, claim: "Object", given: dict[str, str]) -> dict[str, Any]:
        """The CreateFileSystem request, after what FSx checks in it."""
        capacity = int(claim["spec"]["resources"]["requests"]["storage"].removesuffix("Gi"))
        deployment = given.get("deploymentType", "SCRATCH_1")
        subnet, groups = given.get("subnetId", ""), given.get("securityGroupIds", "").split(",")
        ec2 = ec2_backend(self._lab.site.region)
        subnets = {id_: found for zone in ec2.subnets.values() for id_, found in zone.items()}
        known = {id_ for of_vpc in ec2.groups.values() for id_ in of_vpc}
        if subnet not in subnets or not set(groups) <= known:
            raise Refusal(f"ValidationException: Value '{subnet}' at 'subnetIds', {groups} at 'securityGroupIds'")
        if int(subnets[subnet].available_ip_address_count) < 2:
            raise Refusal("InvalidNetworkSettings: There are not enough free addresses in subnet")
        if problem := self._network.lacks_lustre_rules(groups[:1], groups[:1], (988,)):
            raise Refusal(f"InvalidNetworkSettings: do not permit Lustre LNET network traffic on port 988: {problem}")
        if (subnets[subnet].availability_zone, deployment) in self._lab.hidden.zones_without:
            raise Refusal(f"BadRequest: {deployment} is not available in this availability zone")
        hdd = given.get("storageType", "SSD") == "HDD"
        unit = _HDD_THROUGHPUTS.get(given.get("perUnitStorageThroughput", ""), 0) if hdd else 2400
        if (hdd or capacity != _DEFAULT_CAPACITY) and unit and capacity % unit:
            raise Refusal(f"BadRequest: Invalid Lustre FS storage capacity: {capacity}.")
        lustre: dict[str, Any] = {"DeploymentType": deployment}
        self._throughput(deployment, given, lustre)
        if deployment.startswith("PERSISTENT") and (key := given.get("kmsKeyId", "")):
            self._key_serves(key)
        if given.get("dataCompressionType", "NONE") not in ("NONE", "LZ4"):
            raise Refusal("ValidationException: dataCompressionType")
        if hdd and deployment != "PERSISTENT_1":
            raise Refusal("BadRequest: HDD storage is PERSISTENT_1's alone")
        if given.get("efaEnabled") == "true" and (
            deployment != "PERSISTENT_2" or "metadataConfigurationMode" not in given
        ):
            raise Refusal("BadRequest: EFA needs PERSISTENT_2 with a metadata configuration")
        if path := given.get("s3ImportPath"):
            bucket = path.removeprefix("s3://").partition("/")[0]
            self._bucket_serves(bucket)
            if not self._may_make_data_source_role():
                raise Refusal("BadRequest: Amazon FSx is unable to create Service-Linked-Role to access the S3 bucket.")
            lustre["ImportPath"] = path
        if mode := given.get("metadataConfigurationMode"):
            lustre["MetadataConfiguration"] = {"Mode": mode}
        version = {"FileSystemTypeVersion": given["fileSystemTypeVersion"]} if "fileSystemTypeVersion" in given else {}
        return {
            "FileSystemType": "LUSTRE",
            "StorageCapacity": capacity,
            "SubnetIds": [subnet],
            "SecurityGroupIds": groups,
            "LustreConfiguration": lustre,
            **version,
        }

    def _key_serves(self, key: str) -> None:
        """Raises a Refusal for a key that is not there, not enabled, or whose policy leaves the account out."""
        region = self._lab.site.region
        found = kms_backend(region).keys.get(key.rpartition("/")[2]) if key.split(":")[3:4] == [region] else None
        if found is None:
            raise Refusal(f"BadRequest: there is no KMS key {key} in {region}")
        if found.key_state != "Enabled":
            raise Refusal(f"BadRequest: KMSInvalidStateException: {key} is {found.key_state}")
        named = [one for s in json.loads(found.policy)["Statement"] for one in _many(s["Principal"]["AWS"])]
        role = self._lab.site.arn("iam", f"role/{ROLE}")
        if role in named:
            return
        if role.partition(":role/")[0] + ":root" not in named:
            raise Refusal(f"BadRequest: the policy of {key} does not let {role} create a grant")
        for action in ("kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt"):
            if not allows(self._named_role(ROLE), action, key, via=f"fsx.{region}.amazonaws.com"):
                raise Refusal(f"AccessDeniedException: not authorized to perform: {action}")

    def _bucket_serves(self, bucket: str) -> None:
        """Raises a Refusal for a bucket that is not there, elsewhere or closed."""
        found = s3_backend(self._lab.site.region).buckets.get(bucket)
        if bucket in self._lab.aws.switches.foreign_buckets:
            raise Refusal("BadRequest: Access denied for import path.")
        if found is None:
            raise Refusal(f"BadRequest: the bucket {bucket} does not exist")
        if found.region_name != self._lab.site.region:
            raise Refusal(f"BadRequest: the bucket {bucket} is in {found.region_name}")
        statements = json.loads(found.policy)["Statement"] if found.policy else ()
        # FSx comes with TLS, and through nobody's VPC endpoint.
        if any(
            one["Effect"] == "Deny" and "aws:SecureTransport" not in str(one.get("Condition")) for one in statements
        ):
            raise Refusal("BadRequest: Access denied for import path.")

    def _throughput(self, deployment: str, given: dict[str, str], lustre: dict[str, Any]) -> None:
        if not deployment.startswith("PERSISTENT"):
            return
        value = given.get("perUnitStorageThroughput", "")
        if value and not value.isdigit():
            raise Refusal("perUnitStorageThroughput must be a number")
        hdd = given.get("storageType") == "HDD"
        taken = tuple(map(int, _HDD_THROUGHPUTS)) if hdd else _THROUGHPUTS[deployment]
        if int(value or 0) not in taken:
            raise Refusal(f"InvalidPerUnitStorageThroughput: should be one of {list(taken)}.")
        lustre["PerUnitStorageThroughput"] = int(value)

    def _may_make_data_source_role(self) -> bool:
        """Each linked file system has a role of its own, which FSx makes with the rights of whoever calls."""
        role = "role/aws-service-role/s3.data-source.lustre.fsx.amazonaws.com/AWSServiceRoleForFSxS3Access_fs-0"
        actions = ("iam:CreateServiceLinkedRole", "iam:AttachRolePolicy", "iam:PutRolePolicy")
        return all(allows(self._named_role(ROLE), action, self._lab.site.arn("iam", role)) for action in actions)


def _trusted(role: Any, principal: dict[str, str], action: str, claims: dict[str, str]) -> bool:
    """Whether a role's trust policy lets a principal with these claims take it."""
    document = role.assume_role_policy_document
    statements = (json.loads(document) if isinstance(document, str) else document)["Statement"]
    effects = set()
    for statement in statements if isinstance(statements, list) else [statements]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        named = statement.get("Principal") or {}
        fits = named == "*" or all(value in _many(named.get(kind)) for kind, value in principal.items())
        conditions = (statement.get("Condition") or {}).items()
        if (
            fits
            and any(fnmatch.fnmatchcase(action, pattern) for pattern in actions)
            and all(_holds(operator, keys, claims) for operator, keys in conditions)
        ):
            effects.add(statement["Effect"])
    return effects == {"Allow"}


def _holds(operator: str, keys: dict[str, Any], claims: dict[str, str]) -> bool:
    for key, wanted in keys.items():
        value = claims.get(key)
        like = "Like" in operator
        matched = value is not None and any(
            fnmatch.fnmatchcase(value, pattern) if like else value == pattern for pattern in _many(wanted)
        )
        if matched == ("Not" in operator):
            return False
    return True


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
