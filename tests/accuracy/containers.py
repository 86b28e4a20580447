"""The same text as other programs and people hand it on: in event objects, log records, exports, mails and chats."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

from tests.accuracy.out_of_sample import Expected

_HOST = "ip-10-0-3-17.ec2.internal"
_HEADER = 'E1124 06:48:13.123456       1 driver.go:105] "GRPC error" err='


def event_json(text: str) -> str:
    """`kubectl get events -o json`."""
    event = {
        "apiVersion": "v1",
        "count": 9,
        "involvedObject": {"kind": "Pod", "name": "trainer-0", "namespace": "ml"},
        "kind": "Event",
        "lastTimestamp": "2026-11-24T06:53:13Z",
        "message": text,
        "reason": "FailedMount",
        "source": {"component": "kubelet", "host": _HOST},
        "type": "Warning",
    }
    return json.dumps({"apiVersion": "v1", "items": [event], "kind": "List"}, indent=4)


def event_yaml(text: str) -> str:
    """`kubectl get event -o yaml`, the message as a quoted string."""
    return (
        "apiVersion: v1\ncount: 9\ninvolvedObject:\n  kind: Pod\n  name: trainer-0\n  namespace: ml\nkind: Event\n"
        f"message: {json.dumps(text, ensure_ascii=False)}\nreason: FailedMount\ntype: Warning\n"
    )


def container_json(text: str) -> str:
    """The json-file log of a container, one record a line."""
    return "".join(
        json.dumps({"log": line + "\n", "stream": "stderr", "time": f"2026-11-24T06:48:13.{number:09d}Z"}) + "\n"
        for number, line in enumerate(text.split("\n"))
    )


def container_cri(text: str) -> str:
    """containerd's log file, one record a line."""
    return "".join(
        f"2026-11-24T06:48:13.{number:09d}Z stderr F {line}\n" for number, line in enumerate(text.split("\n"))
    )


def log_shipper(text: str) -> str:
    """One record of Fluent Bit that holds a whole klog line."""
    return json.dumps({"log": _HEADER + json.dumps(text), "stream": "stderr", "kubernetes": {"host": _HOST}}) + "\n"


def journal_json(text: str) -> str:
    """`journalctl -o json`."""
    return "".join(
        json.dumps({"__REALTIME_TIMESTAMP": "1763966893000000", "_HOSTNAME": _HOST, "MESSAGE": line}) + "\n"
        for line in text.split("\n")
    )


def journal_export(text: str) -> str:
    """`journalctl -o export`."""
    return "".join(
        f"__REALTIME_TIMESTAMP=1763966893000000\n_HOSTNAME={_HOST}\nPRIORITY=3\nMESSAGE={line}\n\n"
        for line in text.split("\n")
    )


def cloudwatch_csv(text: str) -> str:
    """The CloudWatch console's export."""
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["timestamp", "message"])
    rows.writerow(["1763966893000", text])
    return table.getvalue()


def cloudwatch_json(text: str) -> str:
    """`aws logs filter-log-events`."""
    return json.dumps({"events": [{"logStreamName": "node", "timestamp": 1763966893000, "message": text}]}, indent=4)


def mail(text: str) -> str:
    """An answered mail."""
    quoted = "".join(f"> {line}\n" for line in text.split("\n"))
    return f"On Tue, Nov 24, 2026 at 7:01 AM Kim wrote:\n{quoted}> Any idea?\n\nLet me check."


def markdown(text: str) -> str:
    """An issue with a fenced block."""
    return f"**What happened?**\n```\n{text}\n```\n**Environment**\n- Driver version: v1.5.0\n"


def numbered(text: str) -> str:
    """`cat -n`."""
    return "".join(f"{number:6d}\t{line}\n" for number, line in enumerate(text.split("\n"), 1))


def found_by_grep(text: str) -> str:
    """`grep -rn`."""
    return "".join(f"var/log/messages:{number}:{line}\n" for number, line in enumerate(text.split("\n"), 8812))


def tabbed(text: str) -> str:
    """Continuation lines behind tabs, as YAML and issue forms leave them."""
    return text.replace("\n", "\n\t\t")


def in_korean(text: str) -> str:
    """Between a person's sentences."""
    return f"파드가 ContainerCreating 상태에서 멈춰 있습니다. 이벤트:\n{text}\n도와주세요."


def in_chinese(text: str) -> str:
    """Between a person's sentences."""
    return f"挂载失败，报错如下：\n{text}\n请问还需要检查什么？"


def in_german(text: str) -> str:
    """Between a person's sentences."""
    return f"Hallo, der Pod startet nicht:\n\n{text}\n\nGrüße"


CONTAINERS: dict[str, Callable[[str], str]] = {
    "events, JSON": event_json,
    "event, YAML": event_yaml,
    "container log, JSON": container_json,
    "container log, CRI": container_cri,
    "log shipper": log_shipper,
    "journal, JSON": journal_json,
    "journal, export": journal_export,
    "CloudWatch, CSV": cloudwatch_csv,
    "CloudWatch, JSON": cloudwatch_json,
    "mail": mail,
    "Markdown": markdown,
    "numbered lines": numbered,
    "grep": found_by_grep,
    "tabs": tabbed,
    "Korean prose": in_korean,
    "Chinese prose": in_chinese,
    "German prose": in_german,
}


OF_PEOPLE = frozenset(("mail", "Markdown", "numbered lines", "tabs"))
"""What a person's own words come in; another person's sentences beside them would say something else."""


def fits(record: Expected, container: str) -> bool:
    """Whether a text may come in that wrapping: only an event in an event, no prose in a log, nothing twice."""
    if record.id.startswith("t-") or (record.medium == "prose" and container not in OF_PEOPLE):
        return False
    return record.medium == "event" or not container.startswith("event")
