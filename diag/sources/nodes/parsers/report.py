"""Puts the answers of one node together into what is true of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from diag.knowledge.lustre_ports import LUSTRE_PORT
from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import NodeReport, Vantage
from diag.resources.via import Via
from diag.sources.nodes.parsers import imports, kernel, lnet, modules, mountinfo, reach, sockets, system
from diag.sources.nodes.parsers.answers import Answer, Answers


class Reading(msgspec.Struct, frozen=True):
    """One node's answers with the circumstances under which they were given."""

    node: str
    via: Via
    vantage: Vantage
    answers: Answers
    asked_at: float
    answered_at: float
    """Unix seconds by our clock."""
    port: int = LUSTRE_PORT
    image: str = ""
    probe: str = ""
    refused: Mapping[str, Unavailable] = {}
    """Questions that could not be asked, and why."""
    ended: Unavailable | None = None
    """Why the answers stop early, when they do."""


_READERS: dict[str, Callable[[Answer], Any]] = {
    "kernel": system.read_kernel,
    "architecture": system.read_architecture,
    "os_release": system.read_os_release,
    "installed_module": modules.read_installed_module,
    "kernel_vermagic": modules.read_vermagic,
    "module_settings": modules.read_module_settings,
    "dkms": modules.read_dkms,
    "loaded_modules": modules.read_loaded_modules,
    "client_version": modules.read_client_version,
    "filesystems": modules.read_filesystems,
    "lustre_mounts": mountinfo.read_lustre_mounts,
    "lnet_interfaces": lnet.read_lnet_interfaces,
    "nids": lnet.read_nids,
    "lnet_parameters": lnet.read_lnet_parameters,
    "lnet_conf": lnet.read_lnet_conf,
    "lnet_service": lnet.read_lines,
    "interfaces": lnet.read_interfaces,
    "imports": imports.read_imports,
    "uptime_s": kernel.read_uptime,
    "kernel_messages": kernel.read_kernel_messages,
    "sockets": sockets.read_sockets,
    "translations": sockets.read_translations,
    "resolver": system.read_resolver,
    "names": reach.read_names,
    "page_size": system.read_page_size,
    "lockdown": system.read_lockdown,
    "blocked": kernel.read_blocked,
    "tools_version": system.read_tools_version,
    "mount_helper": system.read_mount_helper,
}

_QUESTIONS = {"clock_skew_s": "clock", "uptime_s": "uptime"}
"""Fields whose name is not that of their question."""

FIELDS = (*_READERS, "connects", "clock_skew_s")
"""Fields of NodeReport that are read on the node."""


def report_of(reading: Reading) -> NodeReport:
    """Parse every answer; a field whose answer is missing or unusable says why in `missing`."""
    values: dict[str, Any] = {}
    missing: dict[str, Unavailable] = {}
    for field in FIELDS:
        value = _read(field, reading)
        if isinstance(value, Unavailable) and value.reason is Reason.ABSENT and _hides(field, reading, values):
            value = _HIDDEN
        if isinstance(value, Unavailable):
            what = f"{field.replace('_', ' ')} of {reading.node}"
            missing[field] = msgspec.structs.replace(value, what=what)
        else:
            values[field] = value
    if (again := reading.answers.by_question.get("blocked_later")) and values.get("blocked"):
        values["blocked"] = kernel.seen_again(values["blocked"], again)
    return NodeReport(
        node=reading.node,
        via=reading.via,
        vantage=reading.vantage,
        image=reading.image,
        probe=reading.probe,
        missing=missing,
        clock_s=round(reading.answered_at + values.get("clock_skew_s", 0.0), 3),
        **values,
    )


_HIDDEN = Unavailable(
    "",
    Reason.NOT_ASKED,
    "the kernel has a Lustre client, and this container shows neither its devices nor debugfs",
    remedy="use --via ssm or ssh",
)
"""A container has the devices of the moment it was started, and mostly no debugfs, where imports are since 2.12."""


def _hides(field: str, reading: Reading, known: Mapping[str, Any]) -> bool:
    """Whether the driver's container lacks a file that the node has: the module is there, so that proves nothing.

    "LNet is loaded and has no network" is LNet's own answer, and stays.
    """
    if reading.vantage is not Vantage.POD or field not in ("nids", "lnet_interfaces", "imports"):
        return False
    answer = reading.answers.by_question.get(field)
    is_loaded = any(module.name == "lustre" for module in known.get("loaded_modules", ()))
    return bool(known.get("client_version") or is_loaded) and answer is not None and "No such file" in answer.text


def _read(field: str, reading: Reading) -> Any:
    question = _QUESTIONS.get(field, field)
    answer = reading.answers.by_question.get(question)
    if answer is None:
        return _not_answered(question, reading)
    if field == "connects":
        return reach.read_connects(answer, reading.port)
    if field == "clock_skew_s":
        return system.read_clock_skew(answer, reading.asked_at, reading.answered_at)
    return _parsed(field, answer) if len(answer.text) <= REPEATED else _READERS[field](answer)


REPEATED = 4096
"""Characters of an answer that other nodes may have given too: equal answers of a fleet are read once and kept once."""


@functools.lru_cache(maxsize=2048)
def _parsed(field: str, answer: Answer) -> Any:
    return _READERS[field](answer)


def _not_answered(question: str, reading: Reading) -> Unavailable:
    if question in reading.refused:
        return reading.refused[question]
    if question in reading.answers.not_asked:
        return Unavailable(
            "",
            Reason.TIMEOUT,
            "a Lustre tool already hangs on the node, so no other was started",
            remedy="see its blocked tasks; only a reboot frees them",
        )
    was_cut_off = reading.ended is not None and reading.ended.reason is not Reason.TIMEOUT
    if question == reading.answers.unfinished and not was_cut_off:
        return Unavailable("", Reason.TIMEOUT, "it was asked and gave no answer in time")
    return reading.ended or Unavailable("", Reason.NOT_ASKED, f"not asked through {reading.via.value}")
