"""What clients look up before they ask: groups, resources, and the OpenAPI that lets kubectl leave validation to us."""

from collections.abc import Callable
from typing import Any

from tests.lab.kubernetes.resources import RESOURCES, Resource

Object = dict[str, Any]
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_KINDS = {
    "scale": ("autoscaling", "v1", "Scale"),
    "eviction": ("policy", "v1", "Eviction"),
    "exec": ("", "v1", "PodExecOptions"),
}


def discovery(path: str, has: Callable[[Resource], bool]) -> Object | None:
    """`/api`, `/apis` and the resource lists under them; None for another path. `has` says which have objects."""
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == "/apis":
        groups: dict[str, dict[str, Object]] = {}
        for one in RESOURCES:
            if one.group and (not one.custom or has(one)):
                version = {"groupVersion": one.api_version, "version": one.version}
                groups.setdefault(one.group, {})[one.version] = version
        # A server prefers the newest version.
        entries = [
            {"name": group, "versions": (served := [*reversed(versions.values())]), "preferredVersion": served[0]}
            for group, versions in groups.items()
        ]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": entries}
    wanted = path.removeprefix("/apis/").removeprefix("/api/")
    listed = [entry for resource in RESOURCES if resource.api_version == wanted for entry in _entries(resource)]
    if not listed:
        return None
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": wanted, "resources": listed}


def _entries(resource: Resource) -> list[Object]:
    """A resource and its subresources."""
    own: Object = {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(_VERBS),
    }
    if resource.short_names:
        own["shortNames"] = list(resource.short_names)
    entries = [own]
    for name in resource.subresources:
        group, version, kind = _KINDS.get(name, ("", "", resource.kind))
        verbs = ["create"] if name == "eviction" else ["get", "patch", "update"]
        entry = {
            "name": f"{resource.plural}/{name}",
            "singularName": "",
            "namespaced": resource.namespaced,
            "kind": kind,
            "verbs": verbs,
        }
        if version:
            entry |= {"group": group, "version": version}
        entries.append(entry)
    return entries


def open_api(path: str) -> Object | None:
    """`/openapi/v3` and a group under it: that patches take `fieldValidation`, so that no client checks fields itself.

    kubectl (pkg/util/openapi, QueryParamVerifierV3) validates on its own side against a whole schema otherwise.
    """
    groups = sorted({resource.api_version for resource in RESOURCES})
    if path == "/openapi/v3":
        paths = [f"{'apis' if '/' in group else 'api'}/{group}" for group in groups]
        return {"paths": {name: {"serverRelativeURL": f"/openapi/v3/{name}?hash=0"} for name in paths}}
    wanted = path.removeprefix("/openapi/v3/").removeprefix("apis/").removeprefix("api/")
    if not path.startswith("/openapi/v3/") or wanted not in groups:
        return None
    found = [resource for resource in RESOURCES if resource.api_version == wanted]
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.34.1"},
        "paths": {f"/{resource.plural}/{{name}}": {"patch": _patch(resource)} for resource in found},
    }


def _patch(resource: Resource) -> Object:
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in ("dryRun", "fieldValidation")]
    return {
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-group-version-kind": {
            "group": resource.group,
            "version": resource.version,
            "kind": resource.kind,
        },
    }
