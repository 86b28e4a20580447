"""Text of strangers stays text on the site."""

from __future__ import annotations

import html
import re

import pytest

markdown = pytest.importorskip("markdown", reason="mkdocs is not installed (dependency group `docs`)")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from deploy.website.markup import block, code, table, text  # noqa: E402

HOSTILE = [
    "<script>alert(1)</script>", "[a](javascript:alert(1))", "![x](https://example.com/x.png)", "a | b | c", "# head",
    "* item", "1. item", "__b__ *i* **b** ~~s~~", "&lt;b&gt; &#60;b&#62;", "`code` <b>", "```",
    "{: .cls #id }", "{{ x }}", "<!-- generated: functions -->", "http://a <a@b.c> :::",
    "    indented", "a\n\n<div>\n\nb", "\\<b\\>", "[^1]: x", "`` ` <i> ``",
]  # fmt: skip
marks = st.text(st.sampled_from("ab <>&[]()!*_`|#{}:~\\\"'-+=.1\n"), max_size=40)


def shown(source: str) -> str:
    page: str = markdown.markdown(
        source, extensions=["attr_list", "md_in_html", "tables", "pymdownx.highlight", "pymdownx.superfences"]
    )
    return page


def inside(page: str) -> str:
    """What a reader sees."""
    return " ".join(html.unescape(re.sub(r"</?(?:p|code|table|thead|tbody|tr|t[hd])>", " ", page)).split())


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_text_shows_letter_by_letter(hostile: str) -> None:
    page = shown(f"x {text(hostile)} x")
    assert set(re.findall(r"<[^>]*>", page)) <= {"<p>", "</p>", "<code>", "</code>"}
    plain = re.sub("`([^`\n]+)`", r"\1", hostile)
    assert "".join(inside(page).split()) == "".join(f"x{plain}x".split())


@given(marks)
def test_no_text_is_markup(hostile: str) -> None:
    page = shown(f"x {text(hostile)} {code(hostile)} x")
    assert set(re.findall(r"<[^>]*>", page)) <= {"<p>", "</p>", "<code>", "</code>"}


@given(marks)
def test_no_text_leaves_its_cell(hostile: str) -> None:
    page = shown(table(("a", "b"), [(text(f"x{hostile}x"), code(f"x{hostile}x"))]))
    assert page.count("<td>") == 2 and page.count("<tr>") == 2


@pytest.mark.parametrize("hostile", [*HOSTILE, "~~~~\n````\n<b>", "$ x > y\n</code></pre><script>"])
def test_no_text_leaves_its_block(hostile: str) -> None:
    page = shown(block(hostile))
    assert page.count("<pre>") == 1 and "<script" not in page and page.startswith("<div") and page.endswith("</div>")
