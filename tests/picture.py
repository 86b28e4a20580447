"""`python -m tests.picture` writes the README's picture: what the real command prints of the incident, in a terminal.

The picture is text, so that a test can hold it against what the command prints today.
"""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.lab import Lab

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "run.svg"
COLUMNS = 92
CHARACTER, LINE, MARGIN, BAR = 8.4, 19, 20, 38
"""Pixels of a character of 14 px and of a line, around the text, and of the window's bar."""

_CODE = re.compile(r"\x1b\[(\d*)m")
_FILL = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "35": "#d2a8ff", "2": "#8b949e"}
_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" \
role="img">
<title>What lustre-doctor run prints of a volume that does not mount</title>
<style>text {{ font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #e6edf3; \
white-space: pre }} .bold {{ font-weight: bold }}</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<circle cx="22" cy="19" r="6" fill="#ff5f57"/><circle cx="42" cy="19" r="6" fill="#febc2e"/>\
<circle cx="62" cy="19" r="6" fill="#28c840"/>
"""


def printed(lab: Lab) -> str:
    """What the command prints in a terminal that shows colour."""
    environment = {**os.environ, **lab.env, "COLUMNS": str(COLUMNS), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "diag", "run", "--color", "always"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    return f"$ lustre-doctor run\n{ran.stdout}"


def picture_of(text: str) -> str:
    """The text of a terminal as an SVG that loads nothing."""
    lines = text.splitlines()
    columns = max(COLUMNS, *(len(_CODE.sub("", line)) for line in lines))
    height = BAR + LINE * len(lines) + MARGIN
    shown = [_HEAD.format(width=2 * MARGIN + CHARACTER * columns, height=height)]
    for number, line in enumerate(lines):
        spans = "".join(_span(*run) for run in _runs(line))
        shown.append(f'<text y="{BAR + LINE * number + 14}">{spans}</text>\n')
    return "".join((*shown, "</svg>\n"))


def words_of(picture: str) -> list[str]:
    """The words of a picture, or of a terminal's text.

    Left out: the lab's network, which is the first free one, and how many checks there are.
    """
    if picture.startswith("<svg"):
        picture = html.unescape(re.sub(r"<[^>]*>", "", picture.partition("</style>")[2].replace("</text>", "\n")))
    text = re.sub(r"ip-127-\d+-", "ip-127-N-", _CODE.sub("", picture))
    return re.sub(r"\b\d+(?= of \d+ passed| passed| checks ran| skipped)", "N", text).split()


def _runs(line: str) -> Iterator[tuple[int, str, str, bool]]:
    """Column, text, colour and boldness of each piece of a line; its last code holds on to the next."""
    column, fill, is_bold = 0, "", False
    for place, piece in enumerate(_CODE.split(line)):
        if place % 2:
            is_bold = piece == "1" or (is_bold and piece not in ("", "0"))
            fill = _FILL.get(piece, "" if piece in ("", "0") else fill)
        elif piece:
            yield column, piece, fill, is_bold
            column += len(piece)


def _span(column: int, text: str, fill: str, is_bold: bool) -> str:
    """Each piece has its own place and width, whatever font the reader has."""
    about = f' style="fill: {fill}"' if fill else ""
    about += ' class="bold"' if is_bold else ""
    x, width = MARGIN + CHARACTER * column, CHARACTER * len(text)
    return f'<tspan x="{x:.1f}" textLength="{width:.1f}"{about}>{html.escape(text)}</tspan>'


if __name__ == "__main__":
    with Lab.start(world="incident") as lab:
        PICTURE.write_text(picture_of(printed(lab)), "utf-8")
