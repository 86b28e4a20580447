# ruff: noqa: E501 - log lines are as long as they are
"""Lines of a healthy EKS node: kubelet, containerd, kernel, Lustre client, the FSx driver and other storage drivers.

Shapes are those of Kubernetes 1.29-1.34, Lustre 2.12-2.17, Linux 5.10-6.12 and the named drivers; names and numbers
are made up. Trouble of others is part of a healthy Lustre node: failing EBS, EFS and NFS mounts, an OOM kill, a GPU fault.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

_HOSTS = [f"ip-10-0-{a}-{b}.ap-northeast-2.compute.internal" for a in range(4) for b in (11, 57, 203)]


class _Dice:
    def __init__(self, seed: int, trouble: float) -> None:
        self.random = random.Random(seed)
        self.trouble = trouble
        self.clock = 0.0

    def hex(self, digits: int) -> str:
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def uid(self) -> str:
        return "-".join(self.hex(n) for n in (8, 4, 4, 4, 12))

    def number(self, low: int, high: int) -> int:
        return self.random.randrange(low, high)

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def ip(self) -> str:
        return f"10.0.{self.number(0, 4)}.{self.number(4, 250)}"

    def fsname(self) -> str:
        return "".join(self.random.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(5)) + "bev"

    def fs(self) -> str:
        return f"fs-0{self.hex(16)}"

    def either(self, calm: tuple[str, ...], trouble: tuple[str, ...]) -> str:
        return self.random.choice(trouble if self.random.random() < self.trouble else calm)

    def pod(self) -> str:
        return f"{self.pick('train', 'web', 'etl', 'notebook')}-{self.hex(9)}-{self.hex(5)}"

    def tick(self) -> None:
        self.clock += self.random.random() * 3

    def stamp(self) -> str:
        second = int(self.clock)
        return f"2026-11-{1 + second // 86400 % 28:02d}T{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{self.number(0, 10**6):06d}+00:00"

    def klog(self, level: str, place: str) -> str:
        second = int(self.clock)
        return f"{level}11{1 + second // 86400 % 28:02d} {second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{self.number(0, 10**6):06d} {self.number(1000, 9000):7d} {place}] "


def _kubelet(d: _Dice) -> str:
    pod, uid, volume = d.pod(), d.uid(), f"pvc-{d.uid()}"
    source = f"{d.fs()}.fsx.ap-northeast-2.amazonaws.com@tcp:/{d.fsname()}"
    return d.either(
        (
        d.klog("I", "reconciler_common.go:251") + f'"operationExecutor.VerifyControllerAttachedVolume started for volume \\"kube-api-access-{d.hex(5)}\\" (UniqueName: \\"kubernetes.io/projected/{uid}-kube-api-access-{d.hex(5)}\\") pod \\"{pod}\\" (UID: \\"{uid}\\") " pod="default/{pod}"',
        d.klog("I", "operation_generator.go:615") + f'"MountVolume.SetUp succeeded for volume \\"{volume}\\" (UniqueName: \\"kubernetes.io/csi/fsx.csi.aws.com^{d.fs()}\\") pod \\"{pod}\\" (UID: \\"{uid}\\") " pod="default/{pod}"',
        d.klog("I", "operation_generator.go:580") + f'"MountVolume.MountDevice succeeded for volume \\"{volume}\\" (UniqueName: \\"kubernetes.io/csi/ebs.csi.aws.com^vol-0{d.hex(16)}\\") pod \\"{pod}\\" (UID: \\"{uid}\\") device mount path \\"/var/lib/kubelet/plugins/kubernetes.io/csi/ebs.csi.aws.com/{d.hex(64)}/globalmount\\"" pod="default/{pod}"',
        d.klog("I", "kubelet.go:2430") + f'"SyncLoop (PLEG): event for pod" pod="default/{pod}" event={{"ID":"{uid}","Type":"ContainerStarted","Data":"{d.hex(64)}"}}',
        d.klog("I", "csi_mounter.go") + f"kubernetes.io/csi: mounter.SetUpAt successfully requested NodePublish {source}",
        ),
        (
        d.klog("E", "pod_workers.go:1301") + f'"Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"app\\" with CrashLoopBackOff: \\"back-off 5m0s restarting failed container=app pod={pod}_default({uid})\\"" pod="default/{pod}" podUID="{uid}"',
        d.klog("E", "nestedpendingoperations.go:348") + f'Operation for "{{volumeName:kubernetes.io/csi/efs.csi.aws.com^{d.fs()} podName: nodeName:}}" failed. No retries permitted until 2026-11-24 07:00:00 +0000 UTC (durationBeforeRetry 2m2s). Error: MountVolume.SetUp failed for volume "efs-pv" (UniqueName: "kubernetes.io/csi/efs.csi.aws.com^{d.fs()}") pod "{pod}" (UID: "{uid}") : rpc error: code = Internal desc = Could not mount "{d.fs()}:/" at "/var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~csi/efs-pv/mount": mount failed: exit status 32 Mounting command: mount Mounting arguments: -t efs -o tls {d.fs()}:/ /var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~csi/efs-pv/mount Output: mount.nfs4: Connection reset by peer',
        d.klog("E", "nestedpendingoperations.go:348") + f'Operation for "{{volumeName:kubernetes.io/csi/ebs.csi.aws.com^vol-0{d.hex(16)} podName: nodeName:}}" failed. No retries permitted until 2026-11-24 07:00:00 +0000 UTC. Error: MountVolume.MountDevice failed for volume "{volume}" (UniqueName: "kubernetes.io/csi/ebs.csi.aws.com^vol-0{d.hex(16)}") pod "{pod}" : rpc error: code = Internal desc = could not format "/dev/nvme1n1" and mount it at "/var/lib/kubelet/plugins/kubernetes.io/csi/ebs.csi.aws.com/{d.hex(20)}/globalmount": mount failed: exit status 32 Mounting command: mount Mounting arguments: -t ext4 -o defaults /dev/nvme1n1 /var/lib/kubelet/plugins Output: mount: /var/lib/kubelet/plugins: wrong fs type, bad option, bad superblock on /dev/nvme1n1, missing codepage or helper program, or other error.',
        d.klog("E", "configmap.go:193") + f'Couldn\'t get configMap default/settings-{d.hex(4)}: object "default"/"settings" not registered',
        d.klog("W", "manager.go:1169") + f"Failed to process watch event {{EventType:0 Name:/kubepods.slice/kubepods-pod{d.hex(8)}.slice WatchSource:0}}: task {d.hex(64)} not found: not found",
        d.klog("E", "kubelet.go:1891") + f'"Unable to attach or mount volumes for pod; skipping pod" err="unmounted volumes=[cache], unattached volumes=[], failed to process volumes=[]: timed out waiting for the condition" pod="default/{pod}"',
        d.klog("E", "remote_image.go:180") + f'"PullImage from image service failed" err="rpc error: code = Unknown desc = failed to pull and unpack image \\"docker.io/team/app:{d.hex(7)}\\": failed to resolve reference \\"docker.io/team/app:{d.hex(7)}\\": unexpected status from HEAD request to https://registry-1.docker.io/v2/team/app/manifests/{d.hex(7)}: 429 Too Many Requests" image="docker.io/team/app:{d.hex(7)}"',
        d.klog("E", "leaderelection.go:327") + "error retrieving resource lock kube-system/agent: Get \"https://172.20.0.1:443/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/agent\": dial tcp 172.20.0.1:443: connect: connection refused",
        ),
    )  # fmt: skip


def _driver(d: _Dice) -> str:
    fs, name, volume, uid = d.fs(), d.fsname(), f"pvc-{d.uid()}", d.uid()
    target = f"/var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~csi/{volume}/mount"
    dns = f"{fs}.fsx.ap-northeast-2.amazonaws.com"
    return d.either(
        (
        d.klog("I", "node.go:53") + f'"NodePublishVolume: called" args={{"volume_id":"{fs}","target_path":"{target}","volume_capability":{{"mount":{{"mount_flags":["flock"]}}}},"volume_context":{{"dnsname":"{dns}","mountname":"{name}"}}}}',
        d.klog("I", "node.go:104") + f'"NodePublishVolume: creating" dir="{target}"',
        d.klog("I", "node.go:113") + f'"NodePublishVolume: mounting" source="{dns}@tcp:/{name}" target="{target}"',
        d.klog("I", "mount_linux.go:260") + f"Mounting cmd (mount) with arguments (-t lustre -o flock {dns}@tcp:/{name} {target})",
        d.klog("I", "node.go:121") + f'"NodePublishVolume: mounted" target="{target}"',
        d.klog("I", "node.go:160") + f'"NodeUnpublishVolume: called" args={{"volume_id":"{fs}","target_path":"{target}"}}',
        d.klog("I", "node.go:228") + '"NodeGetCapabilities: called" args={}',
        d.klog("I", "controller.go:112") + f'"CreateVolume: called" args={{"name":"{volume}","capacity_range":{{"required_bytes":1288490188800}},"parameters":{{"deploymentType":"PERSISTENT_2","perUnitStorageThroughput":"125","securityGroupIds":"sg-0{d.hex(16)}","subnetId":"subnet-0{d.hex(16)}","fileSystemTypeVersion":"2.15"}}}}',
        d.klog("I", "driver.go:71") + '"Driver information" Driver="fsx.csi.aws.com" Version="v1.7.0"',
        d.klog("I", "metadata.go:60") + '"Retrieving EC2 instance identity metadata" regionFromSession="ap-northeast-2"',
        d.klog("I", "node.go:300") + f'"Successfully removed taint" key="fsx.csi.aws.com/agent-not-ready" node="{d.pick(*_HOSTS)}"',
        f'{{"ts":{d.number(10**12, 2 * 10**12)}.1,"caller":"node.go:121","msg":"NodePublishVolume: mounted","target":"{target}","v":4}}',
        d.klog("I", "connection.go:264") + 'GRPC call: /csi.v1.Identity/Probe',
        d.klog("I", "reflector.go:536") + 'k8s.io/client-go/informers/factory.go:160: Watch close - *v1.PersistentVolume total 8 items received',
        ),
        (
        d.klog("I", "cloud.go:351") + f'"WaitForFileSystemAvailable" filesystem="{fs}" status="AVAILABLE"',
        ),
    )  # fmt: skip


def _kernel(d: _Dice) -> str:
    name, nid, address = d.fsname(), f"{d.ip()}@tcp", f"ffff{d.hex(12)}"
    message = d.either(
        (
        f"Lustre: Mounted {name}-client",
        f"Lustre: Mounted {name}-client - version 2.17.57_62",
        f"Lustre: Unmounted {name}-client",
        "Lustre: Lustre: Build Version: 2.15.6",
        f"LNet: Added LNI {nid} [8/256/0/180]",
        "LNet: Accept secure, port 988",
        "libcfs: loading out-of-tree module taints kernel.",
        "libcfs: HW NUMA nodes: 2, HW CPU cores: 96, npartitions: 2",
        f"Lustre: {name}-OST{d.number(0, 16):04x}-osc-{address}: Connection restored to {nid} (at {nid})",
        "Key type ._llcrypt registered",
        "alg: No test for adler32 (adler32-zlib)",
        f"IPv6: ADDRCONF(NETDEV_CHANGE): eni{d.hex(11)}: link becomes ready",
        "audit: type=1400 audit(1764000000.123:456): apparmor=\"ALLOWED\" operation=\"open\" profile=\"cri\" comm=\"python3\"",
        "nvidia-nvlink: Nvlink Core is being initialized, major device number 242",
        "XFS (nvme2n1): Mounting V5 Filesystem",
        "XFS (nvme2n1): Ending clean mount",
        "EXT4-fs (nvme1n1): mounted filesystem with ordered data mode. Opts: (null)",
        f"veth{d.hex(8)}: renamed from eth0",
        f"ena 0000:00:05.0 eth0: Link is up, {d.number(10, 100)} Gbps",
        ),
        (
        f"python3 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj={d.number(2, 1000)}",
        f"Memory cgroup out of memory: Killed process {d.number(1000, 99999)} (python3) total-vm:81234567kB, anon-rss:61234567kB, file-rss:0kB",
        f"NVRM: Xid (PCI:0000:00:1e): 79, pid={d.number(1000, 99999)}, GPU has fallen off the bus.",
        "nfs: server 10.0.3.9 not responding, timed out",
        "NFS: state manager: check lease failed on NFSv4 server 10.0.3.9 with error 5",
        "blk_update_request: I/O error, dev nvme3n1, sector 2048 op 0x0:(READ) flags 0x80700 phys_seg 1 prio class 0",
        "TCP: request_sock_TCP: Possible SYN flooding on port 8080. Sending cookies.",
        "sysfs: cannot create duplicate filename '/devices/virtual/net/veth0'",
        ),
    )  # fmt: skip
    return f"[{d.clock + 1000:12.6f}] {message}"


def _others(d: _Dice) -> str:
    return d.either(
        (
        f'time="{d.stamp()}" level=info msg="RemoveContainer for \\"{d.hex(64)}\\" returns successfully"',
        f"systemd[1]: run-containerd-runc-k8s.io-{d.hex(64)}-runc.{d.hex(6)}.mount: Deactivated successfully.",
        "systemd[1]: Started Kubernetes Kubelet.",
        f"aws-node: {{\"level\":\"info\",\"ts\":\"{d.stamp()}\",\"caller\":\"ipamd/ipamd.go:681\",\"msg\":\"DataStore pool stats: total/available: {d.number(1, 99)}\"}}",
        "chronyd[512]: Selected source 169.254.169.123",
        f"sshd[3321]: Connection closed by {d.ip()} port {d.number(1024, 65535)} [preauth]",
        f"kube-proxy: {d.klog('I', 'proxier.go:796')}\"SyncProxyRules complete\" elapsed=\"{d.number(10, 90)}ms\"",
        f"autoscaler: {d.klog('I', 'static_autoscaler.go:598')}Starting scale down",
        ),
        (
        f'time="{d.stamp()}" level=error msg="ExecSync for \\"{d.hex(64)}\\" failed" error="rpc error: code = DeadlineExceeded desc = failed to exec in container: timeout 1s exceeded: context deadline exceeded"',
        f"ebs-plugin: {d.klog('E', 'driver.go:120')}\"GRPC error\" err=\"rpc error: code = Internal desc = Could not attach volume \\\"vol-0{d.hex(16)}\\\" to node \\\"i-0{d.hex(16)}\\\": attachment of disk failed, expected device to be attached but was attaching\"",
        f"efs-plugin: {d.klog('E', 'driver.go:107')}GRPC error: rpc error: code = Unauthenticated desc = Access Denied. Please ensure you have the right AWS permissions: Access denied",
        f"nfs-driver: {d.klog('E', 'utils.go:111')}GRPC error: rpc error: code = Internal desc = mount failed: exit status 32 Mounting command: mount Mounting arguments: -t nfs -o hard 10.0.3.9:/export /var/lib/kubelet/pods/{d.uid()}/volumes/kubernetes.io~csi/nfs/mount Output: mount.nfs: Connection timed out",
        f"mount.nfs: access denied by server while mounting 10.0.3.9:/export/{d.hex(4)}",
        f"s3-csi: {d.klog('E', 'node.go:80')}Failed to mount bucket-{d.hex(4)}: Mount failed: Permission denied",
        "dockerd: Get \"https://registry.example.com/v2/\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
        f"app[77]: psycopg2.OperationalError: connection to server at \"{d.ip()}\", port 5432 failed: Connection timed out",
        "app[78]: requests.exceptions.ConnectionError: [Errno 111] Connection refused",
        "app[79]: OSError: [Errno 30] Read-only file system: '/etc/app.conf'",
        "app[80]: PermissionError: [Errno 13] Permission denied: '/root/.cache'",
        f"app[81]: FileNotFoundError: [Errno 2] No such file or directory: '/data/{d.hex(6)}'",
        "app[82]: OSError: [Errno 28] No space left on device",
        "app[83]: botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the GetObject operation: Access Denied",
        "scheduler: 0/6 nodes are available: 3 Insufficient nvidia.com/gpu, 3 node(s) had untolerated taint {dedicated: infra}. preemption: 0/6 nodes are available",
        ),
    )  # fmt: skip


def healthy_lines(count: int, seed: int = 1, trouble: float = 0.5) -> Iterator[str]:
    """`count` log lines of a healthy node, as a journal prints them; `trouble` is the share of others' failures."""
    dice = _Dice(seed, trouble)
    kinds: tuple[tuple[Callable[[_Dice], str], str, float], ...] = (
        (_kubelet, "kubelet[1234]: ", 0.35),
        (_driver, "fsx-plugin[1]: ", 0.2),
        (_kernel, "kernel: ", 0.2),
        (_others, "", 0.25),
    )
    weights = [weight for _, _, weight in kinds]
    for _ in range(count):
        dice.tick()
        make, program, _ = dice.random.choices(kinds, weights)[0]
        yield f"{dice.stamp()} {dice.pick(*_HOSTS)} {program}{make(dice)}"
