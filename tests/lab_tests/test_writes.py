"""The lab's API server takes writes as kube-apiserver does: patches, conflicts, fixed fields, finalizers, watches."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab.kubernetes.api import Api, Reply
from tests.lab.kubernetes.patch import json_patch, merge_patch, strategic_patch, three_way
from tests.lab.kubernetes.status import ApiError
from tests.lab.kubernetes.world import Cluster

Object = dict[str, Any]
VOLUMES = "/api/v1/persistentvolumes"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def api() -> Api:
    cluster = Cluster()
    cluster.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}, "status": {}})
    return Api(cluster)


def send(api: Api, method: str, path: str, body: Any = None, kind: str = "application/json") -> tuple[int, Object]:
    reply: Reply = api.answer(method, path, "somebody", json.dumps(body).encode() if body is not None else b"", kind)
    return reply.code, json.loads(reply.body)


def patch(api: Api, path: str, body: Any, kind: str = "strategic-merge-patch+json") -> tuple[int, Object]:
    return send(api, "PATCH", path, body, f"application/{kind}")


def volume(**spec: Any) -> Object:
    given = {
        "accessModes": ["ReadWriteMany"],
        "capacity": {"storage": "1200Gi"},
        "csi": {"driver": "fsx.csi.aws.com", "volumeHandle": "fs-1", "volumeAttributes": {"mountname": "abcdefgh"}},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv"}, "spec": given | spec}


def config_map(**data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "map"}, "data": data}


def test_a_new_object_gets_what_the_server_alone_gives(api: Api) -> None:
    code, made = send(api, "POST", VOLUMES, volume() | {"status": {"phase": "Bound"}})
    assert code == 201
    assert made["metadata"]["uid"] and made["metadata"]["creationTimestamp"] and made["metadata"]["resourceVersion"]
    assert made["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]
    assert made["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert made["status"] == {}
    assert send(api, "GET", f"{VOLUMES}/pv")[1] == made


def test_a_saved_object_cannot_be_created_with_its_old_version(api: Api) -> None:
    old = volume()
    old["metadata"]["resourceVersion"] = "17"
    code, status = send(api, "POST", VOLUMES, old)
    assert (code, status["message"]) == (500, "resourceVersion should not be set on objects to be created")


def test_a_name_is_taken_once(api: Api) -> None:
    send(api, "POST", VOLUMES, volume())
    code, status = send(api, "POST", VOLUMES, volume())
    assert (code, status["reason"]) == (409, "AlreadyExists")
    assert status["message"] == 'persistentvolumes "pv" already exists'


def test_a_namespace_must_exist(api: Api) -> None:
    code, status = send(api, "POST", "/api/v1/namespaces/nowhere/configmaps", config_map())
    assert (code, status["message"]) == (404, 'namespaces "nowhere" not found')


def test_a_volume_s_source_cannot_be_changed_and_its_options_can(api: Api) -> None:
    send(api, "POST", VOLUMES, volume())
    changed = {"spec": {"csi": {"volumeAttributes": {"mountname": "other"}}}}
    code, status = patch(api, f"{VOLUMES}/pv", changed)
    assert code == 422
    assert status["message"] == (
        'PersistentVolume "pv" is invalid: spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is'
        " immutable after creation"
    )
    code, after = patch(api, f"{VOLUMES}/pv", {"spec": {"mountOptions": ["flock"]}})
    assert (code, after["spec"]["mountOptions"], after["metadata"]["generation"]) == (200, ["flock"], 2)


def test_a_class_s_parameters_cannot_be_changed(api: Api) -> None:
    path = "/apis/storage.k8s.io/v1/storageclasses"
    found = {"kind": "StorageClass", "metadata": {"name": "fsx"}, "provisioner": "fsx.csi.aws.com", "parameters": {}}
    send(api, "POST", path, found)
    code, status = patch(api, f"{path}/fsx", {"parameters": {"subnetId": "subnet-1"}}, "merge-patch+json")
    assert (code, status["details"]["causes"][0]["field"]) == (422, "parameters")


def test_a_write_of_an_older_version_is_a_conflict(api: Api) -> None:
    _, made = send(api, "POST", MAPS, config_map(a="1"))
    patch(api, f"{MAPS}/map", {"data": {"a": "2"}})
    code, status = send(api, "PUT", f"{MAPS}/map", made | {"data": {"a": "3"}})
    assert (code, status["reason"]) == (409, "Conflict")
    assert "please apply your changes to the latest version and try again" in status["message"]


def test_a_write_that_means_another_uid_is_a_conflict(api: Api) -> None:
    send(api, "POST", MAPS, config_map(a="1"))
    code, status = patch(api, f"{MAPS}/map", {"metadata": {"uid": "somebody-else"}}, "merge-patch+json")
    assert code == 409 and "Precondition failed: UID in precondition: somebody-else" in status["message"]


def test_nothing_is_stored_on_a_dry_run(api: Api) -> None:
    assert send(api, "POST", f"{MAPS}?dryRun=All", config_map())[0] == 201
    assert send(api, "GET", f"{MAPS}/map")[0] == 404


def test_what_has_a_finalizer_is_marked_and_goes_when_the_finalizer_does(api: Api) -> None:
    send(api, "POST", VOLUMES, volume())
    code, left = send(api, "DELETE", f"{VOLUMES}/pv")
    assert code == 200 and left["metadata"]["deletionTimestamp"]
    patch(api, f"{VOLUMES}/pv", [{"op": "remove", "path": "/metadata/finalizers"}], "json-patch+json")
    assert send(api, "GET", f"{VOLUMES}/pv")[0] == 404


def test_a_pod_ends_gracefully_and_is_gone_at_once_when_it_is_forced(api: Api) -> None:
    pods = "/api/v1/namespaces/default/pods"
    pod = {"kind": "Pod", "metadata": {"name": "pod"}, "spec": {"nodeName": "node", "containers": []}}
    send(api, "POST", pods, pod)
    _, left = send(api, "DELETE", f"{pods}/pod")
    assert left["metadata"]["deletionGracePeriodSeconds"] == 30
    code, status = send(api, "DELETE", f"{pods}/pod", {"gracePeriodSeconds": 0})
    assert (code, status["status"]) == (200, "Success")


def test_scale_is_a_subresource(api: Api) -> None:
    path = "/apis/apps/v1/namespaces/default/deployments"
    labels = {"app": "x"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": []}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    send(api, "POST", path, {"kind": "Deployment", "metadata": {"name": "x"}, "spec": spec})
    code, scale = patch(api, f"{path}/x/scale", {"spec": {"replicas": 0}}, "merge-patch+json")
    assert (code, scale["kind"], scale["spec"]) == (200, "Scale", {"replicas": 0})
    assert send(api, "GET", f"{path}/x")[1]["spec"]["replicas"] == 0


def test_server_side_apply_takes_away_what_its_manager_no_longer_names(api: Api) -> None:
    path, kind = f"{MAPS}/map?fieldManager=me", "apply-patch+yaml"
    patch(api, path, config_map(a="1", b="2"), kind)
    patch(api, f"{MAPS}/map", {"data": {"other": "kept"}})
    assert patch(api, path, config_map(a="9"), kind)[1]["data"] == {"a": "9", "other": "kept"}


def test_a_watch_tells_what_came_after_its_version_and_ends_in_time(api: Api) -> None:
    _, before = send(api, "GET", MAPS)
    send(api, "POST", MAPS, config_map(a="1"))
    patch(api, f"{MAPS}/map", {"data": {"a": "2"}})
    send(api, "DELETE", f"{MAPS}/map")
    version = before["metadata"]["resourceVersion"]
    path = f"{MAPS}?watch=1&resourceVersion={version}&timeoutSeconds=0.2"
    target, query, _ = api.admit("GET", path, "somebody")
    assert target is not None
    lines = [json.loads(line) for line in api.watch(target, query) if line]
    assert [line["type"] for line in lines] == ["ADDED", "MODIFIED", "DELETED"]


def test_a_watch_list_marks_the_end_of_what_is_there(api: Api) -> None:
    send(api, "POST", MAPS, config_map(a="1"))
    path = f"{MAPS}?watch=1&sendInitialEvents=true&timeoutSeconds=0.1&allowWatchBookmarks=true"
    target, query, _ = api.admit("GET", path, "somebody")
    assert target is not None
    lines = [json.loads(line) for line in api.watch(target, query) if line]
    assert [line["type"] for line in lines] == ["ADDED", "BOOKMARK"]
    assert lines[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_json_patch() -> None:
    document = {"a": [1, 2], "b": {"c/d": 1}}
    operations = [
        {"op": "test", "path": "/a/0", "value": 1},
        {"op": "add", "path": "/a/-", "value": 3},
        {"op": "remove", "path": "/b/c~1d"},
        {"op": "replace", "path": "/a/0", "value": 9},
    ]
    assert json_patch(document, operations) == {"a": [9, 2, 3], "b": {}}
    with pytest.raises(ApiError, match="does not exist"):
        json_patch(document, [{"op": "remove", "path": "/x"}])


def test_merge_patch_replaces_lists_and_null_takes_away() -> None:
    assert merge_patch({"a": [1], "b": {"c": 1, "d": 2}}, {"a": [2], "b": {"c": None}}) == {"a": [2], "b": {"d": 2}}


def test_strategic_patch_merges_lists_by_their_keys() -> None:
    pod = {"containers": [{"name": "a", "image": "1", "args": ["x"]}, {"name": "b"}], "tolerations": [{"key": "k"}]}
    change = {
        "containers": [{"name": "a", "image": "2", "args": ["y"]}, {"$patch": "delete", "name": "b"}],
        "tolerations": [{"key": "l"}],
    }
    assert strategic_patch(pod, change) == {
        "containers": [{"name": "a", "image": "2", "args": ["y"]}],
        "tolerations": [{"key": "l"}],
    }


def test_strategic_patch_obeys_its_directives() -> None:
    assert strategic_patch({"a": 1, "b": 2}, {"$patch": "replace", "c": 3}) == {"c": 3}
    assert strategic_patch({"s": {"a": 1, "b": 2}}, {"s": {"$retainKeys": ["a"], "a": 3}}) == {"s": {"a": 3}}
    finalizers = {"finalizers": ["a", "b"]}
    assert strategic_patch(finalizers, {"$deleteFromPrimitiveList/finalizers": ["a"]}) == {"finalizers": ["b"]}
    assert strategic_patch(finalizers, {"finalizers": ["c"]}) == {"finalizers": ["a", "b", "c"]}
    order = {"$setElementOrder/env": [{"name": "b"}, {"name": "a"}], "env": [{"name": "b", "value": "1"}]}
    assert strategic_patch({"env": [{"name": "a"}]}, order)["env"] == [{"name": "b", "value": "1"}, {"name": "a"}]


def test_an_apply_leaves_what_others_said() -> None:
    old, new = {"env": [{"name": "a"}, {"name": "b"}]}, {"env": [{"name": "a", "value": "1"}]}
    live = {"env": [{"name": "a"}, {"name": "b"}, {"name": "theirs"}], "status": 1}
    assert three_way(old, new, live) == {"env": [{"name": "a", "value": "1"}, {"name": "theirs"}], "status": 1}
