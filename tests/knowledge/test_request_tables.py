"""The tables of StorageClass parameters and of mount options."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.knowledge.fsx_create import Member, fsx_model, fsx_rules, wrong_value
from diag.knowledge.kubernetes_fields import fields_of, fields_table, shape_of
from diag.knowledge.mount_options import Meaning, mount_options_table, read_options
from diag.knowledge.runbooks import load_knowledge
from diag.knowledge.storage_class import (
    Takes,
    class_refusals,
    likely_value,
    misspelt,
    nearest_key,
    parameters_table,
    repaired,
)
from tests.knowledge.fsx_model import members
from tests.knowledge.kubernetes_fields import KINDS, types

KEYS = [parameter.key for parameter in parameters_table().parameters]


def test_every_rule_speaks_of_members_of_the_model_and_of_a_cause_that_has_a_runbook() -> None:
    causes = load_knowledge().causes
    for rule in fsx_rules().rules:
        assert rule.members <= {*fsx_model().members, "BackupId"}, rule
        assert rule.cause in causes, rule
        assert set(re.findall(r"\{([A-Za-z.]+)\}", rule.says)) <= set(fsx_model().members), rule


def test_every_parameter_becomes_a_member_and_every_word_of_it_is_taken() -> None:
    for parameter in parameters_table().parameters:
        assert parameter.member in fsx_model().members or parameter.kind is Takes.TAGS
        assert all(not wrong_value(parameter.member, word) for word in parameter.values)


def test_every_example_of_a_form_is_taken() -> None:
    for member, form in fsx_rules().forms.items():
        if form.example and not form.example.startswith("a "):
            assert wrong_value(member, form.example) == ""


def test_the_model_is_that_of_the_installed_botocore() -> None:
    shipped = {name: msgspec.structs.asdict(row) for name, row in fsx_model().members.items()}
    installed = {name: msgspec.structs.asdict(msgspec.convert(row, Member)) for name, row in members().items()}
    assert shipped == installed, "run: python -m tests.knowledge.fsx_model --write, and read what changed"


def test_the_fields_are_those_of_the_installed_client() -> None:
    shipped = {shape: fields_of(shape) for shape in fields_table().types}
    assert shipped == types(), "run: python -m tests.knowledge.kubernetes_fields --write, and read what changed"
    assert all(shape_of(kind) in shipped for kind in KINDS) and not shape_of("ConfigMap")


@given(st.sampled_from(KEYS), st.data())
def test_a_key_in_another_case_is_recognised(key: str, data: st.DataObject) -> None:
    written = "".join(data.draw(st.sampled_from((c.lower(), c.upper()))) for c in key)
    assert nearest_key(written) == key
    assert misspelt([written], key) == ("" if written == key else written)


@pytest.mark.parametrize(
    ("key", "written", "meant"),
    [
        ("perUnitStorageThroughput", "250MBps", "250"),
        ("perUnitStorageThroughput", "high", ""),
        ("automaticBackupRetentionDays", "14 days", "14"),
        ("automaticBackupRetentionDays", "100", "90"),
        ("automaticBackupRetentionDays", "-1", "0"),
    ],
)
def test_a_number_with_a_unit_or_beyond_its_bounds_is_the_nearest_one(key: str, written: str, meant: str) -> None:
    assert likely_value(key, written) == meant


@pytest.mark.parametrize(
    ("parameters", "changes"),
    [
        ({"deploymentType": "PERSISTENT_1"}, {"perUnitStorageThroughput": "50"}),
        ({"deploymentType": "PERSISTENT_2"}, {"perUnitStorageThroughput": "125"}),
        ({"deploymentType": "SCRATCH_2", "storageType": "HDD"}, {"storageType": None}),
    ],
)
def test_a_repair_is_taken_by_every_rule(parameters: dict[str, str], changes: dict[str, str | None]) -> None:
    assert repaired(parameters) == changes


@given(st.dictionaries(st.sampled_from(KEYS), st.text(max_size=12)))
def test_no_values_break_the_rules(parameters: dict[str, str]) -> None:
    assert all(refusal.message for refusal in class_refusals(parameters))
    assert all(key in KEYS for key in repaired(parameters))


def test_a_known_option_is_not_taken_for_a_shorter_one_that_it_begins_with() -> None:
    table = mount_options_table()
    for word in (*table.helper.words, *table.client.words, *table.newer_client.words, *table.parsed.words):
        (option,) = read_options([f"{word}x" if word.endswith("=") else word])
        assert option.meaning is Meaning.KNOWN, word


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["flock,noatime", " relatime "], [Meaning.KNOWN] * 3),
        (["", ","], []),
        (["context=system_u:object_r:container_file_t:s0"], [Meaning.KNOWN]),
        (["x-systemd.requires=network.service"], [Meaning.UNSURE]),
        (["asynchronous"], [Meaning.MISTAKEN]),
        (["noresvport"], [Meaning.UNKNOWN]),
    ],
)
def test_options_are_taken_apart_as_mount_does(given: list[str], read: list[Meaning]) -> None:
    assert [option.meaning for option in read_options(given)] == read


@given(st.lists(st.text(max_size=20)))
def test_no_option_breaks_the_reader(given: list[str]) -> None:
    assert all(option.text == option.text.strip() and "," not in option.text for option in read_options(given))


def test_the_tables_say_when_they_were_read() -> None:
    for date in (
        fields_table().date,
        parameters_table().date,
        mount_options_table().date,
        fsx_model().date,
        fsx_rules().date,
    ):
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", date)
