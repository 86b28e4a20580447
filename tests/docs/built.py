"""The built site as its readers and their browsers see it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from diag.model.site import SITE

ROOT = Path(__file__).parents[2]


@dataclass
class Html(HTMLParser):
    """One page: its anchors, what it links and loads, its article's words and elements."""

    text: str = ""
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    elements: Counter[str] = field(default_factory=Counter)
    _depth: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        self.anchors |= {own[name] for name in ("id", "name") if name in own}
        if tag == "article":
            self._depth += 1
        if self._depth:
            self.elements[tag] += 1
        if tag == "a" and "href" in own:
            self.links.append(own["href"])
        elif tag == "link" and own.get("rel") != "canonical":
            self.loaded.append(own["href"])
        elif "src" in own:
            self.loaded.append(own["src"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.text += data


@dataclass(frozen=True)
class Site:
    """A folder with the built site."""

    folder: Path

    def file(self, url: str) -> Path:
        """The file that a server sends for an address of the site."""
        path = self.folder / unquote(urlsplit(url).path.lstrip("/"))
        return path / "index.html" if path.is_dir() else path

    def page(self, url: str) -> Html:
        """The page at an address."""
        return read(self.file(url))

    def urls(self) -> list[str]:
        """The address of every page."""
        found = sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*.html"))
        return [SITE + path.removesuffix("index.html") for path in found if path != "404.html"]

    def wrong(self, url: str, base: str = SITE) -> str:
        """Why a link of a page leads nowhere; empty where it is right, or leads to another site."""
        whole = urljoin(base, url)
        if not whole.startswith(SITE):
            return ""
        file, anchor = self.file(whole), unquote(urlsplit(whole).fragment)
        if not file.is_file():
            return f"{url}: no such page"
        if anchor and file.suffix == ".html" and anchor not in read(file).anchors:
            return f"{url}: no such anchor"
        return ""


@cache
def read(path: Path) -> Html:
    """A page, parsed."""
    page = Html()
    page.feed(path.read_text("utf-8"))
    return page
