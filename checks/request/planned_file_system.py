"""FSx makes the file systems that a plan, template or skeleton asks for."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Unavailable, check, fail, ok, warn
from diag.advice.steps import advise
from diag.grammar.unfilled import is_stand_in
from diag.knowledge.fsx_create import bucket_of, fsx_model, refusals, taken_values
from diag.resources.manifests import ManifestSet, PlannedFileSystem, spelt

INVALID, UNFILLED = "storageclass-invalid-value", "unexpanded-variable"


@check("planned-file-system", layer=Layer.REQUEST,
       speaks_for=(INVALID, "invalid-throughput-parameter", "efa-requirements", UNFILLED))  # fmt: skip
def planned_file_systems_can_be_made(manifest_set: ManifestSet | Unavailable) -> Iterator[Draft]:
    """FSx makes the file systems that a plan, template or skeleton asks for.

    The same rules as for a StorageClass: deployment type, throughput, storage type, capacity, metadata IOPS, EFA,
    version, S3 paths, backups. A value that is known only after apply breaks none.

    pass: FSx takes every value and combination, as far as they are known
    warn: a combination is only known not to work by reasoning
    fail: FSx refuses a value or a combination, or a value was never filled in
    source: fsx 2018-03-01 CreateFileSystem; FSx for Lustre User Guide
    """
    for planned in () if isinstance(manifest_set, Unavailable) else manifest_set.file_systems:
        yield from _judge(planned)


def _judge(planned: PlannedFileSystem) -> Iterator[Draft]:
    def spell(member: str) -> str:
        return spelt(member, planned.spelling)

    unfilled = [member for member, value in planned.request.items() if _is_open(member, value)]
    for member in unfilled:
        message = f"{spell(member)} is {planned.request[member]!r}, which was never filled in"
        yield fail(planned, message, cause=UNFILLED, fix=_correct(spell(member)))
    known = {member: value for member, value in planned.request.items() if member not in unfilled}
    found = refusals(known, (*planned.open_members, *unfilled), spell)
    for refusal in found:
        say = fail if refusal.is_certain_for(planned.maker) else warn
        yield say(planned, refusal.message, refusal.source, cause=refusal.cause, fix=_correct(spell(refusal.member)))
    if not found and not unfilled:
        yield ok(planned, f"FSx takes its {len(known)} value(s)", rules_out=())


def _is_open(member: str, value: str) -> bool:
    row = fsx_model().members.get(member)
    is_text = row is None or (row.type == "string" and value not in taken_values(member))
    return is_text and any(is_stand_in(part) for item in value.split(",") for part in (item, bucket_of(item)))


def _correct(key: str) -> Fix:
    return advise("Correct {parameter} before it is applied; most values of a file system cannot be changed later.",
                  {"parameter": key})  # fmt: skip
