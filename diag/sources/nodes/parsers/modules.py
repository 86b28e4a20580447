"""The Lustre module: on disk, in the kernel, and the file systems the kernel knows."""

from __future__ import annotations

import re

from diag.model.unavailable import Unavailable
from diag.resources.node_report import InstalledModule, LoadedModule
from diag.sanitize import one_line
from diag.sources.nodes.parsers.answers import NO_FILE, Answer, absent, garbled, no_answer

VERSION = re.compile(r"\d+\.\d+[\w.+~-]{0,60}")
"""`2.15.8`, `2.17.57_62`, `2.12.8_198_gde6dd89`. Source: /sys/fs/lustre/version of FSx and upstream clients."""

_FIELDS = frozenset({"filename", "version", "vermagic", "signer"})


_DIRECTIVES = frozenset({"blacklist", "install", "remove", "options"})
SETTINGS = 64
"""Lines of modprobe's configuration that are kept."""


def read_installed_module(answer: Answer) -> InstalledModule | Unavailable:
    """`modinfo lustre`; absent when it says that there is no such module. Source: kmod modinfo(8)."""
    fields: dict[str, str] = {}
    for line in answer.lines:
        key, colon, value = line.partition(":")
        if colon and key in _FIELDS:
            fields.setdefault(key, one_line(value))
    if "filename" in fields and answer.status == 0:
        return InstalledModule(
            fields.get("version", ""), fields.get("vermagic", ""), fields["filename"], fields.get("signer", "")
        )
    if answer.status == NO_FILE:
        return no_answer(answer) or garbled("")
    if "not found" in answer.text and "lustre" in answer.text and answer.status != 127:
        return absent(answer.text)
    return no_answer(answer) or garbled(answer.text or f"modinfo ended with {answer.status}")


def read_vermagic(answer: Answer) -> str | Unavailable:
    """`modinfo -F vermagic` of a module that is loaded: `6.1.0-50-amd64 SMP preempt mod_unload modversions`."""
    text = one_line(answer.text)
    if answer.status == 0 and re.fullmatch(r"\d[\w.+~-]*( [\w.+-]+)*", text, re.ASCII):
        return text
    return no_answer(answer) or garbled(text or f"modinfo ended with {answer.status}")


def read_module_settings(answer: Answer) -> tuple[str, ...] | Unavailable:
    """Lines of `modprobe --showconfig` about Lustre modules. Source: kmod modprobe.d(5)."""
    if failed := no_answer(answer):
        return failed
    lines = tuple(one_line(line) for line in answer.lines if line.strip())
    return lines[:SETTINGS] if all(line.split()[0] in _DIRECTIVES for line in lines) else garbled(answer.text)


def read_dkms(answer: Answer) -> tuple[str, ...] | Unavailable:
    """Folders of Lustre under /var/lib/dkms; absent where the node has no DKMS. Source: dkms(8), *files*."""
    if answer.status == NO_FILE:
        return absent("there is no /var/lib/dkms")
    if failed := no_answer(answer):
        return failed
    return tuple(one_line(line) for line in answer.lines if re.fullmatch(r"[\w.+~-]+(?:/[\w.+~-]+){2,4}", line))[
        :SETTINGS
    ]


def read_loaded_modules(answer: Answer) -> tuple[LoadedModule, ...] | Unavailable:
    """Folders of /sys/module that belong to Lustre, `name version` a line."""
    if failed := no_answer(answer):
        return failed
    found = []
    for line in answer.lines:
        name, _, version = line.strip().partition(" ")
        if re.fullmatch(r"[a-z0-9_]{1,40}", name):
            found.append(LoadedModule(name, version if VERSION.fullmatch(version) else ""))
    return tuple(found)


def read_client_version(answer: Answer) -> str | Unavailable:
    """/sys/fs/lustre/version, or `lctl get_param -n version`; absent while no client is loaded."""
    for word in answer.text.split():
        if answer.status == 0 and VERSION.fullmatch(word):
            return word
    if answer.status == NO_FILE or "No such file" in answer.text:
        return absent("the kernel has no /sys/fs/lustre: no client is loaded")
    return no_answer(answer) or garbled(answer.text)


def read_filesystems(answer: Answer) -> tuple[str, ...] | Unavailable:
    """/proc/filesystems: names, `nodev` left out."""
    if failed := no_answer(answer):
        return failed
    names = tuple(line.split()[-1] for line in answer.lines if line.split())
    return names if "proc" in names else garbled("no list of file systems")
