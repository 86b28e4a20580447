"""The page of a runbook has every word of its body: `lustre-doctor runbook ID` is what is read when nothing works."""

from __future__ import annotations

import re

import pytest

from diag.knowledge.runbooks import load_knowledge
from diag.reports.runbook import to_page
from tests.runbooks.test_files import TEXTS

CAUSES = load_knowledge().causes
SECTION = re.compile(r"^## (.+)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("id", TEXTS)
def test_no_paragraph_is_left_out(id: str) -> None:
    page = " ".join(to_page(CAUSES[id], TEXTS[id], {}, {}, width=10_000).split())
    for heading, text in SECTION.findall(re.sub(r"^ *```.*?^ *```", "", TEXTS[id], flags=re.DOTALL | re.MULTILINE)):
        first = re.sub(r"\{[a-z_]+\}|[`*\[\]]|\(https?://\S+", " ", text.strip().partition("\n")[0]).split()[:4]
        assert not first or " ".join(first) in page.replace("[", "").replace("]", ""), heading


def test_a_paragraph_that_follows_its_heading_at_once_is_kept() -> None:
    body = "---\nid: x\n---\n## What it means\nThe very words.\n\n## How to verify\n- one\n"
    page = to_page(CAUSES["kubelet-path-wrong"], body, {}, {})
    assert "\nThe very words.\n" in page and "- one" in page
