"""The documentation site: a page at every address that is printed, every link right, nothing asked of anybody else."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
import yaml

from diag.knowledge.runbooks import load_knowledge
from diag.model.site import SITE, page_of_cause, page_of_check
from diag.reports.formats import MACHINE, machine_format
from diag.reports.runbook import to_page
from diag.reports.terminal import Style
from diag.reports.text import to_text
from diag.sources.world import load_registry
from tests.command import Doctor, run
from tests.docs.built import ROOT, Site
from tests.reports.test_permalinks import failing

KNOWLEDGE = load_knowledge()
CHECKS = {check.id: check for check in load_registry().checks if check.is_built_in}
URL = re.compile(re.escape(SITE) + r"[^\s\"'`)<>\]}|,;…]*")

COMMAND = re.compile(
    r"^ +(?:[a-z]+ {2,})?((?:aws|kubectl|helm|eksctl|lustre-doctor(?! runbook)|sh|modprobe|lctl|lfs) .*)$", re.M
)
"""A command that `lustre-doctor runbook` prints, with its label."""


def words(text: str) -> str:
    """A text without its line breaks and backticks."""
    return " ".join(text.replace("`", "").split())


def test_the_printed_addresses_are_those_of_the_site() -> None:
    config = (ROOT / "mkdocs.yml").read_text()
    assert f"site_url: {SITE}\n" in config and "\nstrict: true\n" in config
    assert yaml.safe_load((ROOT / ".readthedocs.yaml").read_text())["mkdocs"] == {
        "configuration": "mkdocs.yml", "fail_on_warning": True,
    }  # fmt: skip


def test_every_check_and_every_cause_has_its_page(site: Site) -> None:
    pages = {page_of_check(id): id for id in CHECKS} | {page_of_cause(id): id for id in KNOWLEDGE.causes}
    assert {url: id for url, id in pages.items() if site.wrong(url) or id not in site.page(url).text} == {}


def test_a_merged_cause_leads_to_the_other(site: Site) -> None:
    aliases = [(alias, cause.id) for cause in KNOWLEDGE.causes.values() for alias in cause.aliases]
    assert aliases
    for alias, id in aliases:
        page = site.page(page_of_cause(alias))
        assert page.links == [f"../../causes/{id}/"] and not site.wrong(page.links[0], page_of_cause(alias))
        assert f'content="0; url=../../causes/{id}/"' in site.file(page_of_cause(alias)).read_text()


def test_a_check_says_all_that_the_command_says(site: Site) -> None:
    for check in CHECKS.values():
        page = words(site.page(check.url).text)
        said = [line.partition(": ")[2] or line for line in check.page.splitlines() if not line.startswith(" ")]
        assert [line for line in (check.title, *said) if words(line) not in page] == [], check.id
        assert [need.name for need in check.needs if need.name not in ("target", "settings", "taken_at")
                and need.name not in page] == []  # fmt: skip
        assert all(id in page for id in check.speaks_for)


def test_a_cause_shows_every_text_and_every_command_of_its_runbook(site: Site) -> None:
    for cause in KNOWLEDGE.causes.values():
        page = words(site.page(cause.url).text)
        assert [s.id for s in cause.signatures if words(s.sample) not in page] == [], cause.id
        printed = to_page(cause, KNOWLEDGE.page(cause.id), {}, {}, width=200)
        commands = COMMAND.findall(printed)
        assert [line for line in commands if words(line) not in page] == [], cause.id


@pytest.mark.parametrize("name", sorted(MACHINE))
def test_what_a_format_links_is_there(site: Site, name: str) -> None:
    shown = machine_format(name)(failing(page_of_cause("wrong-mountname"), page_of_check("mountname-match")))
    found = set(URL.findall(shown))
    assert (name == "openmetrics") == (not found)
    assert [site.wrong(url) for url in found if site.wrong(url)] == []


def test_what_a_person_reads_in_the_terminal_is_there(site: Site, doctor: Doctor) -> None:
    shown = to_text(failing(page_of_cause("wrong-mountname"), page_of_check("mountname-match")), Style(80))
    shown += run("checks", "client-version").out + run("runbook", "sg-missing-988").out
    document = doctor("run", "--format", "json").out
    live = doctor("run", "-v", "--format", "sarif").out + document
    assert {d["causes"][0]["url"] for d in json.loads(document)["diagnoses"]} <= set(URL.findall(live))
    found = set(URL.findall(shown)) | set(URL.findall(live))
    assert len(found) > 10
    assert [site.wrong(url) for url in found if site.wrong(url)] == []


def test_every_address_in_the_repository_is_there(site: Site) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    if not tracked:
        pytest.skip("no git repository")
    wrong = {}
    for path in tracked:
        if (
            path.startswith("tests/")
            or not (ROOT / path).is_file()
            or (ROOT / path).suffix not in (".md", ".py", ".toml", ".yml", ".yaml", ".json")
        ):
            continue
        for url in URL.findall((ROOT / path).read_text("utf-8")):
            if "{" not in url and not url.endswith(("/ID/", "/checks/", "/causes/")) and site.wrong(url.rstrip(".:")):
                wrong[path] = url
    assert wrong == {}


def test_every_link_leads_somewhere(site: Site) -> None:
    found = {(url, link): why for url in site.urls() for link in site.page(url).links if (why := site.wrong(link, url))}
    assert found == {}


def test_nothing_is_loaded_from_elsewhere(site: Site) -> None:
    loaded = {one for url in site.urls() for one in site.page(url).loaded}
    assert loaded and [one for one in loaded if re.match(r"(?:https?:)?//", one)] == []
    assert [site.wrong(one, url) for url in site.urls() for one in site.page(url).loaded if site.wrong(one, url)] == []


def test_the_site_shows_lists_and_tables_as_the_repository_does(site: Site) -> None:
    """Python-Markdown and CommonMark differ in what begins a list; a page must not look right in one of them alone."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark").enable("table")
    for path in sorted((ROOT / "docs").rglob("*.md")):
        place = path.relative_to(ROOT / "docs").with_suffix("").as_posix()
        text = path.read_text("utf-8")
        expected = reader.render(text)
        page = site.page(f"{SITE}{place}/")
        for element in ("li", "table", "pre"):
            wanted = expected.count(f"<{element}>")
            assert page.elements[element] - generated(text)[element] == wanted, (place, element)


def generated(text: str) -> dict[str, int]:
    """The elements in the parts of a page that are generated."""
    from markdown_it import MarkdownIt

    from deploy.website.reference import PARTS

    parts = "".join(PARTS[name]() for name in re.findall(r"<!-- generated: ([a-z-]+) -->", text))
    shown = MarkdownIt("commonmark").enable("table").render(parts)
    return {element: shown.count(f"<{element}>") for element in ("li", "table", "pre")}
