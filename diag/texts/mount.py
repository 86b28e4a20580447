"""Which mount a text is about, which operation, and with which exit status it ended."""

from __future__ import annotations

from typing import NamedTuple

from diag.grammar.ids import FILE_SYSTEM
from diag.grammar.regex import compiled
from diag.model.symptom import MountRef, Phase
from diag.sanitize import one_line

# A redacted name (`fs-***`, `<MGS_IP>`) is still a source.
_NID = r"(?:(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]{1,15}|[\w.*<>{}$-]+)@(?:tcp|o2ib|kfi|efa|gni|ptlf)\d*"
"""An IPv6 address is one NID, not a list (Lustre 2.16 and later)."""
_SOURCE = (
    rf"(?P<source>(?P<nids>{_NID}(?:[:,]{_NID})*):/(?P<name>[\w.<>*$\{{\}}-]+)(?:/[\w./-]*)?)"
    r"(?:\"? (?:at |on )?\"?(?P<target>/[^\s\"':,]+))?"
)
_KUBELET_PATH = r"/pods/[\w-]+/volumes/kubernetes\.io~csi/(?P<volume>[\w.<>*-]+)"
_VOLUME = r"(?:for volume|PersistentVolume|volumeName[:=]) ?[\"']?(?P<volume>[\w.<>*-]+)[\"']"
_NODE = r"(?:\bon node |nodeName[:=] ?\"?)(?P<node>[\w.-]+)"
_POD = r"\bpod=\"(?P<pod>[\w.-]+/[\w.-]+)\"|\bpod \"(?P<namespaced>[\w.-]+/[\w.-]+)\""
_FILE_SYSTEM = rf"\b(?P<id>{FILE_SYSTEM.pattern})\b"
_EXIT_STATUS = r"\b(?:exit status|exit code:?|exited with code|but received) '?(?P<status>\d{1,3})\b"
_KERNEL_NAME = r"\b(?P<name>[A-Za-z0-9_]{1,8})-(?:client\b|(?:MDT|OST)[0-9a-fx]{4})"
_KERNEL_NID = r"(?:\bMGC|\(at )(?P<nid>[\w.:]+@(?:tcp|o2ib|kfi|efa|gni)\d*)"
_WORDS_OF_PHASE = (
    (
        Phase.UNMOUNT,
        ("UnmountVolume", "UnmountDevice", "NodeUnpublish", "NodeUnstage", "TearDown", "umount", "orphaned pod"),
    ),
    (Phase.PROVISION, ("ProvisioningFailed", "failed to provision", "CreateVolume", "CreateFileSystem")),
    (Phase.SCHEDULE, ("FailedScheduling", "nodes are available")),
    (
        Phase.MOUNT,
        ("MountVolume", "MountDevice", "FailedMount", "NodePublish", "NodeStage", "mount failed", "Could not mount"),
    ),
    (Phase.MOUNT, ("mount.lustre: ", "mount: ", "Unable to mount", "lustre_fill_super")),
)


class Clues(NamedTuple):
    """What a text says of its mount, the names that only the kernel uses included."""

    mount: MountRef
    names: frozenset[str]
    """File-system (mount) names, from the source or from kernel names such as `ddyezbev-client`."""
    nids: frozenset[str]


def find_clues(text: str, node: str = "", pod: str = "", volume: str = "") -> Clues:
    """The mount that a normalised text is about; `node`, `pod` and `volume` are used where it names none."""
    device = _find(_SOURCE, text) if "@" in text else {}
    names = {device["name"]} if "name" in device else set[str]()
    nids = set(device["nids"].replace(",", ":").split(":")) if "nids" in device else set[str]()
    if "-client" in text or "-MDT" in text or "-OST" in text:
        names.update(_find(_KERNEL_NAME, text).values())
    if "MGC" in text or "(at " in text:
        nids.update(_find(_KERNEL_NID, text).values())
    path = _find(_KUBELET_PATH, text) if "kubernetes.io~csi" in text else {}
    spoken = path or (_find(_VOLUME, text) if "olume" in text else {})
    in_pod = _find(_POD, text) if "pod" in text else {}
    file_system = _find(_FILE_SYSTEM, device.get("source", "")) or _find(_FILE_SYSTEM, text) if "fs-" in text else {}
    mount = MountRef(
        volume=_shown(spoken.get("volume", volume)),
        source=_shown(device.get("source", "")),
        target=_shown(device.get("target", "")),
        node=_shown(_find(_NODE, text).get("node", node).rstrip(".:")) if "node" in text else node,
        pod=_shown(in_pod.get("pod", in_pod.get("namespaced", pod))),
        file_system=file_system.get("id", ""),
    )
    return Clues(mount, frozenset(names), frozenset(nids))


def _shown(name: str) -> str:
    return one_line(name) if name else ""


def find_exit_status(text: str) -> int | None:
    """The exit status that a normalised text names, None when it names none."""
    found = _find(_EXIT_STATUS, text) if "exit" in text or "received" in text else {}
    return int(found["status"]) if found else None


def find_phase(text: str) -> Phase | None:
    """The operation that a normalised text belongs to, None when it does not say."""
    text = text.replace("/mount: ", "/mount ")  # the end of a kubelet's path, not the command
    return next((phase for phase, words in _WORDS_OF_PHASE if any(word in text for word in words)), None)


def _find(pattern: str, text: str) -> dict[str, str]:
    found = compiled(pattern).search(text)
    return found.groups() if found else {}
