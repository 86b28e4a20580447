"""What people and programs do to a text before somebody else sees it, as functions of the text."""

from __future__ import annotations

import csv
import html
import io
import json
import quopri
import textwrap
from collections.abc import Callable

POD, NODE = "train-0", "ip-10-0-1-11.ec2.internal"


def _flat(text: str) -> str:
    return " ".join(text.split())


def described(text: str) -> str:
    """`kubectl describe pod`."""
    return (
        "Events:\n  Type     Reason       Age                 From     Message\n"
        "  ----     ------       ----                ----     -------\n"
        f"  Warning  FailedMount  3m (x7 over 17m)    kubelet  {text}\n"
    )


def listed(text: str) -> str:
    """`kubectl get events`."""
    header = "LAST SEEN   TYPE      REASON        OBJECT        MESSAGE\n"
    return f"{header}3m          Warning   FailedMount   pod/{POD}   {_flat(text)}\n"


def listed_everywhere(text: str) -> str:
    """`kubectl get events -A`."""
    header = "NAMESPACE   LAST SEEN   TYPE      REASON        OBJECT        MESSAGE\n"
    return f"{header}training    3m          Warning   FailedMount   pod/{POD}   {_flat(text)}\n"


def listed_wide(text: str) -> str:
    """`kubectl get events -o wide`."""
    header = (
        "LAST SEEN  TYPE     REASON       OBJECT       SUBOBJECT  SOURCE          MESSAGE  FIRST SEEN  COUNT  NAME\n"
    )
    return (
        f"{header}3m         Warning  FailedMount  pod/{POD}             kubelet, {NODE}  {_flat(text)}  17m   7   "
        f"{POD}.17f0c1d2e3f4a5b6\n"
    )


def columns_of_ones_own(text: str) -> str:
    """`kubectl get events -o custom-columns=MESSAGE:.message,REASON:.reason,…`."""
    return f"MESSAGE   REASON   COUNT   NAME\n{_flat(text)}   FailedMount   7   {POD}.17f0c1d2e3f4a5b6\n"


def columns_turned(text: str) -> str:
    """`kubectl get events -o custom-columns=TIME:…,OBJECT:…,REASON:…,TYPE:…,MESSAGE:…`."""
    return (
        "TIME   OBJECT   REASON   TYPE   MESSAGE\n"
        f"2026-11-23T21:12:01Z   {POD}   FailedMount   Warning   {_flat(text)}\n"
    )


def _event(text: str) -> dict[str, object]:
    return {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": f"{POD}.17f0", "namespace": "training"},
        "involvedObject": {"kind": "Pod", "name": POD, "namespace": "training"}, "reason": "FailedMount",
        "message": text, "type": "Warning", "count": 7, "source": {"component": "kubelet", "host": NODE},
        "firstTimestamp": "2026-11-23T21:12:01Z", "lastTimestamp": "2026-11-23T21:20:01Z",
    }  # fmt: skip


def in_json(text: str) -> str:
    """`kubectl get events -o json`."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [_event(text)]}, indent=4)


def in_yaml(text: str) -> str:
    """`kubectl get events -o yaml`."""
    body = "\n".join(f"    {line}" for line in text.splitlines())
    return (
        f"apiVersion: v1\nitems:\n- apiVersion: v1\n  count: 7\n  involvedObject:\n    kind: Pod\n    name: {POD}\n"
        f"    namespace: training\n  kind: Event\n  message: |-\n{body}\n  metadata:\n    name: {POD}.17f0\n"
        "    namespace: training\n  reason: FailedMount\n  type: Warning\nkind: List\nmetadata: {}\n"
    )


def quoted_by_mail(text: str) -> str:
    """An answer to a mail."""
    return "On Mon, Ann wrote:\n" + "".join(f"> {line}\n" for line in text.splitlines()) + "\nAny idea?\n"


def quoted_twice(text: str) -> str:
    """An answer to an answer."""
    return "".join(f">> {line}\n" for line in text.splitlines())


def markdown_table(text: str) -> str:
    """A table in an issue."""
    return f"| Type | Reason | Message |\n|---|---|---|\n| Warning | FailedMount | {_flat(text)} |\n"


def jira_table(text: str) -> str:
    """A table in Jira."""
    return f"||Reason||Message||When||\n|FailedMount|{_flat(text)}|3m ago|\n"


def slack(text: str) -> str:
    """A message with its author, in a fence."""
    return f"Ann Lee  9:41 AM\npods hang since this morning, see\n```{text}```\n:eyes: 2\n"


def inline_code(text: str) -> str:
    """Each line in backticks, in a list."""
    return "".join(f"* `{line}`\n" for line in text.splitlines() if line.strip())


def row_of_csv(text: str) -> str:
    """An export of a table."""
    out = io.StringIO()
    csv.writer(out).writerows(
        (("time", "reason", "message", "host"), ("2026-11-23 21:12:01", "FailedMount", text, NODE))
    )
    return out.getvalue()


def escaped(text: str) -> str:
    """A string of JSON within another document."""
    return json.dumps({"level": "error", "event": {"detail": text}})


def escaped_twice(text: str) -> str:
    """A string of JSON within a string of JSON."""
    return json.dumps(json.dumps({"msg": text}))


def wrapped(text: str) -> str:
    """Broken at 80 columns by a mail program."""
    return "\n".join(textwrap.fill(line, 80, break_long_words=False) for line in text.splitlines()) + "\n"


def broken(text: str) -> str:
    """Broken at 80 columns by a terminal, inside words."""
    return "\n".join(line[at : at + 80] for line in text.splitlines() for at in range(0, max(1, len(line)), 80)) + "\n"


def indented(text: str) -> str:
    """A part of a document, with tabs."""
    return "".join(f"\t\t{line}\r\n" for line in text.splitlines())


def coloured(text: str) -> str:
    """As a terminal shows it."""
    words = text.split(" ")
    return " ".join(f"\x1b[1;3{n % 8}m{word}\x1b[0m" if n % 3 == 0 else word for n, word in enumerate(words))


def typeset(text: str) -> str:
    """As a word processor writes it: other quotes, dashes and blanks."""
    text = text.replace("'", "’").replace('"', "”").replace("--", "—").replace(" - ", " – ").replace("...", "…")
    return " ".join(text.split(" ")[:3]) + "\u00a0" + "\u00a0".join(text.split(" ")[3:])


def web_page(text: str) -> str:
    """The source of a page."""
    return "<pre><code>" + html.escape(text).replace("\n", "<br>\n") + "</code></pre>\n"


def escaped_by_a_chat(text: str) -> str:
    """A quotation, as a chat exports it."""
    return "".join(f"&gt; {html.escape(html.escape(line))}\n" for line in text.splitlines())


def misread(text: str) -> str:
    """Typographic marks whose encoding was taken for Windows' Latin."""
    return text.replace("'", "’").encode().decode("cp1252", "replace")


def full_width(text: str) -> str:
    """Typed with a Chinese keyboard."""
    return text.replace(": ", "：").replace(", ", "，")


def quoted_printable(text: str) -> str:
    """The source of a mail."""
    return quopri.encodestring(text.encode()).decode()


def framed(text: str) -> str:
    """Between the lines that a terminal program draws around it."""
    rows = (line[at : at + 98] for line in text.splitlines() for at in range(0, max(1, len(line)), 98))
    return "┌" + "─" * 100 + "┐\n" + "".join(f"│ {row:<98} │\n" for row in rows) + "└" + "─" * 100 + "┘\n"


def one_line_of_yaml(text: str) -> str:
    """A value between apostrophes."""
    return "- reason: FailedMount\n  message: '" + _flat(text).replace("'", "''") + "'\n"


def journal_bytes(text: str) -> str:
    """`journalctl -o json` of a message with colours in it."""
    return json.dumps({"_HOSTNAME": NODE, "SYSLOG_IDENTIFIER": "mount", "MESSAGE": list(f"\x1b[31m{text}".encode())})


def upper(text: str) -> str:
    """Shouted."""
    return text.upper()


def lower(text: str) -> str:
    """Typed from memory."""
    return text.lower()


def without_marks(text: str) -> str:
    """Without punctuation."""
    return "".join(char if char.isalnum() or char in " \n" else " " for char in text)


def scanned(text: str) -> str:
    """Read off a picture: some letters are taken for others."""
    swaps = {"l": "1", "O": "0", "I": "l", "0": "O", "1": "l"}
    out, seen = [], 0
    for char in text:
        seen += char in swaps
        out.append(swaps[char] if char in swaps and seen % 3 == 0 else char)
    return "".join(out)


AS_PRINTED: dict[str, Callable[[str], str]] = {
    one.__name__: one
    for one in (
        described, listed, listed_everywhere, listed_wide, columns_of_ones_own, columns_turned, in_json, in_yaml,
        quoted_by_mail, quoted_twice, markdown_table, jira_table, slack, inline_code, row_of_csv, escaped,
        escaped_twice, wrapped, broken, indented, coloured, typeset, web_page, escaped_by_a_chat, misread, full_width,
        quoted_printable, framed, one_line_of_yaml, journal_bytes,
    )
}  # fmt: skip
"""The words are still all there."""

RETOLD: dict[str, Callable[[str], str]] = {one.__name__: one for one in (upper, lower, without_marks, scanned)}
"""Letters differ: a cause is possible at most."""
