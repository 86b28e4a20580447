"""The hook of mkdocs: adds the generated pages, and makes links of the repository links of the site.

Pages are written for a reader of the repository: a link to another page is that to its file. Here what is no page of
the site leads to the repository, and what is generated, which the repository links by its address, becomes a link that
mkdocs verifies.
"""

from __future__ import annotations

import html
import logging
import posixpath
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from deploy.website import reference  # noqa: E402
from deploy.website.pages import REDIRECTS, generated  # noqa: E402
from diag.model.site import SITE  # noqa: E402

SOURCE = "https://github.com/lustre-doctor/lustre-doctor"
AT_THE_ROOT = {
    "README.md": "index.md",
    "README.ko.md": "ko/index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
}
"""Pages of the site that are files of the repository outside `docs/`."""

_LINK = re.compile(r"(?<=\]\()(?P<target>[^()\s]+)(?=\))")
_MARK = re.compile(r"<!-- generated: ([a-z-]+) -->")
log = logging.getLogger("mkdocs.hooks.site")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is not in `docs/`."""
    for path, place in AT_THE_ROOT.items():
        if (ROOT / path).exists():
            files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    for place, text in generated().items():
        inclusion = InclusionLevel.NOT_IN_NAV if place.startswith(("causes/", "checks/")) else InclusionLevel.INCLUDED
        files.append(File.generated(config, place, content=text, inclusion=inclusion))
    for place, target in REDIRECTS.items():
        files.append(File.generated(config, f"{place}/index.html", content=redirect(target)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill in the generated parts, and repoint the links outside of code."""
    markdown = _MARK.sub(lambda mark: reference.PARTS[mark[1]](), markdown)
    places = {place: path for path, place in AT_THE_ROOT.items()}
    origin = places.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    parts = re.split(r"(^ *```.*?^ *```[^\n]*$)", markdown, flags=re.M | re.S)
    pages = {path: place for path, place in AT_THE_ROOT.items() if place in files.src_uris}
    return "".join(part if part.lstrip().startswith("```") else _relinked(part, origin, page, pages) for part in parts)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """The theme's search is a dialog without a name."""
    dialog = 'data-md-component="search" role="dialog"'
    return output.replace(dialog, f'{dialog} aria-label="Search"')


def _relinked(markdown: str, origin: str, page: Page, pages: Mapping[str, str]) -> str:
    return _LINK.sub(lambda link: link_to(link["target"], origin, page.file.src_uri, pages), markdown)


def link_to(target: str, origin: str, place: str, pages: Mapping[str, str]) -> str:
    """A link of the repository's file `origin` as the page `place` of the site has it."""
    here = posixpath.dirname(place) or "."
    if target.startswith(SITE):
        path, _, anchor = target.removeprefix(SITE).partition("#")
        inside = f"{path.rstrip('/')}.md" if path else "index.md"
        inside = f"{path}index.md" if path in ("causes/", "checks/", "ko/") else inside
        return posixpath.relpath(inside, here) + (f"#{anchor}" if anchor else "")
    if re.match(r"[a-z]+:|#", target):
        return target
    path, _, anchor = target.partition("#")
    meant = posixpath.normpath(posixpath.join(posixpath.dirname(origin), path))
    if meant in pages or meant.startswith("docs/"):
        inside = pages.get(meant, meant.removeprefix("docs/"))
        return posixpath.relpath(inside, here) + (f"#{anchor}" if anchor else "")
    if not (ROOT / meant).exists():
        log.warning("%s links to %s, which the repository does not have", origin, target)
    kind = "tree" if (ROOT / meant).is_dir() else "blob"
    return f"{SOURCE}/{kind}/main/{meant}" + (f"#{anchor}" if anchor else "")


def redirect(target: str) -> str:
    """A page that leads on: of a cause that was merged into another."""
    there = html.escape(f"../../{target}/", quote=True)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(target)}</title>'
        f'<link rel="canonical" href="{SITE}{html.escape(target)}/">'
        f'<meta http-equiv="refresh" content="0; url={there}"></head>'
        f'<body><a href="{there}">Part of {html.escape(target.rpartition("/")[2])} now</a></body></html>\n'
    )
