"""A runbook's fix takes from an incident what is wanted, never what is wrong now."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from diag.advice.runbook import fix_of
from diag.knowledge.cause import Remedy
from diag.knowledge.runbooks import load_knowledge

CAUSES = load_knowledge().causes
PRESENT = {
    "volume": "fsx-pv", "claim": "data", "namespace": "prod", "file_system": "fs-0aaaaaaaaaaaaaaaa", "capacity": "1200",
    "right_dnsname": "fs-0aaaaaaaaaaaaaaaa.fsx.eu-west-1.amazonaws.com", "right_mountname": "aaaaabev",
    "storage_class": "of-the-claim", "addon_version": "v1.5.0-eksbuild.1", "cluster": "prod",
}  # fmt: skip
"""What is known of a volume that names the wrong file system, of a claim and of an installed add-on."""


def lines(cause: str, **values: str) -> str:
    fix = fix_of(CAUSES[cause], PRESENT | values)
    assert fix is not None
    return "\n".join(step.line for one in (fix, *fix.alternatives) for step in one.steps)


@pytest.mark.parametrize("cause", ["foreign-file-system", "file-system-not-lustre", "unexpanded-variable"])
def test_a_volume_for_another_file_system_takes_nothing_of_the_present_one(cause: str) -> None:
    assert "aaaaabev" not in lines(cause) and "<right-mountname>" in lines(cause)
    assert "aaaaabev" in lines(cause, right_handle="fs-0aaaaaaaaaaaaaaaa")


def test_a_volume_for_a_new_file_system_takes_nothing_of_the_broken_one() -> None:
    found = lines("file-system-deleting")
    assert "aaaaabev" not in found and "<right-mountname>" in found


def test_a_name_of_the_same_file_system_is_taken() -> None:
    assert "aaaaabev" in lines("wrong-mountname")


@pytest.mark.parametrize(
    ("cause", "present", "wanted"),
    [
        ("file-system-full", "--storage-capacity 1200", "<new-capacity>"),
        ("volume-expansion-failed", "--storage-capacity 1200", "<new-capacity>"),
        ("cloud-quota-exceeded", "--desired-value 1200", "<quota-value>"),
        ("claim-volume-mismatch", "of-the-claim", "<right-storage-class>"),
        ("csi-driver-outdated", "v1.5.0", "<new-addon-version>"),
    ],
)
def test_the_present_value_is_not_the_wanted_one(cause: str, present: str, wanted: str) -> None:
    assert present not in lines(cause)
    assert wanted in lines(cause)


def test_a_remedy_that_the_text_asks_for_is_the_first() -> None:
    cause, values = CAUSES["service-linked-role-missing"], {"role": "fsx-csi", "partition": "aws", "account": "1"}
    usual, asked = fix_of(cause, values), fix_of(cause, values, seen={"cannot-create-s3-role"})
    assert usual is not None and "create-service-linked-role" in usual.commands[0]
    assert asked is not None and any("s3.data-source.lustre.fsx" in step.line for step in asked.steps)
    assert len(asked.alternatives) == len(usual.alternatives)


def test_a_remedy_that_only_another_text_asks_for_is_the_last() -> None:
    fix = fix_of(CAUSES["service-linked-role-missing"], PRESENT, seen={"role-action-denied"})
    assert fix is not None and any("s3.data-source.lustre.fsx" in step.line for step in fix.alternatives[-1].steps)


def test_what_a_person_edits_parts_the_commands_before_from_those_after() -> None:
    """A pasted chain would go on with the document as it was, or stop in an editor."""
    fix = fix_of(CAUSES["pod-on-fargate"], {})
    assert fix is not None
    way = fix.alternatives[-1]
    place = next(place for place, (step, rows) in enumerate(way.acts) if not rows)
    before, after = (
        "\n".join(row for _, rows in part for row in rows) for part in (way.acts[:place], way.acts[place:])
    )
    assert "selectors" in way.acts[place][0].text
    assert "cp " in before and "create-fargate-profile" not in before and "create-fargate-profile" in after
    fixes = [fix for cause in CAUSES.values() if (fix := fix_of(cause, {}))]
    everywhere = [step.line for fix in fixes for one in (fix, *fix.alternatives) for step in one.steps]
    assert not any(line.startswith(("vi ", "vim ", "nano ", "by hand")) for line in everywhere)


@pytest.mark.parametrize("cause", ["duplicate-volumehandle"])
def test_a_step_by_hand_says_where_its_text_stands(cause: str) -> None:
    fix = fix_of(CAUSES[cause], {}, on_page=True)
    assert fix is not None
    said = " ".join(step.says for one in (fix, *fix.alternatives) for step in one.steps)
    assert "on this page" in said and "below>" not in said


def test_where_the_state_of_before_was_not_kept_nothing_is_worked_out_of_it_or_changed(tmp_path: Path) -> None:
    """A file of an earlier try would be changed and given back as if it were the present state."""
    remedy = Remedy(
        title="Change it",
        save="printf now > it.before.json\ngrep -o now it.before.json > it.after.json",
        command="cp it.after.json it.json",
        changes="Change it.",
    )
    fix = fix_of(msgspec.structs.replace(CAUSES["mountname-missing"], fix=(remedy,)), {})
    assert fix is not None
    script = "\n".join(fix.commands)

    def changed() -> str:
        subprocess.run(["sh", "-c", script], cwd=tmp_path, check=False, capture_output=True)
        made = tmp_path / "it.json"
        return made.read_text().strip() if made.exists() else ""

    (tmp_path / "it.before.json").write_text("earlier")
    (tmp_path / "it.after.json").write_text("earlier")
    assert changed() == ""
    (tmp_path / "it.before.json").unlink()
    assert changed() == "now"
