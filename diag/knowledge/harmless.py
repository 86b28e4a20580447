"""Which mount options, volume attributes and parameters are shown with their values.

A value under any other name may be a password (`user=…,pass=…` of CIFS, an API key of another driver). It is replaced
before a fact holds it, so that nothing judges by it, prints it or saves it; the name stays.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping

from diag.knowledge.mount_options import mount_options_table
from diag.knowledge.storage_class import is_reserved, nearest_key, parameters_table
from diag.secret_filter import HARMLESS, REMOVED

ATTRIBUTES = ("dnsname", "mountname", "storage.kubernetes.io/csiProvisionerIdentity")
"""What the driver reads, and what the external provisioner writes. Sources: aws-fsx-csi-driver v1.9.0
pkg/driver/node.go; kubernetes-csi/external-provisioner v5, pkg/controller/controller.go."""


def shown_options(given: Iterable[str]) -> tuple[str, ...]:
    """The entries of `mountOptions`; of an option that Lustre and mount(8) do not know the value is removed."""
    return tuple(",".join(_shown_option(option) for option in entry.split(",")) for entry in given)


def shown_values(given: Mapping[str, str]) -> dict[str, str]:
    """Attributes or parameters; under a name that neither driver nor provisioner knows the value is removed."""
    return {key: value if _is_harmless(key, value) else REMOVED for key, value in given.items()}


def _shown_option(option: str) -> str:
    name, is_given, value = option.partition("=")
    if not is_given or name.strip() in _option_names() or name.strip().lower().startswith("x-"):
        return option
    return option if HARMLESS.fullmatch(value) else f"{name}={REMOVED}"


def _is_harmless(key: str, value: str) -> bool:
    known, words = _value_names()
    is_known = _plain(key) in known or is_reserved(key) or nearest_key(key) != ""
    return is_known or value in words or HARMLESS.fullmatch(value) is not None


@functools.cache
def _option_names() -> frozenset[str]:
    table = mount_options_table()
    lists = (table.helper, table.parsed, table.client, table.newer_client, table.fstab)
    return frozenset(word[:-1] for own in lists for word in own.words if word.endswith("="))


@functools.cache
def _value_names() -> tuple[frozenset[str], frozenset[str]]:
    """Names, however they are spelt, and words that a parameter takes."""
    parameters = parameters_table().parameters
    names = frozenset(_plain(name) for name in (*ATTRIBUTES, *(parameter.key for parameter in parameters)))
    return names, frozenset(word for parameter in parameters for word in parameter.values)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
