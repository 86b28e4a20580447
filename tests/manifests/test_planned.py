"""The cluster as it will be: manifests in place of live objects, and nothing beside what they are about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checks.driver.planned_images import planned_images_can_be_pulled
from checks.identity.planned_role import planned_account_names_a_role
from checks.request.claim_binding import claim_has_its_volume
from checks.request.manifest_filled_in import nothing_was_left_open
from checks.request.manifest_immutable import changes_nothing_immutable
from checks.request.manifest_readable import manifests_can_be_read
from checks.request.manifest_references import references_lead_somewhere
from diag.analysis import planned
from diag.analysis.planned import ends_of, loose_ends
from diag.engine.judge import run_check
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.resources.manifests import ManifestSet
from tests.checks.given import NOW, claim, denied, findings, identity, pod, replace, storage_class, volume
from tests.manifests.written import CLAIM, VOLUME, read

OFFLINE = Unavailable("cluster and account", Reason.OFFLINE, "not asked: --offline")
NONE = ManifestSet()
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers: [{name: app, image: busybox}]
  volumes: [{name: v, persistentVolumeClaim: {claimName: fsx-pvc}}]
"""


def test_without_manifests_the_live_lists_are_handed_on() -> None:
    live = (volume(),)
    assert planned.persistent_volumes(live, (), NONE) is live
    assert planned.claims(OFFLINE, (), (), NONE, NOW) is OFFLINE
    pods = (pod("running"),)
    assert planned.pods(pods, (), (), Unavailable("x", Reason.NOT_ASKED), NOW) == pods


def test_only_what_the_manifests_are_about_stays(tmp_path: Path) -> None:
    manifests = read(tmp_path, f"{CLAIM.replace('fsx-pv', 'mine')}---\n{POD}")
    volumes = (volume("mine"), volume("other", claim="other"))
    live_claims = (claim("other", "other"),)
    found = planned.claims(live_claims, volumes, (), manifests, NOW)
    assert isinstance(found, tuple)
    assert [item.metadata.name for item in found] == ["minec"]
    kept = planned.persistent_volumes(volumes, found, manifests)
    assert isinstance(kept, tuple)
    assert [item.name for item in kept] == ["mine"]
    pods = planned.pods((pod("running"), pod("coredns", claims=())), (), live_claims, manifests, NOW)
    assert isinstance(pods, tuple)
    assert [item.metadata.name for item in pods] == ["p", "coredns"]
    assert pods[0].metadata.creation_timestamp == NOW


def test_a_manifest_takes_the_place_of_a_live_volume_and_keeps_its_claim_and_phase(tmp_path: Path) -> None:
    manifests = read(tmp_path, VOLUME.replace("mountname: abcdebev", "mountname: other"))
    [found] = planned.persistent_volumes((volume(),), (), manifests)
    assert (found.mount_name, found.status.phase, found.spec.claim_ref.name) == ("other", "Bound", "fsx-pvc")


def test_a_claim_without_a_class_gets_the_default_one(tmp_path: Path) -> None:
    manifests = read(tmp_path, CLAIM.replace("  volumeName: fsx-pv\n", ""))
    default = storage_class("gold", metadata={"name": "gold", "annotations": {planned.DEFAULT_CLASS[0]: "true"}})
    [found] = planned.claims((), (), (default,), manifests, NOW)
    assert found.spec.storage_class_name == "gold"


def test_a_live_bound_claim_stays_bound(tmp_path: Path) -> None:
    manifests = read(tmp_path, CLAIM.replace("  volumeName: fsx-pv\n", ""))
    [found] = planned.claims((claim(),), (), (), manifests, NOW)
    assert (found.status.phase, found.spec.volume_name, found.spec.storage_class_name) == ("Bound", "fsx-pv", "fsx-sc")


@pytest.mark.parametrize("missing", [OFFLINE, denied("list persistentvolumes")])
def test_what_nobody_could_look_for_is_left_out_and_told(tmp_path: Path, missing: Unavailable) -> None:
    manifests = read(tmp_path, f"{CLAIM}---\n{POD.replace('fsx-pvc', 'elsewhere')}")
    assert planned.claims(missing, missing, missing, manifests, NOW) == ()
    [one] = planned.pods(missing, missing, missing, manifests, NOW)
    assert one.spec.claim_names == ()
    found = findings(references_lead_somewhere, manifest_set=manifests, live_claims=missing, live_volumes=missing,
                     live_classes=missing)  # fmt: skip
    wanted = Verdict.SKIP if missing is OFFLINE else Verdict.UNKNOWN
    assert [f.verdict for f in found] == [wanted, wanted]


def test_what_the_cluster_has_or_the_manifests_hold_is_no_loose_end(tmp_path: Path) -> None:
    manifests = read(tmp_path, f"{VOLUME}---\n{CLAIM}---\n{POD}")
    assert ends_of(manifests, OFFLINE, OFFLINE, OFFLINE) == ()
    assert loose_ends(read(tmp_path, CLAIM), (), (), ()) == ()


def test_events_of_what_is_replaced_are_history(tmp_path: Path) -> None:
    from tests.checks.given import event

    manifests = read(tmp_path, f"{CLAIM}---\n{POD}")
    driver = pod("fsx-csi-node-x", claims=())
    events = (event(pod("p"), "FailedMount", "x"), event(driver, "Failed", "y"), event(claim(), "FailedBinding", "z"))
    found = planned.warning_events(events, manifests, planned.pods((driver,), (), (), manifests, NOW))
    assert [item.message for item in found] == ["y"]


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (("mountname: abcdebev", "mountname: abcdebev"), Verdict.PASS),
        (("storage: 1200Gi", "storage: 2400Gi"), Verdict.PASS),
        (("mountname: abcdebev", "mountname: zzz"), Verdict.FAIL),
        (("mountname: abcdebev", "mountName: abcdebev"), Verdict.FAIL),
        (("volumeHandle: fs-0", "volumeHandle: fs-1"), Verdict.FAIL),
        (("driver: fsx.csi.aws.com", "driver: efs.csi.aws.com"), Verdict.FAIL),
    ],
)  # fmt: skip
def test_what_the_api_server_does_not_let_change(tmp_path: Path, change: tuple[str, str], verdict: Verdict) -> None:
    manifests = read(tmp_path, VOLUME.replace(*change))
    given: dict[str, Any] = {"manifest_set": manifests, "live_claims": (), "live_classes": ()}
    [found] = findings(changes_nothing_immutable, live_volumes=(volume(),), **given)
    assert found.verdict is verdict
    assert findings(changes_nothing_immutable, live_volumes=(volume("other"),), **given) == ()
    [unread] = findings(changes_nothing_immutable, live_volumes=denied("list persistentvolumes"), **given)
    assert unread.verdict is Verdict.UNKNOWN


def test_a_class_and_a_claim_keep_what_they_were_made_with(tmp_path: Path) -> None:
    text = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fsx-sc}\nprovisioner: fsx.csi.aws.com\n"
    manifests = read(tmp_path, f"{text}parameters: {{subnetId: subnet-1}}\n---\n{CLAIM.replace('fsx-pv', 'fsx-px')}")
    found = findings(
        changes_nothing_immutable,
        manifest_set=manifests,
        live_volumes=(),
        live_claims=(replace(claim(), metadata=replace(claim().metadata, name="fsx-pxc")),),
        live_classes=(storage_class(),),
    )
    assert {f.subject.kind.value: f.verdict for f in found} == {
        "StorageClass": Verdict.FAIL, "PersistentVolumeClaim": Verdict.FAIL,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ages", "chosen"),
    [
        ({"a-old": "2024-01-01T00:00:00Z", "b-new": "2026-01-01T00:00:00Z"}, "b-new"),
        ({"b-new": "2026-01-01T00:00:00Z", "a-old": "2024-01-01T00:00:00Z"}, "b-new"),
        ({"b": "2026-01-01T00:00:00Z", "a": "2026-01-01T00:00:00Z"}, "a"),
        ({}, ""),
    ],
)
@pytest.mark.parametrize("annotation", planned.DEFAULT_CLASS)
def test_of_several_default_classes_the_newest_counts(ages: dict[str, str], chosen: str, annotation: str) -> None:
    def marked(name: str, created: str, value: str) -> Any:
        meta = {"name": name, "creationTimestamp": created, "annotations": {annotation: value}}
        return storage_class(name, metadata=meta)

    classes = [marked(name, created, "true") for name, created in ages.items()]
    other = marked("no-default", "2027-01-01T00:00:00Z", "false")
    assert planned.default_class((*classes, other)) == chosen


DEFAULT = """\
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fsx-new, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: fsx.csi.aws.com
"""


@pytest.mark.parametrize(
    ("live", "chosen"), [((), "fsx-new"), (("gp3",), "fsx-new"), (("gp3", "fsx-new"), "gp3"), (OFFLINE, "fsx-new")]
)
def test_a_default_class_that_the_manifests_bring_is_the_newest(tmp_path: Path, live: Any, chosen: str) -> None:
    def made(name: str) -> Any:
        ages = {"gp3": "2026-02-01T00:00:00Z", "fsx-new": "2026-01-01T00:00:00Z"}
        meta = {"name": name, "creationTimestamp": ages[name], "annotations": {planned.DEFAULT_CLASS[0]: "true"}}
        return storage_class(name, metadata=meta)

    classless = "".join(
        line for line in CLAIM.splitlines(keepends=True) if "storageClassName" not in line and "volumeName" not in line
    )
    manifests = read(tmp_path, f"{DEFAULT}---\n{classless}")
    classes = live if isinstance(live, Unavailable) else tuple(map(made, live))
    (found,) = planned.claims((), (), classes, manifests, NOW)  # type: ignore[misc]
    assert found.spec.storage_class_name == chosen


LIVE = claim(volume="", phase="Pending", storageClassName=None)
BY_ANNOTATION = replace(
    LIVE, metadata=replace(LIVE.metadata, annotations={"volume.beta.kubernetes.io/storage-class": "former"})
)


@pytest.mark.parametrize(
    ("live", "verdict"),
    [
        (LIVE, Verdict.PASS),
        (BY_ANNOTATION, Verdict.FAIL),
        (replace(LIVE, spec=replace(LIVE.spec, storage_class_name="former")), Verdict.FAIL),
        (replace(LIVE, spec=replace(LIVE.spec, storage_class_name="")), Verdict.FAIL),
        (replace(LIVE, spec=replace(LIVE.spec, volume_name="another")), Verdict.FAIL),
    ],
)
def test_a_claim_may_be_given_a_volumes_name_and_a_class_once(tmp_path: Path, live: Any, verdict: Verdict) -> None:
    text = CLAIM if "storageClassName" in CLAIM else CLAIM.replace("spec:\n", "spec:\n  storageClassName: fsx-sc\n")
    manifests = read(tmp_path, text)
    given: dict[str, Any] = {"manifest_set": manifests, "live_volumes": (), "live_classes": ()}
    [found] = findings(changes_nothing_immutable, live_claims=(live,), **given)
    assert found.verdict is verdict, found.message


@pytest.mark.parametrize(
    ("phase", "had", "has", "wanted", "verdict"),
    [
        ("Pending", "1200Gi", None, "2400Gi", Verdict.FAIL),
        ("Pending", "1200Gi", None, "1228800Mi", Verdict.PASS),
        ("Bound", "1200Gi", "1200Gi", "2400Gi", Verdict.PASS),
        ("Bound", "2400Gi", "2400Gi", "1200Gi", Verdict.FAIL),
        ("Bound", "4800Gi", "1200Gi", "2400Gi", Verdict.PASS),
        ("Bound", "4800Gi", "1200Gi", "1200Gi", Verdict.FAIL),
        ("Bound", "4800Gi", None, "2400Gi", Verdict.PASS),
    ],
)
def test_only_a_bound_claim_may_ask_for_another_size_and_never_for_less_than_it_has(
    tmp_path: Path, phase: str, had: str, has: str | None, wanted: str, verdict: Verdict
) -> None:
    """A request above what the claim has may be taken back since 1.32."""
    live = claim(phase=phase, resources={"requests": {"storage": had}})
    live = replace(live, status=replace(live.status, capacity={"storage": has} if has else None))
    manifests = read(tmp_path, CLAIM.replace("1200Gi", wanted))
    given: dict[str, Any] = {"manifest_set": manifests, "live_volumes": (), "live_classes": ()}
    [found] = findings(changes_nothing_immutable, live_claims=(live,), **given)
    assert found.verdict is verdict, found.message


@pytest.mark.parametrize(("labels", "verdict"), [({"team": "ml"}, Verdict.PASS), ({"team": "web"}, Verdict.FAIL)])
def test_a_claims_selector_stays(tmp_path: Path, labels: dict[str, str], verdict: Verdict) -> None:
    text = CLAIM.replace("spec:\n", "spec:\n  selector: {matchLabels: {team: ml}}\n")
    given: dict[str, Any] = {"manifest_set": read(tmp_path, text), "live_volumes": (), "live_classes": ()}
    [found] = findings(changes_nothing_immutable, live_claims=(claim(selector={"matchLabels": labels}),), **given)
    assert found.verdict is verdict, found.message


@pytest.mark.parametrize(
    ("zone", "verdict"), [("eu-west-1a", Verdict.PASS), ("eu-west-1b", Verdict.FAIL), ("", Verdict.PASS)]
)
def test_the_nodes_of_a_volume_are_said_once(tmp_path: Path, zone: str, verdict: Verdict) -> None:
    def homes(zone: str) -> dict[str, Any]:
        need = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [zone]}
        return {"required": {"nodeSelectorTerms": [{"matchExpressions": [need]}]}}

    text = VOLUME.replace("spec:\n", f"spec:\n  nodeAffinity: {json.dumps(homes('eu-west-1a'))}\n", 1)
    given: dict[str, Any] = {"manifest_set": read(tmp_path, text), "live_claims": (), "live_classes": ()}
    live = volume(nodeAffinity=homes(zone)) if zone else volume()
    [found] = findings(changes_nothing_immutable, live_volumes=(live,), **given)
    assert found.verdict is verdict, found.message


def test_a_volume_reserved_for_a_claim_without_a_class_binds_whatever_the_default_class_is(tmp_path: Path) -> None:
    classless = VOLUME.replace("spec:\n", "spec:\n  claimRef: {namespace: default, name: fsx-pvc}\n", 1)
    asked = CLAIM.replace("  volumeName: fsx-pv\n", "")
    lines = [line for line in f"{classless}---\n{asked}".splitlines() if "storageClassName" not in line]
    manifests = read(tmp_path, "\n".join(lines) + "\n")
    meta = {"name": "gp3", "annotations": {planned.DEFAULT_CLASS[0]: "true"}}
    gp3 = storage_class("gp3", provisioner="ebs.csi.aws.com", metadata=meta)
    claims = planned.claims((), (), (gp3,), manifests, NOW)
    volumes = planned.persistent_volumes((), claims, manifests)
    assert not isinstance(claims, Unavailable) and claims[0].spec.storage_class_name == "gp3"
    (found,) = findings(
        claim_has_its_volume, claims=claims, persistent_volumes=volumes, storage_classes=(gp3,), taken_at=NOW
    )
    assert found.verdict is Verdict.SKIP and "reserved for it and fits" in found.message


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        (VOLUME, [Verdict.PASS]),
        (f"{VOLUME}---\nkind: [\n", [Verdict.FAIL]),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n", [Verdict.SKIP]),
    ],
)
def test_documents_that_cannot_be_read_fail_at_their_place(tmp_path: Path, text: str, verdicts: list[Verdict]) -> None:
    found = findings(manifests_can_be_read, manifest_set=read(tmp_path, text))
    assert [f.verdict for f in found] == verdicts
    assert all(f.location and f.location.line > 1 for f in found if f.verdict is Verdict.FAIL)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (CLAIM.replace("volumeName: fsx-pv", "volumeName: ${PV_NAME}"), "volumeName"),
        (POD.replace("claimName: fsx-pvc", "claimName: '{{ .Values.claim }}'"), "claimName"),
        (VOLUME.replace("name: fsx-pv", "name: <volume-name>"), "name"),
    ],
)
def test_names_that_were_never_filled_in(tmp_path: Path, text: str, field: str) -> None:
    [found] = findings(nothing_was_left_open, manifest_set=read(tmp_path, text))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "unexpanded-variable")
    assert found.message.startswith(f"{field} is")


def test_filled_in_names_are_passed_over(tmp_path: Path) -> None:
    assert findings(nothing_was_left_open, manifest_set=read(tmp_path, f"{VOLUME}---\n{CLAIM}---\n{POD}")) == ()


def values(arn: str = "arn:aws:iam::111122223333:role/fsx", create: str = "true", repository: str = "x") -> str:
    return (
        f"image: {{repository: {repository}/aws-fsx-csi-driver, tag: v1.9.0}}\n"
        f"controller: {{serviceAccount: {{create: {create}, annotations: {{eks.amazonaws.com/role-arn: '{arn}'}}}}}}\n"
    )


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({}, Verdict.PASS),
        ({"arn": "arn:aws:iam::111122223333:role/"}, Verdict.FAIL),
        ({"arn": ""}, Verdict.FAIL),
        ({"arn": "arn:aws:iam::111122223333:role/", "create": "false"}, Verdict.WARN),
        ({"arn": "arn:aws-cn:iam::111122223333:role/team/fsx"}, Verdict.PASS),
    ],
)
def test_the_planned_role(tmp_path: Path, given: dict[str, str], verdict: Verdict) -> None:
    [found] = findings(planned_account_names_a_role, manifest_set=read(tmp_path, values(**given)))
    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("repository", "region", "verdict"),
    [
        ("public.ecr.aws/fsx-csi-driver", "ap-northeast-2", Verdict.PASS),
        ("602401143452.dkr.ecr.ap-northeast-2.amazonaws.com/eks", "ap-northeast-2", Verdict.PASS),
        ("602401143452.dkr.ecr.ap-northeast-2.amazonaws.com/eks", "", Verdict.PASS),
        ("602401143452.dkr.ecr.us-west-2.amazonaws.com/eks", "ap-northeast-2", Verdict.WARN),
        ("602401143452.dkr.ecr..amazonaws.com/eks", "", Verdict.FAIL),
        ("my-registry.example.com/mirror", "ap-northeast-2", Verdict.PASS),
    ],
)
def test_the_planned_images(tmp_path: Path, repository: str, region: str, verdict: Verdict) -> None:
    manifests = read(tmp_path, values(repository=repository))
    found = findings(planned_images_can_be_pulled, manifest_set=manifests, cluster_identity=identity(region))
    assert {f.verdict for f in found} == {verdict}, [f.message for f in found]


def test_offline_a_missing_fact_is_a_skip_and_not_an_open_question(tmp_path: Path) -> None:
    live = dict.fromkeys(("live_volumes", "live_claims", "live_classes"), OFFLINE)
    [found] = run_check(changes_nothing_immutable, {"manifest_set": read(tmp_path, VOLUME), **live}).findings
    assert found.verdict is Verdict.SKIP
    assert "--offline" in found.message
