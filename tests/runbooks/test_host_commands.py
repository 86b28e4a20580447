"""What is typed into a node, a pod or a host: the program there takes it, and its filter finds the cause's words.

kubectl's own half of such a line is judged in test_commands.py; here is the half behind `--`. A debug pod has busybox
and, through `chroot /host`, single programs of the node; the driver's pod has Lustre's tools.
"""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from diag.advice.runbook import look_at
from diag.grammar.command import parse
from diag.knowledge.cause import Place
from diag.knowledge.runbooks import load_knowledge
from tests.fixes.trial import environment
from tests.lab import Lab
from tests.lab.kubernetes.exec import ExecAnswer
from tests.programs import program
from tests.runbooks.commands import EXAMPLES, all_commands, simple_commands
from tests.runbooks.test_answers import values_of

CAUSES = load_knowledge().causes
Argv = tuple[str, ...]

TAKES: dict[str, tuple[str, ...]] = {
    "lctl": (
        r"dl|list_nids", r"get_param( -[nNFR])*( [\w.*<>-]+)+", r"set_param( -[nPd])*( [\w.*<>-]+=\S+| substituted)+",
        r"--device MGS (llog_catlist|llog_print \S+-client)", r"--device \S+ abort_recovery",
    ),
    "lnetctl": (
        r"(net|peer|global|route|stats) show( -v( [1-4])?)?", r"lnet (configure( --all)?|unconfigure)",
        r"set discovery [01]", r"peer del --prim_nid \S+( --nid \S+)?",
    ),
    "lfs": (
        r"--version", r"df( -[hi])*( \S+)?", r"check (osts|mds|mgts|all)( \S+)?", r"quota( -[hqv])*( -[ugp] \S+)? \S+",
        r"find \S+( --(type|size|atime|ost|stripe-count|uid|gid) \S+)+", r"migrate -c \d+ \S+",
        r"setquota -[ugp] \S+( -[bBiI] \d+[KMGT]?)+ \S+", r"hsm_(state|restore|action) \S+",
        r"migrate -c -?\d+ \S+", r"project -d \S+",
        r"(getstripe|getdirstripe)( -\w+)* \S+", r"setstripe (( -?E \S+)?( ?-E \S+ -c -?\d+)+|-d) \S+",
    ),
    "mount.lustre": (r"--help",),
    "tunefs.lustre": (r"--(dryrun|writeconf|print) \S+",),
    "lustre_rmmod": (r"",),
    "modprobe": (r"lustre|lnet",),
    "modinfo": (r"(-F (filename|signer|vermagic|version) )?(lustre|kefalnd|efa)",),
    "lsmod": (r"",),
    "ss": (r"-tanp? \( [sd]port = :988 \)",),
    "dpkg": (r"-l \S+",),
    "rpm": (r"-qa \S+", r"--import https://\S+"),
    "journalctl": (r"(-[bkru]|--no-pager|--since|-g|\S+)( .*)?",),
}  # fmt: skip
"""The arguments of programs that are no part of a test machine, as patterns of the whole.

Source: lctl(8), lnetctl(8), lfs(1), mount.lustre(8) and tunefs.lustre(8) of Lustre 2.12 and 2.15; kmod 30 modprobe(8),
modinfo(8); iproute2 ss(8); dpkg-query(1), rpm(8), journalctl(1).
"""

OF_PLUGIN = {"lctl", "lnetctl", "lfs", "mount.lustre", "getent"}
"""What the driver's image has. Source: aws-fsx-csi-driver v1.9.0 Dockerfile (lustre-client; glibc-common)."""
BESIDE_BUSYBOX = {"getconf"}
"""What the busybox image of Debian's C library has besides. Source: docker-library/busybox, stable/glibc."""
MISUSE = re.compile(
    r"(?i)invalid option|unrecognized option|unknown (?:option|keyword|argument)|bad -o|usage:|not found$"
)
LOCAL = EXAMPLES | {"dns_name": "localhost", "primary_address": "127.0.0.1"}


def inner(argv: Argv) -> Argv:
    """What a kubectl command starts elsewhere; of any other the command itself."""
    return argv[argv.index("--") + 1 :] if argv[:1] == ("kubectl",) and "--" in argv else argv


def parts(argv: Argv) -> list[Argv]:
    """The simple commands of a command: those of the script, where it is one of `sh -c`."""
    if argv[:2] in (("sh", "-c"), ("bash", "-c")):
        return [part for _, part in simple_commands(argv[2])]
    return [argv]


def typed(place: Place, values: dict[str, str] = LOCAL) -> Iterator[tuple[str, Argv]]:
    """(cause, command) of every look at a place, without the way there."""
    for id, cause in CAUSES.items():
        for one in cause.confirm:
            if one.on is place:
                for line in look_at(one, values).splitlines()[1:]:
                    yield id, inner(tuple(parse(line).words))


def taken(argv: Argv) -> bool:
    """Whether a program of the table takes the arguments."""
    return any(re.fullmatch(pattern, " ".join(argv[1:])) for pattern in TAKES[argv[0]])


def test_a_program_that_is_not_here_takes_every_line() -> None:
    lines = {
        (command.runbook, tuple(word for word in part if word not in ("sudo",)))
        for command in all_commands()
        for part in parts(inner(command.argv))
    }
    own = {(id, part[2:] if part[:2] == ("chroot", "/host") else part) for id, part in lines}
    asked = {(id, part) for id, part in own if part and part[0] in TAKES}
    assert len(asked) > 40
    assert sorted(f"{id}: {' '.join(part)}" for id, part in asked if not taken(part)) == []


def test_what_is_asked_of_the_drivers_pod_is_in_its_image() -> None:
    assert {f"{id}: {argv[0]}" for id, argv in typed(Place.PLUGIN) if argv[0] not in OF_PLUGIN} == set()


def test_no_tool_of_lustre_is_asked_of_a_workloads_image() -> None:
    into = [c for c in all_commands() if c.argv[:1] == ("kubectl",) and "exec" in c.argv and "fsx-plugin" not in c.argv]
    assert {
        f"{c.where}: {' '.join(inner(c.argv))}" for c in into if inner(c.argv)[0] in OF_PLUGIN - {"getent"}
    } == set()


def test_the_busybox_of_a_debug_pod_takes_every_line(tmp_path: Path) -> None:
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("no busybox: `make system-packages` installs it")
    applets = set(subprocess.run((busybox, "--list"), capture_output=True, text=True, check=True).stdout.split())
    complaints = []
    for id, argv in typed(Place.NODE):
        for part in parts(argv):
            if part[0] in ("chroot", "mount", "for", "done", "substituted") or part[0] in BESIDE_BUSYBOX:
                continue
            if part[0] not in applets:
                complaints.append(f"{id}: busybox has no {part[0]}")
                continue
            command = ("timeout", "3", busybox, *part)
            ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, stdin=subprocess.DEVNULL)
            if found := MISUSE.search(ran.stderr):
                complaints.append(f"{id}: {' '.join(part)}: {found[0]}")
    assert complaints == []


def kernel_filters() -> Iterator[tuple[str, Argv]]:
    """(cause, grep) of every `dmesg | grep` of a runbook."""
    for id, cause in CAUSES.items():
        scripts = [line for one in cause.confirm for line in look_at(one, EXAMPLES).splitlines()[1:]]
        for line in scripts:
            found = parts(inner(tuple(parse(line).words)))
            for first, second in itertools.pairwise(found):
                if first[0] == "dmesg" and second[0] == "grep":
                    yield id, second


WITHOUT_SAMPLE = {
    "stale-obd-device": "(genops.c:556:class_register_device()) fsx-MDT0000 already exists, won't add",
    "obd-device-leak": "fsx-MDT0000-mdc-ffff8b: all 8192/8192 devices used, increase MAX_OBD_DEVICES: rc = -75",
    "secure-boot-module-signature": "Lockdown: modprobe: unsigned module loading is restricted",
    "mount-not-permitted": "fsx-MDT0000: client banned by administrative request",
    "volume-mounted-readonly": "Lustre: znqu5bev-client: forcing read-only mount: rc = -30",
    "storageclass-default-version": "refused connection from this client with an incompatible version (2.15.6)",
    "mount-not-established-race": "Lustre: Mounted znqu5bev-client",
}  # fmt: skip
"""What the kernel prints where a cause's samples are of another program. Source: Lustre 2.15 genops.c, llite_lib.c,
2.17 ptlrpc; Linux 6.1 security/lockdown.
"""


FILTERS = list(kernel_filters())


@pytest.mark.parametrize(("id", "grep"), FILTERS, ids=[id for id, _ in FILTERS])
def test_a_filter_of_the_kernel_log_finds_what_the_cause_prints(id: str, grep: Argv) -> None:
    samples = [signature.sample for signature in CAUSES[id].signatures]
    text = "\n".join((*samples, WITHOUT_SAMPLE.get(id, "")))
    ran = subprocess.run(grep, input=text, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, ""), "it finds nothing of what the cause prints"
    assert not subprocess.run(grep, input="eth0: link up\n", capture_output=True, text=True).stdout


@pytest.mark.lab
def test_kubectl_reaches_the_very_container_with_the_very_words(running_lab: Lab, tmp_path: Path) -> None:
    """Exec is asked and answered; of a debug pod the lab reads all but the pod, which comes in protobuf."""
    program("kubectl")
    running_lab.load("healthy")
    running_lab.come_alive()
    running_lab.script.on(".*", ExecAnswer(stdout=b"recorded\n"))
    values = values_of(running_lab)
    complaints, reached = [], 0
    for id, cause in CAUSES.items():
        for one in cause.confirm:
            for line in look_at(one, values).splitlines()[1:]:
                argv = tuple(word for word in parse(line).words if word != "-it")
                if argv[0] != "kubectl" or not {"exec", "logs", "debug"} & set(argv):
                    continue
                ran = subprocess.run(
                    argv, env=environment(running_lab), cwd=tmp_path, capture_output=True, text=True, timeout=60
                )
                if "exec" in argv:
                    is_right = ran.stdout == "recorded\n" and running_lab.script.asked[-1][::2] == (
                        values["node"], inner(argv),
                    )  # fmt: skip
                elif "debug" in argv:
                    is_right = "does not read Pod in protobuf" in ran.stderr and values["node"] in ran.stdout
                else:
                    is_right = ran.returncode == 0
                reached += is_right
                if not is_right:
                    complaints.append(f"{id}: {line}: {ran.stdout}{ran.stderr}")
    assert complaints == []
    assert reached > 40


def test_the_rules_find_what_breaks_them() -> None:
    assert not taken(("lctl", "get_params", "x")) and not taken(("lnetctl", "peers", "show"))
    assert not taken(("lfs", "quota")) and not taken(("modinfo", "lustre.ko", "-x"))
    assert parts(("sh", "-c", "dmesg -T | grep x")) == [("dmesg", "-T"), ("grep", "x")]
    assert inner(("kubectl", "exec", "p", "--", "lctl", "dl")) == ("lctl", "dl") and inner(("ls",)) == ("ls",)
    assert MISUSE.search("dmesg: invalid option -- 'T'") and not MISUSE.search("cat: can't open 'x'")
