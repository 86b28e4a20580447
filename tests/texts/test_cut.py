"""Messages that were cut, and texts that merely end."""

from __future__ import annotations

import pytest

from diag.knowledge.runbooks import load_knowledge
from diag.model.symptom import TextStream
from diag.texts.cut import completed_errors
from diag.texts.symptoms import read_symptoms

KNOWLEDGE = load_knowledge()


def named(text: str) -> list[str]:
    report = read_symptoms((TextStream("", iter((text.encode(),))),), KNOWLEDGE)
    assert {hit.weight for g in report.groups for s in g.symptoms for hit in s.hits} <= {"weak"}
    return [hit.cause for group in report.groups for symptom in group.symptoms for hit in symptom.hits]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("touch: /fsx/a: Permission den…", "touch: /fsx/a: Permission denied "),
        ("touch: /fsx/a: Permiso deneg... on lustre", "touch: /fsx/a: Permission denied  on lustre"),
        ("'/fsx/a': Disk quota exce\nand more", "'/fsx/a': Disk quota exceeded \nand more"),
        ("failed: Erreur d'entrée/sor[…]", "failed: Input/output error "),
        # It may be the beginning of two.
        ("failed: Operation not …", "failed: Operation not …"),
        # Too little, or the word is whole.
        ("failed: Conne…", "failed: Conne…"),
        ("Abbruch der Verbindung", "Abbruch der Verbindung"),
        ("failed: Permission denied", "failed: Permission denied"),
    ],
)
def test_a_cut_error_is_completed_where_it_is_one_alone(text: str, whole: str) -> None:
    assert completed_errors(text) == whole


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("ls /fsx/models gives “Stale file han…” since they made it anew", "stale-file-handle"),
        ("cp: error writing '/lustre/out.bam': Disk quota exce", "lustre-quota-exceeded"),
        (
            'MountVolume.MountDevice failed for volume "pv-fsx" : kubernetes.io/csi: attacher.MountDevice failed '
            "to create newCsiDriverClient: driver name fsx.csi.aws.c",
            "csi-driver-not-registered",
        ),
    ],
)
def test_a_cut_message_may_be_the_only_one_that_begins_so(text: str, cause: str) -> None:
    assert named(text)[0] == cause


@pytest.mark.parametrize(
    "text",
    [
        # Another's, one that is nobody's, one that many causes begin with, and a sentence that ends.
        'MountVolume.SetUp failed for volume "pvc-1" : rpc error: code = DeadlineExc… driver is efs.csi.aws.com',
        "cp: error writing '/data/out.bam': Disk quota exce",
        'MountVolume.SetUp failed for volume "fsx" : rpc error: code = Internal desc = Could not mo…',
        "We moved the data to Lustre… and that was it. All is fine",
    ],
)
def test_what_may_be_anything_is_nothing(text: str) -> None:
    assert named(text) == []
