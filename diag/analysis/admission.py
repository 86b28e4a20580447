"""What a namespace would refuse to admit: pods and claims over its quotas and limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec

from diag.analysis.binding import class_of
from diag.resources.kubernetes import LimitRange, PersistentVolumeClaim, ResourceQuota
from diag.resources.quantity import number_of

STORAGE, CLAIMS, PODS = "requests.storage", "persistentvolumeclaims", "pods"
_OF_CLASS = ".storageclass.storage.k8s.io/"
"""`<class>.storageclass.storage.k8s.io/requests.storage`. Source: Kubernetes documentation, resource quotas."""


class Excess(msgspec.Struct, frozen=True):
    """A quota with more in use than it grants, so that what goes is not made again."""

    quota: str
    resource: str
    used: str
    hard: str

    def __str__(self) -> str:
        return f"quota {self.quota} grants {self.resource}={self.hard}, and {self.used} are in use"


def exceeded(quota: ResourceQuota) -> Iterator[Excess]:
    """What of a quota is used beyond its limit, of all that pods with a claim take."""
    used = quota.status.used or {}
    for resource, hard in (quota.spec.hard or {}).items():
        now, most = number_of(used.get(resource, "0")), number_of(hard)
        if _is_taken(resource) and now is not None and most is not None and now > most:
            yield Excess(quota.metadata.name, resource, used[resource], hard)


def _is_taken(resource: str) -> bool:
    bare = resource.removeprefix("count/").rpartition(_OF_CLASS)[2] or resource
    return bare in (STORAGE, CLAIMS, PODS)


def over_quota(claims: Iterable[PersistentVolumeClaim], quota: ResourceQuota) -> Iterator[Excess]:
    """What of a quota claims that are not made yet would exceed."""
    wanted = tuple(claims)
    used = quota.status.used or {}
    for resource, hard in (quota.spec.hard or {}).items():
        more = _taken_by(wanted, resource)
        now, most = number_of(used.get(resource, "0")), number_of(hard)
        if more and now is not None and most is not None and now + more > most:
            yield Excess(
                quota.metadata.name, resource, f"{used.get(resource, '0')}, with these claims {now + more:f}", hard
            )


def _taken_by(claims: Iterable[PersistentVolumeClaim], resource: str) -> Decimal:
    name, of_class, what = resource.removeprefix("count/").rpartition(_OF_CLASS)
    counted = [claim for claim in claims if not of_class or class_of(claim) == name]
    if what == CLAIMS:
        return Decimal(len(counted))
    return sum((_size(claim) for claim in counted), Decimal(0)) if what == STORAGE else Decimal(0)


def _size(claim: PersistentVolumeClaim) -> Decimal:
    return number_of((claim.spec.resources.requests or {}).get("storage", "0")) or Decimal(0)


def out_of_limits(claim: PersistentVolumeClaim, limits: LimitRange) -> str:
    """Why a LimitRange would not admit the claim; empty when it would."""
    asked = (claim.spec.resources.requests or {}).get("storage", "0")
    for item in limits.spec.limits or ():
        if item.type != "PersistentVolumeClaim":
            continue
        if _is_beyond(asked, item.max, 1):
            return f"limit range {limits.metadata.name} lets a claim ask for {(item.max or {})['storage']} at most"
        if _is_beyond(asked, item.min, -1):
            return f"limit range {limits.metadata.name} wants a claim to ask for {(item.min or {})['storage']} at least"
    return ""


def _is_beyond(asked: str, bound: Mapping[str, str] | None, sign: int) -> bool:
    size, limit = number_of(asked), number_of((bound or {}).get("storage", ""))
    return size is not None and limit is not None and sign * (size - limit) > 0
