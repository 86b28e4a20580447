"""A claim that names no StorageClass gets Lustre's where Lustre's is a default."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, check, fail, ok, warn
from diag.advice.replace_claim import replace_claim
from diag.advice.steps import change, undo
from diag.analysis.planned import DEFAULT_CLASS, default_class
from diag.grammar.command import Verbatim
from diag.resources.kubernetes import FSX_DRIVER, Event, PersistentVolumeClaim, StorageClass


@check("default-class", layer=Layer.REQUEST, speaks_for="claim-volume-mismatch")
def lustre_is_no_default_beside_another(
    storage_classes: tuple[StorageClass, ...],
    claims: tuple[PersistentVolumeClaim, ...],
    claim_events: tuple[Event, ...],
) -> Iterator[Draft]:
    """A StorageClass of Lustre is not the cluster's default beside that of another driver.

    Of several default classes a claim that names none gets the newest, whoever's it is. A claim that was meant for
    Lustre then waits for a driver that cannot share a volume, and one that was not costs a file system.

    pass: it is the only default
    warn: there are several
    fail: there are several, and a claim that wants to share got the class of the other driver and stays Pending
    unknown: claims, classes or events could not be read
    source: Kubernetes documentation, storage classes, default StorageClass; changing the default
    """
    defaults = [one for one in storage_classes if any(one.metadata.annotation(key) == "true" for key in DEFAULT_CLASS)]
    chosen = default_class(defaults)
    newest = next((one for one in defaults if one.metadata.name == chosen), None)
    failed = {event.involved_object.name for event in claim_events if event.reason == "ProvisioningFailed"}
    for ours in defaults:
        if ours.provisioner != FSX_DRIVER or newest is None:
            continue
        others = [one.metadata.name for one in defaults if one is not ours]
        if not others:
            yield ok(ours, "it is the only default class", rules_out=())
            continue
        message = f"{', '.join(others)} is the default class too; a claim that names none gets {newest.metadata.name}"
        lost = [
            claim
            for claim in claims
            if claim.spec.storage_class_name == newest.metadata.name
            and newest.provisioner != FSX_DRIVER
            and claim.status.phase in ("", "Pending")
            and "ReadWriteMany" in (claim.spec.access_modes or ())
            and claim.metadata.name in failed
        ]
        key = f"{DEFAULT_CLASS[0]}={{value}}"
        names = {"storage_class": ours.metadata.name}
        command = f"kubectl annotate storageclass {{storage_class}} --overwrite {key}"
        only = change(command.replace("{value}", "false"), names, changes="Leave one default class.")
        back = undo(command.replace("{value}", "true"), names)
        for claim in lost:
            replaced = replace_claim(claim, {"storageClassName": Verbatim(ours.metadata.name)})
            text = f"it got the class {newest.metadata.name} of {newest.provisioner}, which does not share: {message}"
            yield fail(claim, text, fix=Fix((only, *replaced.steps, back)), concerns=(ours,))
        if not lost:
            yield warn(ours, message, cause="claim-volume-mismatch", fix=Fix((only, back)))
