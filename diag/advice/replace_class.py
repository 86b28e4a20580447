"""The commands that change a StorageClass, whose parameters cannot be edited."""

from __future__ import annotations

import shlex

from diag.model.finding import Fix
from diag.resources.kubernetes import StorageClass


def replace_class(storage_class: StorageClass, change: str) -> Fix:
    """Make the class anew with one change. Volumes that exist keep what they have; waiting claims are tried again.

    Source: Kubernetes API validation, StorageClass parameters are immutable.
    """
    name = shlex.quote(storage_class.metadata.name)
    return Fix(
        (
            f"kubectl get storageclass {name} -o yaml > {name}.yaml && cp {name}.yaml {name}.backup.yaml",
            f"kubectl replace --force -f {name}.yaml",
        ),
        f"before the second command {change} in {storage_class.metadata.name}.yaml; only new volumes notice",
        f"kubectl replace --force -f {name}.backup.yaml",
    )
