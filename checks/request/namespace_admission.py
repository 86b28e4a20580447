"""The namespaces of the claims and of the driver admit what has to be made in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from diag import Draft, Kind, Layer, Subject, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.steps import change, undo
from diag.analysis.admission import Excess, exceeded, out_of_limits, over_quota
from diag.analysis.claims import ClaimCase
from diag.analysis.pod_creation import DRIVER_FORBIDDEN, QUOTA, REFUSED
from diag.model.fix import Fix
from diag.model.unavailable import value_or
from diag.resources.kubernetes import LimitRange, Namespace, PersistentVolumeClaim, ResourceQuota, Workload

LEVEL = "pod-security.kubernetes.io/enforce"
PRIVILEGED = "privileged"
"""Any other word, a misspelt one too, refuses the node plugin. Source: Kubernetes pod-security-admission/api
(a level that cannot be read counts as restricted)."""


@check("namespace-admission", layer=Layer.REQUEST, speaks_for=(REFUSED, QUOTA, DRIVER_FORBIDDEN))
def namespaces_admit_what_is_made_in_them(
    lustre_claims: tuple[ClaimCase, ...],
    controller: Workload | Unavailable,
    node_plugin: Workload | Unavailable,
    namespaces: tuple[Namespace, ...] | Unavailable,
    resource_quotas: tuple[ResourceQuota, ...] | Unavailable,
    limit_ranges: tuple[LimitRange, ...] | Unavailable,
) -> Iterator[Draft]:
    """The namespaces of the claims and of the driver admit what has to be made in them.

    What exists was admitted once. A namespace that is being deleted admits nothing more; a Pod Security level refuses
    the next pod of the privileged node plugin, on a new node first; a quota or a limit that was lowered since refuses
    what is made again. What was refused already the events of its owner tell (check pod-creation).

    pass: nothing speaks against a pod or a claim that is made again
    warn: Pod Security, a quota or a limit range would refuse what is there, were it made again
    fail: a namespace is being deleted, or a quota or a limit range refuses a claim of the manifests
    unknown: claims, namespaces, quotas or limit ranges could not be read
    skip: no claim for Lustre and no driver is in the run
    source: Kubernetes documentation, resource quotas, limit ranges, pod security admission; EKS user guide
    """
    by_place: dict[str, list[PersistentVolumeClaim]] = {}
    for case in lustre_claims:
        by_place.setdefault(case.claim.metadata.namespace, []).append(case.claim)
    halves = [half for half in (controller, node_plugin) if isinstance(half, Workload)]
    places = dict.fromkeys((*by_place, *(half.metadata.namespace for half in halves)))
    if not places:
        yield skip(Subject(Kind.NAMESPACE, "default"), "no claim for Lustre and no driver is in the run")
        return
    known = {one.metadata.name: one for one in value_or(namespaces, ())}
    unread = [one for one in (namespaces, resource_quotas, limit_ranges) if isinstance(one, Unavailable)]
    plugin = "" if isinstance(node_plugin, Unavailable) else node_plugin.metadata.namespace
    for place in places:
        subject, claims = Subject(Kind.NAMESPACE, place), by_place.get(place, [])
        quotas = [one for one in value_or(resource_quotas, ()) if one.metadata.namespace == place]
        limits = [one for one in value_or(limit_ranges, ()) if one.metadata.namespace == place]
        troubles = [
            *_of_namespace(subject, known.get(place), is_plugins=place == plugin, claims=claims),
            *_of_quotas(subject, quotas, claims),
            *_of_limits(limits, claims),
        ]
        yield from troubles
        if unread:
            message = f"what it admits is not fully known: {'; '.join(map(str, unread))}"
            yield unknown(subject, message, because=unread)
        elif not troubles:
            yield ok(subject, "it admits what is in it", rules_out=())


def _of_namespace(
    subject: Subject, namespace: Namespace | None, *, is_plugins: bool, claims: Iterable[PersistentVolumeClaim]
) -> Iterator[Draft]:
    if namespace is None:
        return
    if namespace.status.phase == "Terminating" or namespace.metadata.deletion_timestamp:
        yield fail(subject, "it is being deleted: nothing can be made in it", cause=REFUSED, concerns=claims)
    level = (namespace.metadata.labels or {}).get(LEVEL)
    if is_plugins and level is not None and level != PRIVILEGED:
        message = f"Pod Security level {level!r} is enforced: the next pod of the node plugin will be refused"
        names = {"driver_namespace": subject.name}
        let = f"kubectl label namespace {{driver_namespace}} {LEVEL}={PRIVILEGED} --overwrite"
        back = f"kubectl label namespace {{driver_namespace}} {LEVEL}-"
        fix = Fix((change(let, names, changes="Let privileged pods into the driver's namespace."), undo(back, names)))
        yield warn(subject, message, cause=DRIVER_FORBIDDEN, fix=fix)


def _of_quotas(
    subject: Subject, quotas: Iterable[ResourceQuota], claims: Iterable[PersistentVolumeClaim]
) -> Iterator[Draft]:
    planned = [claim for claim in claims if not claim.metadata.uid]
    for quota in quotas:
        refused = list(over_quota(planned, quota)) if planned else []
        if refused:
            yield fail(planned[0], f"it will be refused: {_listed(refused)}", cause=QUOTA, concerns=planned)
        elif found := list(exceeded(quota)):
            message = f"{_listed(found)}: what goes is not made again"
            yield warn(subject, message, cause=QUOTA)


def _of_limits(limits: Iterable[LimitRange], claims: Iterable[PersistentVolumeClaim]) -> Iterator[Draft]:
    for claim in claims:
        for one in limits:
            if (why := out_of_limits(claim, one)) and not claim.metadata.uid:
                yield fail(claim, f"it will be refused: {why}", cause=REFUSED)
            elif why:
                yield warn(claim, f"{why}: made again, it is refused", cause=REFUSED)


def _listed(found: Iterable[Excess]) -> str:
    return "; ".join(map(str, found))
