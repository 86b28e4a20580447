"""The lab: stand-ins for AWS, Kubernetes, DNS and the file servers' ports, on loopback, speaking the real protocols."""

import datetime
import os
import pickle
import shutil
import socket
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.lab.aws.errors import Refusal
from tests.lab.aws.front import BUILDER_KEY, AwsCall, AwsFront, caller_arn
from tests.lab.aws.front import Switches as AwsSwitches
from tests.lab.aws.moto_backends import ec2_backend, reset_backends, restore_backends, snapshot_backends
from tests.lab.aws.server import AwsServer
from tests.lab.dns import DnsServer, DnsSwitches, Trouble
from tests.lab.faults import FAULTS
from tests.lab.helm import Repository, record_release
from tests.lab.incident import heal_incident
from tests.lab.kubernetes.api import Api, KubeCall
from tests.lab.kubernetes.api import Switches as KubeSwitches
from tests.lab.kubernetes.certificates import make_certificates
from tests.lab.kubernetes.exec import ExecScript
from tests.lab.kubernetes.kubeconfig import write_kubeconfigs
from tests.lab.kubernetes.server import KubeServer
from tests.lab.kubernetes.world import Cluster
from tests.lab.live import Live
from tests.lab.physics.hidden import Hidden
from tests.lab.ports import LUSTRE_PORT, Behaviour, Ports
from tests.lab.setup import USER, Account
from tests.lab.site import Site, claim_network
from tests.lab.variants import VARIANTS
from tests.lab.worlds import WORLDS

_TOKEN = "k8s-aws-v1.bHVzdHJlLWRvY3Rvci1sYWI"
_ACCESS_KEY, _SECRET_KEY = "AKIALUSTREDOCTORLAB1", "lustre-doctor-lab-secret"


@dataclass(frozen=True)
class _World:
    """Everything a world is, frozen: what a load puts back."""

    site: Site
    account: Account | None
    moto: bytes
    services: bytes
    kube: bytes
    api: bytes
    script: bytes
    ports: dict[str, Behaviour]
    dns: dict[str, tuple[str, ...] | Trouble]


@dataclass(frozen=True)
class Calls:
    """What was asked of the lab since the last reset of the log."""

    aws: tuple[AwsCall, ...] = ()
    kubernetes: tuple[KubeCall, ...] = ()

    def count(self, permission: str) -> int:
        """How often an AWS action (`fsx:DescribeFileSystems`) or a Kubernetes one (`list pods`) was asked."""
        aws = sum(call.permission == permission for call in self.aws)
        return aws + sum(f"{call.verb} {call.resource}" == permission for call in self.kubernetes)


@dataclass
class Lab:
    """A running lab. Make one with `Lab.start`; moto is one per process, so there is one lab per process at a time.

    `aws`, `api`, `kube`, `script`, `dns` and `ports` are the stand-ins themselves, for what has no method here.
    """

    site: Site
    folder: Path
    aws: AwsFront
    kube: Cluster
    api: Api
    script: ExecScript
    dns: DnsServer
    ports: Ports
    aws_server: AwsServer
    kube_server: KubeServer
    kubeconfigs: dict[str, Path] = field(default_factory=dict)
    account: Account | None = None
    hidden: Hidden = field(default_factory=Hidden)
    """What no API shows: see `tests.lab.physics.hidden`."""
    live: Live | None = None
    _charts: Repository | None = None
    _certificates: Any = None
    _claim: socket.socket | None = None
    _worlds: dict[str, _World] = field(default_factory=dict)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    @classmethod
    def start(cls, world: str = "incident", **options: Any) -> "Lab":
        """Starts every stand-in and loads a world.

        Args:
            world: a name of `tests.lab.worlds.WORLDS` or `tests.lab.variants.VARIANTS`.
            options: what that world's builder takes.

        Raises:
            OSError: no free network in 127/8.
            KeyError: no such world.
        """
        octet, claim = claim_network()
        site = Site(octet, now=datetime.datetime.now(datetime.UTC).replace(microsecond=0))
        reset_backends()
        front = AwsFront()
        kube, script = Cluster(), ExecScript()
        api = Api(kube)
        certificates = make_certificates("kubernetes-admin", "system:masters", "127.0.0.1")
        lab = cls(
            site=site,
            folder=Path(tempfile.mkdtemp(prefix="lustre-lab-")),
            aws=front,
            kube=kube,
            api=api,
            script=script,
            dns=DnsServer(lambda: lab.zone(), site.address(0, 2)),
            ports=Ports(),
            aws_server=AwsServer(front),
            kube_server=KubeServer(api, script, certificates, _TOKEN, front.caller_arn),
        )
        lab._certificates, lab._claim = certificates, claim
        lab.load(world, **options)
        return lab

    def load(self, world: str, **options: Any) -> None:
        """Puts a world in place of the present one and every switch back; a world met before is not built anew."""
        key = f"{world} {sorted(options.items())}"
        self.release()
        # A watch that its client has left may be at work still: its controllers must not reach into the next world.
        with self.api.lock:
            self._rest()
            if key not in self._worlds:
                self._build(world, options)
                self._worlds[key] = self._freeze()
            self._thaw(self._worlds[key])

    def forget_worlds(self) -> None:
        """Makes the next `load` of each world build it anew."""
        self._worlds.clear()

    @property
    def env(self) -> dict[str, str]:
        """The environment in which aws, kubectl and lustre-doctor talk to the lab."""
        environment = {
            "AWS_ENDPOINT_URL": self.aws_server.url,
            "AWS_ACCESS_KEY_ID": _ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET_KEY,
            "AWS_REGION": self.site.region,
            "AWS_DEFAULT_REGION": self.site.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "KUBECONFIG": str(self.kubeconfigs["exec"]),
            "LUSTRE_DOCTOR_DNS": self.dns.endpoint,
        }
        if self.ports.port not in (0, LUSTRE_PORT):
            environment["LUSTRE_DOCTOR_LUSTRE_PORT"] = str(self.ports.port)
        return environment

    @property
    def shell_env(self) -> dict[str, str]:
        """The environment in which the real programs, helm among them, talk to a live lab."""
        charts = self._charts.environment if self._charts is not None else {}
        kubeconfig = str(self.kubeconfigs["token"])
        return self.env | charts | {"HOME": str(self.home), "KUBECONFIG": kubeconfig, "AWS_PAGER": ""}

    @property
    def home(self) -> Path:
        """A home for kubectl and helm, with what they keep: discovered APIs, chart repositories."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return home

    def client(self, service: str, region: str = "") -> Any:
        """A boto3 client for changing the world: it passes every switch and leaves no trace in the log of calls."""
        where = region or self.site.region
        if (service, where) not in self._clients:
            import boto3
            import botocore.config

            self._clients[service, where] = boto3.client(
                service,
                region_name=where,
                endpoint_url=self.aws_server.url,
                aws_access_key_id=BUILDER_KEY,
                aws_secret_access_key=_SECRET_KEY,
                config=botocore.config.Config(retries={"max_attempts": 0}),
            )
        return self._clients[service, where]

    def come_alive(self) -> Live:
        """Starts controllers, scheduler and kubelets in the present world; the next `load` stops them."""
        record_release(self)
        if self._charts is None:
            self._charts = Repository(self.folder)
        self._charts.offer(self, self.home)
        live = self.live = Live(self)
        self.api.clock, self.api.settle, self.api.switches.secrets = live.clock, live.settle, True
        return live

    def heal(self) -> None:
        """Mends the incident as its reader would: version 2.15, and the pod runs."""
        heal_incident(self)

    def inject(self, *names: str) -> None:
        """Breaks one thing for each fault named; see `tests.lab.faults.FAULTS`."""
        for name in names:
            FAULTS[name].inject(self)

    def deny(self, *permissions: str) -> None:
        """Takes AWS permissions away, as IAM spells them: `ec2:DescribeSecurityGroups`."""
        self.aws.switches.denied.update(permissions)

    def deny_kube(self, verb: str, resource: str) -> None:
        """Takes a Kubernetes permission away: `list`, `nodes`; `create`, `pods/exec`."""
        self.api.switches.denied.add((verb, resource))

    def delay(self, seconds: float) -> None:
        """Adds so much to every AWS and Kubernetes call."""
        self.aws.switches.delay = self.api.switches.delay = seconds

    def credentials(self, refusal: Refusal | None) -> None:
        """Makes AWS find the caller's keys expired or invalid; None makes them good again."""
        self.aws.switches.credentials = refusal

    def calls(self) -> Calls:
        """What was asked since the last `load` or `forget_calls`."""
        return Calls(tuple(self.aws.calls), tuple(self.api.calls))

    def forget_calls(self) -> None:
        """Empties the log of calls."""
        self.aws.calls.clear()
        self.aws.unserved.clear()
        self.api.calls.clear()
        self.script.asked.clear()
        self.dns.queries.clear()

    def file_system_addresses(self, file_system_id: str) -> tuple[str, ...]:
        """The addresses of a file system's network interfaces, the primary one first."""
        enis = ec2_backend(self.site.region).enis
        wanted = self.aws.fsx.file_system(file_system_id)["NetworkInterfaceIds"]
        return tuple(str(enis[eni].private_ip_address) for eni in wanted if eni in enis)

    def serve(self, file_system_id: str) -> None:
        """Opens the file servers' ports."""
        for address in self.file_system_addresses(file_system_id):
            self.ports.set(address, Behaviour.OPEN)

    def hide_from_dns(self, file_system_id: str) -> None:
        """Makes the name unknown to the resolver, as outside the file system's VPC."""
        self.dns.switches.answers[self.aws.fsx.file_system(file_system_id)["DNSName"]] = Trouble.NXDOMAIN

    def zone(self) -> dict[str, tuple[str, ...]]:
        """What the VPC's resolver knows: each file system's name and its primary interface."""
        systems = self.aws.fsx.state.file_systems.get(self.site.region, {}).values()
        return {system["DNSName"].lower(): self.file_system_addresses(system["FileSystemId"])[:1] for system in systems}

    def release(self) -> None:
        """Lets go of every request the lab keeps hanging."""
        self.aws.release()
        self.kube_server.release()

    def close(self) -> None:
        """Ends every stand-in and removes the lab's files."""
        self.release()
        self.kube_server.close()
        if self._charts is not None:
            self._charts.close()
        self.aws_server.close()
        self.dns.close()
        self.ports.close()
        if self._claim is not None:
            self._claim.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Lab":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _build(self, world: str, options: dict[str, Any]) -> None:
        builder = WORLDS[world] if world in WORLDS else VARIANTS[world]
        if builder.base:
            self.load(builder.base)
            self.account = builder.build(self, self.site, **options)
            return
        reset_backends()
        self.aws.fsx.state = type(self.aws.fsx.state)()
        self.aws.ssm.state = type(self.aws.ssm.state)()
        self.aws.resolver.state = type(self.aws.resolver.state)()
        self.aws.eks.state = type(self.aws.eks.state)()
        self.aws.eks.state.endpoint = self.kube_server.url
        self.aws.eks.state.certificate_authority = self._certificates.authority
        self.aws.fleet = None
        self.hidden = Hidden()
        self.kube.restore(Cluster().snapshot())
        self.api.logs.clear()
        self.script.rules.clear()
        self.ports.restore({})
        self.site = builder.place(self.site)
        self._reset_switches()
        self._log_in()
        self.account = builder.build(self, self.site, **options)

    def _rest(self) -> None:
        self.live = None
        self.api.clock = lambda: datetime.datetime.now(datetime.UTC)
        self.api.settle = self._renew_leases

    def _renew_leases(self) -> None:
        """Who holds a lease renews it every few seconds, however still the rest of a frozen world stands."""
        if not self.hidden.lease_lost:
            for lease in self.kube.all("leases"):
                lease["spec"]["renewTime"] = self.api.clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def _log_in(self) -> None:
        """The user whose keys the lab hands out, as IAM and the API server know it."""
        from tests.lab.aws.moto_backends import iam_backend

        iam = iam_backend(self.site.region)
        iam.create_user(self.site.region, USER)
        key = iam.create_access_key(user_name=USER)
        key.access_key_id, key.secret_access_key = _ACCESS_KEY, _SECRET_KEY
        self._name_caller()

    def _name_caller(self) -> None:
        self.aws.caller_arn = caller_arn(self.site.region, USER)
        self.kube_server.user = self.aws.caller_arn
        self.kubeconfigs = write_kubeconfigs(
            self.folder, self.kube_server.url, self.site.cluster_arn, self.site.region, self._certificates, _TOKEN
        )

    def _reset_switches(self) -> None:
        self.aws.switches = AwsSwitches()
        self.api.switches = KubeSwitches()
        self.dns.switches = DnsSwitches()

    def _freeze(self) -> _World:
        services = (self.aws.fsx.state, self.aws.eks.state, self.aws.ssm.state, self.aws.resolver.state, self.hidden)
        return _World(
            site=self.site,
            account=self.account,
            moto=snapshot_backends(),
            services=pickle.dumps((*services, self.aws.fleet)),
            kube=self.kube.snapshot(),
            api=pickle.dumps((self.api.logs, self.api.issuer, self.api.git_version)),
            script=pickle.dumps(self.script.rules),
            ports=self.ports.snapshot(),
            dns=dict(self.dns.switches.answers),
        )

    def _thaw(self, world: _World) -> None:
        moved = world.site != self.site
        self.site, self.account = world.site, world.account
        restore_backends(world.moto)
        fsx, eks, ssm, self.aws.resolver.state, self.hidden, self.aws.fleet = pickle.loads(world.services)
        self.aws.fsx.state, self.aws.eks.state, self.aws.ssm.state = fsx, eks, ssm
        self.kube.restore(world.kube)
        self.api.logs, self.api.issuer, self.api.git_version = pickle.loads(world.api)
        self.script.rules = pickle.loads(world.script)
        self.ports.restore(world.ports)
        self._reset_switches()
        self.kube_server.token = _TOKEN
        self.dns.switches.answers.update(world.dns)
        self.forget_calls()
        if moved:
            self._name_caller()
