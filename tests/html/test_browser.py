"""The page in a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from diag.reports.html.page import to_html
from tests.html.browser import Browser
from tests.html.reports import BROKEN, HEALTHY, WARNED, hostile, many

pytestmark = pytest.mark.lab

# Chromium needs time by the square of the findings for each new size of a page: 20 s for those of twenty volumes.
PAGES = {"broken": BROKEN, "healthy": HEALTHY, "hostile": hostile(), "warned": WARNED, "many": many(6)}

CONTRAST = """
const light = c => { const v = c / 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
const luminance = c => .2126 * light(c[0]) + .7152 * light(c[1]) + .0722 * light(c[2]);
const colour = text => (text.match(/[\\d.]+/g) || []).map(Number);
const ground = element => {
  for (let e = element; e; e = e.parentElement) {
    const c = colour(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > .99) return c;
  }
  return [255, 255, 255];
};
const low = [];
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  if (!own || element.closest('svg') || element.matches('title, .skip-link')) continue;
  const pair = [luminance(colour(getComputedStyle(element).color)), luminance(ground(element))].sort((a, b) => b - a);
  const ratio = (pair[0] + .05) / (pair[1] + .05);
  if (ratio < 4.5) low.push([element.tagName, element.className, ratio, element.textContent.slice(0, 40)].join(' '));
}
return low;
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    for name, report in PAGES.items():
        (folder / f"{name}.html").write_text(to_html(report), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in PAGES}


@pytest.fixture(autouse=True)
def _screen(browser: Browser) -> None:
    # The page before, with all of it open, would be laid out anew at each size.
    browser.driver.get("about:blank")
    browser.size(1200)
    browser.media()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_asks_for_nothing_and_complains_of_nothing(
    browser: Browser, pages: dict[str, Path], name: str
) -> None:
    browser.open(pages[name])
    assert browser.console() == []
    assert browser.requests() == [pages[name].as_uri()]


def test_an_event_text_with_a_script_stays_text(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["hostile"])
    assert "owned" not in browser.driver.title.replace("document.title='owned'", "")
    assert browser.run("return document.scripts.length + document.images.length") == 0
    assert "<script>document.title='owned'</script>" in browser.run("return document.body.textContent")


@pytest.mark.parametrize("width", [320, 360, 414, 768, 1200])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways(browser: Browser, pages: dict[str, Path], name: str, width: int) -> None:
    browser.size(width)
    browser.open(pages[name])
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.run("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["broken", "healthy"])
def test_every_text_can_be_read(browser: Browser, pages: dict[str, Path], name: str, scheme: str) -> None:
    browser.media(scheme=scheme)
    browser.open(pages[name])
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.run(CONTRAST) == []
    assert (browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 27)") == (
        scheme == "dark"
    )


def test_the_picture_fits_the_screen_and_leads_to_the_evidence(browser: Browser, pages: dict[str, Path]) -> None:
    shown = (
        "return [...document.querySelectorAll('.picture svg')]"
        ".filter(svg => svg.getClientRects().length).map(svg => svg.classList[0])"
    )
    browser.open(pages["broken"])
    assert browser.run(shown) == ["wide"]
    overflow = """return [...document.querySelectorAll('svg.wide .hop')].flatMap(hop => {
      const box = hop.querySelector('rect').getBBox();
      return [...hop.querySelectorAll('text')].filter(t => { const b = t.getBBox();
        return b.x < box.x || b.x + b.width > box.x + box.width; }).map(t => t.textContent); })"""
    assert browser.run(overflow) == []
    browser.driver.find_element("css selector", "svg.wide .broken").click()
    assert browser.run("return location.hash + ' ' + document.querySelector(':target h3').textContent") == (
        "#hop-node Node broken"
    )
    browser.size(360)
    assert browser.run(shown) == ["tall"]
    assert browser.run(overflow.replace("svg.wide", "svg.tall")) == []


def test_the_filter_shows_only_what_was_asked_without_a_script(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["broken"])
    shown = "return [...document.querySelectorAll('.finding')].filter(f => f.getClientRects().length).length"
    assert browser.run(shown) == len(BROKEN.findings)
    for verdict, count in (("fail", 2), ("warn", 1), ("unknown", 1), ("skip", 1), ("all", len(BROKEN.findings))):
        browser.driver.find_element("css selector", f"label[for=show-{verdict}]").click()
        assert browser.run(shown) == count


def test_the_keyboard_reaches_the_picture_the_filter_and_every_finding(
    browser: Browser, pages: dict[str, Path]
) -> None:
    from selenium.webdriver import ActionChains, Keys

    browser.open(pages["broken"])
    reached = []
    while len(reached) < 300 and (len(reached) < 2 or reached[-1] != "skip-link"):
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        reached.append(browser.run(
            "const e = document.activeElement, own = name => e.getAttribute(name);"
            "return e.id || own('class') || own('href') || e.tagName"
        ))  # fmt: skip
    assert reached[0] == "skip-link"
    assert sum(name.startswith("hop ") for name in reached) == 7
    assert "show-all" in reached and reached.count("SUMMARY") >= len(BROKEN.findings)


def test_a_reader_hears_names_for_everything_that_can_be_used(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["broken"])
    tree = browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node["ignored"]]
    roles = {role for role, _ in named}
    assert {"main", "navigation", "banner", "contentinfo", "heading", "radio", "link"} <= roles
    assert [role for role, name in named if role in ("link", "radio", "region", "image") and not name] == []
    assert any(role == "link" and name.startswith("Node ip-10-0-1-4") and "broken" in name for role, name in named)


def test_one_click_selects_the_whole_command(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["broken"])
    browser.driver.find_element("css selector", "pre.command code").click()
    assert browser.run("return getSelection().toString()") == "aws fsx update-file-system --x 2.15"


def test_paper_has_what_is_broken_and_the_fix_on_a_few_sheets(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["broken"])
    browser.media("print")
    assert browser.run("return document.querySelector('nav').getClientRects().length") == 0
    shown = "return document.querySelectorAll(arguments[0])[0].getClientRects().length > 0"
    assert browser.run(shown, ".cause pre.command") and browser.run(shown, ".finding.tone-fail")
    assert not browser.run(shown, ".finding.tone-pass")
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert {name: browser.sheets(pages[name]) <= 4 for name in pages if name != "hostile"} == dict.fromkeys(
        PAGES.keys() - {"hostile"}, True
    )


@pytest.mark.parametrize("name", ["broken", "many"])
def test_the_fix_is_in_sight_without_scrolling(browser: Browser, pages: dict[str, Path], name: str) -> None:
    browser.size(1280, 900)
    browser.open(pages[name])
    fix = "const fix = document.querySelector('.cause pre.command'); return fix.getBoundingClientRect().bottom"
    assert browser.run(fix) < 900


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", sorted(PAGES.keys() - {"many"}))
def test_axe_finds_nothing(browser: Browser, pages: dict[str, Path], name: str, scheme: str) -> None:
    """axe-core, as accessibility audits use it; `LUSTRE_DOCTOR_AXE` names another axe.min.js."""
    axe = os.environ.get("LUSTRE_DOCTOR_AXE") or packaged_axe()
    browser.media(scheme=scheme)
    browser.open(pages[name])
    browser.run(Path(axe).read_text("utf-8"))
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.run_later("axe.run().then(r => done(r.violations.map(v => [v.id, v.nodes[0].html])))") == []


def packaged_axe() -> Path:
    return Path(str(pytest.importorskip("axe_core_python").__file__)).with_name("axe.min.js")
