"""botocore's service models, read quickly, and without any operation that could change something.

Import it only where boto3 is loaded anyway: it brings botocore in.
"""

from __future__ import annotations

import functools
import os
import zlib
from pathlib import Path
from typing import Any

import msgspec
from botocore.loaders import Loader

from diag.decode import decode_json

READING = ("Describe", "Get", "List", "Simulate", "BatchGet", "Filter", "Head", "Lookup", "Search")
"""How operations that change nothing are called. Source: IAM's own naming of read and list actions."""

ALLOWED = {"ssm": frozenset({"SendCommand", "CancelCommand"})}
"""What else is called: the constant read-only script of `--via ssm`."""

_ENDINGS = (".json", ".json.gz")
_GZIP = 31
"""zlib's wbits for a gzip header."""


class ReadOnlyModels(Loader):  # type: ignore[misc]
    """botocore's loader over model files as read below."""

    def __init__(self, data_path: str = "") -> None:
        """`data_path` as in AWS_DATA_PATH or the profile's data_path."""
        paths = [os.path.expanduser(os.path.expandvars(path)) for path in data_path.split(os.pathsep) if path]  # noqa: PTH111
        super().__init__(extra_search_paths=paths, file_loader=_ModelFiles())

    def list_available_services(self, type_name: str) -> list[str]:
        """The folders of the search paths. botocore looks into each of its 400 to see what it holds: 40 ms."""
        return list(_folders_in(tuple(self.search_paths)))


@functools.cache
def _folders_in(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Read once: a client asks several times."""
    return tuple(sorted({name for path in paths if os.path.isdir(path) for name in os.listdir(path)}))  # noqa: PTH112, PTH208


class _ModelFiles:
    """Reads a model file, packed or not. EC2's has 4 MB and 4,400 shapes, of which a run uses a few dozen: what is not
    asked for stays JSON."""

    def exists(self, file_path: str) -> bool:
        """Whether there is such a model; the path has no extension."""
        return any(Path(file_path + ending).is_file() for ending in _ENDINGS)

    def load_file(self, file_path: str) -> Any | None:
        """The model, None when there is none."""
        return _read(file_path)


@functools.cache
def _read(file_path: str) -> Any | None:
    """The model, read once: each look of `run --wait` has a session of its own, and models do not change."""
    for ending in _ENDINGS:
        try:
            raw = Path(file_path + ending).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        raw = zlib.decompress(raw, _GZIP) if ending.endswith(".gz") else raw
        path = Path(file_path)
        return _service(raw, path.parent.parent.name) if path.name == "service-2" else msgspec.json.decode(raw)
    return None


def _service(raw: bytes, service: str) -> dict[str, Any]:
    """A service's model with its reading operations alone: a client has no method for any other."""
    model = decode_json(raw, dict[str, msgspec.Raw])
    also = ALLOWED.get(service, frozenset())
    operations = decode_json(model.pop("operations", msgspec.Raw(b"{}")), dict[str, msgspec.Raw])
    shapes = decode_json(model.pop("shapes", msgspec.Raw(b"{}")), dict[str, msgspec.Raw])
    return {
        **{key: msgspec.json.decode(value) for key, value in model.items()},
        "operations": _Unread((n, o) for n, o in operations.items() if n.startswith(READING) or n in also),
        "shapes": _Unread(shapes),
    }


class _Unread(dict[str, Any]):
    """A mapping whose values are decoded when they are first read."""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if isinstance(value, msgspec.Raw):
            value = self[key] = msgspec.json.decode(value)
        return value

    def get(self, key: str, default: Any = None) -> Any:
        """As of a dict."""
        return self[key] if key in self else default  # noqa: SIM401 - it would call itself

    def values(self) -> Any:
        """As of a dict."""
        return [self[key] for key in self]

    def items(self) -> Any:
        """As of a dict."""
        return [(key, self[key]) for key in self]
