"""Each kind of text has its cause, and the text of other software that looks like it has none."""
# ruff: noqa: E501 - log lines are as long as they are

from __future__ import annotations

import pytest

from diag.knowledge.cause import Weight
from diag.knowledge.errors import translations
from diag.model.diagnosis import Likelihood
from tests.texts.deformations import upper
from tests.texts.test_deformations import shown
from tests.texts.test_loose import KNOWLEDGE, diagnosed

CALLER = "User: arn:aws:sts::111122223333:assumed-role/ui-lambda/api is not authorized to perform: "
NO_POLICY = " because no identity-based policy allows the action"
RECIPE = (
    "Mixlib::ShellOut::ShellCommandFailed: mount[{path}] (aws-parallelcluster-environment::fsx line 33) had an error: "
    "Expected process to exit with [0], but received '{status}'\n"
    "---- Begin output of mount -t lustre fs.fsx.eu-west-1.amazonaws.com@tcp:/abc {path} ----\n"
)
SQLITE = "org.sqlite.SQLiteException: [SQLITE_IOERR_LOCK] I/O error in the advisory file locking logic (disk I/O error)"
CONFIGURE = "checking for Linux sources... /usr/src/kernels/4.18.0\nchecking for /usr/src/kernels/4.18.0... no\n"
STOCK_OUT = (
    'ProvisioningFailed: failed to provision volume with StorageClass "fast": rpc error: code = ResourceExhausted '
    "desc = resource exhausted: not enough resources available to fulfill the request in us-west2-b"
)

OURS = [
    (f"{CALLER}iam:PutRolePolicy on resource: role AWSServiceRoleForFSxS3Access_fs-0a1b2c3d4e5f60718{NO_POLICY}", "service-linked-role-missing"),
    (f"{CALLER}iam:AttachRolePolicy on resource: arn:aws:iam::111122223333:role/aws-service-role/s3.data-source.lustre.fsx.amazonaws.com/*{NO_POLICY}", "service-linked-role-missing"),
    (f"FSx: {CALLER}iam:CreateServiceLinkedRole{NO_POLICY}", "service-linked-role-missing"),
    (f"{CALLER}iam:AttachRolePolicy on resource: role fsx-permissions-head-node{NO_POLICY}", "iam-missing-permission"),
    (f"{CALLER}iam:PutRolePolicy on resource: arn:aws:iam::111122223333:role/lustre-head-node{NO_POLICY}", "iam-missing-permission"),
    ("FATAL: lustre[mount scratch] (aws-parallelcluster-environment::fsx line 33)\nShellCommandFailed: exit code 19", "lustre-module-missing"),
    (RECIPE.format(path="/fsx", status=19), "lustre-module-missing"),
    (RECIPE.format(path="/fsx", status=1), "parallelcluster-bootstrap-timeout"),
    ("The lustre module for 6.8.0-1050 could not be loaded on 6.8.0-1052", "kernel-module-version-mismatch"),
    ("lustre/lnet kernel modules are not loaded.", "lustre-module-missing"),
    ("LNet was not configured for EFA; Lustre will fall back to TCP.", "efa-client-not-configured"),
    ("Only 2 of 8 expected EFA devices are bound to LNet on p5.48xlarge", "efa-client-not-configured"),
    ("lnet is not configured, lctl list_nids shows nothing", "lnet-not-configured"),
    ("bash: mount.lustre: command not found", "mount-helper-missing"),
    ("sh: 1: mount.lustre: not found", "mount-helper-missing"),
    ("zsh: command not found: mount.lustre", "mount-helper-missing"),
    ("fish: Unknown command: mount.lustre", "mount-helper-missing"),
    ("Command 'mount.lustre' not found, but can be installed with:", "mount-helper-missing"),
    ("bash: /sbin/mount.lustre: No such file or directory", "mount-helper-missing"),
    ('exec: "mount.lustre": executable file not found in $PATH', "mount-helper-missing"),
    ("lnetctl: error while loading shared libraries: liblnetconfig.so.4: cannot open shared object file: No such file or directory", "lustre-client-not-installed"),
    (f"lustre.csi.storage.gke.io {STOCK_OUT}", "fsx-insufficient-capacity"),
    ("AWS::FSx::FileSystem CREATE_FAILED: FSx does not have enough capacity in the Availability Zone use1-az2", "fsx-insufficient-capacity"),
    ("fs-0123456789abcdef0 FailureDetails: Insufficient capacity in eu-west-1b", "fsx-insufficient-capacity"),
    (f"{CONFIGURE}+ rm -rf lustre-2.15.5", "kernel-unsupported-by-client"),
    (f"e.g. on lustre:\n{SQLITE}", "flock-not-enabled"),
    (f"{SQLITE}: /fsx/db.sqlite", "flock-not-enabled"),
    ("on this FSx for Lustre volume the FileLock object is forever stuck in acquire", "flock-not-enabled"),
    ('resource "aws_fsx_lustre_file_system" "x"\nError: expected per_unit_storage_throughput to be one of [12 40 50 100 200], got 125', "invalid-throughput-parameter"),
    ("the onboarding service doesn't have the IAM fsx:TagResource permission", "iam-missing-permission"),
    ("kernel: mds_connect to node 192.168.12.220@tcp failed: rc = -16", "server-not-ready-race"),
    ("$ lfs quota -u me /lustre\nchpc: disk quota exceeds", "lustre-quota-exceeded"),
    ("after mount.lustre the console says out of memory and kills processes", "client-memory-pressure"),
    ("$ modprobe lustre: Operation not permitted", "mount-not-permitted"),
    ("Lustre 客户端被 evict，时钟漂移", "client-evicted"),
    ("pods start with a long delay since fsGroupPolicy is set for the Lustre driver", "recursive-fsgroup-chown"),
    ("FSx for Lustre is not supported on Fargate", "pod-on-fargate"),
    ("the node cannot mount FSx with this ingress rule, ports 988 and 1018-1023 are needed", "sg-missing-988"),
    ("`MGC10.0.0.251@o2ib: failed processing log rc=-5`, then -110", "mgs-unreachable-network"),
    ("MGC10.0.0.251@o2ib: failed processing log rc=-5 (client mount tried before the MGS answered)", "server-not-ready-race"),
    ("INFO: task mount.lustre:93138 blocked for more than 90 seconds.\n mgc_fs_setup.isra.12+0x65/0x7a0 [mgc]", "mgs-unreachable-network"),
    ("(osc_page.c:183:osc_page_delete()) ASSERTION( 0 ) failed\n(osc_page.c:183:osc_page_delete()) LBUG", "client-lbug"),
    ("operation ost_read to node 10.0.0.9@o2ib failed: rc = -116", "stale-file-handle"),
    ("No Lustre modules, so `lustre-startup` failed with `LNET not up after 60s`", "lustre-module-missing"),
    ("mount.lustre: ... failed: Invalid argument\nRoot cause: LNet kernel module not loaded.", "lnet-not-configured"),
    ("FSx mount fails with `ENODEV` | lustre module kernel version mismatch", "kernel-module-version-mismatch"),
    ("the Lustre modules are built for another kernel", "kernel-module-version-mismatch"),
    ("sudo mount -t lustre -o flock $DNS@tcp:/$NAME /fsx\n# mount.lustre: mount a@tcp:/abc at /fsx failed: No such file or directory", "wrong-mountname"),
    ("lustre/llite/file.c:678:24: error: implicit declaration of function 'page_cache_alloc'", "kernel-unsupported-by-client"),
    ("lnet/klnds/socklnd/socklnd.c:31:10: fatal error: linux/sunrpc.h: No such file or directory", "kernel-unsupported-by-client"),
    ("LU-18906 build\n nrs_orr.c:1680:1: error: control reaches end of non-void function [-Werror=return-type]", "kernel-unsupported-by-client"),
    ("reading binaries on scratch: BrokenPipeError: [Errno 108] Cannot send after transport endpoint shutdown", "client-evicted"),
    ("client mount fails with -EROFS because the read-only nodemap flag is set", "mount-not-permitted"),
    ("skpath=/etc/lustre/a.key: Permission denied when the Lustre client uses the key", "ssk-key-missing"),
    ("Mount hangs on boot. You forgot `_netdev` in `/etc/fstab`. (fsx)", "fstab-mount-order"),
]  # fmt: skip

OTHERS = [
    "RunInstances for the node group beside /fsx: We currently do not have sufficient p5.48xlarge capacity in the Availability Zone you requested (us-east-1d).",
    "fs-0123456789abcdef0 in us-east-1a does not have enough free space",
    f"{CALLER}iam:AttachRolePolicy on resource: role my-web-app{NO_POLICY}",
    f"{CALLER}iam:PutRolePolicy on resource: role AWSServiceRoleForRDS{NO_POLICY}",
    RECIPE.format(path="/shared", status=32).replace("lustre fs.fsx.eu-west-1.amazonaws.com@tcp:/abc", "nfs 10.0.0.1:/shared").replace("::fsx", "::nfs"),
    "FATAL: package[nvidia-driver] (nvidia::install line 3)\nShellCommandFailed: exit code 19",
    "The nvidia module for 6.8.0-1050 could not be loaded on 6.8.0-1052",
    "nvidia/nvidia_peermem kernel modules are not loaded.",
    "NCCL WARN NET/OFI EFA was not configured; NCCL will fall back to TCP.",
    "bash: mount.nfs: command not found",
    "bash: mount.ceph: Kommando nicht gefunden.",
    'exec: "mount.cifs": executable file not found in $PATH',
    "kubectl: error while loading shared libraries: libssl.so.3: cannot open shared object file: No such file or directory",
    f"pd.csi.storage.gke.io {STOCK_OUT}",
    f"{CONFIGURE}+ rm -rf zfs-2.1.5",
    SQLITE,
    f"on our NFS export:\n{SQLITE}",
    "on this NFS volume the FileLock object is forever stuck in acquire",
    "Error: expected storage_throughput to be one of [12 40 50 100 200], got 125",
    "the onboarding service doesn't have the IAM s3:PutObject permission",
    "chpc: disk quota exceeds",
    "after mount.nfs the console says out of memory and kills processes",
    "modprobe nvidia: Operation not permitted",
    "客户端被 evict",
    "pods start with a long delay since fsGroupPolicy is set for the NFS driver",
    "EBS volumes are not supported on Fargate",
    "unable to mount NFS with this ingress rule, port 2049 is needed",
    "msbrathr0:rpc niobuf.c pscrpc_send_buf 73] LNetMDBind failed: -12",
    "INFO: task mount:93138 blocked for more than 90 seconds.\n xfs_log_mount+0x65/0x7a0 [xfs]",
    "(hfs_page.c:183) ASSERTION( 0 ) failed",
    "the ZFS module and kernel version mismatch",
    "drivers/net/ethernet/aa/file.c:678:24: error: implicit declaration of function 'page_cache_alloc'",
    "lustre/mdt/mdt_handler.c:678:24: error: implicit declaration of function 'page_cache_alloc'",
    "the HTTP server closed the socket: BrokenPipeError: [Errno 108] Cannot send after transport endpoint shutdown",
    "Add `_netdev` to the Lustre line of /etc/fstab, so that the host does not hang at boot.",
    "The Lustre client mounts with skpath=/etc/lustre/a.key, and the nodemap is read-only by design.",
]  # fmt: skip


@pytest.mark.parametrize(("text", "cause"), OURS)
def test_a_kind_of_text_has_its_cause(text: str, cause: str) -> None:
    assert next(iter(shown(text)), None) == cause


@pytest.mark.parametrize("text", OTHERS)
def test_its_twin_of_other_software_has_none(text: str) -> None:
    assert shown(text) == {}


SHELLS = [foreign.replace("%s", "mount.lustre") for foreign, english in translations() if english == "%s: command not found"]  # fmt: skip


@pytest.mark.parametrize("said", SHELLS)
def test_a_shell_in_another_language_finds_no_helper_either(said: str) -> None:
    assert next(iter(shown(f"bash: {said}")), None) == "mount-helper-missing"
    assert shown(f"bash: {said.replace('mount.lustre', 'mount.nfs')}") == {}


def test_a_helper_that_ran_is_not_missing() -> None:
    assert "mount-helper-missing" not in shown("mount.lustre: mount 10.0.0.1@tcp:/abc at /mnt failed: No such file or directory")  # fmt: skip


def test_a_log_that_could_not_be_read_is_no_proof_that_it_is_corrupt() -> None:
    found = shown("LustreError: 13a-8: Failed to get MGS log znqu5bev-client and no local copy.")
    assert found["mgs-config-log-corrupt"] is Likelihood.POSSIBLE


@pytest.mark.parametrize(
    "cause", ["mgs-down", "network-latency-transient", "sg-rule-propagation-race", "sg-self-rule-missing"]
)
def test_in_a_shouted_text_what_a_program_prints_comes_before_what_people_say(cause: str) -> None:
    telling = [one for one in KNOWLEDGE.causes[cause].signatures if one.weight in (Weight.DECISIVE, Weight.STRONG)]
    assert next(iter(shown(upper(telling[0].sample))), None) == cause


def test_a_line_of_few_words_resembles_nothing() -> None:
    text = "stderr: + umask 022\n+ cd /root/rpmbuild/BUILD\n+ rm -rf lustre-2.12.5\n"
    assert [found.resembles for found in diagnosed(text) if found.resembles] == []
