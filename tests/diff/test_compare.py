"""Two sets of facts: what differs, in which order, and what is no difference."""

from __future__ import annotations

from typing import Any

import pytest

from diag.diff.compare import compare
from diag.diff.nodes import UnknownNode, compare_nodes
from diag.diff.verdicts import verdict_changes
from diag.model.finding import Finding
from diag.model.layer import Layer
from diag.model.subject import Kind, Subject
from diag.model.verdict import Verdict
from diag.sources.world import load_registry

KNOWN = load_registry().facts
FS = {"FileSystemId": "fs-1", "FileSystemTypeVersion": "2.10", "Lifecycle": "AVAILABLE", "SubnetIds": ["a", "b"]}


def table(**values: Any) -> dict[str, Any]:
    return {"values": values, "missing": {}}


def pod(name: str = "p", phase: str = "Pending", owner: str = "", node: str = "n1", claim: str = "c") -> dict[str, Any]:
    owners = [{"kind": "DaemonSet", "name": owner}] if owner else None
    return {
        "metadata": {"name": name, "namespace": "d", "uid": f"uid of {name}", "ownerReferences": owners},
        "spec": {"nodeName": node, "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]},
        "status": {"phase": phase},
    }


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [str(difference) for difference in compare(before, after, KNOWN)]


def test_a_difference_is_told_in_the_words_of_its_api() -> None:
    after = table(**{"fs-1": {**FS, "FileSystemTypeVersion": "2.15"}})
    assert differences({"file_systems": table(**{"fs-1": FS})}, {"file_systems": after}) == [
        "file system fs-1 FileSystemTypeVersion 2.10 → 2.15"
    ]


def test_the_first_on_the_mount_path_comes_first_and_what_became_of_the_pod_last() -> None:
    before = {
        "live_pods": [pod(phase="Running")],
        "nodes": [{"metadata": {"name": "n1"}, "status": {"nodeInfo": {"kernelVersion": "5.10"}}}],
        "file_systems": table(**{"fs-1": FS}),
        "live_volumes": [{"metadata": {"name": "pv"}, "spec": {"csi": {"volumeHandle": "fs-1"}}}],
    }
    after = {
        "live_pods": [pod(phase="Pending")],
        "nodes": [{"metadata": {"name": "n1"}, "status": {"nodeInfo": {"kernelVersion": "6.12"}}}],
        "file_systems": table(**{"fs-1": {**FS, "Lifecycle": "FAILED"}}),
        "live_volumes": [{"metadata": {"name": "pv"}, "spec": {"csi": {"volumeHandle": "fs-2"}}}],
    }
    found = compare(before, after, KNOWN)
    assert [d.layer for d in found] == [Layer.REQUEST, Layer.FILE_SYSTEM, Layer.CLIENT, Layer.WORKLOAD]
    assert found[0].field == "spec.csi.volumeHandle"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"SubnetIds": ["a", "b"]}, {"SubnetIds": ["b", "a"]}),
        ({"CreationTime": "yesterday"}, {"CreationTime": "today"}),
        ({"Tags": []}, {"Tags": None}),
        ({"FailureDetails": None}, {}),
        ({"metadata": {"uid": "1", "creationTimestamp": "x"}}, {"metadata": {"uid": "2", "creationTimestamp": "y"}}),
    ],
)
def test_what_changes_by_itself_is_no_difference(before: dict[str, Any], after: dict[str, Any]) -> None:
    one, other = {**FS, **before}, {**FS, **after}
    assert differences({"file_systems": table(**{"fs-1": one})}, {"file_systems": table(**{"fs-1": other})}) == []


def test_a_list_tells_only_what_was_lost_and_what_came() -> None:
    before, after = {**FS, "SubnetIds": ["a", "b", "c"]}, {**FS, "SubnetIds": ["c", "d", "a"]}
    assert differences({"file_systems": table(**{"fs-1": before})}, {"file_systems": table(**{"fs-1": after})}) == [
        "file system fs-1 SubnetIds b → d"
    ]


def test_rules_are_compared_by_what_they_say_not_by_their_place() -> None:
    rules = [
        {"IpProtocol": "tcp", "FromPort": 988, "ToPort": 988, "UserIdGroupPairs": [{"GroupId": "sg-1"}]},
        {"IpProtocol": "tcp", "FromPort": 1018, "ToPort": 1023, "UserIdGroupPairs": [{"GroupId": "sg-1"}]},
    ]
    group = {"GroupId": "sg-2", "IpPermissions": rules}
    same = {"security_groups": table(**{"sg-2": {**group, "IpPermissions": rules[::-1]}})}
    fewer = {"security_groups": table(**{"sg-2": {**group, "IpPermissions": rules[1:]}})}
    assert differences({"security_groups": table(**{"sg-2": group})}, same) == []
    [difference] = compare({"security_groups": table(**{"sg-2": group})}, fewer, KNOWN)
    assert "988" in difference.before and difference.after == "(absent)" and difference.layer is Layer.NETWORK


def test_a_daemon_pod_is_the_one_of_its_node_whatever_it_is_called() -> None:
    before, after = pod("fsx-csi-node-aaaaa", owner="fsx-csi-node"), pod("fsx-csi-node-bbbbb", owner="fsx-csi-node")
    assert differences({"live_pods": [before]}, {"live_pods": [after]}) == []


def test_an_object_that_is_gone_is_one_difference() -> None:
    found = compare({"live_volumes": [{"metadata": {"name": "pv"}, "spec": {"x": 1}}]}, {"live_volumes": []}, KNOWN)
    assert [(d.object, d.field, d.after) for d in found] == [("PersistentVolume pv", "", "(absent)")]


def test_an_event_that_came_again_is_no_difference_and_a_new_text_is() -> None:
    event = {
        "metadata": {"name": "p.1"}, "reason": "FailedMount", "message": "exit status 22", "count": 3,
        "involvedObject": {"kind": "Pod", "namespace": "d", "name": "p"},
    }  # fmt: skip
    again = {**event, "metadata": {"name": "p.2"}, "count": 9}
    assert differences({"live_warnings": [event]}, {"live_warnings": [again]}) == []
    assert differences({"live_warnings": [event]}, {"live_warnings": []}) == [
        "event FailedMount of Pod d/p exit status 22 → (absent)"
    ]


def test_what_one_side_did_not_record_is_left_out() -> None:
    assert differences({"file_systems": table(**{"fs-1": FS})}, {}) == []


def node(name: str, kernel: str, group: str, instance: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {"eks.amazonaws.com/nodegroup": group, "kubernetes.io/hostname": name}},
        "spec": {"providerID": f"aws:///az/{instance}"},
        "status": {"nodeInfo": {"kernelVersion": kernel}, "addresses": [{"type": "InternalIP", "address": name}]},
    }


def instance(id: str, subnet: str, group: str) -> dict[str, Any]:
    interface = {"NetworkInterfaceId": f"eni-{id}", "DeviceIndex": 0, "Groups": [{"GroupId": group}]}
    return {"InstanceId": id, "SubnetId": subnet, "PrivateIpAddress": id, "NetworkInterfaces": [interface]}


NODES = (("good", "5.10", "old", "i-1"), ("bad", "6.12", "new", "i-2"), ("twin", "5.10", "old", "i-3"))
INSTANCES = (("i-1", "s-1", "sg-1"), ("i-2", "s-2", "sg-2"), ("i-3", "s-1", "sg-1"))
FACTS = {"nodes": [node(*own) for own in NODES], "instances": table(**{own[0]: instance(*own) for own in INSTANCES})}


def test_two_nodes_differ_by_kernel_first_then_group_subnet_and_security_groups() -> None:
    found = compare_nodes(FACTS, "good", "bad", KNOWN)
    assert found[0].field == "status.nodeInfo.kernelVersion" and (found[0].before, found[0].after) == ("5.10", "6.12")
    fields = {difference.field for difference in found}
    assert any("nodegroup" in field for field in fields) and "SubnetId" in fields
    assert any("Groups" in field for field in fields)


def test_what_no_two_nodes_share_is_no_difference() -> None:
    assert compare_nodes(FACTS, "good", "twin", KNOWN) == ()


def test_a_node_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(UnknownNode, match=r"'nobody'.*bad, good, twin"):
        compare_nodes(FACTS, "good", "nobody", KNOWN)


def finding(verdict: Verdict, check: str = "c", layer: Layer = Layer.DNS) -> Finding:
    return Finding(check, layer, Subject(Kind.VOLUME, "pv"), verdict, f"{check} says {verdict.value}")


def test_verdicts_that_changed_are_told_with_what_the_graver_side_said() -> None:
    before = (finding(Verdict.PASS), finding(Verdict.PASS, "same"), finding(Verdict.FAIL, "gone", Layer.MOUNT))
    after = (finding(Verdict.FAIL), finding(Verdict.WARN), finding(Verdict.PASS, "same"))
    changes = verdict_changes(before, after)
    assert [(c.check, c.before, c.after) for c in changes] == [
        ("c", Verdict.PASS, Verdict.FAIL),
        ("gone", Verdict.FAIL, None),
    ]
    assert changes[0].message == "c says fail"
