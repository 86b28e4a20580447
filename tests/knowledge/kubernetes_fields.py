"""What the Kubernetes client's models say of the objects that are read, as the table that ships with the package.

`python -m tests.knowledge.kubernetes_fields` prints the table of the installed client; `--write` puts it in its place.
"""

from __future__ import annotations

import datetime
import re
import sys
from pathlib import Path

import kubernetes
from kubernetes.client import models

TABLE = Path(__file__).parents[2] / "diag" / "knowledge" / "tables" / "kubernetes_fields.toml"
KINDS = ("PersistentVolume", "PersistentVolumeClaim", "StorageClass", "ServiceAccount", "Pod", "Deployment",
         "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob")  # fmt: skip
QUANTITIES = {"capacity", "requests", "limits", "overhead", "allocatedResources", "sizeLimit", "divisor"}
"""Texts that the API takes as numbers too; the client's models do not say so. Source: Kubernetes API, Quantity."""
_TYPE = re.compile(r"\b[A-Z]\w*V\d\w*|\bV\d\w+")
_PLAIN = {"datetime": "str", "object": "any"}


def types() -> dict[str, dict[str, str]]:
    """Every type that one of the kinds is made of: its fields with their types. A status is nobody's to write."""
    found: dict[str, dict[str, str]] = {}
    waiting = [f"V1{kind}" for kind in KINDS]
    while waiting:
        name = waiting.pop(0)
        if name in found:
            continue
        model = getattr(models, name)
        found[name] = {}
        for attribute, written in model.openapi_types.items():
            field = model.attribute_map[attribute]
            shape = "any" if field in ("status", "managedFields") else _short(field, written)
            found[name][field] = shape
            waiting += _TYPE.findall(shape)
    return dict(sorted(found.items()))


def _short(field: str, written: str) -> str:
    inner = written.removeprefix("List[").removeprefix("Dict[str, ").rstrip("]")
    plain = "quantity" if field in QUANTITIES and inner == "str" else _PLAIN.get(inner, inner)
    return f"[{plain}]" if written.startswith("List") else f"{{{plain}}}" if written.startswith("Dict") else plain


def table(date: str) -> str:
    """The table's text."""
    major = kubernetes.__version__.partition(".")[0]
    lines = [
        "# The fields of the Kubernetes objects that are read, with their types. Extracted, not written by hand:",
        "# python -m tests.knowledge.kubernetes_fields --write",
        "",
        f'date = "{date}"',
        f'source = "Kubernetes 1.{major} OpenAPI (kubernetes client {kubernetes.__version__})"',
        "",
        "[types]",
    ]
    for name, fields in types().items():
        lines.append(f"{name} = '{' '.join(f'{field}={shape}' for field, shape in sorted(fields.items()))}'")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = table(datetime.datetime.now(datetime.UTC).date().isoformat())
    if "--write" in sys.argv[1:]:
        TABLE.write_text(text)
    else:
        print(text, end="")
