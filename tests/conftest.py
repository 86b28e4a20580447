"""What all tests share: one lab for each worker, the command against it, and how far property tests search."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.command import Doctor

if TYPE_CHECKING:
    from tests.lab import Lab

# The account and the cluster of whoever runs the tests are none of theirs.
for name in [name for name in os.environ if name.startswith(("AWS_", "KUBECONFIG", "LUSTRE_DOCTOR_"))]:
    del os.environ[name]

# Nor is their home: `collect` keeps a key under the state directory.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="lustre-doctor-state-")

# A gate must not fall by luck: it tries the same examples each time. `make properties` searches widely.
settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("wide", max_examples=3000, deadline=None, print_blob=True)
settings.load_profile("gate")


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the garbage collector, which took a tenth of all time, need not look at it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


LONGEST = (
    "faults", "docs", "runbooks", "lab_tests", "end_to_end", "advice", "fixes", "nodes", "texts", "html", "mutations",
    "gate", "fuzz", "cli", "sources", "lnet",
)  # fmt: skip
"""Folders whose files take the most time. A worker has whole files: the last of these would leave the others idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, and whatever asks for the lab is marked as such."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.nodeid.split("/")[1], len(ranks)))
    for item in items:
        if "running_lab" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.lab)


@pytest.fixture(scope="session")
def running_lab() -> Iterator[Lab]:
    """The lab in whatever state the last test left it; moto is one for each process, and so is the lab."""
    from tests.lab import Lab

    with Lab.start("incident") as lab:
        gc.freeze()
        yield lab


@pytest.fixture
def lab(running_lab: Lab) -> Lab:
    """The incident, untouched."""
    running_lab.load("incident")
    return running_lab


@pytest.fixture
def doctor(lab: Lab) -> Doctor:
    """The command in the environment of the lab's user."""
    return Doctor(lab)
