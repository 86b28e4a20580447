"""What no API shows of a world: the state that a fault left inside nodes, images and wires."""

import enum
from dataclasses import dataclass, field


class Ailment(enum.Enum):
    """Something wrong with a node or an image that only its own behaviour shows."""

    LOCK = "the node plugin's lock on a volume that an earlier mount never gave back"
    SYSFS_NAME = "the kernel keeps the name of an earlier mount"
    UMOUNT_HANGS = "umount does not return"
    HELD_OPEN = "a process has a file open on the mount, so that umount is refused"
    EVICTED = "the servers cut this client off"
    UNPRIVILEGED = "a policy takes the plugin's privilege away"
    NO_HELPER = "the image has no mount.lustre"
    CRASHES = "what runs there crashes as long as its pod lives"


@dataclass
class Hidden:
    """Ailments by node, pod or image, and what else is out of sight."""

    ailing: dict[str, set[Ailment]] = field(default_factory=dict)
    lost: bool = False
    """Packets to the file servers are lost though every rule lets them pass."""
    directories: set[str] = field(default_factory=set)
    """Directories of the file system, below its root."""
    absent_tags: set[str] = field(default_factory=lambda: {"v1.99.0"})
    many_files: bool = False
    """Whether the volume holds so many files that changing their group takes hours."""
    slow_creation: bool = False
    """Whether FSx takes longer to make a file system than the provisioner waits; time helps."""
    keys_work: bool = False
    """Whether the access keys in the driver's secret still work."""
    started_with_keys: set[str] = field(default_factory=set)
    """Uids of controller pods that read such keys when they started."""
    expired_tokens: set[str] = field(default_factory=set)
    """Uids of controller pods whose token nobody renews."""
    sts_refuses: str = ""
    """What STS says to everybody who asks for a role with a token; empty when it gives them out."""
    fsx_refuses: str = ""
    """What FSx says to everybody who asks for a file system; empty when it makes them."""
    taint_kept: bool = False
    """Whether the node plugin is not allowed to take its startup taint away."""
    deletion_refused: bool = False
    """Whether FSx deletes no file systems while it makes a backup; time helps."""
    lease_lost: bool = False
    """Whether who holds the provisioner's lease renews it no more; pods that start anew can again."""
    volumes_refused: bool = False
    """Whether a webhook, which is no object of this lab, lets nobody make a PersistentVolume."""
    zones_without: set[tuple[str, str]] = field(default_factory=set)
    """Deployment types that an availability zone does not offer, as (zone, type)."""

    def of(self, name: str) -> set[Ailment]:
        """The ailments of a node or a pod."""
        return self.ailing.get(name, set())

    def images(self, reference: str) -> set[Ailment]:
        """The ailments of an image."""
        return self.ailing.get(reference, set())

    def afflict(self, name: str, ailment: Ailment) -> None:
        """Adds an ailment."""
        self.ailing.setdefault(name, set()).add(ailment)
