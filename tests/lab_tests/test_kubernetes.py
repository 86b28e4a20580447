"""The lab's API server answers as kube-apiserver does, seen through the official client."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
import urllib3
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.lab import Lab
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.lab
Kube = Callable[..., Any]


def status_of(error: ApiException) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(str(error.body))
    assert body["kind"] == "Status"
    assert body["code"] == error.status
    return body


def raw(lab: Lab, path: str) -> tuple[int, dict[str, str], bytes]:
    """One GET without the client's models and its retries."""
    pool = urllib3.PoolManager(ca_certs=str(lab.folder / "ca.pem"))
    headers = {"Authorization": f"Bearer {lab.kube_server.token}"}
    answer = pool.request("GET", lab.kube_server.url + path, headers=headers, retries=False)
    return answer.status, dict(answer.headers), answer.data


@pytest.mark.parametrize("variant", ["exec", "token", "certificate"])
def test_every_way_to_log_in_works(kube: Kube, variant: str) -> None:
    assert len(client.CoreV1Api(kube(variant)).list_node().items) == 3


def test_nobody_s_token_is_401_and_no_token_is_403(kube: Kube) -> None:
    with pytest.raises(ApiException) as unauthorized:
        client.CoreV1Api(kube("expired")).list_node()
    assert status_of(unauthorized.value)["message"] == "Unauthorized"
    with pytest.raises(ApiException) as anonymous:
        client.CoreV1Api(kube("anonymous")).list_node()
    assert status_of(anonymous.value)["message"] == (
        'nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope'
    )


def test_pages_join_to_the_whole_list(lab: Lab, core: Any) -> None:
    whole = [pod.metadata.name for pod in core.list_pod_for_all_namespaces().items]
    paged, token, left = [], None, []
    while True:
        page = core.list_pod_for_all_namespaces(limit=3, _continue=token)
        paged += [pod.metadata.name for pod in page.items]
        left.append(page.metadata.remaining_item_count)
        # The field's name differs by the client's version: _continue up to 36, var_continue from 37 on.
        token = getattr(page.metadata, "var_continue", None) or getattr(page.metadata, "_continue", None)
        if not token:
            break
    assert paged == whole
    assert left == [5, 2, None]


def test_an_expired_continue_token_is_410_with_a_fresh_one(lab: Lab) -> None:
    _, _, first = raw(lab, "/api/v1/pods?limit=3")
    token = json.loads(first)["metadata"]["continue"]
    lab.api.switches.expire_continue = True
    code, _, body = raw(lab, f"/api/v1/pods?limit=3&continue={token}")
    answer = json.loads(body)
    assert (code, answer["reason"]) == (410, "Expired")
    assert answer["message"].startswith("The provided continue parameter is too old to display a consistent list")
    assert answer["metadata"]["continue"]


def test_label_selectors(core: Any) -> None:
    def names(selector: str) -> set[str]:
        return {
            pod.metadata.labels["app"]
            for pod in core.list_namespaced_pod("fsx-csi-driver", label_selector=selector).items
        }

    assert names("app=fsx-csi-node") == {"fsx-csi-node"}
    assert names("app!=fsx-csi-node") == {"fsx-csi-controller"}
    assert names("app in (fsx-csi-node,fsx-csi-controller),pod-template-hash") == {"fsx-csi-controller"}
    assert names("app notin (fsx-csi-node),!controller-revision-hash") == {"fsx-csi-controller"}


def test_field_selectors(lab: Lab, core: Any) -> None:
    node = lab.site.node(2, 4)
    assert {
        pod.spec.node_name for pod in core.list_pod_for_all_namespaces(field_selector=f"spec.nodeName={node}").items
    } == {node}
    (event,) = core.list_event_for_all_namespaces(
        field_selector="involvedObject.kind=Pod,involvedObject.name=pod-fsx,reason=FailedMount"
    ).items
    assert "mount failed: exit status 22" in event.message
    assert "Is 'ddyezbev' the correct filesystem name?" in event.message


def test_a_field_that_cannot_be_selected_by_is_400(core: Any) -> None:
    with pytest.raises(ApiException) as raised:
        core.list_persistent_volume(field_selector="status.phase=Bound")
    assert status_of(raised.value)["message"].endswith("field label not supported: status.phase")


def test_absent_objects_and_absent_paths(lab: Lab, kube: Kube) -> None:
    with pytest.raises(ApiException) as raised:
        client.AppsV1Api(kube()).read_namespaced_daemon_set("nothing", "kube-system")
    assert status_of(raised.value) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'daemonsets.apps "nothing" not found',
        "reason": "NotFound",
        "details": {"name": "nothing", "group": "apps", "kind": "daemonsets"},
        "code": 404,
    }
    code, headers, body = raw(lab, "/apis/karpenter.sh/v1/nodepools")
    assert (code, body) == (404, b"404 page not found\n")
    assert headers["Content-Type"].startswith("text/plain")


def test_a_denied_verb_is_403_and_its_neighbours_pass(lab: Lab, core: Any) -> None:
    lab.deny_kube("list", "pods")
    with pytest.raises(ApiException) as cluster_wide:
        core.list_pod_for_all_namespaces()
    assert status_of(cluster_wide.value)["message"] == (
        'pods is forbidden: User "arn:aws:iam::123456789012:user/oncall" cannot list resource "pods" in API group ""'
        " at the cluster scope"
    )
    with pytest.raises(ApiException) as namespaced:
        core.list_namespaced_pod("default")
    assert status_of(namespaced.value)["message"].endswith('in API group "" in the namespace "default"')
    assert core.read_namespaced_pod("pod-fsx", "default").status.phase == "Pending"


def test_secrets_are_nobody_s(core: Any) -> None:
    with pytest.raises(ApiException) as raised:
        core.list_namespaced_secret("fsx-csi-driver")
    assert raised.value.status == 403


def test_too_many_requests_says_when_to_come_back(lab: Lab) -> None:
    lab.api.switches.throttled["nodes"] = 1
    code, headers, body = raw(lab, "/api/v1/nodes")
    assert (code, headers["Retry-After"]) == (429, "1")
    assert body == b"Too many requests, please try again later.\n"
    assert raw(lab, "/api/v1/nodes")[0] == 200


def test_access_reviews_tell_what_was_denied(lab: Lab, kube: Kube) -> None:
    lab.deny_kube("create", "pods/exec")
    review: Any = client.AuthorizationV1Api(kube()).create_self_subject_access_review

    def allowed(verb: str, subresource: str) -> bool:
        attributes = {"verb": verb, "resource": "pods", "subresource": subresource}
        return bool(review({"spec": {"resourceAttributes": attributes}}).status.allowed)

    assert not allowed("create", "exec")
    assert allowed("get", "exec")
    assert allowed("get", "log")


def test_a_stalled_page_ends_when_the_lab_lets_go(lab: Lab) -> None:
    lab.api.switches.stalled.add("pods")
    seen: list[Any] = []

    def ask() -> None:
        try:
            seen.append(raw(lab, "/api/v1/pods"))
        except Exception as error:
            seen.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(0.5)
    assert asking.is_alive()
    lab.release()
    asking.join(5)
    assert not asking.is_alive()
    assert isinstance(seen[0], Exception)  # the rest of the page never came


def test_a_request_that_a_load_lets_go_is_no_call_of_the_next_world(lab: Lab) -> None:
    lab.delay(3600)
    ended = threading.Event()

    def ask() -> None:
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            raw(lab, "/api/v1/pods")
        ended.set()

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(0.2)
    lab.load("healthy")
    assert ended.wait(PATIENCE_S)
    assert lab.calls().kubernetes == ()


def test_a_node_without_the_driver_breaks_the_typed_client(healthy: Lab, kube: Kube) -> None:
    """What a doctor must not be caught by: `drivers: null` in one object loses the whole typed list."""
    healthy.inject("driver-not-on-this-node")
    with pytest.raises(ValueError):
        client.StorageV1Api(kube()).list_csi_node()
    _, _, body = raw(healthy, "/apis/storage.k8s.io/v1/csinodes")
    drivers = [item["spec"]["drivers"] for item in json.loads(body)["items"]]
    assert drivers.count(None) == 2


def test_logs_ask_for_a_container_and_keep_to_the_tail(lab: Lab, core: Any) -> None:
    (pod, *_) = core.list_namespaced_pod("fsx-csi-driver", label_selector="app=fsx-csi-node").items
    lab.api.logs["fsx-csi-driver", pod.metadata.name, "fsx-plugin"] = "one\ntwo\nthree\n"
    path = f"/api/v1/namespaces/fsx-csi-driver/pods/{pod.metadata.name}/log"
    assert raw(lab, f"{path}?container=fsx-plugin&tailLines=2")[2] == b"two\nthree\n"
    code, _, body = raw(lab, path)
    assert code == 400
    assert json.loads(body)["message"] == (
        f"a container name must be specified for pod {pod.metadata.name}, choose one of:"
        " [fsx-plugin node-driver-registrar liveness-probe]"
    )
    code, _, body = raw(lab, "/api/v1/namespaces/default/pods/pod-fsx/log")
    assert json.loads(body)["message"] == 'container "app" in pod "pod-fsx" is waiting to start: ContainerCreating'


def test_events_are_served_in_both_groups(lab: Lab) -> None:
    core_events = json.loads(raw(lab, "/api/v1/namespaces/default/events")[2])["items"]
    new_events = json.loads(raw(lab, "/apis/events.k8s.io/v1/namespaces/default/events")[2])["items"]
    assert [event["message"] for event in core_events] == [event["note"] for event in new_events]


def test_version_and_issuer(lab: Lab) -> None:
    assert lab.account is not None
    assert json.loads(raw(lab, "/version")[2])["gitVersion"].startswith("v1.34.")
    assert json.loads(raw(lab, "/.well-known/openid-configuration")[2])["issuer"] == lab.account.issuer


def test_requests_are_logged(lab: Lab, core: Any) -> None:
    core.list_namespaced_pod("default", limit=1)
    (call,) = lab.calls().kubernetes
    assert (call.verb, call.resource, call.namespace) == ("list", "pods", "default")
    assert call.query == {"limit": "1"}


def test_a_client_that_never_speaks_does_not_stop_the_others(lab: Lab, core: Any) -> None:
    host, _, port = lab.kube_server.url.removeprefix("https://").partition(":")
    with socket.create_connection((host, int(port))):
        core.list_node(_request_timeout=PATIENCE_S)
