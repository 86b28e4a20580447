"""Runs the real command in an injected world and holds what it says against what was broken."""

from __future__ import annotations

import datetime
import functools
import itertools
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

from botocore.exceptions import ClientError
from click.testing import CliRunner

from diag.cli.run import command
from tests.lab.faults import FAULTS
from tests.lab.faults.registry import Fault
from tests.lab.incident import WORKLOAD
from tests.lab.lab import Lab
from tests.lab.variants import VARIANTS

PAIRS = 150
SHOWN_BY_AN_EVENT = frozenset({"dns-black-hole"})
"""Named like a state, and shown by an event alone: a DNS server that does not answer this machine is unknown."""
SEED = 988


@dataclass(frozen=True)
class Row:
    """One world of the matrix and what came out."""

    name: str
    wanted: tuple[str, ...]
    told: tuple[str, ...]
    """Ids of the causes that were named first, one for each diagnosis, then all others that are not ruled out."""
    stray: tuple[str, ...] = ()
    """Failing findings that are neither the cause nor its consequence."""

    @property
    def right(self) -> bool:
        """One fault: named first, and nothing else fails. Several: each is named."""
        if len(self.wanted) == 1:
            return self.told[:1] == self.wanted and not self.stray
        return set(self.wanted) <= set(self.told)


def run(lab: Lab, *options: str, now: datetime.datetime | None = None) -> dict[str, Any]:
    """The JSON report of `lustre-doctor run` in this process, at the time of the lab's start or at another."""
    arguments = ["--dns-server", lab.env["LUSTRE_DOCTOR_DNS"], "--format", "json", *options]
    at = (now or lab.site.now).strftime("%Y-%m-%dT%H:%M:%SZ")
    # The lab's times are those of its start; a long session must not make its pods older than they are meant to be.
    # On this machine a SYN is answered at once or never: who waits for 3 s learns nothing more.
    with mock.patch("diag.run.execute._now", return_value=at), mock.patch("diag.sources.tcp.PATIENCE_S", 0.3):
        ran = CliRunner().invoke(command, arguments, env=lab.env, standalone_mode=False)
    if ran.exception is not None:
        raise ran.exception
    report: dict[str, Any] = json.loads(ran.stdout)
    return report


def single(lab: Lab, fault: Fault) -> Row:
    """One fault in an otherwise healthy world."""
    lab.load(fault.world)
    lab.inject(fault.name)
    report = run(lab)
    return Row(fault.name, (fault.cause,), _told(report), tuple(_stray(report, fault.cause)))


def variant(lab: Lab, name: str) -> dict[str, Any]:
    """The findings of a healthy variant that are no pass and no skip."""
    lab.load(name)
    return run(lab)


def pairs(lab: Lab, seed: int = SEED) -> Iterator[tuple[Fault, Fault]]:
    """Pairs of faults of different layers and causes, drawn without end but always the same.

    Faults that are an event alone are left out, since a pod has one newest event and the other fault writes its own.
    The others go with those that leave the world as far along: without a volume nothing can be wrong with its name,
    without a file system nothing with its network, of a volume that gives an address or the name of another file system
    its own name is not asked, and a pod that waits cannot be evicted from what it uses. Two
    faults of one field (`dnsname-…`) cannot be at once either.
    """
    faults = [fault for fault in FAULTS.values() if fault.world == "healthy" and not fault.name.startswith("event-")]
    reaches = functools.cache(lambda fault: _how_far(lab, fault))
    seen: set[frozenset[str]] = set()
    source = random.Random(seed)
    for _ in range(len(faults) ** 2):
        one, other = source.sample(faults, 2)
        names = frozenset((one.name, other.name))
        same_field = one.name.partition("-")[0] == other.name.partition("-")[0]
        different = one.cause != other.cause and one.layer != other.layer and not same_field
        if different and not names & SHOWN_BY_AN_EVENT and names not in seen and reaches(one) == reaches(other):
            seen.add(names)
            yield one, other


def _how_far(lab: Lab, fault: Fault) -> tuple[bool | str, ...]:
    """How far a mount gets with the fault in place.

    Whether there is a volume, its own file system's name is asked for, the node can mount at all, the file system
    exists and serves, and a pod of the volume is scheduled, where, and runs.
    """
    lab.load("healthy")
    lab.inject(fault.name)
    volumes = list(lab.kube.all("persistentvolumes"))
    handles = {volume["spec"]["csi"]["volumeHandle"] for volume in volumes}
    systems = lab.aws.fsx.state.file_systems.get(lab.site.region, {})
    own_names = all(
        csi["volumeAttributes"].get("dnsname", "").lower() == systems.get(csi["volumeHandle"], {}).get("DNSName", "")
        for csi in (volume["spec"]["csi"] for volume in volumes)
    )
    serving = {
        id
        for id, system in systems.items()
        if system["FileSystemType"] == "LUSTRE" and system.get("Lifecycle", "AVAILABLE") in ("AVAILABLE", "UPDATING")
    }
    pod = next((pod for pod in lab.kube.all("pods") if pod["metadata"]["name"] == WORKLOAD), {"spec": {}, "status": {}})
    node = next((node for node in lab.kube.all("nodes") if node["metadata"]["name"] == pod["spec"].get("nodeName")), {})
    return (
        bool(handles),
        own_names,
        node.get("status", {}).get("nodeInfo", {}).get("operatingSystem", "linux") == "linux",
        handles <= set(systems),
        handles <= serving,
        pod["spec"].get("nodeName", ""),
        pod["status"].get("phase") == "Running",
    )


def both(lab: Lab, one: Fault, other: Fault) -> Row | None:
    """Two faults at once, in the order that leaves the traces of both; None when they exclude each other.

    So they do where one cannot come after the other: what it breaks is gone then, and gone in the other order too.
    """
    rows = [_in_order(lab, one, other), _in_order(lab, other, one)]
    right = next((row for row in rows if row is not None and row.right), None)
    return right or (None if None in rows else rows[0])


def _in_order(lab: Lab, one: Fault, other: Fault) -> Row | None:
    lab.load("healthy")
    lab.inject(one.name)
    try:
        lab.inject(other.name)
    except (LookupError, ValueError, ClientError):
        # What the second one would break the first has taken away.
        return None
    return Row(f"{one.name} + {other.name}", (one.cause, other.cause), _told(run(lab)))


def sampled_pairs(lab: Lab, count: int = PAIRS, seed: int = SEED) -> Iterator[Row]:
    """So many pairs that can be at once."""
    rows = (both(lab, one, other) for one, other in pairs(lab, seed))
    return itertools.islice((row for row in rows if row is not None), count)


def _told(report: dict[str, Any]) -> tuple[str, ...]:
    first = [d["causes"][0]["id"] for d in report["diagnoses"] if d["causes"]]
    open_ = [c["id"] for d in report["diagnoses"] for c in d["causes"] if c["verdict"] != "ruled-out"]
    found = [f["cause"] for f in report["findings"] if f["cause"]]
    return tuple(dict.fromkeys((*first, *open_, *found)))


def _stray(report: dict[str, Any], cause: str) -> Iterator[str]:
    consequences = [text for d in report["diagnoses"] for text in d["consequences"]]
    for finding in report["findings"]:
        if finding["verdict"] != "fail" or finding["cause"] in ("", cause):
            continue
        if not any(text.endswith(finding["message"]) for text in consequences):
            yield f"{finding['check']}: {finding['message']}"


def singles(lab: Lab) -> Iterable[Row]:
    """Every fault alone."""
    return (single(lab, fault) for fault in FAULTS.values())


def variants() -> tuple[str, ...]:
    """Names of the healthy variants."""
    return tuple(VARIANTS)
