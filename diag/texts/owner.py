"""Whose text it is: a Lustre client's, a Lustre server's, another file system's or driver's, or nobody's."""

from __future__ import annotations

import enum
import re
from functools import cache, lru_cache

from diag.grammar.regex import compiled

LUSTRE = (
    r"lustre|\blnet|@tcp|@o2ib|\bMGS\b|\bMGC|-MDT[0-9a-f]{4}|-OST[0-9a-f]{4}|\bfsx|[-.]fsx\b|\blctl\b|\blfs\b"
    r"|ptlrpc|ksocklnd|o2iblnd|libcfs|\bobd|amlfs|CreateFileSystem|DescribeFileSystems|UpdateFileSystem|DataRepository(?:Association|Task)"
    r"|\bldlm_|\bllite\b"
)
"""In upper or lower case."""
# FSx has three other kinds of file systems: its name alone, and that of its calls, is not Lustre's beside one of them.
_OTHER_FSX = (
    r"(?i)\bopenzfs\b|\bontap\b|\btrident\b|\bnetapp\b|FSx for Windows|WindowsGuide/|\bfsx-windows\b"
    r"|\bFileSystemType\W{1,4}WINDOWS"
)
_LUSTRE_ALONE = (
    r"(?i)lustre|\blnet|@tcp|@o2ib|\bMGS\b|\bMGC|-MDT[0-9a-f]{4}|-OST[0-9a-f]{4}|\bfsx\.csi\.aws|\bfsx-csi|\blctl\b"
    r"|\blfs\b|ptlrpc|ksocklnd|o2iblnd|libcfs|amlfs|\bldlm_|\bllite\b"
)
# Others that are called Lustre: a web framework of Gleam, and a language for reactive programs.
_NAMESAKE = (
    r"(?i)\.gleam\b|\bgleam (?:build|run|add|deps|test)\b|\blustre/(?:element|effect|attribute|event|ssr)\b"
    r"|\.lus\b|\blustre v[46]\b|\blv6\b|\bkind2\b"
)
_ONLY_OURS = r"(?i)@tcp|@o2ib|mount\.lustre|LustreError|\blnet|-t lustre|\bfsx"
# CSI drivers (`ebs.csi.aws.com`, `csi.vsphere.vmware.com`); not Kubernetes' own keys and not the drivers of Lustre.
_DRIVER = (
    r"(?i)\b(?!(?:fsx|azurelustre|lustre)\.csi\.|storage\.k)[a-z0-9][a-z0-9-]{0,40}\.csi\."
    r"(?!storage\.k8s)(?:[a-z0-9-]{1,40}\.){1,4}(?:com|io|org|net|dev|cloud)\b"
    r"|(?<![\w.-])csi\.(?!storage\.k8s)(?:[a-z0-9-]{1,40}\.){1,3}(?:com|io|org|net|dev|cloud)\b"
    # Whatever a driver or provisioner is called where Kubernetes names it.
    r"|(?:external[ -]provisioner|storage-provisioner:|driver name) [\\\"']{0,3}"
    r"(?!(?:fsx|azurelustre|lustre)\.csi\.|is\b|for\b|and\b|pod\b|container\b)[a-z0-9][\w-]{0,60}(?:[./][\w-]{1,60}){1,5}"
)
OTHER_SYSTEMS = (
    r"-t (?:nfs4?|efs|ext[234]|xfs|cifs|smb3|ceph|glusterfs|btrfs|tmpfs|gpfs|beegfs|wekafs|zfs|fuse\S*) "
    r"|\bmount\.(?:nfs4?|efs|cifs|ceph|glusterfs|beegfs|zfs|fuse|ntfs)\b|\bmount error\(\d+\)"
    r"|\b(?:nfs|NFS|EXT4-fs|XFS|CIFS|BTRFS|ceph|rbd|gpfs|GPFS|mmfs|beegfs|BeeGFS|glusterfs|wekafs|WekaFS|openebs|OpenEBS"
    r"|linstor|drbd|iscsi|portworx|longhorn|s3fs|goofys|gcsfuse|blobfuse2?|juicefs|alluxio|azurefile|azuredisk"
    r"|elasticfilesystem|aws-ebs-csi-driver|aws-efs-csi-driver|ebs-csi|efs-csi|e[bf]s[- ]plugin"
    r"|mountpoint-s3|s3-csi|efs-utils|amazon-efs|topolvm|local-path|mayastor|piraeus|hwameistor|seaweedfs"
    r"|cubefs|moosefs|lizardfs|mfsmaster|orangefs|pvfs2|lvm-localpv|zfs-localpv|spectrum-scale|vsphere|xdg-desktop-portal"
    r"|slash2|pscrpc\w*)\b"
    r"|\bdriver\.longhorn\.io\b|\brook-ceph"
    # Lustre's drivers attach no volume, and a client has no block device.
    r"|\bAttachVolume\.Attach (?:succeeded|failed)\b|\bSuccessfulAttachVolume\b|\bMulti-Attach error\b"
    r"|\bFailedMapVolume\b|\bMapVolume\.\w|\bblock device\b"
)

# A server mounts a disk, a label or a ZFS dataset (a client: address@net:/name), and its kernel names its own sources,
# modules and the devices by which servers speak to each other.
_SERVER = (
    r"mount\.lustre: (?:according to \S+ |mount )?"
    r"(?:/[^\s:@]+|(?:PART)?(?:LABEL|UUID)=\S+|[A-Za-z][\w.-]*/[\w./-]+) (?:at|is already mounted on) /"
    r"|-t lustre (?:-[a-zA-Z] (?:[^\s/@]+ )?)*(?:/dev/\S|(?:PART)?(?:LABEL|UUID)=|\S+-(?:OST|MDT)[0-9a-f]{4}\b)"
    r"|Couldn't mount device \["
    r"|\(ldlm_lib\.c:\d{1,6}:target_\w+\(\)|, comm: (?:mdt|ost|ll_ost|ll_mdt|ll_mgs|mgs)[a-z_]{0,12}\d|\bobdfilter-\w"
    r"|\bfrom log \S+-(?:MDT|OST)[0-9a-f]{4} failed from MGS"
    r"|\((?:obd_mount_server|(?:osd|ofd|mdt|mdd|mgs|lod|osp|ost|tgt|out|lfsck|qmt|qsd|nodemap)_\w+)\.c:\d"
    r"|\b(?:server_fill_super|server_put_super|server_start_targets|osd_mount)(?:\(\)|\+0x)|Unable to start targets"
    r"|cannot register this server with the MGS|\(no target\)\. If you are running an HA pair"
    r"|-osc-MDT[0-9a-f]{4}|-(?:lwp|osp)-(?:MDT|OST)|-(?:MDT|OST)[0-9a-f]{4}-(?:osd|osp|lwp|mdtlov)\b"
    r"|(?:[^:]|[^d]:)[ @]0@lo\b"
    r"|\bll_(?:ost|mdt|mgs)\w*\d\b|\[(?:ofd|osd_\w+|ldiskfs|mdt|mdd|ost)\]|[Ss]ervice thread pid \d"
    r"|\b(?:mkfs|tunefs)\.lustre(?: FATAL)?: |\blustre-(?:zfs|ldiskfs|all)(?:-dkms\b|/\d)|\blustre-osd-(?:zfs|ldiskfs)"
    r"|(?:^|[\s/'])(?:osd[_-](?:zfs|ldiskfs)|ldiskfs|mdd|mdt|ofd|ost|osp|lod|lquota|lfsck)"
    r"(?:\.ko(?:\.[gx]z|\.zst)?)?['\"]?(?:: (?:disagrees about|Unknown symbol|loading out-of|module verification)"
    r"| needs unknown symbol| disagrees about| not found in directory| is in use|: )"
)
CLIENT = (
    r"@(?:tcp|o2ib|kfi|efa|gni)\d*:/|-client\b|\bll_\w+\(\)|\bllite\b|-(?:mdc|osc)-[0-9a-f]{8}|\bkubelet\b|\bcsi\b"
    r"|FailedMount|MountVolume"
)


class Owner(enum.Enum):
    """Whose failure a whole text is about."""

    OPEN = "open"
    """A client's, or it does not say."""
    SERVER = "server"
    """A Lustre server's targets and modules, and no client's mount."""
    ANOTHER = "another"
    """Another file system's or driver's; nothing in it is of Lustre."""


def owner_of(text: str) -> Owner:
    """Whose failure a whole normalised text is about."""
    if is_of_another(text):
        return Owner.ANOTHER
    return Owner.SERVER if is_of_server(text) and not _shows(CLIENT, text) else Owner.OPEN


@lru_cache(maxsize=8)
def is_of_server(text: str) -> bool:
    """Whether a normalised text is what a Lustre server prints of its own targets and modules."""
    return _shows(_SERVER, text)


@lru_cache(maxsize=8)
def mentions_lustre(text: str) -> bool:
    """Whether a normalised text, or the name of the file it stood in, speaks of Lustre or FSx."""
    return _is_lustre_by_name(text) or _shows(f"(?i){LUSTRE}", text)


def names_another(text: str) -> bool:
    """Whether a text names another file system or another storage driver."""
    return _shows(OTHER_SYSTEMS, text) or _names_driver(text) or _shows(_OTHER_FSX, text)


@lru_cache(maxsize=8)
def is_of_another(text: str) -> bool:
    """Whether a text names another file system or driver and nothing of Lustre: nothing in it is ours to explain."""
    if _is_namesake(text):
        return True
    if _is_lustre_by_name(text) or _shows(_LUSTRE_ALONE, text) or not names_another(text):
        return False
    return _shows(_OTHER_FSX, text) or not mentions_lustre(text)


def _is_namesake(text: str) -> bool:
    """A few words first: every line of a log passes here."""
    may_be = (
        "gleam" in text or "lustre/" in text or ".lus" in text or "lv6" in text or "kind2" in text or "stre v" in text
    )
    return may_be and _shows(_NAMESAKE, text) and not _shows(_ONLY_OURS, text)


def _is_lustre_by_name(text: str) -> bool:
    """Most texts of Lustre say its name: that is found faster than any pattern."""
    return "lustre" in text or "Lustre" in text


def _shows(pattern: str, text: str) -> bool:
    return compiled(pattern).search(text) is not None


def _names_driver(text: str) -> bool:
    lower = text.lower()
    return any(word in lower for word in ("csi.", "provisioner", "driver name")) and _driver().search(text) is not None


@cache
def _driver() -> re.Pattern[str]:
    return re.compile(_DRIVER)
