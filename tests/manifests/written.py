"""Writes manifests of a test into a folder and reads them as a run does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from diag.resources.manifests import ManifestSet, Problem
from diag.sources.manifests.reader import read_manifests

VOLUME = """\
apiVersion: v1
kind: PersistentVolume
metadata:
  name: fsx-pv
spec:
  capacity:
    storage: 1200Gi
  accessModes: [ReadWriteMany]
  csi:
    driver: fsx.csi.aws.com
    volumeHandle: fs-0123456789abcdef0
    volumeAttributes:
      dnsname: fs-0123456789abcdef0.fsx.ap-northeast-2.amazonaws.com
      mountname: abcdebev
"""

CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: fsx-pvc
spec:
  accessModes: [ReadWriteMany]
  volumeName: fsx-pv
  resources:
    requests:
      storage: 1200Gi
"""


def read(folder: Path, text: str, name: str = "given.yaml") -> ManifestSet:
    """The set that one file makes."""
    path = folder / name
    path.write_text(text)
    return read_manifests((str(path),))


def problems(manifests: ManifestSet) -> tuple[Problem, ...]:
    """What could not be read of all files."""
    return tuple(problem for file in manifests.files for problem in file.problems)


def plan(*resources: dict[str, Any], references: dict[str, dict[str, list[str]]] | None = None) -> str:
    """A `terraform show -json` document: resources as `address`, `type`, `values`, and who refers to whom."""
    configured = {
        address: {key: {"references": named} for key, named in expressions.items()}
        for address, expressions in (references or {}).items()
    }
    changes = [{"address": r["address"], "change": {"actions": ["create"], "after_unknown": r.get("unknown", {})}}
               for r in resources]  # fmt: skip
    shown = [{"address": r["address"], "mode": "managed", "type": r["type"], "values": r["values"]} for r in resources]
    document = {
        "format_version": "1.2",
        "terraform_version": "1.13.0",
        "planned_values": {"root_module": {"resources": shown}},
        "resource_changes": changes,
        "configuration": {
            "root_module": {
                "resources": [
                    {"address": r["address"], "type": r["type"], "expressions": configured.get(r["address"], {})}
                    for r in resources
                ]
            }
        },
    }
    return json.dumps(document)
