"""The objects of one cluster, as the API server stores them."""

import copy
import pickle
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.lab.kubernetes.resources import EVENTS_V1, Resource, named, of_object

Object = dict[str, Any]
_Key = tuple[str, str]
_HISTORY = 4000
"""How many changes are kept for watches."""


@dataclass(frozen=True)
class Change:
    """One write, as a watch reports it: ADDED, MODIFIED or DELETED."""

    revision: int
    kind: str
    resource: Resource
    obj: Object


class Cluster:
    """Objects by resource, namespace and name, in the order a list returns them.

    A collection may be replaced by a lazy sequence: that is how thousands of nodes are served without being kept.
    """

    def __init__(self) -> None:
        self._objects: dict[Resource, dict[_Key, Object]] = {}
        self._lazy: dict[Resource, Sequence[Object]] = {}
        self._revision = 1000
        self._history: deque[Change] = deque(maxlen=_HISTORY)

    def add(self, *objects: Object) -> None:
        """Stores objects; uid and resourceVersion are made where they are absent."""
        for obj in objects:
            metadata = obj["metadata"]
            metadata.setdefault("uid", str(uuid.uuid5(uuid.NAMESPACE_OID, f"{obj['kind']}/{self._revision + 1}")))
            resource = of_object(obj["apiVersion"], obj["kind"])
            self._objects.setdefault(resource, {})[metadata.get("namespace", ""), metadata["name"]] = obj
            self._record("ADDED", resource, obj)

    def touch(self, obj: Object) -> None:
        """Makes an edit in place a write: a new resourceVersion, which watches see."""
        self._record("MODIFIED", of_object(obj["apiVersion"], obj["kind"]), obj)

    def changes(self, after: int) -> list[Change]:
        """The writes that came after a revision."""
        return [change for change in self._history if change.revision > after]

    def everything(self) -> list[Object]:
        """Every stored object."""
        return [obj for stored in self._objects.values() for obj in stored.values()]

    def _record(self, kind: str, resource: Resource, obj: Object) -> None:
        self._revision += 1
        obj["metadata"]["resourceVersion"] = str(self._revision)
        self._history.append(Change(self._revision, kind, resource, copy.deepcopy(obj)))

    def serve_lazily(self, plural: str, objects: Sequence[Object]) -> None:
        """Serves a resource from a sequence that makes its objects when they are asked for."""
        self._lazy[named(plural)] = objects

    def get(self, plural: str, name: str, namespace: str = "") -> Object:
        """The live object, to be read or edited in place.

        Raises:
            KeyError: there is none.
        """
        return self._objects.get(named(plural), {})[namespace, name]

    def find(self, resource: Resource, name: str, namespace: str) -> Object | None:
        """The object a GET names, lazily served ones included."""
        if resource is EVENTS_V1:
            event = self._objects.get(named("events"), {}).get((namespace, name))
            return None if event is None else _as_events_v1(event)
        if resource in self._lazy:
            for obj in self._lazy[resource]:
                metadata = obj["metadata"]
                if metadata["name"] == name and metadata.get("namespace", "") == namespace:
                    return obj
            return None
        return self._objects.get(resource, {}).get((namespace, name))

    def list(self, resource: Resource, namespace: str = "") -> Sequence[Object]:
        """All objects of a resource, of one namespace when it is given, by namespace and name."""
        if resource is EVENTS_V1:
            return [_as_events_v1(event) for event in self.list(named("events"), namespace)]
        if resource in self._lazy:
            lazy = self._lazy[resource]
            return [obj for obj in lazy if obj["metadata"].get("namespace") == namespace] if namespace else lazy
        stored = self._objects.get(resource, {})
        return [stored[key] for key in sorted(stored) if not namespace or key[0] == namespace]

    def all(self, plural: str, namespace: str = "") -> Iterator[Object]:
        """The live objects of a resource, for editing."""
        yield from list(self.list(named(plural), namespace))

    def remove(self, plural: str, name: str, namespace: str = "") -> None:
        """Deletes an object.

        Raises:
            KeyError: there is none.
        """
        resource = named(plural)
        self._record("DELETED", resource, self._objects[resource].pop((namespace, name)))

    def remove_all(self, plural: str, doomed: Iterable[Object]) -> None:
        """Deletes the objects given."""
        for obj in list(doomed):
            self.remove(plural, obj["metadata"]["name"], obj["metadata"].get("namespace", ""))

    @property
    def revision(self) -> str:
        """The resourceVersion of the newest write."""
        return str(self._revision)

    def snapshot(self) -> bytes:
        """Everything stored; lazy collections are kept as the recipe they are."""
        return pickle.dumps((self._objects, self._lazy, self._revision), protocol=pickle.HIGHEST_PROTOCOL)

    def restore(self, snapshot: bytes) -> None:
        """Puts a snapshot back."""
        self._objects, self._lazy, self._revision = pickle.loads(snapshot)
        self._history.clear()


def _as_events_v1(event: Object) -> Object:
    """The same event in the shape of events.k8s.io/v1."""
    converted: Object = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": event["metadata"],
        "eventTime": event.get("eventTime"),
        "reportingController": event.get("reportingComponent", ""),
        "reportingInstance": event.get("reportingInstance", ""),
        "reason": event["reason"],
        "regarding": event["involvedObject"],
        "note": event["message"],
        "type": event["type"],
        "deprecatedSource": event.get("source", {}),
        "deprecatedFirstTimestamp": event.get("firstTimestamp"),
        "deprecatedLastTimestamp": event.get("lastTimestamp"),
        "deprecatedCount": event.get("count"),
    }
    for key in ("series", "action"):
        if key in event:
            converted[key] = event[key]
    return converted
