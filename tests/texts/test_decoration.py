"""What other programs put around and into a text is taken off, and nothing that only looks like it."""

from __future__ import annotations

import quopri

import pytest

from diag.texts.decoration import strip_decoration

LINES = b"mount.lustre: mount a@tcp:/b at /c failed: Input/output error\nIs the MGS running?\n"


@pytest.mark.parametrize(
    "mark",
    [lambda n: b"> ", lambda n: b">> ", lambda n: b"%6d\t" % n, lambda n: b"var/log/messages:%d:" % (8800 + n)],
    ids=["mail", "answered mail", "numbered", "grep"],
)
def test_marks_before_every_line_are_taken_off(mark: object) -> None:
    assert callable(mark)
    marked = b"".join(mark(number) + line for number, line in enumerate(LINES.splitlines(keepends=True), 1))
    assert strip_decoration(marked) == LINES


@pytest.mark.parametrize(
    "text",
    [
        b"2026-11-24T06:48:13Z n1 kubelet[1]: one\n2026-11-24T06:49:13Z n1 kubelet[1]: two\n",
        b"06:48:13 one\n06:48:14 two\n",
        b"7\tWarning\n3\tNormal\n",
        b"10.0.0.1@tcp:/abc on /fsx type lustre (rw)\n10.0.0.2@tcp:/abd on /fsy type lustre (rw)\n",
        b"failed: rc =\n -22 and no=\nmore\n",
        b"fl Rpc:QU/0/ffffffff rc 0/-1 job:''\n",
        "na\u00efve \u00e2ge\n".encode(),
        b"a && b &c; R&D\n",
    ],
    ids=[
        "stamps", "clock times", "numbers that do not count up", "mounts", "lines that end with =", "an empty string",
        "accents", "ampersands",
    ],
)  # fmt: skip
def test_what_only_looks_like_decoration_stays(text: bytes) -> None:
    assert strip_decoration(text) == text


@pytest.mark.parametrize(
    ("decorated", "plain"),
    [
        ("&quot;a&quot; &amp;amp;lt;b&amp;amp;gt; &#x27;c&#39;", "\"a\" <b> 'c'"),
        ("<pre>one<br/>two</pre>", " one two "),
        ("Can\u00e2\u20ac\u2122t parse", "Can\u2019t parse"),
        ("\u2502 one   \u2502", "one"),
        ("\u256d\u2500\u2500\u256e\n\u2502 one\n\u2570\u2500\u2500\u256f", "\none\n"),
        ("  message: 'Can''t parse'", "  message: 'Can't parse'"),
    ],
)
def test_what_is_within_a_line_is_taken_out(decorated: str, plain: str) -> None:
    assert strip_decoration(decorated.encode()).decode() == plain


@pytest.mark.parametrize(
    "text",
    [b"On Monday Kim wrote:\n> one\n>\n> two\n", quopri.encodestring(b"one = two " * 40 + b"\nthree\n")],
)
def test_the_number_of_lines_stays_the_same(text: bytes) -> None:
    assert strip_decoration(text).count(b"\n") == text.count(b"\n")


def test_a_line_that_a_mail_program_broke_is_whole_again() -> None:
    mail = quopri.encodestring(b"LustreError: 15c-8: " + b"x" * 90 + b" rc = -5\nnext\n")
    assert b"=\n" in mail
    assert strip_decoration(mail).startswith(b"LustreError: 15c-8: " + b"x" * 90 + b" rc = -5\n")
