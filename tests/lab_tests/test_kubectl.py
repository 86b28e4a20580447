"""The real kubectl and helm against a live lab, without a flag that a real cluster would not need."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixes.trial import BASH, environment
from tests.lab import Lab
from tests.lab.faults import symptoms
from tests.lab.incident import CLAIM, VOLUME
from tests.lab.setup import FILE_SYSTEM_ID, NAMESPACE
from tests.programs import program

pytestmark = pytest.mark.lab
Shell = Callable[[str], str]


@pytest.fixture
def lab(running_lab: Lab) -> Lab:
    for name in ("kubectl", "helm", "aws"):
        program(name)
    running_lab.load("healthy")
    return running_lab


@pytest.fixture
def shell(lab: Lab, tmp_path: Path) -> Shell:
    """Runs a script that must succeed, in a live lab, and returns what it printed."""
    lab.come_alive()

    def run(script: str) -> str:
        ran = subprocess.run(
            (BASH, "-euo", "pipefail", "-c", script),
            cwd=tmp_path,
            env=environment(lab),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    return run


def test_a_volume_with_a_waiting_pod_is_replaced_and_nothing_is_lost(lab: Lab, shell: Shell) -> None:
    symptoms.attributes(lab)["mountname"] = "DDYEZBEV"
    symptoms.volume(lab)["spec"]["persistentVolumeReclaimPolicy"] = "Delete"
    symptoms.no_such_name(lab)
    shell(f"""
        kubectl patch pv {VOLUME} -p '{{"spec":{{"persistentVolumeReclaimPolicy":"Retain"}}}}'
        kubectl get pv {VOLUME} -o yaml | sed -e s/DDYEZBEV/ddyezbev/ -e '/uid:/d' -e '/resourceVersion:/d' > pv.yaml
        kubectl -n default get pvc {CLAIM} -o yaml | sed -e '/bind-completed/d' > pvc.yaml
        kubectl -n default get pod pod-fsx -o yaml > pod.yaml
        kubectl delete pv {VOLUME} --wait=false
        kubectl -n default delete pvc {CLAIM} --wait=false
        kubectl -n default delete pod pod-fsx
        kubectl wait --for=delete pv/{VOLUME} --timeout=20s
        kubectl create -f pv.yaml -f pvc.yaml -f pod.yaml
        kubectl -n default wait --for=condition=Ready pod/pod-fsx --timeout=20s
    """)
    assert lab.live is not None and lab.live.broken() == []
    assert FILE_SYSTEM_ID in lab.aws.fsx.state.file_systems[lab.site.region]


def test_a_copy_of_a_bound_claim_is_lost_beside_a_volume_without_its_uid(lab: Lab, shell: Shell) -> None:
    symptoms.volume(lab)["spec"]["persistentVolumeReclaimPolicy"] = "Retain"
    shell(f"""
        kubectl get pv {VOLUME} -o yaml | sed -e '/uid:/d' -e '/resourceVersion:/d' > pv.yaml
        kubectl -n default get pvc {CLAIM} -o yaml > pvc.yaml
        kubectl delete pv {VOLUME} --wait=false
        kubectl -n default delete pvc {CLAIM} --wait=false
        kubectl -n default delete pod pod-fsx
        kubectl wait --for=delete pv/{VOLUME} --timeout=20s
        kubectl create -f pv.yaml -f pvc.yaml
        kubectl -n default wait --for=jsonpath={{.status.phase}}=Lost pvc/{CLAIM} --timeout=20s
    """)


def test_a_claim_in_use_makes_delete_wait(lab: Lab, shell: Shell) -> None:
    said = shell(f"kubectl -n default delete pvc {CLAIM} --timeout=1s 2>&1 || true")
    assert "timed out waiting for the condition on persistentvolumeclaims/fsx-pvc" in said


def test_what_cannot_be_changed_is_refused_in_the_server_s_words(lab: Lab, shell: Shell) -> None:
    change = '{"spec":{"csi":{"volumeHandle":"fs-0"}}}'
    said = shell(f"kubectl patch pv {VOLUME} --type=merge -p '{change}' 2>&1 || true")
    assert "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation" in said


def test_objects_are_applied_labelled_and_deleted(lab: Lab, shell: Shell) -> None:
    said = shell("""
        printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: "1"}\n' > a.yaml
        kubectl apply -f a.yaml
        sed -i 's/x: .*/x: "2"}/' a.yaml
        kubectl apply -f a.yaml
        kubectl apply -f a.yaml
        kubectl apply --server-side --force-conflicts -f a.yaml
        kubectl label configmap a k=v
        kubectl annotate configmap a k=v
        kubectl get configmap a -o 'jsonpath={.data.x}'
        kubectl delete -f a.yaml
    """)
    for words in ("created", "configured", "unchanged", "serverside-applied", "labeled", "annotated", "deleted"):
        assert words in said
    assert "2configmap" in said


def test_workloads_are_restarted_scaled_and_waited_for(lab: Lab, shell: Shell) -> None:
    said = shell(f"""
        kubectl -n {NAMESPACE} rollout restart deployment/fsx-csi-controller daemonset/fsx-csi-node
        kubectl -n {NAMESPACE} rollout status deployment/fsx-csi-controller --timeout=20s
        kubectl -n {NAMESPACE} rollout status daemonset/fsx-csi-node --timeout=20s
        kubectl -n {NAMESPACE} scale deployment/fsx-csi-controller --replicas=1
        kubectl -n {NAMESPACE} set env daemonset/fsx-csi-node A=b
        kubectl -n {NAMESPACE} rollout status daemonset/fsx-csi-node --timeout=20s
        kubectl -n kube-system rollout restart deployment/coredns
        kubectl -n kube-system rollout status deployment/coredns --timeout=20s
    """)
    assert said.count("successfully rolled out") == 4
    assert lab.live is not None and lab.live.broken() == []


def test_a_node_is_emptied_and_taken_back(lab: Lab, shell: Shell) -> None:
    node = symptoms.pod(lab)["spec"]["nodeName"]
    said = shell(f"""
        kubectl drain {node} --ignore-daemonsets --force --delete-emptydir-data --timeout=20s
        kubectl taint nodes {node} a=b:NoSchedule
        kubectl taint nodes {node} a-
        kubectl uncordon {node}
    """)
    assert "pod/pod-fsx evicted" in said and "uncordoned" in said
    assert not lab.kube.get("nodes", node)["spec"].get("unschedulable")


def test_the_release_that_installed_the_driver_is_upgraded(lab: Lab, shell: Shell) -> None:
    said = shell(f"""
        helm list -n {NAMESPACE}
        helm upgrade fsx-csi-driver aws-fsx-csi-driver/aws-fsx-csi-driver -n {NAMESPACE} --reuse-values \\
            --set node.dnsPolicy=None --set 'node.dnsConfig.nameservers={{169.254.169.253}}' \\
            --set node.nodeSelector.a=b --set image.tag=v1.8.0 --wait=legacy
        kubectl -n {NAMESPACE} get daemonset fsx-csi-node -o jsonpath='{{.spec.template.spec}}'
    """)
    assert "aws-fsx-csi-driver-1.17.0" in said and "STATUS: deployed" in said
    spec = lab.kube.get("daemonsets", "fsx-csi-node", NAMESPACE)["spec"]["template"]["spec"]
    assert spec["dnsConfig"] == {"nameservers": ["169.254.169.253"]}
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux", "a": "b"}
    assert spec["containers"][0]["image"].endswith(":v1.8.0")
    assert spec["tolerations"] == [{"operator": "Exists"}]
