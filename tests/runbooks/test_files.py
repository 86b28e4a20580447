"""The built-in runbook files keep to docs/runbook-format.md, in front matter and body."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from diag.grammar.placeholders import PLACEHOLDERS
from diag.grammar.regex import Pattern
from diag.knowledge.cause import Cause
from diag.knowledge.front_matter import read_cause, split
from diag.knowledge.index import BUILT_IN
from diag.reports.runbook import body_of, to_page

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


@pytest.mark.parametrize("stem", TEXTS)
def test_front_matter_is_complete(stem: str, causes: dict[str, Cause]) -> None:
    cause = causes[stem]
    assert cause.title and not cause.title.endswith(".") and "{" not in cause.title
    assert set(cause.platforms) <= PLATFORMS and cause.platforms
    assert cause.sources, "every cause says where its knowledge comes from"
    for source in cause.sources:
        assert not source.date or re.fullmatch(r"\d{4}-\d\d-\d\d", source.date)
    for signature in cause.signatures:
        assert signature.sample.strip() and signature.source.strip(), signature.id


@pytest.mark.parametrize("stem", TEXTS)
def test_placeholders_can_be_filled(stem: str, causes: dict[str, Cause]) -> None:
    cause = causes[stem]
    own = set[str]()
    for signature in cause.signatures:
        patterns = [signature.pattern] if signature.pattern else list(signature.all)
        groups = {name for pattern in patterns for name in Pattern(pattern).group_names}
        unknown = set(PLACEHOLDER.findall(signature.says)) - groups - PLACEHOLDERS.keys()
        assert not unknown, f"{signature.id}: {unknown}"
        own |= groups
    # Braces with one lower-case word are placeholders; JMESPath and Go templates have dots, colons or capitals.
    front, body = split(TEXTS[stem]) or ("", "")
    fixes = front.partition("\nconfirm:")[2]
    assert not set(PLACEHOLDER.findall(fixes)) - PLACEHOLDERS.keys() - own
    assert not set(PLACEHOLDER.findall(body)) - PLACEHOLDERS.keys() - own


@pytest.mark.parametrize("stem", TEXTS)
def test_body_has_the_five_headings_in_order(stem: str) -> None:
    parts = split(TEXTS[stem])
    assert parts is not None
    without_code = re.sub(r"^```.*?^```", "", parts[1], flags=re.DOTALL | re.MULTILINE)
    assert re.findall(r"^## (.+)$", without_code, re.MULTILINE) == HEADINGS


@pytest.mark.parametrize("stem", TEXTS)
def test_the_printed_page_loses_nothing_under_a_heading(stem: str, causes: dict[str, Cause]) -> None:
    """With or without an empty line after it."""
    body = body_of(TEXTS[stem])
    printed = " ".join(to_page(causes[stem], TEXTS[stem], {}, {}, width=200).split())
    first = re.findall(r"^## .+\n+(?![-*#|`\d])([^`*\[{<\n]{10,50})", body, re.MULTILINE)
    assert [line for line in first if " ".join(line.split()) not in printed] == []


@pytest.mark.parametrize("stem", TEXTS)
def test_links_are_well_formed_and_cross_references_exist(stem: str) -> None:
    parts = split(TEXTS[stem])
    assert parts is not None
    body = parts[1]
    for target in re.findall(r"\[\[([^\]\s]+)\]\]", re.sub(r"`[^`]*`|^```.*?^```", "", body, flags=re.DOTALL | re.M)):
        assert target in TEXTS, f"[[{target}]] names no runbook"
    for url in re.findall(r"\]\(([^)\s]+)\)|<(https?://[^>\s]+)>", body):
        address = url[0] or url[1]
        if address.startswith("#") or not address:
            continue
        parsed = urlsplit(address)
        assert parsed.scheme == "https" and "." in parsed.netloc, f"{address} is no https address"


@pytest.mark.parametrize("stem", TEXTS)
def test_source_addresses_are_well_formed(stem: str, causes: dict[str, Cause]) -> None:
    for source in causes[stem].sources:
        if source.url:
            assert urlsplit(source.url).scheme == "https" and "." in urlsplit(source.url).netloc, source.url
