"""A live lab: controllers and kubelets work, and what followed from a cause goes when the cause does.

Worlds are frozen by default, as a recording is; `Lab.come_alive` starts this.
"""

import copy
import datetime
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.lab.aws.moto_backends import kms_backend
from tests.lab.kubernetes.exec import ExecAnswer
from tests.lab.kubernetes.live.desk import Desk
from tests.lab.kubernetes.live.kubelet import Kubelet
from tests.lab.kubernetes.live.managed import Managed
from tests.lab.kubernetes.live.scheduler import Scheduler
from tests.lab.kubernetes.live.volumes import Volumes, claims_of, quantity
from tests.lab.kubernetes.live.workloads import Workloads, is_ready
from tests.lab.kubernetes.world import Object
from tests.lab.physics.hidden import Ailment
from tests.lab.physics.images import Images
from tests.lab.physics.mounts import DRIVER, Mounts
from tests.lab.physics.network import Network
from tests.lab.physics.provisioning import SERVER_ADDRESS, Provisioning, Refusal
from tests.lab.ports import Behaviour

if TYPE_CHECKING:
    from tests.lab.lab import Lab

_PASSES = 30
_ENOUGH_MEMORY = "256Mi"
_MKDIR = re.compile(r"\bmkdir -p (\S+)")


class Live:
    """The moving parts of one world; made when it comes alive."""

    def __init__(self, lab: "Lab") -> None:
        self._lab = lab
        self._elapsed = datetime.timedelta(minutes=1)
        network = Network(lab)
        self._network = network
        self.mounts = Mounts(lab, network)
        self.images = Images(lab, network)
        self.provisioning = Provisioning(lab, network)
        desk = Desk(lab.kube, self.clock)
        self._desk = desk
        self._controllers = (
            Managed(desk, lab.aws.eks.cluster(lab.site.cluster), lab.site.load),
            Workloads(desk),
            Volumes(desk, self._provision, self._reclaim),
            Scheduler(desk),
            Kubelet(
                desk,
                lab.site.region,
                mount=self.mounts.mount,
                pull=self.images.obstacle,
                crash=self._crash,
                unmounts=self._unmounts,
                keeps_taint=lambda: lab.hidden.taint_kept,
                associated=lambda namespace, name: self.provisioning.association(namespace, name) is not None,
            ),
        )
        for name in lab.account.instances if lab.account else ():
            lab.script.on("sh -c .*Name:.*umount.*", partial(self._hangs, name), node=re.escape(name))
        self._leases = lab.site.load("leases")
        self._note_crashes()
        self._plugin_uids = self._plugins()
        self._names_were_broken = bool(self.mounts.name_obstacle())
        self._blocked = {address for address in self._addresses() if self._is_blocked(address)}

    def _hangs(self, node: str, argv: tuple[str, ...]) -> ExecAnswer:
        """`! grep` for mount and umount processes in the driver's container: one that does not return is there."""
        return ExecAnswer(exit_code=int(Ailment.UMOUNT_HANGS in self._lab.hidden.of(node)))

    def clock(self) -> datetime.datetime:
        """The time in this world: that of its start, and what passed since."""
        return self._lab.site.now + self._elapsed

    def pass_time(self, minutes: float) -> None:
        """Lets time go by: what AWS was at work on is done."""
        self._elapsed += datetime.timedelta(minutes=minutes)
        self._lab.hidden.slow_creation = self._lab.hidden.deletion_refused = False
        for system in self._lab.aws.fsx.state.file_systems.get(self._lab.site.region, {}).values():
            self._finish(system)
        self.settle()

    def settle(self) -> None:
        """Runs every controller until none has anything left to do."""
        with self._lab.api.lock:
            self._follow()
            self._cure()
            for _ in range(_PASSES):
                before = self._lab.kube.revision
                for controller in self._controllers:
                    controller.settle()
                self._make_directories()
                if self._lab.kube.revision == before:
                    break
            self._lead()
            self._follow_endpoints()

    def _make_directories(self) -> None:
        """A pod that runs once to make a directory has made it in the file system, and ends."""
        for pod in self._desk.all("pods"):
            if pod["spec"].get("restartPolicy") != "Never" or not is_ready(pod):
                continue
            container = pod["spec"]["containers"][0]
            made = _MKDIR.findall(" ".join(container.get("command") or ()))
            for path in made:
                for mounted in container.get("volumeMounts", ()):
                    if path.startswith(f"{mounted['mountPath']}/"):
                        self._lab.hidden.directories.add(path.removeprefix(f"{mounted['mountPath']}/"))
            if made:
                ended = [{"type": "Ready", "status": "False", "reason": "PodCompleted"}]
                self._desk.set(pod, "status", pod["status"] | {"phase": "Succeeded", "conditions": ended})

    def _follow_endpoints(self) -> None:
        """EndpointSlices of kube-dns hold the ready pods that its selector takes; without one a person keeps them."""
        service = self._desk.find("services", "kube-dns", "kube-system")
        wanted = service["spec"].get("selector") if service else None
        if service is None or not wanted:
            return
        ready = [
            pod
            for pod in self._desk.all("pods", "kube-system")
            if wanted.items() <= (pod["metadata"].get("labels") or {}).items() and is_ready(pod)
        ]
        for slice_ in self._desk.all("endpointslices", "kube-system"):
            slice_["endpoints"] = [
                {"addresses": [pod["status"]["podIP"]], "conditions": {"ready": True}} for pod in ready
            ]
            slice_["ports"] = [
                {"name": port["name"], "port": port["targetPort"], "protocol": port["protocol"]}
                for port in service["spec"]["ports"]
            ]

    def _lead(self) -> None:
        """A ready pod of the controller takes the leases of one that is gone, and renews them; a new one can again."""
        pod = self.provisioning.controller()
        if pod is None or self.provisioning.rights_missing("coordination.k8s.io", "leases", "update"):
            return
        ready = {found["metadata"]["name"] for found in self._desk.all("pods") if is_ready(found)}
        namespace = pod["metadata"]["namespace"]
        for lease in self._leases:
            metadata = {"name": lease["metadata"]["name"], "namespace": namespace}
            if self._desk.find("leases", metadata["name"], namespace) is None:
                self._desk.add(copy.deepcopy(lease) | {"metadata": metadata})
        for lease in self._desk.all("leases", namespace):
            if lease["spec"]["holderIdentity"] not in ready:
                lease["spec"]["holderIdentity"] = pod["metadata"]["name"]
                self._lab.hidden.lease_lost = False
            if not self._lab.hidden.lease_lost:
                lease["spec"]["renewTime"] = self.clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def broken(self) -> list[str]:
        """All that does not work in this world, in the lab's own words."""
        return [*self._broken_pods(), *self._broken_volumes(), *self._broken_driver(), *self._broken_classes()]

    def _broken_pods(self) -> list[str]:
        found = []
        for pod in self._desk.all("pods"):
            if pod["status"].get("phase") == "Succeeded":
                continue
            name = f"pod {pod['metadata']['namespace']}/{pod['metadata']['name']}"
            if pod["metadata"].get("deletionTimestamp"):
                found.append(f"{name} does not end")
            elif not is_ready(pod):
                found.append(f"{name} is not ready: {self._complaint(pod)}")
            elif Ailment.EVICTED in self._lab.hidden.of(pod["metadata"]["uid"]):
                found.append(f"{name} has lost the file servers")
            node = self._desk.find("nodes", pod["spec"].get("nodeName", ""))
            for claim_name in claims_of(pod) if node else ():
                claim = self._desk.find("persistentvolumeclaims", claim_name, pod["metadata"]["namespace"])
                volume = self._desk.find("persistentvolumes", (claim or {}).get("spec", {}).get("volumeName", ""))
                if volume and node and "csi" in volume["spec"] and (why := self.mounts.mount(pod, volume, node)):
                    found.append(f"{name}: {why.text.splitlines()[0]}")
        return found

    def _complaint(self, pod: Object) -> str:
        """The newest warning about a pod or a claim of it."""
        namespace = pod["metadata"]["namespace"]
        names = {pod["metadata"]["name"], *claims_of(pod)}
        warnings = [
            event
            for event in self._desk.all("events", namespace)
            if event["type"] == "Warning" and event["involvedObject"]["name"] in names
        ]
        newest = max(warnings, key=lambda event: (event["lastTimestamp"], event["message"]), default=None)
        return str(newest["message"]) if newest else "nobody says why"

    def _broken_volumes(self) -> list[str]:
        found = []
        for claim in self._desk.all("persistentvolumeclaims"):
            storage_class = self._desk.find("storageclasses", claim["spec"].get("storageClassName") or "")
            ours = storage_class is None or storage_class["provisioner"] == DRIVER or claim["spec"].get("volumeName")
            phase = claim["status"].get("phase")
            delayed = (storage_class or {}).get("volumeBindingMode") == "WaitForFirstConsumer"
            if delayed and phase == "Pending" and not self._is_used(claim):
                continue
            if ours and (phase != "Bound" or claim["metadata"].get("deletionTimestamp")):
                found.append(f"claim {claim['metadata']['name']} is {phase}")
        systems = self._lab.aws.fsx.state.file_systems.get(self._lab.site.region, {})
        for volume in self._desk.all("persistentvolumes"):
            name, spec = volume["metadata"]["name"], volume["spec"]
            if volume["metadata"].get("deletionTimestamp"):
                found.append(f"volume {name} does not end")
            system = systems.get((spec.get("csi") or {}).get("volumeHandle", ""))
            if system and quantity(spec["capacity"]["storage"]) > quantity(f"{system['StorageCapacity']}Gi"):
                found.append(f"volume {name} promises more than there is")
        return found

    def _is_used(self, claim: Object) -> bool:
        pods = self._desk.all("pods", claim["metadata"]["namespace"])
        return any(claim["metadata"]["name"] in claims_of(pod) for pod in pods)

    def _broken_driver(self) -> list[str]:
        found = [] if self._desk.find("csidrivers", DRIVER) else ["there is no CSIDriver"]
        for plural in ("daemonsets", "deployments"):
            for owner in self._desk.all(plural):
                status = owner.get("status") or {}
                if status.get("numberUnavailable") or status.get("unavailableReplicas"):
                    found.append(f"{owner['kind']} {owner['metadata']['name']} is not whole")
        for csinode in self._desk.all("csinodes"):
            node = self._desk.find("nodes", csinode["metadata"]["name"])
            linux = node and node["status"]["nodeInfo"].get("operatingSystem", "linux") == "linux"
            if linux and not any(driver["name"] == DRIVER for driver in csinode["spec"].get("drivers") or ()):
                found.append(f"no driver on {csinode['metadata']['name']}")
        return found

    def _broken_classes(self) -> list[str]:
        classes = [found for found in self._desk.all("storageclasses") if found["provisioner"] == DRIVER]
        # A class without parameters is a mere name that static volumes and claims share.
        meant = [found for found in classes if found.get("parameters")]
        obstacles = ((found["metadata"]["name"], self.provisioning.obstacle(found)) for found in meant)
        return [f"class {name}: {why}" for name, why in obstacles if why]

    def _follow(self) -> None:
        """Lets what followed from a cause go when the cause is gone: names resolve again, packets pass again."""
        if self._names_were_broken and not self.mounts.name_obstacle():
            self._names_were_broken = False
            self._lab.dns.switches.answers.clear()
        for address in list(self._blocked):
            if not self._is_blocked(address):
                self._blocked.discard(address)
                self._lab.ports.set(address, Behaviour.OPEN)
        for address in self._addresses() - self._blocked:
            if self._is_blocked(address):
                self._blocked.add(address)
            elif self._lab.ports.behaviour(address) is Behaviour.REFUSED and not self._lab.hidden.lost:
                self._lab.ports.set(address, Behaviour.OPEN)

    def _cure(self) -> None:
        """A restarted plugin has lost its locks; a restarted node has a fresh kernel."""
        assert self._lab.account is not None
        nodes = {instance: node for node, instance in self._lab.account.instances.items()}
        for instance in self._lab.aws.rebooted:
            self._lab.hidden.ailing.pop(nodes.get(instance, ""), None)
            if node := self._desk.find("nodes", nodes.get(instance, "")):
                node["status"]["nodeInfo"]["bootID"] += "+"
                _answer_again(node)
        self._lab.aws.rebooted.clear()
        for node, uid in self._plugins().items():
            if uid and uid != self._plugin_uids.get(node):
                self._lab.hidden.of(node).discard(Ailment.LOCK)
                self._plugin_uids[node] = uid

    def _plugins(self) -> dict[str, str]:
        """Uids of the node plugin's pods by node."""
        return {
            pod["spec"].get("nodeName", ""): pod["metadata"]["uid"]
            for pod in self._desk.all("pods")
            if (pod["metadata"].get("labels") or {}).get("app") == "fsx-csi-node"
        }

    def _addresses(self) -> set[str]:
        systems = self._lab.aws.fsx.state.file_systems.get(self._lab.site.region, {}).values()
        lustre = [system for system in systems if system["FileSystemType"] == "LUSTRE"]
        return {address for system in lustre for address in self._lab.file_system_addresses(system["FileSystemId"])}

    def _is_blocked(self, address: str) -> bool:
        """Whether something stops the packets from a node that needs the address, or nobody serves there."""
        for system in self._lab.aws.fsx.state.file_systems.get(self._lab.site.region, {}).values():
            if address in self._lab.file_system_addresses(system["FileSystemId"]) and not self.mounts.serving(system):
                return True
        pods = (pod for pod in self._desk.all("pods") if pod["status"].get("phase") not in ("Succeeded", "Failed"))
        nodes = {pod["spec"].get("nodeName") for pod in pods if claims_of(pod)} - {None}
        return any(self.mounts.packet_obstacle(str(node), address) for node in nodes)

    def _note_crashes(self) -> None:
        """A container that crashes does so as long as its pod lives; why is not in the recording."""
        for pod in self._desk.all("pods"):
            states = [item.get("state", {}) for item in pod["status"].get("containerStatuses", ())]
            crashes = any((state.get("waiting") or {}).get("reason") == "CrashLoopBackOff" for state in states)
            if crashes and not any(_limit(container) for container in pod["spec"]["containers"]):
                self._lab.hidden.afflict(pod["metadata"]["uid"], Ailment.CRASHES)

    def _crash(self, pod: Object, container: Object) -> str:
        short = container["name"] == "fsx-plugin" and (limit := _limit(container))
        if (short and quantity(limit) < quantity(_ENOUGH_MEMORY)) or (
            Ailment.CRASHES in self._lab.hidden.of(pod["metadata"]["uid"]) | self._lab.hidden.images(container["image"])
        ):
            return f"back-off 5m0s restarting failed container={container['name']} pod={pod['metadata']['name']}"
        return ""

    def _unmounts(self, pod: Object) -> bool:
        """A volume comes off when a node plugin runs on the node and umount returns."""
        if not claims_of(pod):
            return True
        node = pod["spec"]["nodeName"]
        csinode = self._desk.find("csinodes", node)
        drivers = (csinode or {}).get("spec", {}).get("drivers") or ()
        known = any(driver["name"] == DRIVER for driver in drivers)
        started = (pod.get("status") or {}).get("phase") == "Running"
        return (known or not started) and not self._lab.hidden.of(node) & {Ailment.UMOUNT_HANGS, Ailment.HELD_OPEN}

    def _provision(self, claim: Object, storage_class: Object) -> Object | None:
        if storage_class["provisioner"] != DRIVER or self.provisioning.controller() is None:
            return None
        if self._lab.hidden.lease_lost or self.provisioning.proxied("csi-provisioner", SERVER_ADDRESS):
            return None
        if self.provisioning.rights_missing("coordination.k8s.io", "leases", "update"):
            return None
        name = f"pvc-{claim['metadata']['uid']}"
        try:
            made = self.provisioning.create(claim, storage_class)
        except Refusal as refusal:
            text = f'rpc error: code = Internal desc = Could not create volume "{name}": {refusal.text}'
            message = f'failed to provision volume with StorageClass "{storage_class["metadata"]["name"]}": {text}'
            self._desk.event(claim, "ProvisioningFailed", message, f"{DRIVER}_fsx-csi-controller")
            return None
        if self._lab.hidden.volumes_refused:
            return None
        system = self._lab.aws.fsx.file_system(made["FileSystemId"])
        self._lab.serve(made["FileSystemId"])
        return _volume_for(name, claim, storage_class, system)

    def _reclaim(self, volume: Object) -> bool:
        if self._lab.hidden.deletion_refused:
            return False
        systems = self._lab.aws.fsx.state.file_systems.get(self._lab.site.region, {})
        systems.pop(volume["spec"]["csi"]["volumeHandle"], None)
        return True

    def _finish(self, system: Object) -> None:
        region, id_ = self._lab.site.region, system["FileSystemId"]
        for action in system.get("AdministrativeActions", ()):
            if action["Status"] in ("IN_PROGRESS", "PENDING"):
                action["Status"] = "COMPLETED"
        key = kms_backend(region).keys.get(system.get("KmsKeyId", "").rpartition("/")[2])
        says = system.get("FailureDetails", {}).get("Message", "")
        if system["Lifecycle"] == "MISCONFIGURED" and "KMS key" in says and key and key.key_state == "Enabled":
            system["Lifecycle"] = "UPDATING"
            del system["FailureDetails"]
        if system["Lifecycle"] == "UPDATING":
            system["Lifecycle"] = "AVAILABLE"
        elif system["Lifecycle"] == "CREATING":
            system["Lifecycle"] = "AVAILABLE"
            self._lab.aws.fsx.give_interfaces(region, id_)
            self._lab.dns.switches.answers.pop(system["DNSName"], None)


def _answer_again(node: Object) -> None:
    """A kubelet that was silent starts with its node."""
    for condition in node["status"]["conditions"]:
        if condition["status"] == "Unknown":
            condition |= {"status": "True" if condition["type"] == "Ready" else "False", "reason": "KubeletReady"}
    taints = node["spec"].get("taints") or ()
    node["spec"]["taints"] = [one for one in taints if one["key"] != "node.kubernetes.io/unreachable"]


def _limit(container: Object) -> Any:
    return ((container.get("resources") or {}).get("limits") or {}).get("memory")


def _volume_for(name: str, claim: Object, storage_class: Object, system: Object) -> Object:
    """The volume that csi-provisioner makes of the driver's answer."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "annotations": {"pv.kubernetes.io/provisioned-by": DRIVER},
            "finalizers": ["kubernetes.io/pv-protection"],
        },
        "spec": {
            "accessModes": claim["spec"]["accessModes"],
            "capacity": {"storage": f"{system['StorageCapacity']}Gi"},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "name": claim["metadata"]["name"],
                "namespace": claim["metadata"]["namespace"],
                "uid": claim["metadata"]["uid"],
            },
            "csi": {
                "driver": DRIVER,
                "volumeHandle": system["FileSystemId"],
                "volumeAttributes": {
                    "dnsname": system["DNSName"],
                    "mountname": system["LustreConfiguration"]["MountName"],
                },
            },
            "mountOptions": storage_class.get("mountOptions", []),
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": storage_class["metadata"]["name"],
            "volumeMode": "Filesystem",
        },
        "status": {"phase": "Available"},
    }
