"""What one node reports of itself: read on the node or in the driver's container there. No judgement."""

from __future__ import annotations

import enum

import msgspec

from diag.model.subject import Kind, Subject
from diag.model.unavailable import Reason, Unavailable
from diag.resources.reachability import TcpAnswer
from diag.resources.via import Via


class Vantage(enum.Enum):
    """Whose network namespace and root folder the reader ran in."""

    HOST = "host"
    POD = "pod"
    """The driver's container: the node's kernel, /proc/modules and /sys, but the pod's own network and packages."""


class OsRelease(msgspec.Struct, frozen=True):
    """/etc/os-release of the node, the three fields that identify the system."""

    id: str = ""
    version_id: str = ""
    pretty_name: str = ""


class InstalledModule(msgspec.Struct, frozen=True):
    """`modinfo lustre`: the module on disk that the running kernel would load."""

    version: str = ""
    """`2.15.6`; builds may add `_ddn12` or `-1fsx3`."""
    vermagic: str = ""
    """Its first word is the kernel release that it was built for."""
    filename: str = ""
    signer: str = ""

    @property
    def kernel(self) -> str:
        """The kernel release it was built for."""
        return self.vermagic.partition(" ")[0]


class LoadedModule(msgspec.Struct, frozen=True):
    """One folder of /sys/module."""

    name: str
    version: str = ""


class LustreMount(msgspec.Struct, frozen=True):
    """One Lustre line of mountinfo."""

    source: str
    """`10.0.1.5@tcp:/ddyezbev`."""
    target: str
    options: tuple[str, ...] = ()
    is_read_only: bool = False


class LnetInterface(msgspec.Struct, frozen=True):
    """One local NI of `lnetctl net show`."""

    nid: str
    status: str
    interfaces: tuple[str, ...] = ()

    @property
    def network(self) -> str:
        """`tcp`, `tcp9`, `efa`."""
        return self.nid.rpartition("@")[2]

    @property
    def address(self) -> str:
        """The part before the at sign."""
        return self.nid.partition("@")[0]


class NodeInterface(msgspec.Struct, frozen=True):
    """One network interface, of /sys/class/net."""

    name: str
    is_up: bool
    """Its flag IFF_UP, which is what LNet asks for."""


class Import(msgspec.Struct, frozen=True):
    """One connection to a target, as `lctl get_param *.*.import` prints it."""

    name: str
    """`ddyezbev-OST0000-osc-ffff8880084ca000`, `MGC10.77.0.2@tcp`."""
    target: str
    state: str
    """FULL, IDLE, CONNECTING, DISCONN, EVICTED, … (Lustre 2.15 include/lustre_import.h, enum lustre_imp_state)."""
    connection: str = ""
    """NID that it talks to; a healthy EFA client shows `@tcp` here too, so it says nothing of the transport."""
    server_version: str = ""
    attempts: int = 0
    """connection_attempts since the import was made."""
    evicted: int = 0
    """How often its state history says EVICTED."""
    since: int | None = None
    """Unix seconds since when it is well, in recovery or lost, at the latest: Lustre keeps 16 states."""
    in_flight: int = 0
    """Requests that wait for a reply (*rpcs, inflight*)."""
    silent_s: int | None = None
    """Seconds since the target's last reply (*idle*); Lustre 2.12 and later."""

    @property
    def is_well(self) -> bool:
        """The connection works; an OST that nobody uses goes IDLE."""
        return phase_of(self.state) == "well"

    @property
    def is_recovering(self) -> bool:
        """The server is back and gets the client's state again."""
        return phase_of(self.state) == "recovery"

    @property
    def kind(self) -> str:
        """`mgc`, `mdc` or `osc`."""
        if self.name.startswith("MGC"):
            return "mgc"
        return "mdc" if "-mdc-" in self.name else "osc" if "-osc-" in self.name else ""


def phase_of(state: str) -> str:
    """`well`, `recovery` or `lost`. Source: Lustre 2.10 to 2.17 include/lustre_import.h, enum lustre_imp_state."""
    if state in ("FULL", "IDLE"):
        return "well"
    return "recovery" if state in ("REPLAY", "REPLAY_LOCKS", "REPLAY_WAIT", "RECOVER") else "lost"


class Socket(msgspec.Struct, frozen=True):
    """One TCP socket with the Lustre port at either end, out of /proc/net/tcp and tcp6."""

    local_address: str
    local_port: int
    remote_address: str
    remote_port: int
    state: str
    """ESTABLISHED, LISTEN, SYN_SENT, …"""


class Translation(msgspec.Struct, frozen=True):
    """A connection to the Lustre port that the node's connection tracking knows, before and after translation."""

    server: str
    source_address: str
    source_port: int
    seen_address: str
    """Where the server's answers go: the source it sees."""
    seen_port: int

    @property
    def is_rewritten(self) -> bool:
        """The server does not see the port that the client chose."""
        return self.seen_port != self.source_port


class NameAnswer(msgspec.Struct, frozen=True):
    """`getent ahosts NAME`."""

    name: str
    addresses: tuple[str, ...] = ()
    exit_status: int = 0
    """2: not found. 124 or 137: no answer in time."""


class ResolverConfig(msgspec.Struct, frozen=True):
    """resolv.conf."""

    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()


class BlockedTask(msgspec.Struct, frozen=True):
    """A process that waits in the kernel, and the functions it waits in; never its command line.

    Those in uninterruptible sleep, whatever they wait for, and user processes of any state that wait in Lustre.
    """

    pid: int
    name: str
    wchan: str = ""
    state: str = "D"
    """Of /proc/PID/stat: D, S or I."""
    age_s: int | None = None
    """Seconds since the process was started: it cannot have waited longer."""
    stack: tuple[str, ...] = ()
    """Functions of Lustre and LNet modules on its stack, innermost first. Only root reads stacks."""
    stayed_s: int | None = None
    """Seconds after which a second look found it in the same functions: 0 when it had moved on, None without one."""

    @property
    def functions(self) -> tuple[str, ...]:
        """Where it waits, innermost first."""
        return (self.wchan, *self.stack) if self.wchan else self.stack


class NodeReport(msgspec.Struct, frozen=True):
    """Everything that was read from one node.

    A field that could not be read is None and `missing` says why under the field's name: an empty tuple is an answer.
    """

    node: str
    via: Via
    vantage: Vantage = Vantage.HOST
    image: str = ""
    """Digest of the container image, through exec."""
    probe: str = ""
    """sha256 of the probe script that ran; empty when plain commands were run one by one."""
    kernel: str | None = None
    architecture: str | None = None
    os_release: OsRelease | None = None
    installed_module: InstalledModule | None = None
    """None with an ABSENT reason when modprobe's folder holds no module of that name."""
    kernel_vermagic: str | None = None
    """Of a module that the running kernel has loaded: what it asks of every module."""
    module_settings: tuple[str, ...] | None = None
    """Lines of modprobe's configuration about Lustre: `install lustre /bin/false`, `options lnet networks=…`."""
    dkms: tuple[str, ...] | None = None
    """What DKMS has of Lustre: `lustre-client/2.15.5/source`, `lustre-client/2.15.5/6.1.0-50-amd64/x86_64/module`."""
    loaded_modules: tuple[LoadedModule, ...] | None = None
    client_version: str | None = None
    """/sys/fs/lustre/version: of the loaded client, `2.15.6`."""
    filesystems: tuple[str, ...] | None = None
    lustre_mounts: tuple[LustreMount, ...] | None = None
    lnet_interfaces: tuple[LnetInterface, ...] | None = None
    nids: tuple[str, ...] | None = None
    lnet_parameters: tuple[str, ...] | None = None
    """`lnet networks=tcp(ens5)`: what the modules lnet and ksocklnd were loaded with (/sys/module); absent before."""
    lnet_conf: tuple[str, ...] | None = None
    """Lines of /etc/lnet.conf that are no comments."""
    lnet_service: tuple[str, ...] | None = None
    """What lnet.service, which imports lnet.conf, has printed since the node was started."""
    interfaces: tuple[NodeInterface, ...] | None = None
    imports: tuple[Import, ...] | None = None
    uptime_s: float | None = None
    """Seconds since the kernel started: what the times of its messages count from."""
    kernel_messages: tuple[str, ...] | None = None
    """The last ones about Lustre, LNet or port 988, oldest first."""
    sockets: tuple[Socket, ...] | None = None
    translations: tuple[Translation, ...] | None = None
    resolver: ResolverConfig | None = None
    names: tuple[NameAnswer, ...] | None = None
    connects: tuple[TcpAnswer, ...] | None = None
    page_size: int | None = None
    lockdown: str | None = None
    """`none`, `integrity` or `confidentiality`; the latter two come with Secure Boot."""
    clock_skew_s: float | None = None
    """The node's clock minus ours, seconds."""
    clock_s: float = 0.0
    """Unix seconds when it was read, by the node's clock where it says, else by ours."""
    blocked: tuple[BlockedTask, ...] | None = None
    tools_version: str | None = None
    """`lctl --version`: of the userland that was asked."""
    mount_helper: str | None = None
    """`mount.lustre -V`: version of the helper where it was asked, the host or the driver's container."""
    missing: dict[str, Unavailable] = {}

    @property
    def subject(self) -> Subject:
        """The node as the subject of findings."""
        return Subject(Kind.NODE, self.node)

    def why_missing(self, field: str) -> Unavailable:
        """Why a field is None."""
        what = f"{field.replace('_', ' ')} of {self.node}"
        return self.missing.get(field) or Unavailable(what, Reason.NOT_ASKED, f"not read through {self.via.value}")

    def is_absent(self, field: str) -> bool:
        """The node answered that there is no such thing."""
        return field in self.missing and self.missing[field].reason is Reason.ABSENT

    def is_loaded(self, module: str) -> bool | None:
        """Whether a kernel module is loaded; None when that could not be read."""
        if self.loaded_modules is None:
            return None
        return any(loaded.name == module for loaded in self.loaded_modules)

    @property
    def module_version(self) -> str:
        """The version of the node's own Lustre client, loaded or on disk; empty when not known."""
        loaded = next((m.version for m in self.loaded_modules or () if m.name == "lustre"), "")
        installed = self.installed_module.version if self.installed_module else ""
        return self.client_version or loaded or installed
