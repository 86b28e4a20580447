"""A target that does not exist, is not Lustre's or excludes another: named, with what was probably meant."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from diag.analysis.missing_targets import missing_targets
from diag.resources.kubernetes import label_selector
from diag.resources.target import Target
from tests.checks.given import claim, denied, file_system, pod, table, volume

ONE, OTHER = "fs-04cb64a224a31f75d", "fs-0aaaaaaaaaaaaaaaa"


FACTS: dict[str, Any] = {
    "persistent_volumes": (
        volume("train-pv", ONE, claim="train-pvc", namespace="training"),
        volume("eval-pv", OTHER, claim="eval-pvc", namespace="evaluation"),
        volume("disk-pv", "vol-1", claim="data", namespace="web", driver="ebs.csi.aws.com", attributes={}),
    ),
    "claims": (
        claim("train-pvc", namespace="training", volume="train-pv"),
        claim("eval-pvc", namespace="evaluation", volume="eval-pv"),
        claim("data", namespace="web", volume="disk-pv"),
        claim("waiting", namespace="training", volume=""),
    ),
    "pods": (
        pod("trainer-7f9c", namespace="training", claims=("train-pvc",)),
        pod("evaluator", namespace="evaluation", claims=("eval-pvc",)),
        pod("web", namespace="web", claims=("data",)),
        pod("early", namespace="training", claims=("waiting",)),
    ),
    "file_systems": table(file_system(ONE), file_system(OTHER)),
}


def said(**target: tuple[str, ...]) -> list[str]:
    return [f"{missing.what}: {missing.detail}" for missing in missing_targets(Target(**target), FACTS)]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"claims": ("train-pvd",)}, "PersistentVolumeClaim train-pvd: not found; did you mean train-pvc"),
        ({"claims": ("training/eval-pvc",)}, "not found; there is one in namespace evaluation"),
        ({"claims": ("data",)}, "PersistentVolumeClaim data: it is bound to disk-pv, which is not an FSx for Lustre"),
        ({"volumes": ("trian-pv",)}, "PersistentVolume trian-pv: not found; did you mean train-pv"),
        ({"volumes": ("disk-pv",)}, "it is of the driver ebs.csi.aws.com, not FSx for Lustre"),
        ({"pods": ("trainer-7f9d",)}, "Pod trainer-7f9d: not found; did you mean trainer-7f9c? (only"),
        ({"pods": ("web/web",)}, "Pod web/web: it uses no FSx for Lustre volume; its claims are web/data"),
        ({"namespaces": ("trainning",)}, "Namespace trainning: no claim, and no pod that uses one, is in it; did you"
                                         " mean training"),
        ({"file_systems": ("fs-04cb64a224a31f75e",)}, f"no volume names it; did you mean {ONE}?"),
        ({"pods": ("evaluator",), "volumes": ("train-pv",)}, "--pod evaluator with --pv train-pv: no volume is in both:"
         " --pod evaluator selects eval-pv, --pv train-pv selects train-pv"),
        ({"pods": ("evaluator",), "claims": ("train-pvc",)}, "--pvc train-pvc with --pod evaluator: no volume is in"),
        ({"namespaces": ("training",), "file_systems": (OTHER,)}, "no volume is in both"),
    ],
)  # fmt: skip
def test_it_is_named_with_what_was_probably_meant(target: dict[str, tuple[str, ...]], message: str) -> None:
    (one,) = said(**target)
    assert message in one


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"claims": ("train-pvc", "evaluation/eval-pvc")},
        {"claims": ("waiting",)},
        {
            "volumes": ("train-pv",),
            "pods": ("trainer-7f9c",),
            "claims": ("training/train-pvc",),
            "file_systems": (ONE,),
        },
        {"pods": ("early",)},
        {"namespaces": ("training", "web")},
    ],
)
def test_what_exists_and_can_be_inspected_is_not(target: dict[str, tuple[str, ...]]) -> None:
    assert said(**target) == []


def test_one_missing_name_among_others_is_named() -> None:
    assert [text.partition(":")[0] for text in said(claims=("train-pvc", "nosuch"), pods=("nobody",))] == [
        "PersistentVolumeClaim nosuch",
        "Pod nobody",
    ]


@pytest.mark.parametrize("unread", list(FACTS))
def test_a_list_that_could_not_be_read_may_hold_the_name(unread: str) -> None:
    facts = FACTS | {unread: denied(unread)}
    named = {
        "persistent_volumes": Target(volumes=("nosuch",)),
        "claims": Target(claims=("nosuch",)),
        "pods": Target(pods=("nosuch",)),
        "file_systems": Target(file_systems=("fs-0123456789abcdef0",)),
    }
    assert missing_targets(named[unread], facts) == ()
    assert missing_targets(Target(namespaces=("nosuch",)), facts) == () or unread == "file_systems"


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("app=trainr", "Labels app=trainr: no Lustre volume has these labels, with its claim and a pod that uses it;"
                       " did you mean app=trainer"),
        ("app=web", "Labels app=web: no Lustre volume has these labels"),
        ("app=trainer", ""),
        ("app=early", ""),
    ],
)  # fmt: skip
def test_labels_that_no_lustre_volume_has_are_named(labels: str, message: str) -> None:
    apps = {"trainer-7f9c": "trainer", "web": "web", "early": "early"}
    pods = tuple(
        msgspec.structs.replace(one, metadata=msgspec.structs.replace(one.metadata, labels={"app": apps[name]}))
        for one in FACTS["pods"]
        if (name := one.metadata.name) in apps
    )
    facts = FACTS | {"pods": pods}
    found = [f"{one.what}: {one.detail}" for one in missing_targets(Target(selector=label_selector(labels)), facts)]
    assert len(found) == bool(message) and all(text.startswith(message) for text in found)
    both = Target(selector=label_selector("app=trainer"), volumes=("eval-pv",))
    (clash,) = missing_targets(both, facts)
    assert clash.what == "--pv eval-pv with -l app=trainer"
