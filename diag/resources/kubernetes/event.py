"""Events."""

from __future__ import annotations

from diag.resources.kubernetes.meta import KubernetesObject, Metadata, ObjectReference


class EventSource(KubernetesObject, frozen=True):
    """Who reported an event."""

    component: str = ""
    host: str = ""


class EventSeries(KubernetesObject, frozen=True):
    """How often a series event was seen."""

    count: int = 0
    last_observed_time: str | None = None


class Event(KubernetesObject, frozen=True):
    """A core/v1 event."""

    metadata: Metadata
    type: str = ""
    reason: str = ""
    message: str = ""
    involved_object: ObjectReference = ObjectReference()
    count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: EventSeries | None = None
    source: EventSource = EventSource()
    reporting_instance: str = ""

    @property
    def last_seen(self) -> str:
        """RFC 3339 time of the newest occurrence, empty when the API gives none."""
        series = self.series.last_observed_time if self.series else None
        return series or self.last_timestamp or self.event_time or self.metadata.creation_timestamp or ""

    @property
    def first_seen(self) -> str:
        """RFC 3339 time of the first occurrence."""
        return self.first_timestamp or self.event_time or self.metadata.creation_timestamp or ""
