"""Runbooks as HTML: all that ship, and what strangers' values cannot do to them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from diag.knowledge.runbooks import load_knowledge
from diag.model.fix import Fix, Step, StepKind
from diag.reports.html.runbook import to_html
from diag.reports.report import Look
from tests.html.reports import HOSTILE
from tests.html.test_page import Page

FILES = load_knowledge().files


def body(markdown: str, **values: str) -> str:
    """The HTML with its line breaks, which mean nothing outside `pre`, as blanks or nothing."""
    html = to_html(f"---\nid: x\n---\n{markdown}", values)
    parts = re.split(r"(<pre.*?</pre>)", html, flags=re.DOTALL)
    return "".join(
        part if part.startswith("<pre") else re.sub(r"(?<=>)\n|\n(?=<|$)", "", part).replace("\n", " ")
        for part in parts
    )


@pytest.mark.parametrize(
    ("markdown", "made"),
    [
        ("## How to fix", "<h3>How to fix</h3>"),
        ("one\ntwo\n\nthree", "<p>one two</p><p>three</p>"),
        ("* a\n* b\n  goes on", "<ul><li>a</li><li>b goes on</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("`x` **y** [[other-cause]]", "<p><code>x</code> <strong>y</strong> <code>other-cause</code></p>"),
        ("[a](https://b.c/d)", '<p><a href="https://b.c/d" rel="noreferrer noopener">a</a></p>'),
        ("[a](javascript:alert)", "<p>[a](javascript:alert)</p>"),
    ],
)
def test_what_runbooks_use_becomes_what_it_means(markdown: str, made: str) -> None:
    assert body(markdown) == made


def test_a_fence_inside_a_list_is_a_command_of_that_item() -> None:
    made = body("1. first:\n\n   ```sh\n   aws x \\\n     --y\n   ```\n\n   after\n2. second")
    assert re.search(
        r"<ol><li><p>first:</p><pre[^>]*><code>aws x \\\n  --y</code></pre><p>after</p></li>"
        r"<li><p>second</p></li></ol>",
        made,
    )


def test_a_table_is_a_table() -> None:
    made = body("| a | b |\n| --- | --- |\n| 1 | **2** |")
    assert '<th scope="col">a</th>' in made and "<td><strong>2</strong></td>" in made and "---" not in made


def test_a_value_goes_into_prose_and_commands_when_it_is_a_name_and_nowhere_else() -> None:
    text = "of {claim} and `{claim}`\n\n```sh\nkubectl get {claim}\n```"
    made = body(text, claim="fsx-pvc")
    assert "of fsx-pvc and <code>fsx-pvc</code>" in made and "kubectl get fsx-pvc" in made
    assert "rm -rf" not in body(text, claim="a; rm -rf <b> **x**")


def test_every_runbook_is_shown_without_leftovers() -> None:
    for id, path in FILES.items():
        page = Page(to_html(Path(path).read_text(), dict.fromkeys(("file_system", "claim", "node"), HOSTILE)))
        prose = page.text
        assert "```" not in prose and "How to fix" in prose, id
        assert not re.search(r"\[\[[a-z]|\*\*[A-Za-z]", prose.replace(HOSTILE, "")), id
        assert not {"script", "img", "svg"} & {tag for tag, _ in page.elements}, id


def test_the_remedies_of_the_front_matter_stand_below_their_heading() -> None:
    fix = Fix((Step(StepKind.CAUTION, text="stop <b> pods"), Step(StepKind.CHANGE, ("kubectl", "get", "a b"))))
    made = to_html("---\nid: x\n---\n## How to fix\n\nprose\n\n## References\n", {}, fix)
    assert re.search(
        r"How to fix</h3>.*stop &lt;b&gt; pods.*kubectl get &#39;a b&#39;.*prose.*References", made, re.DOTALL
    )
    assert "Steps" not in to_html("---\nid: x\n---\n## References\n", {}, fix)


def test_what_chooses_among_the_options_stands_before_them() -> None:
    fix = Fix((Step(StepKind.CHANGE, ("kubectl", "get", "pods")),))
    made = to_html(
        "---\nid: x\n---\n## How to fix\n\nWhich option:\n\n| a | b |\n| --- | --- |\n| seen | first |\n\nprose\n",
        {},
        fix,
    )
    assert made.index("Which option") < made.index("seen") < made.index("kubectl get pods") < made.index("prose")


def test_options_have_the_numbers_of_the_page_and_a_look_its_answers() -> None:
    stop = Fix((Step(StepKind.CHANGE, ("stop",)),), title="Stop it", when="it runs")
    fix = Fix((Step(StepKind.CHANGE, ("start",)),), (stop,), title="Start it")
    look = Look("The <b> log", ("cat log",), (("This cause", "A line says <x>."),))
    text = "---\nid: x\n---\n## How to verify\n\nprose\n\n## How to fix\n\nprose\n"
    made = to_html(text, {}, fix, (1, 3), (look,))
    assert "<h4>Option 1: Start it</h4>" in made and "<h4>Option 3: Stop it</h4>" in made
    assert "Use this if it runs." in made
    assert "<p>The &lt;b&gt; log</p>" in made and "<strong>This cause:</strong> A line says &lt;x&gt;." in made


def test_what_is_instead_of_a_step_has_no_number_of_its_own() -> None:
    told = ("With Helm: do it.", "Or with manifests: do it.", "Then go on.")
    fix = Fix(tuple(Step(StepKind.CHANGE, ("do",), changes=says) for says in told))
    made = to_html("---\nid: x\n---\n## How to fix\n\nprose\n", {}, fix)
    shown = ("<p>1. With Helm: do it.</p>", "<p>Or with manifests: do it.</p>", "<p>2. Then go on.</p>")
    places = [made.index(one) for one in shown]
    assert places == sorted(places)
