"""A redacted case is judged as the run it was made of. `python -m tests.redaction` goes through all worlds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.redaction.worlds import LEVELS, WORLDS, differences

pytestmark = pytest.mark.lab

SAMPLE = (
    "dhcp-custom-dns",
    "dns-wrong-address",
    "dnsname-in-capitals",
    "storageclass-absent",
    "dnsname-of-another-partition",
    "image-of-another-region",
    *WORLDS[5::41],
)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("world", SAMPLE)
def test_redaction_changes_no_verdict_and_no_cause(lab: Lab, world: str, level: str, tmp_path: Path) -> None:
    assert differences(lab, world, level, tmp_path) == []
