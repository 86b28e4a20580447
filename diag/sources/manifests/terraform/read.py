"""One document of `terraform show -json` as found objects. A plan has no lines of its own source to point at."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from diag.grammar.yaml_tree import from_plain
from diag.model.finding import Location
from diag.resources.manifests import Placed, Problem, Undecided
from diag.sources.manifests.inventory import Inventory, merge
from diag.sources.manifests.objects import objects_in
from diag.sources.manifests.terraform.document import Resource, resources_of
from diag.sources.manifests.terraform.file_system import file_systems_of
from diag.sources.manifests.terraform.kubernetes import object_of, open_until_apply
from diag.sources.manifests.terraform.network import groups_of

Place = Callable[[str], Location]
"""Where an address stands."""


def terraform_in(text: str, file: str) -> Inventory:
    """The file systems, groups and Kubernetes objects of a plan or state. Places are those of the addresses in it."""
    try:
        resources = resources_of(text)
    except (msgspec.DecodeError, RecursionError) as error:
        return Inventory(problems=(Problem(Location(file, 1, 1), f"not what `terraform show -json` prints: {error}"),))
    return inventory_of(resources, file, lambda address: place(text, file, address))


def inventory_of(resources: Iterable[Resource], file: str, where: Place) -> Inventory:
    """What resources make, whoever wrote them down."""
    each = tuple(resources)
    file_systems, groups = tuple(file_systems_of(each)), tuple(groups_of(each))
    about = (*(item.subject for item in file_systems), *(item.subject for item in groups))
    places = tuple(Placed(subject, where(subject.name)) for subject in about)
    planned = Inventory(file_systems=file_systems, groups=groups, places=places)
    return merge((planned, *(_kubernetes(resource, file, where) for resource in each)))


def _kubernetes(resource: Resource, file: str, where: Place) -> Inventory:
    if not resource.type.startswith("kubernetes_"):
        return Inventory()
    location = where(resource.address)
    if (subject := open_until_apply(resource)) is not None:
        why = f"{resource.address} is known only after apply"
        return Inventory(undecided=(Undecided(subject, why),), places=(Placed(subject, location),))
    raw = object_of(resource)
    return objects_in(from_plain(raw, location.line, location.column), file) if raw is not None else Inventory()


def place(text: str, file: str, address: str) -> Location:
    """Where an address is first named in the document; its first line when it is nowhere."""
    at = text.find(msgspec.json.encode(address).decode())
    if at < 0:
        return Location(file, 1, 1)
    return Location(file, text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1)
