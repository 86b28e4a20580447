"""What texts themselves tell of their incident: the mount they name, and the named groups of their signatures."""

from __future__ import annotations

from collections.abc import Iterable

from diag.model.symptom import Symptom


def of_symptoms(symptoms: Iterable[Symptom]) -> dict[str, str]:
    """What the texts themselves tell: the mount they name, and the named groups of their signatures."""
    values: dict[str, str] = {}
    for symptom in symptoms:
        mount = symptom.mount
        host, _, name = mount.source.partition("@tcp:/")
        told = {
            "volume": mount.volume, "node": mount.node, "file_system": mount.file_system,
            "dns_name": host if name else "", "mount_name": name.partition("/")[0],
            "volume_subdirectory": name.partition("/")[2],
        }  # fmt: skip
        for key, value in (*told.items(), *(pair for hit in symptom.hits for pair in hit.groups)):
            if value:
                values.setdefault(key, value)
    return values
