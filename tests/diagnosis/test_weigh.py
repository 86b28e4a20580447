"""Given these texts and findings, these causes in this order."""

from __future__ import annotations

from diag import Finding, Kind, Layer, Subject, Verdict
from diag.diagnosis.weigh import Evidence, weigh
from diag.knowledge.cause import Cause, Observation, Refutation, Remedy, Severity, Signature, Source, Weight
from diag.model.diagnosis import CauseVerdict, Likelihood
from diag.model.symptom import Hit, Medium, Phase, Symptom

NODE = Subject(Kind.NODE, "node")


def cause(
    id: str, layer: Layer = Layer.NETWORK, *, broader: str = "", phase: Phase = Phase.MOUNT, **more: object
) -> Cause:
    return Cause(
        id, id.replace("-", " "), layer, (phase,), Severity.BLOCKS, ("any",), (Source("a page"),), broader, **more
    )  # type: ignore[arg-type]


def seen(*hits: tuple[str, Weight], text: str = "it failed") -> Symptom:
    return Symptom(text, Medium.EVENT, hits=tuple(Hit(id, "s", weight.value, text) for id, weight in hits))


def failing(id: str, layer: Layer = Layer.NETWORK) -> Finding:
    return Finding("a-check", layer, NODE, Verdict.FAIL, f"{id} is so", cause=id)


def passing(*ids: str) -> Finding:
    return Finding("a-check", Layer.NETWORK, NODE, Verdict.PASS, "it is right", rules_out=ids)


CAUSES = {c.id: c for c in (
    cause("network"), cause("rule-missing-in-a-group", broader="network"), cause("name", Layer.REQUEST),
    cause("version", Layer.CLIENT, confirm=(Observation("the version of {file_system}", "aws fsx {file_system}"),),
          fix=(Remedy(command="fix {file_system}", changes="changes it", undo="undo it"),
               Remedy(command="make another"))),
    cause("role", Layer.IDENTITY, phase=Phase.PROVISION),
    cause("refuted-by-text", rule_out=(Refutation("it came back", pattern="Connection restored"),)),
    cause("worded", signatures=(Signature("s", Weight.STRONG, "x", "y", says="server {server_version} refused"),)),
)}  # fmt: skip


def weighed(*symptoms: Symptom, findings: tuple[Finding, ...] = (), **more: object) -> dict[str, CauseVerdict]:
    return {v.id: v for v in weigh(Evidence(symptoms, findings, **more), CAUSES)}  # type: ignore[arg-type]


def order(*symptoms: Symptom, findings: tuple[Finding, ...] = ()) -> list[tuple[str, str]]:
    return [(v.id, v.verdict.value) for v in weigh(Evidence(symptoms, findings), CAUSES)]


def test_a_decisive_text_confirms() -> None:
    assert order(seen(("version", Weight.DECISIVE))) == [("version", "confirmed")]


def test_a_strong_text_makes_likely_and_names_what_settles_it() -> None:
    found = weighed(seen(("version", Weight.STRONG)), values={"file_system": "fs-0123456789abcdef0"})["version"]
    assert found.verdict is Likelihood.LIKELY
    assert found.next == ("the version of fs-0123456789abcdef0\naws fsx fs-0123456789abcdef0",)


def test_a_shared_text_stays_possible_for_all() -> None:
    assert order(seen(("network", Weight.WEAK), ("name", Weight.WEAK))) == [
        ("name", "possible"),
        ("network", "possible"),
    ]


def test_a_failing_check_on_the_path_confirms_what_a_text_only_suggests() -> None:
    both = order(seen(("version", Weight.STRONG), ("name", Weight.WEAK)), findings=(failing("version"),))
    assert both == [("version", "confirmed"), ("name", "possible")]


def test_a_passing_check_rules_out_what_the_text_suggests() -> None:
    found = weighed(seen(("name", Weight.STRONG), ("network", Weight.WEAK)), findings=(passing("name"),))["name"]
    assert found.verdict is Likelihood.RULED_OUT
    assert found.against == ("it is right (check a-check)",)


def test_where_all_is_refuted_what_the_text_mostly_means_stays_possible() -> None:
    shown = order(seen(("name", Weight.STRONG), ("network", Weight.WEAK)), findings=(passing("name", "network"),))
    assert shown == [("name", "possible"), ("network", "ruled-out")]


def test_a_decisive_text_against_a_passing_check_is_neither_confirmed_nor_forgotten() -> None:
    assert order(seen(("version", Weight.DECISIVE)), findings=(passing("version"),)) == [("version", "possible")]


def test_a_check_of_something_else_says_nothing_against_a_text() -> None:
    """A text about the node's role, and a check of the controller's; of two texts one is the check's own matter."""
    of_another = Signature("s", Weight.DECISIVE, "x", "y", beyond=("a-check",))
    causes = {"role": cause("role", signatures=(of_another, Signature("own", Weight.WEAK, "x", "y")))}

    def verdict(*signatures: str, check: str = "a-check") -> str:
        hits = tuple(Hit("role", id, Weight.DECISIVE.value, "it failed") for id in signatures)
        passes = Finding(check, Layer.NETWORK, NODE, Verdict.PASS, "it is right", rules_out=("role",))
        (found,) = weigh(Evidence((Symptom("it failed", Medium.EVENT, hits=hits),), (passes,)), causes)
        return found.verdict.value

    assert verdict("s") == "confirmed"
    assert verdict("own") == verdict("s", "own") == verdict("s", check="another-check") == "possible"


def test_where_nothing_is_left_what_a_check_warns_of_is_possible() -> None:
    """A claim waits, all that its text may mean is refuted, and the subnets have no way out that any table shows."""
    warning = Finding("another", Layer.IDENTITY, NODE, Verdict.WARN, "there is no way out", cause="role")
    shown = seen(("name", Weight.WEAK))

    def told(*findings: Finding, phase: Phase | None = None) -> list[tuple[str, str]]:
        return [(v.id, v.verdict.value) for v in weigh(Evidence((shown,), findings, phase=phase), CAUSES)]

    assert told(passing("name"), warning) == [("role", "possible"), ("name", "ruled-out")]
    assert told(passing("name"), warning, phase=Phase.MOUNT) == [("name", "ruled-out")]
    assert told(warning) == [("name", "possible")]


def test_the_specific_cause_comes_before_its_broader_one() -> None:
    shown = order(seen(("network", Weight.STRONG), ("rule-missing-in-a-group", Weight.STRONG)))
    assert shown == [("rule-missing-in-a-group", "likely"), ("network", "likely")]


def test_a_cause_that_a_text_shows_comes_before_one_that_only_a_check_found() -> None:
    shown = order(seen(("version", Weight.WEAK)), findings=(failing("name"), failing("version")))
    assert [id for id, _ in shown] == ["version", "name"]


def test_without_texts_the_first_broken_layer_comes_first() -> None:
    assert [id for id, _ in order(findings=(failing("version"), failing("name"), failing("network")))] == [
        "name",
        "network",
        "version",
    ]


def test_what_only_breaks_provisioning_is_never_blamed_for_a_mount() -> None:
    assert "role" not in weighed(seen(("name", Weight.WEAK)), findings=(failing("role"),), phase=Phase.MOUNT)
    assert "role" in weighed(findings=(failing("role"),), phase=Phase.PROVISION)


def warning(id: str) -> Finding:
    return Finding("a-check", Layer.NETWORK, NODE, Verdict.WARN, f"{id} may be so", cause=id)


def test_a_warning_makes_likely_what_the_text_fits_and_comes_before_the_general_cause() -> None:
    shown = order(seen(("network", Weight.STRONG)), findings=(warning("rule-missing-in-a-group"),))
    assert shown == [("rule-missing-in-a-group", "likely"), ("network", "likely")]


def test_a_warning_that_no_text_fits_is_not_blamed() -> None:
    assert order(seen(("version", Weight.STRONG)), findings=(warning("rule-missing-in-a-group"),)) == [
        ("version", "likely")
    ]


def test_benign_noise_is_never_a_cause() -> None:
    assert order(seen(("name", Weight.BENIGN))) == []


def test_a_text_beside_the_symptom_can_refute() -> None:
    hit = seen(("refuted-by-text", Weight.STRONG))
    assert order(hit) == [("refuted-by-text", "likely")]
    assert order(hit, Symptom("Connection restored to X", Medium.KERNEL_LOG)) == [("refuted-by-text", "ruled-out")]


def test_the_words_of_a_signature_use_the_values_in_the_text() -> None:
    hit = Hit("worded", "s", "strong", "raw", (("server_version", "2.10.5.0"),))
    found = weighed(Symptom("raw", Medium.EVENT, hits=(hit,)))["worded"]
    assert found.for_ == ("server 2.10.5.0 refused",)


def test_the_safest_remedy_is_the_fix_and_the_others_its_alternatives() -> None:
    fix = weighed(findings=(failing("version"),), values={"file_system": "fs-0123456789abcdef0"})["version"].fix
    assert fix is not None
    assert (fix.commands, fix.note, fix.undo) == (("fix fs-0123456789abcdef0",), "changes it", "undo it")
    assert [other.commands for other in fix.alternatives] == [("make another",)]
