"""Whether a text is about Lustre at all: many signatures are words that every file system uses."""

from __future__ import annotations

from functools import cache

from diag.knowledge.linear_regex import Pattern
from diag.model.symptom import Hit

LUSTRE = (
    r"lustre|\blnet|@tcp|@o2ib|\bMGS\b|\bMGC|-MDT[0-9a-f]{4}|-OST[0-9a-f]{4}|\bfsx|[-.]fsx\b|\blctl\b|\blfs\b"
    r"|ptlrpc|ksocklnd|o2iblnd|libcfs|\bobd|amlfs|CreateFileSystem|DescribeFileSystems|\bldlm_|\bllite\b"
)
"""In upper or lower case."""
_ANOTHER = (
    r"(?i)-t (?:nfs4?|efs|ext[234]|xfs|cifs|smb3|ceph|glusterfs|btrfs|tmpfs|fuse\S*) "
    r"|\bmount\.(?:nfs4?|efs|cifs|ceph)\b"
    r"|\b(?:efs|ebs|s3|smb|nfs|cephfs|rbd|secrets-store|file|disk|pd|filestore)\.csi\.|\b(?:nfs|NFS|EXT4-fs|XFS|CIFS)\b"
    r"|\bdriver\.longhorn\.io\b"
)


@cache
def _pattern(pattern: str) -> Pattern:
    return Pattern(pattern)


def speaks_of_lustre(text: str) -> bool:
    """Whether a normalised text, or the name of the file it stood in, speaks of Lustre or FSx."""
    return _pattern(f"(?i){LUSTRE}").search(text) is not None


def speaks_of_another(text: str) -> bool:
    """Whether a normalised text speaks of another file system or another storage driver."""
    return _pattern(_ANOTHER).search(text) is not None


def in_context(hits: tuple[Hit, ...], text: str, *, asked_about: bool) -> tuple[Hit, ...]:
    """The hits that count in a text.

    A decisive signature names its cause in any surroundings. The others count where the text speaks of Lustre, and
    where somebody asked about just this text (`asked_about`) unless it speaks of another file system.
    """
    if not hits or all(hit.weight == "decisive" for hit in hits) or speaks_of_lustre(text):
        return hits
    if asked_about and not speaks_of_another(text):
        return hits
    return tuple(hit for hit in hits if hit.weight == "decisive")
