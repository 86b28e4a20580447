"""The built-in runbook files keep to docs/runbook-format.md, in front matter and body."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from diag.advice.runbook import BELOW
from diag.grammar.placeholders import PLACEHOLDERS
from diag.grammar.regex import Pattern
from diag.knowledge.cause import Cause
from diag.knowledge.front_matter import read_cause, split
from diag.knowledge.index import BUILT_IN

FILES = sorted(BUILT_IN.glob("*.md"))
TEXTS = {path.stem: path.read_text("utf-8") for path in FILES}
HEADINGS = ["What it means", "How to verify", "How to fix", "How to prevent", "References"]
PLATFORMS = {"any", "eks", "ec2", "gke", "aks", "openshift", "bare-metal", "parallelcluster", "hyperpod"}
# Groups beyond the listed ones are allowed where `says` of the same signature uses them.
PLACEHOLDER = re.compile(r"(?<![$\\{])\{([a-z_]+)\}")


@pytest.fixture(scope="module")
def causes() -> dict[str, Cause]:
    return {stem: read_cause(text, f"{stem}.md", stem) for stem, text in TEXTS.items()}


def test_there_is_a_runbook_for_every_broader_cause(causes: dict[str, Cause]) -> None:
    assert {cause.broader for cause in causes.values() if cause.broader} <= set(causes)


def test_no_cause_is_broader_than_itself(causes: dict[str, Cause]) -> None:
    for id_ in causes:
        seen, above = set[str](), causes[id_].broader
        while above:
            assert above != id_ and above not in seen, f"{id_}: a circle of broader causes"
            seen.add(above)
            above = causes[above].broader


def test_front_matter_is_complete(causes: dict[str, Cause]) -> None:
    for id, cause in causes.items():
        assert cause.title and not cause.title.endswith(".") and "{" not in cause.title, id
        assert set(cause.platforms) <= PLATFORMS and cause.platforms, id
        assert cause.sources, f"{id} does not say where its knowledge comes from"
        for source in cause.sources:
            assert not source.date or re.fullmatch(r"\d{4}-\d\d-\d\d", source.date), id
        for signature in cause.signatures:
            assert signature.sample.strip() and signature.source.strip(), f"{id}/{signature.id}"


def test_placeholders_can_be_filled(causes: dict[str, Cause]) -> None:
    for id, cause in causes.items():
        own = set[str]()
        for signature in cause.signatures:
            patterns = [signature.pattern] if signature.pattern else list(signature.all)
            groups = {name for pattern in patterns for name in Pattern(pattern).group_names}
            assert set(PLACEHOLDER.findall(signature.says)) <= groups | PLACEHOLDERS.keys(), f"{id}/{signature.id}"
            own |= groups
        # Braces with one lower-case word are placeholders; JMESPath and Go templates have dots, colons or capitals.
        front, body = split(TEXTS[id]) or ("", "")
        for text in (front.partition("\nconfirm:")[2], body):
            assert set(PLACEHOLDER.findall(text)) <= PLACEHOLDERS.keys() | own | {BELOW.strip("{}")}, id


def test_body_has_the_five_headings_in_order() -> None:
    for id, text in TEXTS.items():
        _, body = split(text) or ("", "")
        without_code = re.sub(r"^```.*?^```", "", body, flags=re.DOTALL | re.MULTILINE)
        assert re.findall(r"^## (.+)$", without_code, re.MULTILINE) == HEADINGS, id


def test_cross_references_exist() -> None:
    for id, text in TEXTS.items():
        prose = re.sub(r"`[^`]*`|^```.*?^```", "", (split(text) or ("", ""))[1], flags=re.DOTALL | re.MULTILINE)
        assert set(re.findall(r"\[\[([^\]\s]+)\]\]", prose)) <= TEXTS.keys(), id


def test_addresses_are_well_formed(causes: dict[str, Cause]) -> None:
    linked = [
        (id, inline or bare)
        for id, text in TEXTS.items()
        for inline, bare in re.findall(r"\]\(([^)\s]+)\)|<(https?://[^>\s]+)>", (split(text) or ("", ""))[1])
    ]
    sources = [(id, source.url) for id, cause in causes.items() for source in cause.sources if source.url]
    addresses = [(id, urlsplit(address)) for id, address in (*linked, *sources) if not address.startswith("#")]
    assert [found for found in addresses if found[1].scheme != "https" or "." not in found[1].netloc] == []
