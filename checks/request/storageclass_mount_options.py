"""Every mount option that volumes get from their StorageClass is one that the Lustre client knows."""

from __future__ import annotations

from collections.abc import Iterator

from checks.request.mount_options import corrected, judge
from diag import Draft, Layer, check
from diag.advice.replace_class import replace_class
from diag.analysis.storage_classes import Demand
from diag.grammar.command import Verbatim


@check("storageclass-mount-options", layer=Layer.REQUEST, each="demands", speaks_for="bad-mount-option")
def volumes_get_known_options(demand: Demand) -> Iterator[Draft]:
    """Every mount option that volumes get from their StorageClass is one that the Lustre client knows.

    The provisioner copies mountOptions of the class into each volume that it makes; provisioning ends well, and then
    the first mount is refused. Volumes that exist have options of their own, which another check judges.

    pass: every option is known, or is left to mount(8)
    warn: an option is taken for another word
    fail: the client does not know an option
    unknown: StorageClasses, claims or volumes could not be read
    source: Lustre 2.10, 2.12, 2.15 mount_lustre.c, obd_mount.c, llite_lib.c; Kubernetes docs, StorageClass
    """
    given = demand.storage_class.mount_options or ()
    fix = replace_class(demand.storage_class, demand.claims_to_replace, mount_options=Verbatim(corrected(given)))
    yield from judge(demand.storage_class, given, fix, demand.waiting)
