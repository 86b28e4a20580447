"""The site in a real browser, at a desk and on a phone, without any other host."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator

import pytest

from tests.docs.built import Site
from tests.html.browser import Browser
from tests.html.test_browser import packaged_axe
from tests.patience import eventually

pytestmark = pytest.mark.lab

# One of each kind: axe takes seconds for a long page, so each is tried at a phone, and two at a desk.
PAGES = (
    "",
    "ko/first-ten-minutes/",
    "symptoms/",
    "comparison/",
    "checks/client-version/",
    "causes/client-server-version-mismatch/",
)

AXE = """
axe.run().then(result => done(result.violations.map(
  found => [found.id, found.nodes[0].html, (found.nodes[0].any[0] || {}).message])));
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.driver.quit()


@pytest.fixture(scope="module")
def base(site: Site) -> Iterator[str]:
    """The address of the built site on loopback."""
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(site.folder))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def visit(browser: Browser, base: str, page: str, width: int, scheme: str) -> None:
    """A first visit: the theme keeps the scheme of the last one."""
    browser.size(width)
    browser.media(scheme=scheme)
    browser.driver.get("about:blank")
    kept = {"origin": base.rstrip("/"), "storageTypes": "local_storage"}
    browser.driver.execute_cdp_cmd("Storage.clearDataForOrigin", kept)
    browser.visit(base + page)


@pytest.mark.parametrize(
    ("page", "width", "scheme"),
    [*((page, 390, "dark") for page in PAGES), *((page, 1280, "light") for page in (PAGES[0], PAGES[-1]))],
)
def test_a_page_is_readable_and_asks_nobody_else(
    browser: Browser, base: str, page: str, width: int, scheme: str
) -> None:
    visit(browser, base, page, width, scheme)
    wanted = {"light": "default", "dark": "slate"}[scheme]
    assert eventually(lambda: browser.run("return document.body.dataset.mdColorScheme") == wanted)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    browser.run(packaged_axe().read_text("utf-8"))
    assert browser.run_later(AXE) == []
    assert browser.console() == []
    assert [url for url in browser.requests() if not url.startswith((base, "blob:", "data:"))] == []


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("sg-missing-988", "No security group rule lets the node reach"),
        ("Are the lustre modules loaded", "The node's kernel has no Lustre module"),
        ("client-version", "client-version"),
        ("처음", "처음 10분"),
    ],
)
def test_the_search_finds_pages_without_a_network(browser: Browser, base: str, typed: str, found: str) -> None:
    visit(browser, base, "", 1280, "light")
    field = browser.driver.find_element("css selector", ".md-search__input")
    field.click()
    field.send_keys(typed)
    results = "return [...document.querySelectorAll('.md-search-result__item h1')].map(h => h.textContent)"
    assert eventually(lambda: any(found in result for result in browser.run(results))), browser.run(results)
    assert [url for url in browser.requests() if not url.startswith((base, "blob:", "data:"))] == []
