"""`-f`: every manifest that the person named, put together into one set."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from diag.grammar.yaml_tree import BadYaml, Value
from diag.model.finding import Location
from diag.model.subject import Subject
from diag.resources.manifests import ManifestFile, ManifestSet, Problem
from diag.sources.manifests import aws_input, cloudformation, eksctl, kustomization, parallelcluster
from diag.sources.manifests.documents import documents_in
from diag.sources.manifests.files import Text, texts
from diag.sources.manifests.helm_values import is_driver_values, is_release, release_in, values_in
from diag.sources.manifests.inventory import Inventory, merge, named_apart
from diag.sources.manifests.objects import is_object, objects_in
from diag.sources.manifests.terraform.document import is_terraform
from diag.sources.manifests.terraform.read import terraform_in
from diag.sources.manifests.terraform.source import is_source, source_in

EVERY_FILES = 50
"""How often progress is shown."""


class _Kind(NamedTuple):
    """One kind of document: how it is recognised, and what of it is read."""

    is_one: Callable[[Value, str], bool]
    read: Callable[[Value, str], Inventory]


_KINDS = (
    _Kind(lambda root, file: eksctl.is_cluster_config(root), eksctl.cluster_config_in),
    _Kind(kustomization.is_kustomization, kustomization.kustomization_in),
    _Kind(lambda root, file: is_release(root), release_in),
    _Kind(lambda root, file: is_object(root), objects_in),
    _Kind(lambda root, file: cloudformation.is_template(root), cloudformation.template_in),
    _Kind(lambda root, file: parallelcluster.is_cluster(root), parallelcluster.cluster_in),
    _Kind(lambda root, file: aws_input.is_create_file_system(root), aws_input.create_file_system_in),
    _Kind(lambda root, file: aws_input.is_hyperpod(root), aws_input.hyperpod_in),
    _Kind(lambda root, file: aws_input.is_job_definition(root), aws_input.job_definition_in),
    _Kind(lambda root, file: is_driver_values(root), values_in),
)
"""The first that recognises a document reads it."""


def read_manifests(
    paths: tuple[str, ...],
    *,
    until: float = math.inf,
    progress: Callable[[str], None] = lambda text: None,
    skipped: Callable[[str], None] = lambda text: None,
) -> ManifestSet:
    """The set, read until the `time.monotonic()` instant. `progress` is told now and then how many files were read,
    `skipped` what is left out on purpose.

    A bad document is a problem of its file; raises UnreadableManifest for a path that cannot be read.
    """
    files: list[ManifestFile] = []
    each: list[Inventory] = []
    taken: set[Subject] = set()
    for number, text in enumerate(texts(paths, until=until, skipped=skipped), 1):
        found = named_apart(merge(_documents(text)), taken, text.name)
        seen = tuple(f"{count} {what}" for what, count in Counter((*found.seen, *_others(found))).most_common())
        files.append(ManifestFile(text.name, _of_lustre(found), found.problems, seen, found.unread))
        each.append(found)
        if number % EVERY_FILES == 0:
            progress(f"{number} files")
    whole = merge(each)
    kept = (name for name in Inventory.__struct_fields__ if name not in ("problems", "seen", "unread"))
    return ManifestSet(files=tuple(files), **{name: getattr(whole, name) for name in kept})


def _documents(text: Text) -> Iterator[Inventory]:
    if text.refused:
        yield Inventory(problems=(Problem(Location(text.name, text.line, text.column), text.refused),))
    elif is_source(text.name):
        yield source_in(text.content, text.name)
    elif is_terraform(text.content):
        yield terraform_in(text.content, text.name)
    else:
        for root in documents_in(text.content):
            if isinstance(root, BadYaml):
                yield Inventory(problems=(Problem(Location(text.name, root.line, root.column), root.message),))
            else:
                yield _document(root, text.name)


def _document(root: Value, file: str) -> Inventory:
    kind = next((kind for kind in _KINDS if kind.is_one(root, file)), None)
    found = kind.read(root, file) if kind else Inventory(seen=(_unknown(root),))
    if found.is_empty and not found.seen:
        return Inventory(seen=(_named(root),))
    return found


def _named(root: Value) -> str:
    """What a document of a known kind is, where nothing in it is for Lustre."""
    if cloudformation.is_template(root):
        return "CloudFormation template without FSx for Lustre"
    return root.text("kind") or "document without FSx for Lustre"


def _unknown(root: Value) -> str:
    if isinstance(root.content, dict):
        keys = ", ".join(list(root.content)[:3])
        return f"document of an unknown kind (it begins with {keys[:60]})"
    return "document of an unknown kind"


def _others(found: Inventory) -> Iterator[str]:
    """What was read of a file in which nothing is of Lustre for sure."""
    if not _of_lustre(found):
        for items in (found.volumes, found.claims, found.classes, found.pods):
            yield from (str(item.subject.kind.value) for item in items)
        yield from ("security group" for _ in found.groups)
        yield from ("node group" for _ in found.node_groups)


def _of_lustre(found: Inventory) -> int:
    """How many objects of a file a Lustre volume surely depends on; pods and claims may be for another driver's."""
    from diag.analysis.volumes import is_fsx_volume
    from diag.resources.kubernetes import FSX_DRIVER

    volumes = sum(1 for volume in found.volumes if is_fsx_volume(volume))
    classes = sum(1 for item in found.classes if item.provisioner == FSX_DRIVER)
    rest = (found.accounts, found.drivers, found.file_systems, found.undecided, found.mounts)
    return volumes + classes + sum(len(items) for items in rest)
