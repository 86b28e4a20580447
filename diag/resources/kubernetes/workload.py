"""Deployments, DaemonSets and service accounts."""

from __future__ import annotations

from diag.model.subject import Kind, Subject
from diag.resources.kubernetes.meta import Condition, KubernetesObject, LabelSelector, Metadata
from diag.resources.kubernetes.pod import PodSpec


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
