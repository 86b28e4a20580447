"""Replacing a StorageClass, whose parameters and mount options cannot be edited.

Volumes that exist keep what they have; claims that wait are tried again.
Source: Kubernetes API validation, StorageClass parameters are immutable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diag.advice.steps import caution, change, guard, save, undo
from diag.grammar.command import Value, Verbatim
from diag.model.fix import Danger, Fix, Step
from diag.resources.kubernetes import StorageClass


def replace_class(
    storage_class: StorageClass,
    parameters: Mapping[str, str | Verbatim | None] | None = None,
    *,
    mount_options: Verbatim | None = None,
    told: str = "",
    **values: Value,
) -> Fix:
    """Replace a class by one with other parameters; None takes a parameter away.

    Names of parameters, mount options and values may be templates over `values`. `told` is a caution.
    """
    patch: dict[str, Any] = {"parameters": dict(parameters)} if parameters else {}
    if mount_options is not None:
        patch["mountOptions"] = mount_options
    names = {"storage_class": storage_class.metadata.name, "uid": storage_class.metadata.uid, **values}
    return Fix((*((caution(told, names),) if told else ()), *steps(names, patch)))


def set_parameters(storage_class: StorageClass, changes: Mapping[str, str | None]) -> Fix:
    """Give parameters other values: None takes one away, an empty one is known to a person alone."""
    known = {key: "{parameter_value}" if value == "" else value for key, value in changes.items()}
    return replace_class(storage_class, known)


def rename_parameter(storage_class: StorageClass, written: str, meant: str, value: str) -> Fix:
    """Give a misspelt parameter its right key."""
    keys = {"{parameter}": None, meant: "{parameter_value}"}
    return replace_class(storage_class, keys, parameter=written, parameter_value=value)


def steps(names: Mapping[str, Value], patch: Mapping[str, Any]) -> tuple[Step, ...]:
    """The procedure for a class by name."""
    before, after = "storageclass-{storage_class}.before.yaml", "storageclass-{storage_class}.after.yaml"
    copy = f"kubectl patch --local -f {before} --type=merge -p {{patch}} -o yaml > {after}"
    whole = {"metadata": {"uid": None, "resourceVersion": None}, **patch}
    told = "replaces the class; only new volumes notice"
    same = (guard(f"grep -q {{uid}} {before}", names),) if names.get("uid") else ()
    return (
        guard(f"test ! -e {before}", names),
        save(f"kubectl get storageclass {{storage_class}} -o yaml > {before}", names),
        *same,
        save(copy, {**names, "patch": whole}),
        guard(f"test -s {after}", names),
        change(f"kubectl replace --force -f {after}", names, changes=told, danger=Danger.INTERRUPTS),
        undo(f"kubectl replace --force -f {before}", names),
    )
