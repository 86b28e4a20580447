"""`-f`: every manifest that the person named, put together into one set."""

from __future__ import annotations

import math
from collections.abc import Iterator

from diag.grammar.yaml_tree import BadYaml
from diag.model.finding import Location
from diag.resources.manifests import ManifestFile, ManifestSet, Problem
from diag.sources.manifests.documents import documents_in
from diag.sources.manifests.files import Text, texts
from diag.sources.manifests.helm_values import is_driver_values, values_in
from diag.sources.manifests.inventory import Inventory, merge
from diag.sources.manifests.objects import is_object, objects_in
from diag.sources.manifests.terraform.document import is_terraform
from diag.sources.manifests.terraform.read import terraform_in


def read_manifests(paths: tuple[str, ...], *, until: float = math.inf) -> ManifestSet:
    """The set, read until the `time.monotonic()` instant.

    A bad document is a problem of its file; raises UnreadableManifest for a path that cannot be read.
    """
    files: list[ManifestFile] = []
    each: list[Inventory] = []
    for text in texts(paths, until=until):
        found = merge(_documents(text))
        files.append(ManifestFile(text.name, _of_lustre(found), found.problems))
        each.append(found)
    whole = merge(each)
    kept = (name for name in Inventory.__struct_fields__ if name != "problems")
    return ManifestSet(files=tuple(files), **{name: getattr(whole, name) for name in kept})


def _documents(text: Text) -> Iterator[Inventory]:
    if text.refused:
        yield Inventory(problems=(Problem(Location(text.name, text.line, text.column), text.refused),))
    elif is_terraform(text.content):
        yield terraform_in(text.content, text.name)
    else:
        for root in documents_in(text.content):
            if isinstance(root, BadYaml):
                yield Inventory(problems=(Problem(Location(text.name, root.line, root.column), root.message),))
            elif is_object(root):
                yield objects_in(root, text.name)
            elif is_driver_values(root):
                yield values_in(root, text.name)


def _of_lustre(found: Inventory) -> int:
    """How many objects of a file a Lustre volume surely depends on; pods and claims may be for another driver's."""
    from diag.analysis.volumes import is_fsx_volume
    from diag.resources.kubernetes import FSX_DRIVER

    volumes = sum(1 for volume in found.volumes if is_fsx_volume(volume))
    classes = sum(1 for item in found.classes if item.provisioner == FSX_DRIVER)
    rest = (found.accounts, found.drivers, found.file_systems, found.undecided)
    return volumes + classes + sum(len(items) for items in rest)
