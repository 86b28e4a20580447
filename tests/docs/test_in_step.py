"""The README's picture shows what the command prints today, and the Korean pages say what the English ones say."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.picture import PICTURE, picture_of, printed, words_of

ROOT = Path(__file__).parents[2]
PAIRS = {"README.md": "README.ko.md", "docs/first-ten-minutes.md": "docs/ko/first-ten-minutes.md"}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def shape(text: str) -> list[tuple[str, object]]:
    """Headings by their level, commands without their comments, and rows of tables by their columns, in their order."""
    found: list[tuple[str, object]] = []
    for place, part in enumerate(re.split(r"^```\w*$", text, flags=re.M)):
        for line in part.splitlines():
            if place % 2 and line:
                found.append(("command", re.sub(r"\s+# .*", "", line)))
            elif heading := re.match(r"#+ ", line):
                found.append(("heading", len(heading[0]) - 1))
            elif line.startswith("|"):
                found.append(("row", line.count("|")))
    return found


def names(text: str) -> Counter[str]:
    """What stands as code in running text: commands, ids, options, words of the program."""
    return Counter(" ".join(code.split()) for code in re.findall(r"`([^`]+)`", FENCE.sub("", text)))


def targets(page: str) -> Counter[str]:
    """Where the links of a page lead; one language's page stands for the other's."""
    english = {translated: original for original, translated in PAIRS.items()}
    found: Counter[str] = Counter()
    for link in re.findall(r"\]\(([^)\s]+)\)", (ROOT / page).read_text("utf-8")):
        if "://" not in link:
            link = ((ROOT / page).parent / link).resolve().relative_to(ROOT).as_posix()
        found[english.get(link, link)] += 1
    return found


@pytest.mark.parametrize("page", PAIRS)
def test_the_korean_page_has_the_headings_the_commands_and_the_links_of_the_english_one(page: str) -> None:
    english, korean = ((ROOT / path).read_text("utf-8") for path in (page, PAIRS[page]))
    assert shape(korean) == shape(english)
    assert names(korean) == names(english)
    assert targets(PAIRS[page]) == targets(page)


@pytest.mark.parametrize("page", PAIRS.values())
def test_each_paragraph_of_a_korean_page_is_korean(page: str) -> None:
    prose = FENCE.sub("", (ROOT / page).read_text("utf-8"))
    for paragraph in re.split(r"\n\s*\n", prose):
        assert re.search("[가-힣]", paragraph) or paragraph.strip() in ("", "# lustre-doctor"), paragraph


def test_a_command_a_heading_or_a_name_that_one_page_lacks_is_seen() -> None:
    page = "# a\n\nsay `x`\n\n```sh\none  # why\ntwo\n```\n\n## b\n"
    assert shape(page) == shape(page.replace("why", "왜"))
    for change in (("## b\n", ""), ("two\n", ""), ("## b", "### b"), ("one", "one --more")):
        assert shape(page.replace(*change)) != shape(page)
    assert names(page.replace("`x`", "`y`")) != names(page)


def test_the_readme_fits_a_screen() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 36
    assert [command for kind, command in shape(text) if kind == "command"] == ["make demo", "make test"]
    assert text.count("![") == 1


@pytest.mark.lab
def test_the_picture_shows_what_the_command_prints(lab: Lab) -> None:
    """`make picture` writes it again; look at it before you commit it."""
    text = printed(lab)
    assert words_of(PICTURE.read_text("utf-8")) == words_of(text) == words_of(picture_of(text))
