"""A person who may see his own namespace, and of the cluster only nodes, volumes and classes, gets his diagnosis."""

from __future__ import annotations

import pytest

from tests.command import Doctor
from tests.lab.incident import WORKLOAD_NAMESPACE
from tests.lab.lab import Lab

CLUSTER_WIDE = ("csidrivers", "csinodes")


@pytest.fixture
def namespaced(lab: Lab) -> Lab:
    """ClusterRole *view* in one namespace; nodes, PersistentVolumes and StorageClasses of the cluster."""
    lab.api.switches.only_in = frozenset({WORKLOAD_NAMESPACE})
    for resource in CLUSTER_WIDE:
        lab.deny_kube("list", resource)
    return lab


def test_the_incident_is_confirmed_without_the_driver_s_pods(namespaced: Lab, doctor: Doctor) -> None:
    ran = doctor("run", "-n", WORKLOAD_NAMESPACE, "--format", "json")
    assert ran.code == 3
    assert (ran.best["id"], ran.best["verdict"]) == ("client-server-version-mismatch", "confirmed")
    refused = {missing["permission"] for missing in ran.document["unavailable"]}
    assert {"list pods", "list daemonsets", "list deployments", "list csinodes"} <= refused
    assert not {"list persistentvolumes", "list nodes", "list events"} & refused


def test_his_own_namespace_alone_is_asked_where_that_is_enough(namespaced: Lab, doctor: Doctor) -> None:
    doctor("run", "-n", WORKLOAD_NAMESPACE)
    asked = {(call.resource, call.namespace) for call in namespaced.calls().kubernetes if call.verb == "list"}
    assert {("persistentvolumeclaims", WORKLOAD_NAMESPACE), ("events", WORKLOAD_NAMESPACE)} <= asked
    assert not {("persistentvolumeclaims", ""), ("events", "")} & asked


def test_without_a_namespace_the_refusal_says_what_helps(namespaced: Lab, doctor: Doctor) -> None:
    ran = doctor("run")
    assert ran.code in (3, 5)
    assert "name a namespace that you may see with -n" in " ".join(ran.out.split())


def test_who_may_see_all_has_no_more_unknown_with_a_namespace_than_without(lab: Lab, doctor: Doctor) -> None:
    lab.load("healthy")
    assert doctor("run", "-n", WORKLOAD_NAMESPACE).code == 0
    assert doctor("run").code == 0
