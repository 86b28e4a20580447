"""Claims that were made larger, and whether their file system follows."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence

from diag import Draft, Layer, Reason, Table, Unavailable, check, ok, skip, unknown, warn
from diag.advice.driver import reinstall
from diag.advice.steps import advise
from diag.analysis.claims import ClaimCase
from diag.analysis.file_systems import file_system_of
from diag.model.fix import Fix
from diag.model.unavailable import value_or
from diag.resources.eks import Addon
from diag.resources.fsx import AdministrativeAction, FileSystem
from diag.resources.kubernetes import Event, Workload
from diag.resources.quantity import GIB, bytes_of

BETWEEN = datetime.timedelta(hours=6)
"""From one increase to the next. Source: FSx for Lustre user guide, managing-storage-capacity."""

UPDATE, OPTIMIZATION = "FILE_SYSTEM_UPDATE", "STORAGE_OPTIMIZATION"
UNDER_WAY = ("PENDING", "IN_PROGRESS")

RESIZER = "csi-resizer"
"""The container that asks the driver for a claim that was made larger. Source: aws-fsx-csi-driver chart 1.17.0."""

REFUSED = "ControllerResizeInfeasible"
"""The driver said that it will never do it. Source: Kubernetes 1.34 core/v1 ClaimResourceStatus."""


@check("volume-expansion", layer=Layer.FILE_SYSTEM, speaks_for="volume-expansion-failed")
def file_systems_grow_with_their_claims(
    lustre_claims: tuple[ClaimCase, ...],
    file_systems: Table[FileSystem] | Unavailable,
    claim_events: tuple[Event, ...] | Unavailable,
    controller: Workload | Unavailable,
    addons: tuple[Addon, ...] | Unavailable,
    taken_at: str,
) -> Iterator[Draft]:
    """Every claim that was made larger has its size, or gets it.

    Mounted volumes go on working at their old size. FSx takes the next increase six hours after the last one, and
    after it has spread the data over the new disks; a file system of type SCRATCH_1 never grows.

    pass: no claim asks for more than it has; or FSx has grown, or grows at this moment
    warn: FSx cannot grow the file system, or not yet; or it, or the driver, refused; or the controller has no resizer
    unknown: FSx could not be asked; or nothing shows why it does not grow, and events could not be read
    skip: FSx has no such file system
    source: FSx for Lustre user guide, managing-storage-capacity; aws-fsx-csi-driver v1.9.0 ControllerExpandVolume
    """
    refusals = _newest_refusals(claim_events)
    for case in lustre_claims:
        if not case.is_bound or case.volume is None:
            continue
        request, held = _storage(case.claim.spec.resources.requests), _storage(case.claim.status.capacity)
        size, has = bytes_of(request), bytes_of(held)
        if size is None or has is None or size <= has:
            yield ok(case.claim, "it asks for no more than it has", concerns=(case.volume,))
            continue
        known = file_system_of(case.volume, file_systems)
        if isinstance(known, Unavailable):
            if known.reason is Reason.ABSENT:
                yield skip(case.claim, f"it asks for more than it has: {known}", concerns=(case.volume,))
            else:
                message = f"it asks for more than it has, and whether FSx can give it is not known: {known}"
                yield unknown(case.claim, message, because=(known,), concerns=(case.volume,))
            continue
        asked = f"it asks for {request}"
        about = (case.volume, known)
        complaint = refusals.get(case.claim.key, "")
        if (known.storage_capacity or 0) * GIB >= size:
            message = f"{asked}, and {known.id} has {known.storage_capacity} GiB: Kubernetes follows"
            yield ok(case.claim, message, rules_out=(), concerns=about)
        elif is_growing(known.administrative_actions):
            yield ok(case.claim, f"{asked}: FSx updates {known.id} at this moment", rules_out=(), concerns=about)
        elif found := _obstacle(known, taken_at) or _refusal(case, complaint) or _no_resizer(controller, addons):
            why, fix = found
            message = f"{asked}, {known.id} stays at {known.storage_capacity} GiB: {why}"
            yield warn(case.claim, message, cause="volume-expansion-failed", fix=fix, concerns=about)
        elif isinstance(claim_events, Unavailable):
            message = f"{asked}, {known.id} has {known.storage_capacity} GiB; who complains of it is not known"
            yield unknown(case.claim, message, because=(claim_events,), concerns=about)
        else:
            message = f"{asked}, {known.id} has {known.storage_capacity} GiB: nobody has complained yet"
            yield ok(case.claim, message, rules_out=(), concerns=about)


def is_growing(actions: Sequence[AdministrativeAction]) -> bool:
    """Whether FSx is at work on an update, which may be the increase itself."""
    return any(a.administrative_action_type == UPDATE and a.status in UNDER_WAY for a in actions)


Obstacle = tuple[str, Fix]
"""Why it does not grow, and what to do."""

_MOVE = advise("Make a larger file system of another type, and move the data there.", by="the owner of the data")
_WAIT = advise("Change nothing: the resizer repeats the request by itself, and FSx takes it after that.", by="FSx")
_ASK = advise("Correct what FSx's own text names, or ask AWS support.", by="whoever runs the AWS account")
_SIZE = advise(
    "See what the text names; where it is the size, ask for one that FSx has and the limit admits (before Kubernetes"
    " 1.34 a claim is never made smaller again)",
    by="whoever made the claim larger",
)


def _obstacle(file_system: FileSystem, taken_at: str) -> Obstacle | None:
    """Why FSx does not take an increase now; None when nothing shows that it would not."""
    if file_system.lustre.deployment_type == "SCRATCH_1":
        return "a SCRATCH_1 file system never grows", _MOVE
    actions = file_system.administrative_actions
    spreading = next(
        (a for a in actions if a.administrative_action_type == OPTIMIZATION and a.status in UNDER_WAY), None
    )
    if spreading is not None:
        done = f" ({spreading.progress_percent} %)" if spreading.progress_percent is not None else ""
        return f"FSx still spreads the data of the last increase{done}, and takes the next one after that", _WAIT
    updates = sorted(
        ((a.request_time, a) for a in actions if a.administrative_action_type == UPDATE and a.request_time is not None),
        key=lambda pair: pair[0],
    )
    if not updates:
        return None
    last_time, last = updates[-1]
    if last.status == "FAILED":
        detail = last.failure_details.message if last.failure_details else ""
        return f"the last update failed{f': {detail}' if detail else ''}", _ASK
    again = last_time + BETWEEN
    if again > datetime.datetime.fromisoformat(taken_at):
        return f"FSx takes the next increase six hours after the last one, from {again:%Y-%m-%d %H:%M} UTC on", _WAIT
    return None


def _no_resizer(controller: Workload | Unavailable, addons: tuple[Addon, ...] | Unavailable) -> Obstacle | None:
    """Nobody calls the driver where its controller has no resizer beside it."""
    if isinstance(controller, Unavailable) or any(
        RESIZER in container.image or RESIZER in container.name
        for container in controller.spec.template.spec.containers
    ):
        return None
    why = f"{controller.subject} has no container {RESIZER}, so that nobody asks FSx"
    return why, reinstall(controller, next(iter(value_or(addons, ())), None))


def _refusal(case: ClaimCase, complaint: str) -> Obstacle | None:
    said = _storage(case.claim.status.allocated_resource_statuses)
    why = complaint or ("the driver has refused it for good" if said == REFUSED else "")
    return (why, _SIZE) if why else None


def _newest_refusals(events: tuple[Event, ...] | Unavailable) -> dict[tuple[str, str], str]:
    """What the resizer said last of each claim, by (namespace, name)."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for event in () if isinstance(events, Unavailable) else events:
        if event.reason == "VolumeResizeFailed":
            about = event.involved_object
            key = (about.namespace, about.name)
            found[key] = max(found.get(key, ("", "")), (event.last_seen, " ".join(event.message.split())))
    return {key: message for key, (_, message) in found.items()}


def _storage(sizes: Mapping[str, str] | None) -> str:
    return (sizes or {}).get("storage", "")
