"""The shared procedures: nothing is deleted before it is saved, kept and replaced by a copy that is there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import jmespath
import msgspec
import pytest

from diag.advice import replace_claim
from diag.advice.driver import setting
from diag.advice.lnet_options import change_options, load_by_host
from diag.advice.procedures import PROCEDURES
from diag.advice.replace_class import Waiting, replace_class, set_parameters
from diag.advice.replace_group import end_group, make_group
from diag.advice.replace_node import reboot_node, replace_node, update_nodes
from diag.advice.replace_volume import replace_volume
from diag.advice.replace_volume import steps as replace_by_name
from diag.advice.runbook import fix_of
from diag.advice.steps import wait
from diag.advice.workloads import Owner, ask_to_stop, owners_of, renew
from diag.knowledge.cause import Procedure
from diag.knowledge.runbooks import load_knowledge
from diag.model.fix import Danger, Fix, Step, StepKind
from diag.model.unavailable import Reason, Unavailable
from diag.resources.kubernetes import Pod
from tests.checks import given

NODE = {"node": "n1", "instance": "i-0123456789abcdef0", "cluster": "prod", "nodegroup": "blue"}


def where(commands: tuple[str, ...], *words: str) -> int:
    (found,) = (at for at, line in enumerate(commands) if all(word in line for word in words))
    return found


def one_after_another(commands: tuple[str, ...], *words: str) -> bool:
    """Whether the words stand in this order in all that is run."""
    places = [" && ".join(commands).index(word) for word in words]
    return places == sorted(places)


def replaced(*pods: Pod) -> Fix:
    volume = given.volume(persistentVolumeReclaimPolicy="Delete")
    return replace_volume(volume, {"default/fsx-pvc": pods}, attributes={"mountname": "abcdebev"})


def document(steps: tuple[Step, ...], *words: str) -> dict[str, object]:
    (found,) = (step for step in steps if all(word in (step.line or "") for word in words))
    patch = json.loads(found.argv[found.argv.index("-p") + 1])
    assert isinstance(patch, dict)
    return patch


class TestReplaceVolume:
    def test_everything_is_saved_kept_and_copied_before_the_first_deletion(self) -> None:
        lines = replaced(given.pod()).commands
        order = [
            where(lines, "get pv fsx-pv -o yaml", "pv-fsx-pv.before.yaml"),
            where(lines, "patch pv fsx-pv", "Retain"),
            where(lines, "patch --local", "pv-fsx-pv.after.yaml"),
            where(lines, "delete pod pod-fsx"),
            where(lines, "delete pvc fsx-pvc"),
            where(lines, "delete pv fsx-pv"),
            where(lines, "create -f pv-fsx-pv.after.yaml"),
            where(lines, "create -f pvc-fsx-pvc.after.yaml"),
            where(lines, "create -f pod-pod-fsx.after.yaml"),
        ]
        assert order == sorted(order)

    def test_retain_is_read_back_on_the_line_of_each_deletion(self) -> None:
        lines = replaced(given.pod()).commands
        for kind in ("pvc fsx-pvc", "pv fsx-pv"):
            deletion = lines[where(lines, f"delete {kind}")]
            assert deletion.index("=Retain") < deletion.index(f"delete {kind}")
            assert "&&" in deletion

    @pytest.mark.parametrize(("handle", "policy"), [("", None), ("fs-0bbbbbbbbbbbbbbbb", "Retain")])
    def test_a_volume_of_another_file_system_does_not_inherit_the_policy_of_the_former(
        self, handle: str, policy: str | None
    ) -> None:
        """With Delete, which was for the former file system, the other one would go with the claim."""
        fix = replace_volume(given.volume(), {}, attributes={"mountname": "abcdebev"}, handle=handle)
        spec = document(fix.steps, "--local", "pv-fsx-pv.after")["spec"]
        assert isinstance(spec, dict) and spec.get("persistentVolumeReclaimPolicy") == policy
        assert any("has Retain" in said for said in fix.changes) is bool(policy)

    def test_the_copy_of_the_volume_binds_to_the_new_claim(self) -> None:
        patch = document(replaced().steps, "--local", "pv-fsx-pv.after")
        spec = patch["spec"]
        assert isinstance(spec, dict)
        assert spec["claimRef"] == {"uid": None}
        assert spec["csi"] == {"volumeAttributes": {"mountname": "abcdebev"}}

    def test_a_saved_file_is_never_written_over(self) -> None:
        lines = replaced().commands
        for name in ("pv-fsx-pv", "pvc-fsx-pvc"):
            saving = lines[where(lines, "get", f"> {name}.before.yaml")]
            assert re.search(rf"\(set -o noclobber; kubectl [^)]*> {name}\.before\.yaml\)", saving)

    def test_the_undo_keeps_the_data_before_it_deletes_and_applies_the_former_spec(self) -> None:
        back = tuple(step.line for step in replaced().steps if step.kind is StepKind.UNDO and step.line)
        words = (
            "patch pv", "> pv-fsx-pv.former.yaml", "> pvc-fsx-pvc.former.yaml", "=Retain", "delete pvc", "delete pv ",
            "create -f pv-", "create -f pvc-",
        )  # fmt: skip
        order = [where(back, word) for word in words]
        assert order == sorted(order) == list(range(len(back)))
        assert "mountname" not in back[1]

    def test_what_stops_and_starts_pods_is_typed_where_nobody_knows_what_runs_them(self) -> None:
        fix = replace_volume(given.volume(), Unavailable("pods", Reason.DENIED), attributes={"mountname": "abcdebev"})
        assert any("Start as many pods as before" in text for text in fix.changes)

    def test_a_claim_that_may_go_with_its_pods_leaves_its_data(self) -> None:
        """A StatefulSet may delete its claims when it is scaled down, and an ephemeral claim goes with its pod."""
        fix = replace_volume(given.volume(), Unavailable("pods", Reason.DENIED), attributes={"mountname": "abcdebev"})
        told = tuple(f"{step.line} {step.text}" for step in fix.steps if step.kind is not StepKind.UNDO)
        words = ('Policy":"Retain"', "--replicas=0", "delete pvc fsx-pvc", "sh start-pods-of-")
        order = [where(told, word) for word in words]
        assert order == sorted(order)

    def test_what_a_person_pastes_is_short(self) -> None:
        """At 3 a.m.: the server takes uid, resourceVersion and status of a new object from nobody."""
        documents = [word for step in replaced().steps for word in step.argv if word.startswith("{")]
        assert documents and max(map(len, documents)) < 100

    def test_nothing_is_applied_that_a_later_apply_would_compare_with(self) -> None:
        """`kubectl apply` of the manifest would take away what the copy has and the manifest has not: its claimRef."""
        assert not any("apply" in step.argv for step in replaced(given.pod()).steps)

    def test_both_deletions_are_called_destructive(self) -> None:
        destroys = [step.line for step in replaced().steps if step.danger is Danger.DESTROYS]
        assert len(destroys) == 2


class TestPods:
    def test_a_replica_set_counts_as_its_deployment(self) -> None:
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d4f", "uid": "u"}
        labels = {"pod-template-hash": "5d4f"}
        pod = msgspec.convert(
            {"metadata": {"name": "web-5d4f-x", "namespace": "default", "labels": labels, "ownerReferences": [owner]}},
            Pod,
        )
        assert owners_of([pod, pod]) == (Owner("default", "Deployment", "web", 2, "web-5d4f-x"),)

    def test_a_pod_without_an_owner_is_saved_before_it_is_deleted(self) -> None:
        lines = Fix(renew(owners_of([given.pod()]))).commands
        assert where(lines, "get pod pod-fsx -o yaml") < where(lines, "delete pod pod-fsx")
        (line,) = (line for line in lines if "delete pod pod-fsx" in line)
        assert one_after_another([line], "delete pod pod-fsx", "wait --for=delete", "create -f pod-pod-fsx.after.yaml")

    def test_a_job_is_made_again_where_its_pods_must_differ(self) -> None:
        pod = {"spec": {"securityContext": {"fsGroupChangePolicy": "OnRootMismatch"}}}
        steps = renew([Owner("default", "Job", "train", 1)], pod)
        patch = document(steps, "--local", "job-train")
        assert patch["spec"]["template"]["spec"] == pod["spec"] and patch["spec"]["selector"] is None
        lines = Fix(steps).commands
        order = [where(lines, word) for word in ("get job train", "delete job train", "create -f job-train.after.yaml")]
        assert order == sorted(order)

    def test_a_job_without_another_template_is_paused_and_goes_on(self) -> None:
        lines = Fix(renew([Owner("default", "Job", "train", 1)])).commands
        assert where(lines, '"suspend":true') < where(lines, '"suspend":false')

    def test_an_owner_restarts_its_pods_itself(self) -> None:
        (line,) = Fix(renew([Owner("default", "StatefulSet", "db", 3)])).commands
        assert line == "kubectl -n default rollout restart statefulset/db"

    @pytest.mark.parametrize("pod", [None, {"spec": {"schedulerName": None}}])
    @pytest.mark.parametrize(("kind", "said"), [("StatefulSet", True), ("Deployment", False), ("DaemonSet", False)])
    def test_a_stateful_set_replaces_no_pod_that_is_not_ready(
        self, kind: str, said: bool, pod: dict[str, object] | None
    ) -> None:
        notes = [
            note for part in Fix(renew([Owner("default", kind, "db", 3, "db-0")], pod)).parts for note in part.notes
        ]
        assert any("kubectl -n default delete pod db-0" in text for text in notes) is said

    @pytest.mark.parametrize("given", [{}, {"pod": {"spec": {"schedulerName": None}}}])
    def test_an_owner_that_is_not_known_may_be_a_stateful_set(self, given: dict[str, object]) -> None:
        steps = PROCEDURES[Procedure.REPLACE_PODS](given, {"namespace": "default", "claim": "fsx-pvc"})
        assert any("kubectl -n default delete pod <pod>" in step.text for step in steps)


class TestReplaceClass:
    def test_claims_that_wait_are_away_while_the_class_is_replaced(self) -> None:
        waiting = Waiting((given.claim(volume=""),), ())
        lines = set_parameters(given.storage_class(), waiting, {"deploymentType": "PERSISTENT_2"}).commands
        order = [where(lines, word) for word in ("delete pvc fsx-pvc", "replace --force", "create -f pvc-fsx-pvc")]
        assert order == sorted(order)

    def test_the_new_claim_names_no_volume_that_was_made_meanwhile(self) -> None:
        waiting = Waiting((given.claim(volume=""),), ())
        steps = set_parameters(given.storage_class(), waiting, {"deploymentType": "PERSISTENT_2"}).steps
        assert document(steps, "--local", "pvc-fsx-pvc")["spec"] == {"volumeName": None}

    def test_a_claim_that_waits_for_another_provisioner_stays(self) -> None:
        """Kubernetes writes the new name on it, and FSx was never asked for it."""
        waiting = Waiting((given.claim(volume=""),), (given.pod(),))
        by_check = replace_class(given.storage_class(), waiting, fields={"provisioner": "fsx.csi.aws.com"}).steps
        claim = {"claim": "fsx-pvc", "namespace": "default", "claim_uid": "u-1", "storage_class": "fsx"}
        by_runbook = PROCEDURES[Procedure.REPLACE_CLASS]({"provisioner": "fsx.csi.aws.com"}, claim)
        for steps in (by_check, by_runbook):
            assert not any("pvc" in line or "pod" in line for line in Fix(steps).commands)
            assert any(step.kind is StepKind.WAIT and "5 to 15 minutes" in step.text for step in steps)
            assert not any("replace a claim" in step.text for step in steps)

    def test_a_claim_that_still_waits_is_asked_for_again_by_a_command(self) -> None:
        """Where no run knows the claim; one that got its volume meanwhile is left alone."""
        lines = Fix(PROCEDURES[Procedure.REPLACE_CLASS]({"parameters": {"subnetId": "{subnet}"}}, {})).commands
        again = lines[where(lines, "replace --force -f 'pvc-<claim>.before.yaml'")]
        assert re.search('&& sh -c .*get pvc <claim> .*grep -qE "\\^Pending\\$".* && kubectl replace', again)
        assert where(lines, "wait", "=Bound") < where(lines, "replace --force -f 'pvc-")

    def test_a_claim_that_fails_for_ever_is_made_again_without_a_wait(self) -> None:
        given = {"parameters": {"subnetId": "{other_subnet}"}, "claim": "again"}
        steps = PROCEDURES[Procedure.REPLACE_CLASS](given, {})
        lines = Fix(steps).commands
        assert where(lines, "replace --force -f 'pvc-<claim>.before.yaml'") < where(lines, "wait", "=Bound")
        assert "claim" not in document(steps, "--local", "storageclass-")

    def test_no_claim_is_touched_when_none_waits(self) -> None:
        fix = set_parameters(given.storage_class(), Waiting((), ()), {"deploymentType": "PERSISTENT_2"})
        assert not any("pvc" in line for line in fix.commands)
        assert Danger.DESTROYS not in {step.danger for step in fix.steps}


class TestNodes:
    def test_a_node_is_drained_before_its_instance_reboots(self) -> None:
        lines = Fix(reboot_node({**NODE, "node_manager": ""}, None)).commands
        assert one_after_another(lines, "drain n1", "reboot-instances")

    def test_a_node_that_does_not_answer_is_cordoned_and_not_drained(self) -> None:
        cause = load_knowledge().causes["node-not-ready"]
        fix = fix_of(cause, {**NODE, "node_manager": ""})
        assert fix is not None and one_after_another(fix.commands, "kubectl cordon n1", "reboot-instances")
        assert not any("kubectl drain" in line for line in fix.commands)

    def test_a_node_is_given_pods_again_only_after_another_boot(self) -> None:
        """Ready alone is what it says before it goes down, too."""
        lines = Fix(reboot_node({**NODE, "node_manager": ""}, None)).commands
        words = ("> boot-of", "reboot-instances", "seq 90", "=Ready", "uncordon")
        order = [where(lines, word) for word in words]
        assert order == sorted(order) and lines[order[1]].startswith("test -s boot-of-n1.txt && ")

    def test_the_host_loads_lnet_before_pods_come_back(self) -> None:
        """Else the next mount loads it from the plugin's pod, and LNet has that pod's network again."""
        lines = Fix(load_by_host({**NODE, "node_manager": ""}, None)).commands
        assert one_after_another(lines, "reboot-instances", "=Ready", "modprobe lustre", "kubectl uncordon")
        plain = Fix(reboot_node({**NODE, "node_manager": ""}, None)).commands
        assert not any("modprobe" in line for line in plain)
        replaced = load_by_host({**NODE, "node_manager": "karpenter"}, None)
        assert "user data" in replaced[0].text and not any("modprobe" in step.line for step in replaced)

    def test_karpenter_replaces_the_node_in_place_of_a_reboot(self) -> None:
        lines = Fix(reboot_node({**NODE, "node_manager": "karpenter"}, None)).commands
        assert one_after_another(lines, "drain n1", "delete node n1")
        assert not any("reboot" in line for line in lines)

    @pytest.mark.parametrize(
        ("manager", "end", "other"),
        [("karpenter", "delete node n1", "terminate"), ("nodegroup", "terminate-instance", "delete node")],
    )
    def test_one_node_is_replaced_by_what_made_it(self, manager: str, end: str, other: str) -> None:
        steps = replace_node({**NODE, "node_manager": manager}, Owner("default", "Pod", "pod-fsx", 1))
        lines = Fix(steps).commands
        order = [
            where(lines, word) for word in ("get pod pod-fsx", "drain n1", end, "create -f pod-pod-fsx.after.yaml")
        ]
        assert order == sorted(order) and not any(other in line for line in lines)
        assert not any("Karpenter" in step.text for step in steps)
        assert any("Karpenter" in step.text for step in replace_node(NODE, None))

    def test_a_reboot_says_what_else_there_is_where_it_is_not_known_what_makes_the_node(self) -> None:
        said = [step.text for step in reboot_node(NODE, None) if step.kind is StepKind.NOTE]
        assert any("Karpenter" in text for text in said)
        known = reboot_node({**NODE, "node_manager": ""}, None)
        assert not any("Karpenter" in step.text for step in known if step.kind is StepKind.NOTE)

    def test_a_pod_without_an_owner_outlives_a_new_image(self) -> None:
        steps = update_nodes({**NODE, "node_manager": "node-group"}, Owner("default", "Pod", "pod-fsx", 1))
        lines = Fix(steps).commands
        order = [where(lines, "get pod pod-fsx"), where(lines, "update-nodegroup-version"), where(lines, "create -f")]
        assert order == sorted(order)

    def test_an_instance_that_nothing_manages_has_no_group_to_update(self) -> None:
        assert update_nodes({**NODE, "node_manager": ""}, None) == ()

    def test_a_node_of_karpenter_is_replaced_and_not_rebooted(self) -> None:
        lines = Fix(reboot_node({**NODE, "node_manager": "karpenter"}, None)).commands
        assert one_after_another(lines, "drain n1", "delete node n1")
        assert not any("reboot-instances" in line for line in lines)

    def test_who_may_not_reboot_a_node_is_said_where_nobody_knows_what_manages_it(self) -> None:
        assert any("kubectl delete node" in step.text for step in reboot_node(NODE, None))
        assert not any("kubectl delete node" in step.text for step in reboot_node({**NODE, "node_manager": "x"}, None))


GROUP = {"cluster": "c1", "nodegroup": "old", "new_group": "new", "node": "n1", "namespace": "default",
         "launch_template": "lt", "template_version": "3", "ami_type": "AL2023_ARM_64_STANDARD"}  # fmt: skip


class TestNodeGroup:
    def test_the_new_group_is_there_and_one_node_has_shown_that_it_mounts_before_all_pods_move(self) -> None:
        told = tuple(f"{step.line} {step.text}" for step in make_group(GROUP) if step.kind is not StepKind.UNDO)
        words = ("eks create-nodegroup", "wait nodegroup-active", "condition=Ready node", "cordon -l", "drain n1",
                 "shows the pod Running on a new node", "drain -l")  # fmt: skip
        order = [where(told, word) for word in words]
        assert order == sorted(order) and not any("delete-nodegroup" in line for line in told)

    @pytest.mark.skipif(shutil.which("jq") is None, reason="no jq here")
    def test_what_aws_answered_becomes_what_it_takes(self, tmp_path: Path) -> None:
        """No null, no tag of AWS's own; of a launch template neither image nor user data."""
        group = {
            "clusterName": "c1", "nodegroupName": "old", "amiType": "CUSTOM", "releaseVersion": "1",
            "updateConfig": None, "nodeRole": "arn:aws:iam::1:role/r", "subnets": ["subnet-1"],
            "scalingConfig": {"minSize": 1},
            "labels": {"pool": "gpu"}, "taints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}],
            "tags": {"team": "a", "aws:cloudformation:stack-name": "s"}, "capacityType": "ON_DEMAND",
        }  # fmt: skip
        template = {
            "ImageId": "ami-1", "UserData": "IyEvYmluL3NoCg==", "SecurityGroupIds": ["sg-1"],
            "MetadataOptions": {"HttpTokens": "required", "State": "applied"},
            "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 80, "SnapshotId": "snap-1"}}],
        }  # fmt: skip
        answers = {"describe-nodegroup": {"nodegroup": group},
                   "describe-launch-template-versions": {"LaunchTemplateVersions": [{"LaunchTemplateData": template}]},
                   }  # fmt: skip
        (tmp_path / "aws").write_text('#!/bin/sh\nexec cat "$2"\n')
        (tmp_path / "aws").chmod(0o755)
        path = f"{tmp_path}:{os.environ['PATH']}"
        written = []
        for step in make_group(GROUP):
            if "--query" in step.argv:
                query = step.argv[step.argv.index("--query") + 1]
                (tmp_path / step.argv[2]).write_text(json.dumps(jmespath.search(query, answers[step.argv[2]])))
            if step.line.startswith(("aws ec2 describe", "aws eks describe", "jq ")):
                subprocess.run(["sh", "-c", step.line], cwd=tmp_path, check=True, env={"PATH": path})
            if step.line.startswith("jq "):
                written.append(json.loads((tmp_path / step.output).read_text()))
        kept = ("clusterName", "nodeRole", "subnets", "scalingConfig", "labels", "taints", "capacityType")
        assert written == [
            {"SecurityGroupIds": ["sg-1"], "MetadataOptions": {"HttpTokens": "required"},
             "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 80}}]},
            {**{name: group[name] for name in kept}, "tags": {"team": "a"}},
        ]  # fmt: skip

    @pytest.mark.parametrize(("said", "code"), [("node/n1 drained (dry run)", 0), ("evicting pod a/b (dry run)", 1)])
    def test_a_group_is_deleted_only_when_its_nodes_are_empty(self, said: str, code: int, tmp_path: Path) -> None:
        steps = end_group(GROUP)
        lines = Fix(steps).commands
        order = [where(lines, word) for word in ("--dry-run=client", "delete-nodegroup")]
        assert order == sorted(order)
        (look,) = (step for step in steps if "--dry-run=client" in step.line)
        (tmp_path / "kubectl").write_text(f"#!/bin/sh\necho '{said}'\n")
        (tmp_path / "kubectl").chmod(0o755)
        path = f"{tmp_path}:{os.environ['PATH']}"
        assert subprocess.run(look.argv, check=False, capture_output=True, env={"PATH": path}).returncode == code


class TestLnetOptions:
    def test_the_files_are_kept_before_they_change_and_the_node_reboots_after(self) -> None:
        steps = change_options(NODE, None, line="options lnet networks=tcp(ens5)", is_host=False)
        lines = Fix(steps).commands
        edit = lines[where(lines, "sed -i")]
        order = ["mkdir /host/etc/modprobe.d.before", "cp -a", "sed -i", "networks=tcp(ens5)"]
        assert sorted(order, key=edit.index) == order
        assert where(lines, "sed -i") < where(lines, "reboot-instances")
        (back,) = (step.line for step in steps if step.kind is StepKind.UNDO and "modprobe.d.before/." in step.line)
        assert back.index("rm -f /host/etc/modprobe.d/lnet-of-lustre.conf") < back.index("cp -a")

    @pytest.mark.parametrize("is_host", [True, False])
    def test_one_option_goes_and_the_others_stay(self, is_host: bool, tmp_path: Path) -> None:
        folder = tmp_path / "etc/modprobe.d"
        folder.mkdir(parents=True)
        (folder / "a.conf").write_text(
            "options lnet accept_port=1988 networks=tcp(ens5)\noptions lnet accept=all accept_port=1988\n"
        )
        (folder / "b.conf").write_text("options lnet accept_port=1988\noptions ksocklnd sock_timeout=100\n")
        (folder / "twin.conf").write_text("options lnet networks=tcp(ens5)\n")
        lines = Fix(change_options(NODE, None, option="accept_port", is_host=is_host)).commands
        edit = (
            shlex.split(lines[where(lines, "sed -i")])[-1].replace("/host/", "/").replace("/etc/", f"{tmp_path}/etc/")
        )
        subprocess.run(("sh", "-c", edit), check=True)
        assert (folder / "a.conf").read_text() == "options lnet networks=tcp(ens5)\noptions lnet accept=all\n"
        assert (folder / "b.conf").read_text() == "options ksocklnd sock_timeout=100\n"
        assert (folder / "twin.conf").read_text() == "options lnet networks=tcp(ens5)\n"

    @pytest.mark.parametrize("file", ["", "lnet.conf"])
    def test_a_folder_without_options_is_no_error(self, file: str, tmp_path: Path) -> None:
        """As the shell runs it; AL2023 has no file there."""
        folder = tmp_path / "etc/modprobe.d"
        folder.mkdir(parents=True)
        if file:
            networks = 'options lnet networks="tcp(eth9), o2ib(ib0)" accept=all\noptions lnet ip2nets=tcp(eth9)\n'
            (folder / file).write_text(networks)
        lines = Fix(change_options(NODE, None, line="options lnet networks=tcp(ens5)", is_host=False)).commands
        edit = shlex.split(lines[where(lines, "sed -i")])[-1].replace("/host/", f"{tmp_path}/")
        subprocess.run(("sh", "-c", edit), check=True)
        assert (folder / "lnet-of-lustre.conf").read_text() == "options lnet networks=tcp(ens5)\n"
        assert not file or (folder / file).read_text() == "options lnet accept=all\n"

    def test_a_new_node_of_karpenter_needs_no_file_changed(self) -> None:
        lines = Fix(change_options({**NODE, "node_manager": "karpenter"}, None, line="", is_host=False)).commands
        assert lines and not any("modprobe.d" in line for line in lines)
        assert one_after_another(lines, "drain n1", "delete node n1")

    def test_what_new_nodes_need_is_said(self) -> None:
        line = "options lnet networks=tcp({lnet_interface})"
        first = change_options(
            {**NODE, "node_manager": "karpenter", "lnet_interface": "ens5"}, None, line=line, is_host=False
        )[0]
        assert first.kind is StepKind.CAUTION and "networks=tcp(ens5)" in first.text

    def test_modules_of_a_host_that_has_lustre_mounted_stay(self) -> None:
        steps = change_options({}, None, line="", is_host=True)
        order = [step.kind for step in steps if step.kind is not StepKind.CAUTION][:4]
        assert order == [StepKind.SAVE, StepKind.GUARD, StepKind.GUARD, StepKind.CHANGE]
        assert "/proc/mounts" in steps[3].line

    @pytest.mark.parametrize("is_host", [False, True])
    def test_an_undo_ends_with_what_makes_lnet_read_its_options_again(self, is_host: bool) -> None:
        steps = change_options(NODE, None, line="", is_host=is_host)
        assert steps[-1].kind is StepKind.UNDO and "a loaded LNet keeps its options" in steps[-1].text


@pytest.mark.parametrize(("known", "version"), [("1.17.0", "1.17.0"), ("", "'<chart-version>'")])
def test_a_setting_keeps_the_version_of_the_chart(known: str, version: str) -> None:
    """Helm takes the newest chart where none is named, and --reuse-values gives it the values of the old one."""
    names = {"installer": "Helm", "release": "fsx", "driver_namespace": "kube-system", "chart_version": known}
    steps = setting({"helm": "--set a=b", "manifests": "kubectl get nodes"}, names)
    (upgrade,) = (step.line for step in steps if "upgrade" in step.argv)
    assert f" --version {version} " in upgrade


class TestAddonOfTheDriver:
    def test_an_image_is_not_set_on_an_addon_but_its_own_put_back(self) -> None:
        addon = {
            "installer": "EKS add-on",
            "driver_workload": "daemonset/fsx-csi-node",
            "driver_namespace": "kube-system",
        }
        fix = fix_of(load_knowledge().causes["image-not-found"], addon)
        assert fix is not None and any("update-addon" in line for line in fix.commands)
        lines = [line for way in (fix, *fix.alternatives) for line in way.commands]
        assert not any("helm upgrade" in line or "set image" in line for line in lines)

    def test_a_setting_of_an_addon_is_taken_back_in_the_addon_too(self) -> None:
        cause = load_knowledge().causes["region-undetermined"]
        ways = {name: fix_of(cause, {"installer": name}) for name in ("EKS add-on", "manifests")}
        undone = {
            name: [step.line for one in (fix, *fix.alternatives) for step in one.steps if step.kind is StepKind.UNDO]
            for name, fix in ways.items()
            if fix
        }
        saved = "file://update-of-aws-fsx-csi-driver-in-<cluster>.before.json"
        assert any(saved in line for line in undone["EKS add-on"])
        assert not any(saved in line for line in undone["manifests"])

    @pytest.mark.skipif(shutil.which("jq") is None, reason="no jq here")
    @pytest.mark.parametrize(
        ("wanted", "before", "after"),
        [
            ('{"a":{"b":"1"}}', "{}", {"a": {"b": "1"}}),
            ('{"a":{"b":"1"}}', '{"a":{"b":"0","c":[1]},"d":"it\'s"}', {"a": {"b": "1", "c": [1]}, "d": "it's"}),
            ('{"a":{"b":null}}', '{"a":{"b":{"e":"f"},"c":2}}', {"a": {"c": 2}}),
            ('{"a":{"b":"1"}}', "a:\n  b: 0", None),
        ],
    )
    def test_a_setting_is_added_to_those_of_the_addon(
        self, tmp_path: Path, wanted: str, before: str, after: object
    ) -> None:
        names = {"installer": "EKS add-on", "cluster": "prod"}
        steps = setting({"helm": "--set a.b=1", "manifests": "kubectl get nodes", "addon": wanted}, names)
        (merge,) = (step.line for step in steps if step.line.startswith("jq"))
        role = {"serviceAccountRoleArn": "arn:aws:iam::111122223333:role/driver"}
        saved = json.dumps({"configurationValues": before, **role})
        (tmp_path / "update-of-aws-fsx-csi-driver-in-prod.before.json").write_text(saved)
        ended = subprocess.run(["sh", "-c", merge], cwd=tmp_path, capture_output=True, check=False).returncode
        assert (ended == 0) == (after is not None)
        if after is not None:
            update = json.loads((tmp_path / "update-of-aws-fsx-csi-driver-in-prod.after.json").read_text())
            assert json.loads(update.pop("configurationValues")) == after
            assert update == role

    def test_no_addon_is_updated_where_the_driver_is_none(self) -> None:
        fix = fix_of(load_knowledge().causes["image-not-found"], {"installer": "Helm", "release": "fsx"})
        assert fix is not None
        assert not any("update-addon" in line for way in (fix, *fix.alternatives) for line in way.commands)


class TestMountOption:
    def add(self, options: str | None) -> tuple[Step, ...]:
        known = {} if options is None else {"mount_options": options}
        return PROCEDURES[Procedure.ADD_MOUNT_OPTION]({"option": "flock"}, {"volume": "fsx-pv", **known})

    def test_the_other_options_are_kept(self) -> None:
        assert document(self.add("noatime"), "flock") == {"spec": {"mountOptions": ["noatime", "flock"]}}

    def test_it_can_be_undone(self) -> None:
        (undo,) = (step for step in self.add("noatime") if step.kind is StepKind.UNDO)
        assert json.loads(undo.argv[-1]) == {"spec": {"mountOptions": ["noatime"]}}

    def test_options_that_are_not_known_are_asked_for(self) -> None:
        assert self.add(None)[0].kind is StepKind.CAUTION

    def test_the_refused_option_goes_and_the_others_stay(self) -> None:
        known = {"volume": "fsx-pv", "mount_options": "flock,nfsvers=4,noatime", "option": "nfsvers=4"}
        steps = PROCEDURES[Procedure.DROP_MOUNT_OPTION]({}, known)
        assert document(steps[:1], "mountOptions") == {"spec": {"mountOptions": ["flock", "noatime"]}}

    def test_a_list_that_is_not_known_is_saved_before_it_is_replaced(self) -> None:
        steps = PROCEDURES[Procedure.DROP_MOUNT_OPTION]({}, {"volume": "fsx-pv", "option": "nfsvers"})
        kinds = [step.kind for step in steps]
        assert kinds[:4] == [StepKind.CAUTION, StepKind.SAVE, StepKind.GUARD, StepKind.CHANGE]
        assert StepKind.UNDO in kinds

    def test_an_option_that_no_option_can_be_is_not_copied(self) -> None:
        steps = self.add("noatime,$(pwned)")
        assert steps[0].kind is StepKind.CAUTION
        assert not any("pwned" in (step.line or "") for step in steps)


def test_a_bound_volume_is_edited_in_place_and_saved_first() -> None:
    given = {"spec": {"accessModes": ["ReadWriteMany"]}}
    steps = PROCEDURES[Procedure.PATCH_VOLUME](given, {"volume": "fsx-pv", "workload": "job/train", "namespace": "ml"})
    lines = Fix(steps).commands
    assert document(steps, "accessModes") == given
    order = [
        where(lines, word) for word in ("set -o noclobber", "patch pv fsx-pv", '"suspend":true', '"suspend":false')
    ]
    assert order == sorted(order) and not any("delete" in line for line in lines)
    back = [step.line for step in steps if step.kind is StepKind.UNDO and step.line]
    assert '"resourceVersion":null' in back[0] and back[1:] == ["kubectl replace -f pv-fsx-pv.fields.former.yaml"]


def test_a_claim_that_is_bound_is_not_deleted() -> None:
    fix = Fix(replace_claim.steps({"claim": "data", "namespace": "default"}, {"storageClassName": "fsx-sc"}))
    lines = fix.commands
    deletion = lines[where(lines, "delete pvc data")]
    asked = 'kubectl -n default get pvc data -o jsonpath="{.status.phase}" | grep -qE "^(Pending|Lost)$"'
    assert re.match(f"test -s pvc-data.after.yaml && sh -c '{re.escape(asked)}' && kubectl", deletion)
    back = [step.line for step in fix.steps if step.kind is StepKind.UNDO and step.line]
    assert [asked in line for line in back] == [True]


def test_a_claim_that_had_a_volume_is_not_asked_for_again() -> None:
    """A Lost claim was in use: the same claim anew would get an empty file system in place of its data."""
    fix = Fix(replace_claim.steps({"claim": "data", "namespace": "default"}, {}))
    (line,) = (line for line in fix.commands if "replace --force" in line)
    assert line.count("{.status.phase}") == 1 and '"^Pending$"' in line


def replaced_claim(workload: str) -> tuple[Step, ...]:
    values = {"claim": "data", "namespace": "default", **({"workload": workload} if workload else {})}
    return PROCEDURES[Procedure.REPLACE_CLAIM]({"spec": {"storageClassName": "fsx-sc"}}, values)


def test_a_stateful_set_makes_no_claim_while_its_claim_is_replaced() -> None:
    lines = Fix(replaced_claim("statefulset/db")).commands
    order = [where(lines, word) for word in ("replicas=0", "delete pvc", "create -f pvc-data", "replicas=1")]
    assert order == sorted(order)
    assert not any("scale" in line for line in Fix(replaced_claim("deployment/web")).commands)


@pytest.mark.parametrize(("workload", "said"), [("", True), ("statefulset/db", True), ("deployment/web", False)])
def test_a_claim_template_is_named_where_it_may_be_the_origin(workload: str, said: bool) -> None:
    texts = " ".join(step.text for step in replaced_claim(workload) if step.kind is StepKind.CAUTION)
    assert ("claim templates" in texts) is said


def test_several_owners_are_started_again_with_as_many_pods_as_each_had(tmp_path: Path) -> None:
    """A second run finds them stopped, and must not write that down."""
    (tmp_path / "kubectl").write_text(
        '#!/bin/sh\ncase "$*" in *get*) for last; do :; done; n=$(cat "$(basename "$4")" 2>/dev/null || echo 0);'
        """ printf '%s\\n' "$last" | sed -e "s/^jsonpath=//" -e "s/{.spec.replicas}.*/$n/";;"""
        ' *scale*) echo "${5#--replicas=}" > "$(basename "$4")";; esac\n'
    )
    (tmp_path / "kubectl").chmod(0o755)
    for name, pods in (("web", "3"), ("db", "2")):
        (tmp_path / name).write_text(pods)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def run(line: str) -> int:
        return subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment, check=False).returncode

    lines = {}
    for workload in ("deployment/web", "statefulset/db"):
        stopped = ask_to_stop({"namespace": "ml", "claim": "data", "workload": workload})
        lines[workload] = Fix(stopped.stop).commands[-1]
        assert run(lines[workload]) == 0
    assert [(tmp_path / name).read_text().strip() for name in ("web", "db")] == ["0", "0"]
    assert run(lines["deployment/web"]) != 0
    assert run(Fix(stopped.start).commands[-1]) == 0
    assert [(tmp_path / name).read_text().strip() for name in ("web", "db")] == ["3", "2"]


def test_what_the_new_pods_need_is_printed_where_their_owner_is_not_known() -> None:
    pod = {"spec": {"securityContext": {"fsGroupChangePolicy": "OnRootMismatch"}}}
    steps = PROCEDURES[Procedure.REPLACE_PODS]({"pod": pod}, {"namespace": "default"})
    assert document(steps, "patch", "<workload>") == {"spec": {"template": pod}}


@pytest.mark.parametrize(("stop", "kind"), [("first", StepKind.CHANGE), ("only", StepKind.UNDO)])
def test_pods_that_must_not_overlap_are_away_before_others_start(stop: str, kind: StepKind) -> None:
    """A rolling restart would have an old pod and a new one write to two places."""
    owner = {"namespace": "ml", "workload": "statefulset/train", "replicas": "3"}
    steps = PROCEDURES[Procedure.REPLACE_PODS]({"stop": stop}, owner)
    between = [step.line for step in steps[1:-1]]
    assert [(step.kind, step.line) for step in (steps[0], steps[-1])] == [
        (StepKind.CHANGE, "kubectl -n ml scale statefulset/train --replicas=0"),
        (kind, "kubectl -n ml scale statefulset/train --replicas=3"),
    ]
    assert (stop == "first") == any("Used By" in line for line in between)


class TestInstallers:
    def test_each_way_says_for_which_installation_it_is_where_nobody_knows(self) -> None:
        cause = load_knowledge().causes["image-invalid-reference"]
        fix = fix_of(cause, {})
        assert fix is not None
        ways = [one.when for one in (fix, *fix.alternatives)]
        assert [any(word in ways[at] for word in ("Helm", "manifests", "add-on")) for at in range(3)] == [True] * 3
        assert len(set(ways)) == 3

    def test_one_command_for_two_installations_is_printed_once(self) -> None:
        fix = fix_of(load_knowledge().causes["region-undetermined"], {})
        assert fix is not None
        (other,) = fix.alternatives
        assert "EKS add-on" in other.when and "manifests" in other.when
        assert any("update-addon" in line for line in other.commands)

    def test_an_add_on_is_updated_only_where_its_settings_could_be_read(self) -> None:
        fix = fix_of(load_knowledge().causes["region-undetermined"], {"installer": "EKS add-on"})
        assert fix is not None
        (line,) = (line for line in fix.commands if "update-addon" in line)
        kept, _, line = line.partition(".before.json') && ")
        guard, _, update = line.partition(" && ")
        assert kept.startswith("(set -o noclobber; ")
        assert guard.startswith("jq ") and guard.endswith("> 'update-of-aws-fsx-csi-driver-in-<cluster>.after.json'")
        assert "--cli-input-json 'file://update-of-aws-fsx-csi-driver-in-<cluster>.after.json'" in update

    def test_one_setting_for_two_installers_says_for_which_in_its_titles(self) -> None:
        fix = fix_of(load_knowledge().causes["region-undetermined"], {})
        known = fix_of(load_knowledge().causes["region-undetermined"], {"installer": "Helm"})
        assert fix is not None and known is not None
        titles = [known.title, *(f"{known.title} ({by})" for by in ("Helm", "EKS add-on or manifests"))]
        assert [known.title, fix.title, fix.alternatives[0].title] == titles

    def test_a_known_installation_has_its_own_way_alone(self) -> None:
        fix = fix_of(load_knowledge().causes["image-invalid-reference"], {"installer": "manifests"})
        assert fix is not None and not fix.alternatives
        assert not any("installed the driver" in text or "with Helm" in text for text in fix.cautions)


def test_pods_that_are_to_start_elsewhere_find_their_node_closed() -> None:
    owner = {"namespace": "ml", "workload": "deployment/train", "replicas": "1", "node": "node-1"}
    steps = PROCEDURES[Procedure.REPLACE_PODS]({"elsewhere": True}, owner)
    lines = [step.line for step in steps]
    assert lines[0] == "kubectl cordon node-1" and lines[-1] == "kubectl uncordon node-1"
    assert "kubectl -n ml rollout restart deployment/train" in lines


@pytest.mark.parametrize(("uid", "goes_on"), [("1-1", True), ("2-2", False), ("", True)])
def test_a_file_of_an_earlier_run_replaces_no_class(uid: str, goes_on: bool, tmp_path: Path) -> None:
    """A second run stops at the first line, and the lines after it would write the former class over the present."""
    fix = Fix(PROCEDURES[Procedure.REPLACE_CLASS]({"mountOptions": ["flock"]}, {"storage_class": "fast"}))
    (guarded,) = (line for line in fix.commands if "kubectl replace" in line)
    (tmp_path / "storageclass-fast.before.yaml").write_text("metadata:\n  uid: 1-1\n")
    (tmp_path / "storageclass-fast.after.yaml").write_text("metadata:\n  uid: 1-1\n")
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f'#!/bin/sh\ncase $1 in get) printf %s "{uid}";; *) echo replaced;; esac\n')
    kubectl.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    said = subprocess.run(["sh", "-c", guarded], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (b"replaced" in said.stdout) is goes_on


def test_a_rule_that_is_there_does_not_keep_the_next_one_out() -> None:
    fix = fix_of(load_knowledge().causes["sg-missing-988"], {})
    assert fix is not None
    rules = [line for line in fix.commands if "authorize" in line]
    assert len(rules) == 2 and not any("&&" in line for line in rules)


def test_a_volume_by_name_alone_is_kept_for_its_claim() -> None:
    """A patch of the uid alone gives a volume that was never bound an empty claimRef: it is kept for nobody."""
    patch = document(
        replace_by_name({"volume": "v", "claim": "c", "namespace": "n"}, None, {"nodeAffinity": None}, {}),
        "--local",
        "pv-v.after",
    )
    spec = patch["spec"]
    assert isinstance(spec, dict)
    assert spec["claimRef"] == {"namespace": "n", "name": "c", "uid": None}


def test_a_volume_whose_file_system_is_gone_promises_no_data_and_no_way_back() -> None:
    given = {"volume": {"csi": {"volumeHandle": "{right_handle}"}}}
    kept = PROCEDURES[Procedure.REPLACE_VOLUME](given, {})
    gone = PROCEDURES[Procedure.REPLACE_VOLUME]({"former": "gone", **given}, {})
    assert "The data on the file system stay" in " ".join(step.text for step in kept)
    assert "The data on the file system stay" not in " ".join(step.text for step in gone)
    undone = [[step.argv for step in steps if step.kind is StepKind.UNDO and step.argv] for steps in (kept, gone)]
    assert undone[0] and not undone[1]
    assert any("Retain" in step.line for step in gone), "its claim goes, and the volume's object stays for the copy"


@pytest.mark.parametrize(
    ("workload", "waits"),
    [
        ("deployment/web", "rollout status deployment/web"),
        ("pod/web", "wait --for=condition=Ready pod/web"),
        ("job/web", "wait --for=condition=Ready pod -l job-name=web"),
        ("", "rollout status '<workload>'"),
    ],
)
def test_what_kubectl_does_not_roll_is_waited_for_by_its_pods(workload: str, waits: str) -> None:
    template = "kubectl -n {namespace} rollout status {workload} --timeout=5m"
    values = {"namespace": "ml", **({"workload": workload} if workload else {})}
    assert wait(template, values).line == f"kubectl -n ml {waits} --timeout=5m"
