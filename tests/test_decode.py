"""Types are built before two threads need them: msgspec 0.22 dies of a segmentation fault otherwise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from diag.decode import convert, decode_json, decoder_of

ROOT = Path(__file__).parents[1]
PROCESSES = int(os.environ.get("STRESS", "8"))
"""Fresh processes of the stress test; `make stress` takes 200."""

RACE = """
import importlib, json, pkgutil, sys, threading
import msgspec
import diag.resources
from diag import decode

for module in pkgutil.walk_packages(diag.resources.__path__, "diag.resources."):
    importlib.import_module(module.name)

def structs(base):
    for struct in base.__subclasses__():
        yield struct
        yield from structs(struct)

def plain(data, shape):
    return msgspec.json.decode(data, type=shape)

decode_json = decode.decode_json if sys.argv[1] == "ours" else plain
values = ({}, [{}], "x")
documents = [
    (shape, [json.dumps({field: value}).encode() for field in shape.__struct_encode_fields__ for value in values])
    for shape in structs(msgspec.Struct)
    if shape.__module__.startswith("diag.resources.")
]
assert len(documents) > 100
together = threading.Barrier(4)

def work():
    for shape, texts in documents:
        together.wait()
        for text in texts:
            try:
                decode_json(text, shape)
            except (msgspec.ValidationError, TypeError):
                pass

sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def ends(way: str, processes: int) -> Iterator[int]:
    """The exit codes of fresh processes in which four threads use every struct for the first time together."""
    for _ in range(processes):
        yield subprocess.run([sys.executable, "-c", RACE, way], cwd=ROOT, check=False, timeout=120).returncode


def test_no_fresh_process_dies() -> None:
    assert set(ends("ours", PROCESSES)) == {0}


@pytest.mark.skipif("STRESS" not in os.environ, reason="what this guards against; with `make stress`")
def test_msgspec_by_itself_does_die() -> None:
    """When it no longer does, diag/decode.py has had its day."""
    assert -11 in ends("plain", PROCESSES)


def test_everything_is_decoded_in_the_one_place() -> None:
    typed = re.compile(r"msgspec\.(convert\(|\w+\.Decoder\(|\w+\.decode\([^()]*(\([^()]*\)[^()]*)*type=)")
    files = [path for folder in ("diag", "checks") for path in (ROOT / folder).rglob("*.py")]
    assert [path.name for path in files if typed.search(path.read_text())] == ["decode.py"]


class Pair(msgspec.Struct):
    one: int
    two: str = ""


def test_a_document_and_a_plain_value_as_a_typed_one() -> None:
    assert decode_json(b'{"one": 1}', Pair) == convert({"one": 1}, Pair) == Pair(1)
    assert convert({"one": "1"}, Pair, strict=False) == Pair(1)
    assert decoder_of(Pair) is decoder_of(Pair)
    with pytest.raises(msgspec.ValidationError):
        decode_json(b'{"one": "x"}', Pair)
    with pytest.raises(msgspec.ValidationError):
        convert({"one": "1"}, Pair)
