"""What every controller works with: objects to read and write, the clock, and events."""

import datetime
import uuid
from collections.abc import Callable
from typing import Any

from tests.lab.kubernetes.resources import named, of_object
from tests.lab.kubernetes.world import Cluster, Object


class Desk:
    """One cluster, as its controllers see it."""

    def __init__(self, cluster: Cluster, clock: Callable[[], datetime.datetime]) -> None:
        self.cluster = cluster
        self.clock = clock

    def now(self) -> str:
        """The time as Kubernetes writes it."""
        return self.clock().strftime("%Y-%m-%dT%H:%M:%SZ")

    def all(self, plural: str, namespace: str = "") -> list[Object]:
        """The live objects of a resource."""
        return list(self.cluster.all(plural, namespace))

    def find(self, plural: str, name: str, namespace: str = "") -> Object | None:
        """A live object, None when there is none."""
        return self.cluster.find(named(plural), name, namespace)

    def add(self, obj: Object) -> Object:
        """Stores a new object of a controller's."""
        obj["metadata"].setdefault("uid", str(uuid.uuid4()))
        obj["metadata"].setdefault("creationTimestamp", self.now())
        self.cluster.add(obj)
        return obj

    def touch(self, obj: Object) -> None:
        """Makes an edit in place a write."""
        self.cluster.touch(obj)

    def remove(self, obj: Object) -> None:
        """Takes an object away; a second time does nothing."""
        resource, metadata = of_object(obj["apiVersion"], obj["kind"]), obj["metadata"]
        if self.cluster.find(resource, metadata["name"], metadata.get("namespace", "")) is obj:
            self.cluster.remove(resource.qualified, metadata["name"], metadata.get("namespace", ""))

    def set(self, obj: Object, key: str, value: Any) -> None:
        """Sets a part of an object, and writes it when that changes something."""
        if obj.get(key) != value:
            obj[key] = value
            self.touch(obj)

    def event(self, about: Object, reason: str, text: str, component: str, *, kind: str = "Warning") -> None:
        """Records an event once, and counts it on when it is repeated."""
        metadata = about["metadata"]
        namespace = metadata.get("namespace", "default")
        mark = uuid.uuid5(uuid.NAMESPACE_OID, f"{metadata['uid']} {reason} {text} {component}").hex[:16]
        name, now = f"{metadata['name']}.{mark}", self.now()
        present = self.find("events", name, namespace)
        if present is not None:
            present["count"], present["lastTimestamp"] = present.get("count", 1) + 1, now
            return
        host = about.get("spec", {}).get("nodeName", "") if component == "kubelet" else ""
        self.add(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name, "namespace": namespace},
                "involvedObject": {
                    "apiVersion": about["apiVersion"],
                    "kind": about["kind"],
                    "name": metadata["name"],
                    "namespace": namespace,
                    "uid": metadata["uid"],
                },
                "reason": reason,
                "message": text,
                "type": kind,
                "count": 1,
                "eventTime": None,
                "firstTimestamp": now,
                "lastTimestamp": now,
                "source": {"component": component} | ({"host": host} if host else {}),
                "reportingComponent": component,
                "reportingInstance": host,
            }
        )
