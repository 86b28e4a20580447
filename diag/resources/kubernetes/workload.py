"""Deployments, DaemonSets and service accounts."""

from __future__ import annotations

import msgspec

from diag.model.subject import Kind, Subject
from diag.resources.kubernetes.meta import Condition, KubernetesObject, LabelSelector, Metadata
from diag.resources.kubernetes.pod import PodSpec
from diag.resources.kubernetes.volume import PersistentVolumeClaim


class PodTemplate(KubernetesObject, frozen=True):
    """spec.template of a workload."""

    metadata: Metadata = Metadata()
    spec: PodSpec = PodSpec()


class WorkloadSpec(KubernetesObject, frozen=True):
    """spec of a Deployment or DaemonSet."""

    replicas: int | None = None
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()


class WorkloadStatus(KubernetesObject, frozen=True):
    """status of a Deployment or DaemonSet; the fields of both."""

    replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    desired_number_scheduled: int = 0
    number_ready: int = 0
    number_available: int = 0
    conditions: tuple[Condition, ...] | None = None


class Workload(KubernetesObject, frozen=True):
    """A Deployment or DaemonSet."""

    metadata: Metadata
    kind: str = ""
    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus = WorkloadStatus()

    @property
    def subject(self) -> Subject:
        """The workload as the subject of findings."""
        kind = Kind.DAEMON_SET if self.kind == "DaemonSet" else Kind.DEPLOYMENT
        return Subject(kind, self.metadata.name, self.metadata.namespace)


class JobTemplateSpec(KubernetesObject, frozen=True):
    """spec of the Jobs that a CronJob makes."""

    template: PodTemplate = PodTemplate()


class JobTemplate(KubernetesObject, frozen=True):
    """spec.jobTemplate of a CronJob."""

    spec: JobTemplateSpec = JobTemplateSpec()


class PodOwnerSpec(KubernetesObject, frozen=True):
    """spec of what makes pods."""

    replicas: int | None = None
    parallelism: int | None = None
    completions: int | None = None
    suspend: bool = False
    template: PodTemplate = PodTemplate()
    job_template: JobTemplate | None = None
    volume_claim_templates: tuple[PersistentVolumeClaim, ...] | None = None


class PodOwnerStatus(KubernetesObject, frozen=True):
    """status of what makes pods; the fields of all kinds."""

    replicas: int = 0
    active: int = 0
    succeeded: int = 0
    desired_number_scheduled: int = 0
    current_number_scheduled: int = 0
    last_schedule_time: str | None = None
    conditions: tuple[Condition, ...] | None = None


class PodOwner(KubernetesObject, frozen=True):
    """A Deployment, ReplicaSet, StatefulSet, DaemonSet, Job or CronJob, by what it says of its pods."""

    metadata: Metadata
    kind: str = ""
    spec: PodOwnerSpec = PodOwnerSpec()
    status: PodOwnerStatus = PodOwnerStatus()

    @property
    def name(self) -> str:
        """`StatefulSet default/trainer`; of a ReplicaSet the Deployment that made it."""
        namespace = self.metadata.namespace
        for reference in self.metadata.owner_references or ():
            if reference.kind == "Deployment":
                return f"Deployment {namespace}/{reference.name}"
        return f"{self.kind} {namespace}/{self.metadata.name}"

    @property
    def pod_spec(self) -> PodSpec:
        """What it says of each of its pods."""
        return (self.spec.job_template.spec if self.spec.job_template else self.spec).template.spec

    def lacks_pods(self, since: str) -> bool:
        """Whether it still wants more pods than it has; `since` is the time of the refusal."""
        spec, status = self.spec, self.status
        if self.kind == "CronJob":
            return (status.last_schedule_time or "") <= since
        if self.kind == "Job":
            wanted = spec.completions if spec.completions is not None else 1
            return status.active == 0 and status.succeeded < wanted and not self._is_at_rest
        if self.kind == "DaemonSet":
            return status.current_number_scheduled < status.desired_number_scheduled
        return status.replicas < (1 if spec.replicas is None else spec.replicas)

    @property
    def _is_at_rest(self) -> bool:
        """A Job that makes no more pods: it is suspended, complete, or has failed by its own count."""
        ended = ("Complete", "SuccessCriteriaMet", "Failed", "FailureTarget", "Suspended")
        return self.spec.suspend or any(c.type in ended and c.status == "True" for c in self.status.conditions or ())

    @property
    def failure(self) -> Condition | None:
        """What it says itself of pods that it could not make; of the two of a Deployment both say so.

        Source: Kubernetes v1.34 pkg/controller/replicaset (ReplicaFailure); pkg/controller/deployment/sync.go.
        """
        own = (c for c in self.status.conditions or () if c.type == "ReplicaFailure" and c.status == "True")
        return next(own, None)

    @property
    def claim_names(self) -> tuple[str, ...]:
        """The claims that its pods name, those of templates included, by pod."""
        made = (
            f"{template.metadata.name}-{self.metadata.name}-{number}"
            for template in self.spec.volume_claim_templates or ()
            for number in range(min(1 if self.spec.replicas is None else self.spec.replicas, 100))
        )
        return (*self.pod_spec.claim_names, *made)


class ServicePort(KubernetesObject, frozen=True):
    """One of spec.ports of a Service."""

    port: int = 0
    protocol: str = "TCP"
    target_port: int | str = ""


class ServiceSpec(KubernetesObject, frozen=True):
    """spec of a Service."""

    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    ports: tuple[ServicePort, ...] | None = None
    selector: dict[str, str] | None = None
    internal_traffic_policy: str = ""
    """`Local` sends to pods of the sender's own node alone."""


class Service(KubernetesObject, frozen=True):
    """A Service."""

    metadata: Metadata
    spec: ServiceSpec = ServiceSpec()


class EndpointConditions(KubernetesObject, frozen=True):
    """Conditions of one endpoint; a readiness that is not said counts as ready."""

    ready: bool | None = None


class Endpoint(KubernetesObject, frozen=True):
    """One endpoint of a Service."""

    addresses: tuple[str, ...] | None = None
    conditions: EndpointConditions = EndpointConditions()


class EndpointPort(KubernetesObject, frozen=True):
    """A port of the endpoints of a slice."""

    port: int | None = None
    protocol: str = "TCP"


class EndpointSlice(KubernetesObject, frozen=True):
    """A part of a Service's endpoints."""

    metadata: Metadata
    address_type: str = ""
    endpoints: tuple[Endpoint, ...] | None = None
    ports: tuple[EndpointPort, ...] | None = None


class LeaseSpec(KubernetesObject, frozen=True):
    """spec of a Lease."""

    holder_identity: str | None = None
    renew_time: str | None = None


class Lease(KubernetesObject, frozen=True):
    """Which of several replicas is at work."""

    metadata: Metadata
    spec: LeaseSpec = LeaseSpec()


class ServiceAccount(KubernetesObject, frozen=True):
    """A ServiceAccount."""

    metadata: Metadata

    @property
    def subject(self) -> Subject:
        """The account as the subject of findings."""
        return Subject(Kind.SERVICE_ACCOUNT, self.metadata.name, self.metadata.namespace)

    @property
    def role_arn(self) -> str | None:
        """The IRSA annotation; None when absent."""
        return (self.metadata.annotations or {}).get("eks.amazonaws.com/role-arn")
