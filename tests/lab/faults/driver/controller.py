"""The controller: not there when a claim waits for it."""

from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.driver.objects import CONTROLLER
from tests.lab.faults.identity.irsa import ANNOTATION, annotations, uninject
from tests.lab.faults.registry import fault
from tests.lab.setup import NAMESPACE, SERVICE_ACCOUNT

if TYPE_CHECKING:
    from tests.lab.lab import Lab


@fault("controller-scaled-to-zero", cause="csi-controller-not-running")
def controller_scaled_to_zero(lab: "Lab") -> None:
    """A dynamic claim waits for a provisioner that does not run."""
    deployment = lab.kube.get("deployments", CONTROLLER, NAMESPACE)
    deployment["spec"]["replicas"] = 0
    deployment["status"] = {"observedGeneration": 2, "conditions": deployment["status"]["conditions"]}
    gone = [pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"].get("app") == CONTROLLER]
    lab.kube.remove_all("pods", gone)
    symptoms.provision_dynamically(lab)
    symptoms.claim_waits(
        lab,
        (
            "ExternalProvisioning",
            "Waiting for a volume to be created either by the external provisioner 'fsx.csi.aws.com' or manually by"
            " the system administrator. If volume creation is delayed, please verify that the provisioner is running"
            " and correctly registered.",
            "persistentvolume-controller",
        ),
    )


@fault("controller-without-region", cause="region-undetermined")
def controller_without_region(lab: "Lab") -> None:
    """No AWS_REGION, and IMDS is out of a pod's reach: keys sign the calls, and no region to call is known."""
    del annotations(lab)[ANNOTATION]
    uninject(lab)
    require_keys(lab)
    set_hop_limit(lab, 1)
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, failed to resolve service endpoint, endpoint rule error, Invalid"
        " Configuration: Missing Region",
    )


def _of_this_region(lab: "Lab") -> bool:
    spec = lab.kube.get("deployments", CONTROLLER, NAMESPACE)["spec"]["template"]["spec"]
    return {"name": "AWS_REGION", "value": "us-west-2"} not in spec["containers"][0]["env"]


@fault("controller-of-another-region", cause="region-undetermined", gone=_of_this_region)
def controller_of_another_region(lab: "Lab") -> None:
    """AWS_REGION was set by hand for another cluster: FSx knows the class's subnets in no such Region."""
    deployment = lab.kube.get("deployments", CONTROLLER, NAMESPACE)
    pods = [pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"].get("app") == CONTROLLER]
    for spec in (deployment["spec"]["template"]["spec"], *(pod["spec"] for pod in pods)):
        env = spec["containers"][0]["env"]
        env[:] = [item for item in env if item["name"] != "AWS_REGION"]
        env.append({"name": "AWS_REGION", "value": "us-west-2"})
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID: 0,"
        " InvalidNetworkSettings: The subnet ID does not exist",
    )


@fault("metadata-out-of-reach", cause="imds-unreachable")
def metadata_out_of_reach(lab: "Lab") -> None:
    """The controller leans on the node's role, and a hop limit of 1 keeps pods from IMDS."""
    del annotations(lab)[ANNOTATION]
    uninject(lab)
    for pod in lab.kube.all("pods", NAMESPACE):
        for container in pod["spec"]["containers"]:
            if "env" in container and pod["metadata"]["labels"]["app"] == CONTROLLER:
                container["env"].append({"name": "AWS_REGION", "value": lab.site.region})
    lab.client("iam").attach_role_policy(
        RoleName="eks-node-role", PolicyArn=f"arn:{lab.site.partition}:iam::aws:policy/AmazonFSxFullAccess"
    )
    set_hop_limit(lab, 1)
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, get identity: get credentials: failed to refresh cached credentials,"
        " no EC2 IMDS role found, operation error ec2imds: GetMetadata, canceled, context deadline exceeded",
    )


def require_keys(lab: "Lab") -> None:
    """The controller does not start without the secret that holds its access key."""
    metadata = {"name": "aws-secret", "namespace": NAMESPACE, "creationTimestamp": lab.site.time(90000)}
    keys = {"key_id": "QUtJQUVYQU1QTEU=", "access_key": "YSBrZXk="}
    lab.kube.add({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": keys})
    lab.hidden.keys_work = True
    deployment = lab.kube.get("deployments", CONTROLLER, NAMESPACE)
    pods = [pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"].get("app") == CONTROLLER]
    for spec in (deployment["spec"]["template"]["spec"], *(pod["spec"] for pod in pods)):
        for variable in spec["containers"][0]["env"]:
            if "secretKeyRef" in variable.get("valueFrom", {}):
                variable["valueFrom"]["secretKeyRef"]["optional"] = False


def set_hop_limit(lab: "Lab", hops: int) -> None:
    """How many hops an answer of the instances' metadata service survives."""
    assert lab.account is not None
    for instance in lab.account.instances.values():
        lab.client("ec2").modify_instance_metadata_options(
            InstanceId=instance, HttpTokens="required", HttpPutResponseHopLimit=hops
        )


@fault("driver-older-than-pod-identity", cause="csi-driver-outdated", world="pod-identity")
def driver_older_than_pod_identity(lab: "Lab") -> None:
    """v1.2.0 still has the first SDK, which knows nothing of Pod Identity."""
    for kind in ("daemonsets", "deployments", "replicasets", "pods"):
        for obj in lab.kube.all(kind, NAMESPACE):
            obj["metadata"]["labels"]["app.kubernetes.io/version"] = "1.2.0"
            spec = obj["spec"]["template"]["spec"] if "template" in obj["spec"] else obj["spec"]
            for container in spec["containers"]:
                if container["name"] == "fsx-plugin":
                    container["image"] = container["image"].replace(":v1.9.0", ":v1.2.0")
    symptoms.create_fails(
        lab,
        "NoCredentialProviders: no valid providers in chain\n"
        "caused by: EnvAccessKeyNotFound: failed to find credentials in the environment.\n"
        "SharedCredsLoad: failed to load profile, .\n"
        'CredentialsEndpointError: invalid endpoint host, "169.254.170.23", only loopback hosts are allowed.',
    )


ROLE, BINDING = "fsx-csi-external-provisioner-role", "fsx-csi-external-provisioner-binding"


def _take_right(lab: "Lab", resource: str, *verbs: str) -> None:
    """Takes verbs off a rule of the provisioner's ClusterRole."""
    for rule in lab.kube.get("clusterroles", ROLE)["rules"]:
        if resource in rule["resources"]:
            rule["verbs"] = [verb for verb in rule["verbs"] if verb not in verbs]


def _forbidden(verb: str, resource: str, group: str = "") -> str:
    return (
        f'{resource} is forbidden: User "system:serviceaccount:{NAMESPACE}:{SERVICE_ACCOUNT}" cannot {verb} resource'
        f' "{resource}" in API group "{group}" at the cluster scope'
    )


@fault("controller-without-cluster-role", cause="csi-controller-rbac")
def controller_without_cluster_role(lab: "Lab") -> None:
    """Somebody trimmed the ClusterRole: the provisioner may not make the volume's object."""
    _take_right(lab, "persistentvolumes", "create", "delete")
    symptoms.provisioning_fails(lab, f"error saving volume: {_forbidden('create', 'persistentvolumes')}")


@fault("controller-account-not-bound", cause="csi-controller-rbac")
def controller_account_not_bound(lab: "Lab") -> None:
    """The chart was installed with another account than the Deployment runs as: the binding names nobody."""
    for subject in lab.kube.get("clusterrolebindings", BINDING)["subjects"]:
        subject["name"] = "fsx-csi-controller-sa"
    _waits_without_a_word(lab)


@fault("controller-may-not-lead", cause="csi-controller-rbac")
def controller_may_not_lead(lab: "Lab") -> None:
    """Without the right to its lease no replica begins: every pod is ready, and nobody says anything."""
    _take_right(lab, "leases", "update", "create")
    lab.kube.remove("leases", LEASE, NAMESPACE)
    _waits_without_a_word(lab)


@fault("lease-not-renewed", cause="csi-controller-not-running")
def lease_not_renewed(lab: "Lab") -> None:
    """The leading provisioner hangs in a call, and its lease ran out without anybody who takes it over."""
    lab.hidden.lease_lost = True
    lab.kube.get("leases", LEASE, NAMESPACE)["spec"]["renewTime"] = lab.site.time(40)
    _waits_without_a_word(lab)


LEASE = "fsx-csi-aws-com"


def _waits_without_a_word(lab: "Lab") -> None:
    symptoms.provision_dynamically(lab)
    symptoms.claim(lab)["metadata"]["creationTimestamp"] = lab.site.time(40)
    symptoms.claim_waits(lab, ("ExternalProvisioning", symptoms.WAITING_FOR, "persistentvolume-controller"))


@fault("controller-finds-no-room", cause="csi-controller-not-running")
def controller_finds_no_room(lab: "Lab") -> None:
    """The controller asks for more processors than any node has; its pods wait, and so does the claim."""
    deployment = lab.kube.get("deployments", CONTROLLER, NAMESPACE)
    text = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims."
    pods = [pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"].get("app") == CONTROLLER]
    for spec in (deployment["spec"]["template"]["spec"], *(pod["spec"] for pod in pods)):
        spec["containers"][0]["resources"] = {"requests": {"cpu": "96"}}
    for pod in pods:
        pod["spec"].pop("nodeName")
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": text}
        pod["status"] = {"phase": "Pending", "conditions": [condition]}
        symptoms.event(lab, pod, "FailedScheduling", text, "default-scheduler")
    deployment["status"] = {"replicas": 2, "unavailableReplicas": 2, "updatedReplicas": 2}
    lab.hidden.lease_lost = True
    _waits_without_a_word(lab)


def _has_account(lab: "Lab") -> bool:
    return any(found["metadata"]["name"] == SERVICE_ACCOUNT for found in lab.kube.all("serviceaccounts", NAMESPACE))


@fault("controller-account-deleted", cause="pod-creation-refused", gone=_has_account)
def controller_account_deleted(lab: "Lab") -> None:
    """The controller's pods were evicted, and are not made again without their service account."""
    (owner,) = lab.kube.all("replicasets", NAMESPACE)
    pods = [pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"].get("app") == CONTROLLER]
    lab.kube.remove_all("pods", pods)
    lab.kube.remove("serviceaccounts", SERVICE_ACCOUNT, NAMESPACE)
    owner["status"] = {"replicas": 0}
    lab.kube.get("deployments", CONTROLLER, NAMESPACE)["status"] = {"unavailableReplicas": 2}
    text = (
        f'Error creating: pods "{owner["metadata"]["name"]}-" is forbidden: error looking up service account'
        f' {NAMESPACE}/{SERVICE_ACCOUNT}: serviceaccount "{SERVICE_ACCOUNT}" not found'
    )
    symptoms.event(lab, owner, "FailedCreate", text, "replicaset-controller")
    lab.hidden.lease_lost = True
    _waits_without_a_word(lab)


def _one_socket(lab: "Lab") -> bool:
    spec = lab.kube.get("deployments", CONTROLLER, NAMESPACE)["spec"]["template"]["spec"]
    return not any("--csi-address=/run/csi.sock" in container.get("args", ()) for container in spec["containers"])


@fault("provisioner-calls-another-socket", cause="driver-sockets-differ", gone=_one_socket)
def provisioner_calls_another_socket(lab: "Lab") -> None:
    """A hand's edit: the provisioner ends over and over, as nobody listens where it calls."""
    deployment = lab.kube.get("deployments", CONTROLLER, NAMESPACE)
    pods = [pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"].get("app") == CONTROLLER]
    for spec in (deployment["spec"]["template"]["spec"], *(pod["spec"] for pod in pods)):
        for container in spec["containers"]:
            if container["name"] == "csi-provisioner":
                others = [argument for argument in container.get("args", ()) if "--csi-address" not in argument]
                container["args"] = [*others, "--csi-address=/run/csi.sock"]
    for pod in pods:
        for status in pod["status"]["containerStatuses"]:
            if status["name"] == "csi-provisioner":
                ended = {"exitCode": 1, "reason": "Error", "message": "Lost connection to CSI driver, exiting"}
                waits = {"waiting": {"reason": "CrashLoopBackOff"}}
                status |= {"ready": False, "restartCount": 17, "lastState": {"terminated": ended}, "state": waits}
    deployment["status"] = {"replicas": 2, "unavailableReplicas": 2, "updatedReplicas": 2}
    lab.hidden.lease_lost = True
    _waits_without_a_word(lab)


@fault("controller-ends-without-region", cause="region-undetermined")
def controller_ends_without_region(lab: "Lab") -> None:
    """The same, of a driver that ends at its start where it cannot ask for its Region."""
    controller_without_region(lab)
    deployment = lab.kube.get("deployments", CONTROLLER, NAMESPACE)
    deployment["status"] = {"replicas": 2, "unavailableReplicas": 2, "updatedReplicas": 2}
    for pod in lab.kube.all("pods", NAMESPACE):
        for status in pod["status"]["containerStatuses"] if pod["metadata"]["labels"]["app"] == CONTROLLER else ():
            if status["name"] == "fsx-plugin":
                ended = {"terminated": {"exitCode": 2, "reason": "Error"}}
                looping = {"waiting": {"reason": "CrashLoopBackOff"}}
                status |= {"ready": False, "restartCount": 17, "lastState": ended, "state": looping}
    lab.hidden.lease_lost = True
