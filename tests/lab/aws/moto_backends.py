"""moto's in-process state: the one module that knows where moto keeps it, and how to take it back."""

import functools
import importlib
import io
import json
import os
import pickle
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ACCOUNT = "123456789012"
_SERVICES = ("ec2", "iam", "kms", "s3", "sts", "cloudwatch", "logs", "route53", "route53resolver")
_AMIS = Path(__file__).with_name("amis.json")


def moto_application() -> Any:
    """moto's WSGI application.

    moto reads its own list of 1,286 AMIs at import unless told of another: ours has the few images nodes run,
    which keeps start-up and snapshots small.
    """
    os.environ.setdefault("MOTO_AMIS_PATH", str(_AMIS))
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    _tell_blackholes()
    _look_up_once()
    return DomainDispatcherApplication(create_backend_app)


def _look_up_once() -> None:
    """moto lists its folder and the methods of a class anew for each request: a quarter of the time of its answers."""
    from moto import backends
    from moto.core import responses

    modules = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)


def _tell_blackholes() -> None:
    """moto says `active` of every route; one over a peering or an attachment that is gone is a blackhole."""
    from moto.ec2.models.route_tables import Route

    def state(route: Any) -> str:
        peering, gateway = route.vpc_pcx, route.transit_gateway
        if gateway is not None:
            ec2, vpc = gateway.ec2_backend, route.route_table.vpc_id
            attached = (
                one
                for one in ec2.transit_gateway_attachments.values()
                if (one.transit_gateway_id, one.resource_id) == (gateway.id, vpc)
            )
            return "active" if any(attached) else "blackhole"
        return "blackhole" if peering is not None and peering._status.code != "active" else "active"

    Route.state = property(state)  # type: ignore[assignment]


def partition_of(region: str) -> str:
    """The partition a region belongs to: aws, aws-cn or aws-us-gov."""
    from moto.utilities.utils import get_partition

    return str(get_partition(region))


def ec2_backend(region: str) -> Any:
    """moto's EC2 state of one region."""
    from moto.ec2.models import ec2_backends

    return ec2_backends[ACCOUNT][region]


def iam_backend(region: str) -> Any:
    """moto's IAM state of the region's partition."""
    from moto.iam.models import iam_backends

    return iam_backends[ACCOUNT][partition_of(region)]


def s3_backend(region: str) -> Any:
    """moto's S3 state of the region's partition."""
    from moto.s3.models import s3_backends

    return s3_backends[ACCOUNT][partition_of(region)]


def managed_policy(principal: Any, arn: str) -> Any:
    """The document of a managed policy, as a role's or user's own backend has it."""
    from moto.iam.models import iam_backends

    versions = iam_backends[principal.account_id][principal.partition].managed_policies[arn].versions
    return next(version.document for version in versions if version.is_default_version)


def kms_backend(region: str) -> Any:
    """moto's KMS state of the region."""
    from moto.kms.models import kms_backends

    return kms_backends[ACCOUNT][region]


def route53_backend(region: str) -> Any:
    """moto's Route 53 state of the region's partition."""
    from moto.route53.models import route53_backends

    return route53_backends[ACCOUNT][partition_of(region)]


def resolver_backend(region: str) -> Any:
    """moto's Route 53 Resolver state of the region."""
    from moto.route53resolver.models import route53resolver_backends

    return route53resolver_backends[ACCOUNT][region]


def reset_backends() -> None:
    """Empties every account.

    moto caches its backends behind the dictionaries that hold them, so they are emptied in place, never replaced.
    """
    for _, backend in list(_live_backends()):
        backend.reset()
    _bucket_owners().clear()
    _forget_models()


def snapshot_backends() -> bytes:
    """Every backend's state in one pickle, so that references from one service to another stay shared."""
    live = list(_live_backends())
    keys = {id(backend): key for key, backend in live}
    buffer = io.BytesIO()
    pickler = _BackendPickler(buffer, keys)
    states = [(key, backend.__dict__) for key, backend in live]
    pickler.dump((states, _bucket_owners(), _identifiers().getstate()))
    return buffer.getvalue()


def restore_backends(snapshot: bytes) -> None:
    """Puts a snapshot back; backends that did not exist then are emptied."""
    _forget_models()
    live = dict(_live_backends())
    states, owners, identifiers = _BackendUnpickler(io.BytesIO(snapshot), live).load()
    for key in live.keys() - {key for key, _ in states}:
        live[key].reset()
    for key, state in states:
        live[key].__dict__ = state
    _bucket_owners().clear()
    _bucket_owners().update(owners)
    _identifiers().setstate(identifiers)


def _forget_models() -> None:
    """moto keeps every object it ever made, for its dashboard: a megabyte more for each world that is loaded."""
    from moto.core.model_instances import reset_model_data

    reset_model_data()


def _bucket_owners() -> dict[str, tuple[str, str]]:
    """Bucket names are one space for all accounts; moto keeps it beside the backends."""
    owners: dict[str, tuple[str, str]] = _backend_dict("s3").bucket_accounts
    return owners


_Key = tuple[str, str, str]


def _backend_dict(service: str) -> Any:
    module = importlib.import_module(f"moto.{service}.models")
    return getattr(module, f"{service}_backends")


def _live_backends() -> Iterator[tuple[_Key, Any]]:
    for service in _SERVICES:
        for account, regions in _backend_dict(service).items():
            for region, backend in regions.items():
                yield (service, account, region), backend


class _BackendPickler(pickle.Pickler):
    """Writes a backend as its key: objects must point at the live one after a restore, not at a copy."""

    def __init__(self, file: io.BytesIO, keys: dict[int, _Key]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._keys = keys

    def persistent_id(self, obj: object) -> _Key | None:
        return self._keys.get(id(obj))


class _BackendUnpickler(pickle.Unpickler):
    """Reads a key as the live backend; moto's own look-up is slow, and a backend once made is never replaced."""

    def __init__(self, file: io.BytesIO, live: dict[_Key, Any]) -> None:
        super().__init__(file)
        self._live = live

    def persistent_load(self, pid: _Key) -> Any:
        return self._live[pid]


def load_managed_policies(region: str, names: tuple[str, ...]) -> None:
    """Gives the account a few of AWS's managed policies, with their documents.

    moto can load all 1,400 of them, which makes every snapshot of IAM 4 MB large.
    """
    from moto.iam.models import AWSManagedPolicy

    iam = iam_backend(region)
    for name, document in _managed_policies(names).items():
        policy = AWSManagedPolicy.from_data(name, ACCOUNT, iam.region_name, document)
        iam.aws_managed_policies.append(policy)
        iam.managed_policies[policy.arn] = policy


@functools.cache
def _managed_policies(names: tuple[str, ...]) -> dict[str, Any]:
    """Their documents; only these are kept of the 4 MB that moto brings."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    documents = json.loads(aws_managed_policies_data)
    return {name: documents[name] for name in names}


def seed_identifiers(seed: int) -> None:
    """Makes the ids moto invents from now on the same at every start."""
    _identifiers().seed(seed)


def _identifiers() -> random.Random:
    """Where moto takes the ids from that it invents."""
    from moto.moto_api._internal import mock_random

    source: random.Random = mock_random
    return source
