"""What nodes of a world say of themselves: through exec into the driver's container, and through SSM Run Command.

The texts have the shape of a 2.15 client's own tools; only versions, addresses and names differ between nodes.
"""

import base64
import gzip
import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from diag.sources.nodes.ask import POD_ONLY
from tests.lab.aws.ssm import CommandResult
from tests.lab.kubernetes.exec import Ending, ExecAnswer

if TYPE_CHECKING:
    from tests.lab.lab import Lab

_IMPORT = """{kind}.{name}.import=
import:
    name: {name}
    target: {target}
    state: {state}
    connect_data:
       target_version: {server}.0
    connection:
       failover_nids: [ {nid} ]
       current_connection: {nid}
       connection_attempts: {attempts}
       idle: {idle} sec
    rpcs:
       inflight: {in_flight}
{kind}.{name}.state=
current_state: {state}
state_history:
{history}"""


@dataclass(frozen=True)
class Target:
    """One connection of a client: `kind` is mgc, mdc or osc."""

    kind: str
    number: int = 0
    state: str = "FULL"
    history: tuple[str, ...] = ("CONNECTING", "FULL")
    attempts: int = 1
    in_flight: int = 0
    idle_s: int = 3
    began: int = 1795470911
    """Unix seconds of the first state of its history, the others a second apart."""

    def text(self, fsname: str, server_nid: str, server: str) -> str:
        """As `lctl get_param *.*.import *.*.state` prints it."""
        label = {"mgc": "", "mdc": f"{fsname}-MDT{self.number:04x}", "osc": f"{fsname}-OST{self.number:04x}"}[self.kind]
        name = f"{label}-{self.kind}-ffff888009fbd800" if label else f"MGC{server_nid}"
        history = "\n".join(f" - [ {self.began + second}, {state} ]" for second, state in enumerate(self.history))
        return _IMPORT.format(
            kind=self.kind, name=name, target=f"{label}_UUID" if label else "MGS", state=self.state, server=server,
            nid=server_nid, attempts=self.attempts, history=history, idle=self.idle_s, in_flight=self.in_flight,
        )  # fmt: skip


@dataclass(frozen=True)
class NodeSays:
    """One node. Everything that a test does not name is as on a healthy AL2023 node whose client is up."""

    address: str
    kernel: str = "6.12.46-66.121.amzn2023.x86_64"
    os_release: str = (
        'NAME="Amazon Linux"\nVERSION="2023"\nID="amzn"\nVERSION_ID="2023"\nPRETTY_NAME="Amazon Linux 2023.9.20251027"'
    )
    mount_helper: str = "2.15.6"
    """Version of /sbin/mount.lustre, empty where there is none."""
    client: str = "2.15.6"
    """Version of the node's module; empty when there is none."""
    is_loaded: bool = True
    nids: tuple[str, ...] | None = None
    """NIDs besides 0@lo; the node's own address on tcp unless given."""
    fsname: str = ""
    """Mounted file system; none when empty."""
    server_nid: str = "10.0.0.1@tcp"
    server: str = "2.15.5"
    targets: tuple[Target, ...] = (Target("mgc"), Target("mdc"), Target("osc"))
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Addresses that the node's resolver knows."""
    connects: dict[str, str] = field(default_factory=dict)
    """Address → what a connect says: "" when it succeeds."""
    dkms: tuple[str, ...] | None = None
    """What DKMS has of Lustre; None where the node has no DKMS."""
    lnet_parameters: tuple[str, ...] = (
        "lnet networks=", "lnet ip2nets=", "lnet routes=", "lnet accept=secure", "lnet accept_port=988",
        "lnet lnet_peer_discovery_disabled=0", "ksocklnd credits=256", "ksocklnd peer_credits=8",
    )  # fmt: skip
    """Parameters of the modules, while they are loaded."""
    lnet_conf: tuple[str, ...] | None = None
    """Lines of /etc/lnet.conf; None where there is none."""
    lnet_service: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ("lo up", "ens5 up")
    module_settings: tuple[str, ...] = ()
    """Lines of `modprobe --showconfig` about Lustre."""
    kernel_log: tuple[str, ...] = ()
    sockets: tuple[str, ...] = ()
    """Lines of /proc/net/tcp."""
    translations: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    """`PID WCHAN NAME`."""
    clock: str = ""
    """Unix seconds; empty leaves the question out."""

    def answers(self) -> dict[str, tuple[int, str]]:
        """Exit status and text of every question of the probe."""
        absent = (3, "")
        no_lnet = "opening /dev/lnet failed: No such file or directory\nhint: the kernel modules may not be loaded"
        no_param = "error: get_param: param_path 'mgc/*/import': No such file or directory"
        module = (
            f"filename:       /lib/modules/{self.kernel}/kernel/drivers/staging/lustrefsx/lustre/llite/lustre.ko\n"
            f"license:        GPL\nversion:        {self.client}\ndescription:    Lustre Client File System\n"
            f"vermagic:       {self.kernel} SMP preempt mod_unload modversions "
        )
        loaded = self.is_loaded and bool(self.client)
        names = "\n".join(
            f"name {name} {0 if found else 2}\n" + "\n".join(f"{address}  STREAM {name}" for address in found)
            for name, found in self.names.items()
        )
        said = {
            "kernel": (0, self.kernel),
            "architecture": (0, "x86_64"),
            "os_release": (0, self.os_release),
            "installed_module": (0, module) if self.client else (1, "modinfo: ERROR: Module lustre not found."),
            "kernel_vermagic": (0, f"{self.kernel} SMP preempt mod_unload modversions "),
            "module_settings": (0, "\n".join(self.module_settings)),
            "dkms": absent if self.dkms is None else (0, "\n".join(self.dkms)),
            "lnet_parameters": (0, "\n".join(self.lnet_parameters)) if loaded else absent,
            "lnet_conf": absent if self.lnet_conf is None else (0, "\n".join(self.lnet_conf)),
            "lnet_service": (0, "\n".join(self.lnet_service)),
            "interfaces": (0, "\n".join(self.interfaces)),
            "loaded_modules": (0, self._modules() if loaded else ""),
            "client_version": (0, self.client) if loaded else absent,
            "filesystems": (0, "nodev\tsysfs\nnodev\tproc\n\txfs" + ("\nnodev\tlustre" if loaded else "")),
            "lustre_mounts": (0, self._mount()),
            "sockets": (0, "\n".join(self.sockets)),
            "translations": (0, "\n".join(self.translations)),
            "resolver": (0, "search default.svc.cluster.local\nnameserver 10.100.0.10"),
            "page_size": (0, "4096"),
            "lockdown": (0, "[none] integrity confidentiality"),
            "blocked": (0, "\n".join(self.blocked)),
            "uptime": (0, "1000.00 3000.00"),
            "kernel_messages": (0, "\n".join(self.kernel_log)),
            "tools_version": (0, "lctl 2.15.6"),
            "mount_helper": (0, f"mount.lustre {self.mount_helper}") if self.mount_helper else absent,
            "lnet_interfaces": (0, self._net_show() if loaded else no_lnet),
            "nids": (0, "\n".join(self._nids())) if loaded else (1, no_lnet),
            "imports": (0, self._imports()) if loaded and self.fsname else (2, no_param),
            "connects": (0, "\n".join(f"{a} {1 if text else 0} {text}" for a, text in self.connects.items())),
            "names": (0, names),
        }
        return said | ({"clock": (0, self.clock)} if self.clock else {})

    def probe_output(self, *left_out: str) -> bytes:
        """What the probe prints on the node."""
        frames = ["#lustre-doctor 1"]
        for question, (status, text) in self.answers().items():
            if question not in left_out:
                frames += [
                    f"#begin {question}",
                    *(f"|{line}" for line in text.splitlines()),
                    f"#end {question} {status}",
                ]
        return "\n".join((*frames, "#done", "")).encode()

    def _nids(self) -> tuple[str, ...]:
        return (f"{self.address}@tcp",) if self.nids is None else self.nids

    def _modules(self) -> str:
        return "\n".join(f"{name} {self.client}" for name in ("libcfs", "lnet", "ksocklnd", "obdclass", "lustre"))

    def _mount(self) -> str:
        if not self.fsname:
            return ""
        target = "/var/lib/kubelet/pods/0a1b/volumes/kubernetes.io~csi/fsx-pv/mount"
        return (
            f"612 29 0:71 / {target} rw,noatime shared:301 - lustre {self.server_nid}:/{self.fsname} rw,checksum,flock"
        )

    def _net_show(self) -> str:
        lines = ["net:", "    - net type: lo", "      local NI(s):", "        - nid: 0@lo", "          status: up"]
        for nid in self._nids():
            lines += [f"    - net type: {nid.rpartition('@')[2]}", "      local NI(s):", f"        - nid: {nid}"]
            lines += ["          status: up", "          interfaces:", "              0: ens5"]
        return "\n".join(lines)

    def _imports(self) -> str:
        return "\n".join(target.text(self.fsname, self.server_nid, self.server) for target in self.targets)


def exec_answers(lab: "Lab", node: str, says: NodeSays, *, shell: bool = False, seconds: float = 0.0) -> None:
    """Scripts the driver's container on a node: as the real image, which has Lustre's tools and no shell."""
    answers = says.answers()

    def on(pattern: str, status: int, text: str) -> None:
        answer = ExecAnswer(stdout=text.encode() + b"\n", exit_code=status, seconds=seconds)
        lab.script.on(pattern, answer, node=re.escape(node))

    on("lctl list_nids", *answers["nids"])
    on("lnetctl net show", *answers["lnet_interfaces"])
    no_version = (2, "error: get_param: param_path 'version': No such file or directory")
    version = (0, f"version={says.client}") if answers["client_version"][0] == 0 else no_version
    parameters = f"{version[1]}\n{answers['imports'][1]}"
    on(r"lctl get_param version mgc.*", max(version[0], answers["imports"][0]), parameters)
    on("getconf PAGESIZE", 0, "4096")
    helper = ExecAnswer(f"mount.lustre {says.mount_helper}\n".encode(), seconds=seconds)
    no_helper = ExecAnswer(ending=Ending.NOT_FOUND)
    lab.script.on("/sbin/mount.lustre -V", helper if says.mount_helper else no_helper, node=re.escape(node))
    on("lctl --version", *answers["tools_version"])
    lab.script.on("getent ahosts .*", partial(_getent, says, seconds), node=re.escape(node))
    if shell:
        output = says.probe_output(*POD_ONLY, "installed_module")
        on("sh -c :", 0, "")
        lab.script.on(r"sh -s --.*", ExecAnswer(stdout=output, seconds=seconds), node=re.escape(node))


def _getent(says: NodeSays, seconds: float, argv: tuple[str, ...]) -> ExecAnswer:
    """As glibc's getent: the canonical name in the first line of each name alone, 2 where one has no address."""
    lines = [
        f"{address:<15} {kind} {name if (number, kind) == (0, 'STREAM') else ''}".rstrip()
        for name in argv[2:]
        for number, address in enumerate(says.names.get(name, ()))
        for kind in ("STREAM", "DGRAM", "RAW")
    ]
    lost = any(not says.names.get(name) for name in argv[2:])
    return ExecAnswer("".join(f"{line}\n" for line in lines).encode(), exit_code=2 if lost else 0, seconds=seconds)


def ssm_answer(says: NodeSays, *, seconds: float = 0.4) -> CommandResult:
    """What Run Command keeps of the probe on a node: compressed, in base64."""
    return CommandResult(stdout=base64.b64encode(gzip.compress(says.probe_output(), 9)).decode(), seconds=seconds)


def let_nodes_answer(lab: "Lab", *, client: str = "2.15.6", shell: bool = False) -> None:
    """Every node of the world answers through exec and SSM, healthy as far as the node itself goes."""
    names = {name: addresses for name, addresses in lab.zone().items() if addresses}
    servers = {address: "" for addresses in names.values() for address in addresses}
    for node in lab.kube.all("nodes"):
        name = node["metadata"]["name"]
        address = next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")
        kernel = node["status"]["nodeInfo"]["kernelVersion"]
        says = NodeSays(address, kernel=kernel, client=client, names=names, connects=servers)
        exec_answers(lab, name, says, shell=shell)
        instance = node["spec"].get("providerID", "").rpartition("/")[2]
        lab.aws.ssm.state.script.insert(0, (re.escape(instance), ssm_answer(says)))
