"""botocore's service models, read quickly, and without any operation that could change something.

Import it only where boto3 is loaded anyway: it brings botocore in.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any

import msgspec
from botocore.loaders import Loader

SERVICES = ("ec2", "eks", "fsx", "iam", "s3", "ssm", "sts")
"""The services that facts and nodes are read from."""

READING = ("Describe", "Get", "List", "Simulate")
"""How operations that change nothing are called. Source: IAM's own naming of read and list actions."""

ALLOWED = {"ssm": frozenset({"SendCommand", "CancelCommand"})}
"""What else is called: the constant read-only script of `--via ssm`."""

_GZIP = 31
"""zlib's wbits for a gzip header."""


class ReadOnlyModels(Loader):  # type: ignore[misc]
    """Models of the services above alone: botocore looks into its 400 folders to learn which there are."""

    def __init__(self, data_path: str = "") -> None:
        """`data_path` as in AWS_DATA_PATH or the profile's data_path."""
        paths = [os.path.expanduser(os.path.expandvars(path)) for path in data_path.split(os.pathsep) if path]  # noqa: PTH111
        super().__init__(extra_search_paths=paths, file_loader=_ModelFiles())

    def list_available_services(self, type_name: str) -> list[str]:
        """The services of this tool."""
        return list(SERVICES)

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        """The model; of `service-2`, the reading operations alone. A client has no method for any other."""
        model = super().load_service_model(service_name, type_name, api_version)
        if type_name == "service-2":
            also = ALLOWED.get(service_name, frozenset())
            operations = model["operations"]
            reading = {name: operations[name] for name in operations if name.startswith(READING) or name in also}
            return {**model, "operations": reading}
        return model


class _ModelFiles:
    """Reads a model file, packed or not: a third of the time of the json module's ordered dicts (EC2: 4 MB)."""

    def exists(self, file_path: str) -> bool:
        """Whether there is such a model; the path has no extension."""
        return any(Path(file_path + ending).is_file() for ending in (".json", ".json.gz"))

    def load_file(self, file_path: str) -> Any | None:
        """The model, None when there is none."""
        for ending in (".json", ".json.gz"):
            try:
                raw = Path(file_path + ending).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                continue
            return msgspec.json.decode(zlib.decompress(raw, _GZIP) if ending == ".json.gz" else raw)
        return None
