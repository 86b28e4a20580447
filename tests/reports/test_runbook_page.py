"""The page of a runbook has every word of its body: `lustre-doctor runbook ID` is what is read when nothing works."""

from __future__ import annotations

import re

import pytest

from diag.advice.names import named_in
from diag.advice.platform import HOST, UNKNOWN, Platform
from diag.advice.runbook import fix_of, foreign_options, numbers_of_options
from diag.knowledge.runbooks import load_knowledge
from diag.reports.runbook import FILLED, NAMES, NoSuchOption, body_of, to_page
from tests.runbooks.test_files import TEXTS

CAUSES = load_knowledge().causes
FIRST = re.compile(r"^## .+\n+(?![-*#|`\d])([^`*\[{<\n]{10,50})", re.MULTILINE)
"""How the text below a heading begins, with or without an empty line between, up to what a page writes otherwise."""


def test_no_paragraph_is_left_out() -> None:
    for id, text in TEXTS.items():
        page = " ".join(to_page(CAUSES[id], text, {}, {}, width=200).split())
        begun = [" ".join(line.split()) for line in FIRST.findall(body_of(text))]
        assert begun and [line for line in begun if line not in page] == [], id


def test_a_paragraph_that_follows_its_heading_at_once_is_kept() -> None:
    body = "---\nid: x\n---\n## What it means\nThe very words.\n\n## How to verify\n- one\n"
    page = to_page(CAUSES["kubelet-path-wrong"], body, {}, {})
    assert "\nThe very words.\n" in page and "- one" in page


def test_each_option_has_its_number_and_each_command_stands_below_what_it_does() -> None:
    id = "startup-taint-stuck"
    lines = to_page(CAUSES[id], TEXTS[id], {}, {}).splitlines()
    options = [line.partition(":")[0] for line in lines if line.startswith("Option ")]
    assert options == [f"Option {number} of {len(options)}" for number in range(1, len(options) + 1)]
    assert len(options) > 2
    (at,) = (at for at, line in enumerate(lines) if "kubectl taint nodes '<node>' fsx.csi.aws.com" in line)
    said = next(line.strip() for line in reversed(lines[:at]) if not line.startswith(" " * 5))
    assert "taint" in said and "kubectl" not in said


def test_an_option_says_what_it_does_and_for_which_case_it_is() -> None:
    """Who reads at night chooses by what is done; what an option needs besides stands under it."""
    cause, text = CAUSES["aws-endpoint-unreachable"], TEXTS["aws-endpoint-unreachable"]
    fix = fix_of(cause, {}, on_page=True)
    assert fix is not None
    page = to_page(cause, re.sub(r"^\|.*\|\n", "", text, flags=re.MULTILINE), {}, {}, width=300)
    for number, option in enumerate((fix, *fix.alternatives), 1):
        assert f"\nOption {number} of {1 + len(fix.alternatives)}: {option.title}\n" in page
        assert f"\n  Use this if {option.when}.\n" in page or not option.when


def test_an_option_that_the_choice_names_is_not_listed_again() -> None:
    choice = "## How to fix\n\nWhich option: option 1 if it is new, else options 3 to 4.\n"
    page = to_page(CAUSES["aws-endpoint-unreachable"], f"---\nid: x\n---\n{choice}", {}, {}, width=300)
    options = set(re.findall(r"^Option (\d) of", page, re.MULTILINE))
    assert set(re.findall(r"^  Option (\d)  ", page, re.MULTILINE)) == options - {"1", "3", "4"} != set()


def test_a_note_that_another_option_has_is_said_once() -> None:
    rebooted = to_page(CAUSES["lnet-wrong-interface"], TEXTS["lnet-wrong-interface"], {}, {}, width=200)
    assert rebooted.count("batch-reboot-cluster-nodes") == 1 < rebooted.count("aws ec2 reboot-instances --")
    assert "The notes of option 1, step 1 hold here too." in rebooted


def test_each_name_is_explained_where_it_is_needed_first() -> None:
    """Fourteen names between the meaning and the first look make a reader lose the cause."""
    page = to_page(CAUSES["mountname-missing"], TEXTS["mountname-missing"], {}, {})
    explained = re.findall(r"^ {4}<([a-z-]+)> +\S", page, re.MULTILINE)
    assert explained and len(explained) == len(set(explained))
    for name in explained:
        told = page.index(re.search(rf"^ {{4}}<{name}> ", page, re.MULTILINE)[0])  # type: ignore[index]
        used = min(found.start() for found in re.finditer(rf"^.*<{name}>.*$", page, re.MULTILINE))
        assert used <= told and page.count("\nOption", used, told) <= 1, name
    order = ["\nHow to verify\n", FILLED[:20], f"\n{NAMES}", "\nOption 1 of", "\nHow to check that it worked"]
    assert sorted(order, key=page.index) == order


@pytest.mark.parametrize("heading", ["How to verify", "How to fix", "Notes"])
def test_a_page_without_some_section_begins_with_its_title(heading: str) -> None:
    text = f"---\nid: x\n---\n## {heading}\n\nkubectl -n {{namespace}} get pvc {{claim}}\n"
    page = to_page(CAUSES["mountname-missing"], text, {}, {})
    assert page.startswith(CAUSES["mountname-missing"].title) and page.index("layer ") < page.index(NAMES)


def test_one_option_alone_has_its_names_and_what_shows_that_it_worked() -> None:
    cause, text = CAUSES["client-server-version-mismatch"], TEXTS["client-server-version-mismatch"]
    page = to_page(cause, text, {}, {}, option=2)
    assert page.startswith(cause.title) and re.findall(r"^Option (\d)", page, re.MULTILINE) == ["2"]
    assert "    <file-system>" in page and "How to check that it worked" in page and "How to prevent" not in page
    with pytest.raises(NoSuchOption, match="has no option 99 here; it has 1 to"):
        to_page(cause, text, {}, {}, option=99)


def test_an_option_for_another_platform_than_eks_is_named_and_printed_on_request() -> None:
    cause, text = CAUSES["mountpoint-missing"], TEXTS["mountpoint-missing"]
    (host,) = foreign_options(cause)
    asked = f"lustre-doctor runbook mountpoint-missing --option {host}"
    whole, alone, there = (
        to_page(cause, text, {}, {}, option=option, platform=place)
        for option, place in ((0, UNKNOWN), (host, UNKNOWN), (0, HOST))
    )
    assert asked in whole and "sudo mkdir" not in whole and "if you are on" in " ".join(whole.split())
    assert "sudo mkdir" in alone and "sudo mkdir" in there and asked not in alone + there


def test_how_a_run_fills_a_page_in_is_said_once() -> None:
    """Also where the first commands have no name in them."""
    pages = {id: to_page(CAUSES[id], text, {}, {}, width=200) for id, text in TEXTS.items()}
    assert {page.count(FILLED) for page in pages.values()} == {1}


def test_what_only_refers_to_other_pages_stands_once_with_their_titles() -> None:
    text = (
        "---\nid: x\n---\n\n## References\n\n* See also [[claim-pending]], [[pv-released]]\n* [A page](https://a.b/c)\n"
    )
    page = to_page(CAUSES["mountname-missing"], text, {}, {id: cause.title for id, cause in CAUSES.items()})
    assert "See also" not in page and page.count("claim-pending") == 1 and CAUSES["pv-released"].title in page
    assert "- A page <https://a.b/c>" in page


def test_two_options_have_no_list() -> None:
    page = to_page(CAUSES["access-mode-rejected"], TEXTS["access-mode-rejected"], {}, {})
    assert "\nOption 1 of 2: " in page and "\n  Option 1  " not in page


def test_who_installed_the_driver_is_asked_once_above_the_options() -> None:
    page = to_page(CAUSES["imds-unreachable"], TEXTS["imds-unreachable"], {}, {})
    assert page.count("-L app.kubernetes.io/managed-by") == 1
    assert page.index("-L app.kubernetes.io/managed-by") < page.index("Option 1 of ")
    known = to_page(CAUSES["imds-unreachable"], TEXTS["imds-unreachable"], {"installer": "Helm", "release": "fsx"}, {})
    assert "managed-by" not in known and "if Helm installed the driver" not in known


def test_an_option_keeps_the_number_by_which_the_text_names_it() -> None:
    """Who installed the driver with Helm does not see the add-on's option; the table of the page counts all of them."""
    id = "csidriver-object-missing"
    numbers = {
        installer: [int(n) for n in re.findall(r"(?m)^Option (\d+)", page_for(id, installer))]
        for installer in ("", "Helm", "EKS add-on", "manifests")
    }
    assert numbers[""] == [*range(1, len(numbers[""]) + 1)]
    assert 1 in numbers["Helm"] and 2 not in numbers["Helm"]
    assert 2 in numbers["EKS add-on"] and 1 not in numbers["EKS add-on"]
    assert "whose number is missing" in page_for(id, "Helm") and "whose number is missing" not in page_for(id, "")


def test_one_setting_of_the_driver_is_one_option_with_the_change_of_each_installer() -> None:
    page = page_for("region-undetermined", "")
    steps = [
        "  1. With Helm: ",
        "helm upgrade",
        "     Or with the EKS add-on or manifests: ",
        "set env",
        "  2. Wait",
        "update-addon",
    ]
    places = [page.index(step) for step in steps]
    assert places == sorted(places) and page.count("helm upgrade") == 1
    undo = page.partition("  Undo:\n")[2]
    assert (
        undo.index("With Helm:") < undo.index("helm rollback") < undo.index("manifests:") < undo.index("rollout undo")
    )
    helm = page_for("region-undetermined", "Helm")
    assert "With Helm" not in helm and "set env" not in helm and "update-addon" not in helm


def test_a_file_of_an_earlier_try_is_told_of_where_one_stops_a_command() -> None:
    for option, told in ((0, 1), (1, 0), (2, 1)):
        cause, text = CAUSES["ost-unavailable"], TEXTS["ost-unavailable"]
        page = to_page(cause, text, {}, {}, option=option)
        assert page.count("cannot overwrite existing file") == told == min(1, page.count("set -o noclobber")), option


def test_a_brief_page_has_the_steps_of_short_options_and_the_command_for_long_ones() -> None:
    id = "ost-unavailable"
    whole, brief = (to_page(CAUSES[id], TEXTS[id], {}, {}, is_brief=is_brief) for is_brief in (False, True))
    for page in (whole, brief):
        assert [*re.findall(r"(?m)^Option (\d)", page)] == ["1", "2", "3", "4"]
        assert "active=0" in page and "Change nothing." in page
    command = f"\n      lustre-doctor runbook {id} --option 2\n"
    assert "create-file-system " in whole and command not in whole
    assert "create-file-system " not in brief and command in brief and "<backup>" not in brief
    alone = to_page(CAUSES[id], TEXTS[id], {}, {}, is_brief=True, option=2)
    assert "create-file-system " in alone
    filled = to_page(CAUSES[id], TEXTS[id], {}, {}, is_brief=True, filled_from="my run.json")
    assert f"{command.rstrip()} --with 'my run.json'\n" in filled


def test_a_brief_page_has_a_long_undo_by_the_command_that_prints_it() -> None:
    for id, last in (
        ("mountname-missing", "Start the pods again."),
        ("vpc-dns-disabled", "dns-support-of-<node-vpc>.before.json"),
    ):
        whole, brief = (to_page(CAUSES[id], TEXTS[id], {}, {}, is_brief=is_brief) for is_brief in (False, True))
        is_long = id == "mountname-missing"
        assert last in whole and (last in brief) is not is_long
        assert ("Undo: this prints the option with it:" in brief) is is_long
        assert last in to_page(CAUSES[id], TEXTS[id], {}, {}, is_brief=True, option=1)


def test_a_brief_page_has_the_first_option_whole() -> None:
    for id, cause in CAUSES.items():
        brief = " ".join(to_page(cause, TEXTS[id], {}, {}, is_brief=True).split())
        is_foreign = 1 in foreign_options(cause)
        assert (f"This prints its steps: lustre-doctor runbook {id} --option 1 " in brief) is is_foreign, id


def test_how_a_run_fills_the_names_stands_where_the_first_are_needed() -> None:
    page = to_page(CAUSES["ost-unavailable"], TEXTS["ost-unavailable"], {}, {}, option=1)
    assert page.index("Change nothing.") < page.index("A run finds most") < page.index("To fill them in by hand")


def page_for(id: str, installer: str) -> str:
    return to_page(CAUSES[id], TEXTS[id], {"installer": installer} if installer else {}, {})


@pytest.mark.parametrize("place", [UNKNOWN, Platform("aws", True), HOST, Platform("gcp", True)])
@pytest.mark.parametrize("installer", ["", "Helm", "EKS add-on", "manifests"])
def test_every_option_of_every_page_has_one_number(installer: str, place: Platform) -> None:
    for cause in CAUSES.values():
        values = {"installer": installer} if installer else {}
        fix = fix_of(cause, values, place, on_page=True)
        numbers = numbers_of_options(cause, values, place)
        assert 0 not in numbers and list(numbers) == sorted(set(numbers)), cause.id
        assert "How to fix" in to_page(cause, TEXTS[cause.id], values, {}, platform=place), cause.id
        assert fix is None or not numbers or len(numbers) == len((fix, *fix.alternatives)), cause.id


def test_an_option_that_names_the_add_on_itself_is_not_told_who_installed_the_driver() -> None:
    twice = to_page(CAUSES["csi-driver-installed-twice"], TEXTS["csi-driver-installed-twice"], {}, {})
    assert "Option 1 of" in twice and "add-on" in twice and "says what installed the driver" not in twice
    rbac = to_page(CAUSES["csi-controller-rbac"], TEXTS["csi-controller-rbac"], {}, {})
    assert "if the EKS add-on installed the driver" in " ".join(rbac.split())


def test_objects_that_were_edited_are_put_back_by_helm_4_too() -> None:
    restored, set_ = ("csi-controller-rbac", "imds-unreachable")
    pages = {id: to_page(CAUSES[id], TEXTS[id], {"installer": "Helm"}, {}) for id in (restored, set_)}
    assert "--force-conflicts" in pages[restored] and "--force-conflicts" not in pages[set_]


def test_a_cause_of_hosts_has_no_command_of_a_cluster() -> None:
    page = to_page(CAUSES["ssk-key-missing"], TEXTS["ssk-key-missing"], {}, {})
    assert "sudo sh -c 'grep" in page and "kubectl" not in page


def test_a_debug_pod_is_not_left_behind() -> None:
    said = "leaves a finished pod node-debugger-"
    assert said in to_page(CAUSES["port-988-in-use"], TEXTS["port-988-in-use"], {}, {})
    assert said not in to_page(CAUSES["dnsname-missing"], TEXTS["dnsname-missing"], {}, {})


def test_a_table_fits_the_page() -> None:
    page = to_page(CAUSES["pod-unschedulable"], TEXTS["pod-unschedulable"], {}, {}, width=90)
    rows = page.partition("the scheduler says  ")[2].partition("\n\n")[0].splitlines()
    assert len(rows) > 7 and max(map(len, rows)) <= 90


def test_what_is_waited_for_has_its_label() -> None:
    page = to_page(CAUSES["pod-creation-refused"], TEXTS["pod-creation-refused"], {}, {})
    assert re.search(r"Wait.*\n +kubectl -n '<other-namespace>' rollout status", page)


def test_a_name_is_found_where_the_case_of_the_page_has_it() -> None:
    """A claim that waits has no file system yet, whose subnet another page asks for; and IRSA is not the only way."""
    of_class, of_file_system = names_of("subnet-out-of-addresses"), names_of("nacl-blocks-lustre")
    assert "get storageclass" in of_class["subnet"] and "describe-file-systems" in of_file_system["subnet"]
    assert "file-system" not in of_class and "file-system" in of_file_system
    assert "describe-pod-identity-association" in names_of("service-linked-role-missing")["role"]
    assert "pcluster" in names_of("parallelcluster-bootstrap-timeout")["cluster-name"]


def names_of(id: str) -> dict[str, str]:
    """The commands under each name that a page leaves open."""
    page = to_page(CAUSES[id], TEXTS[id], {}, {})
    return {name: source.command + source.otherwise for source in named_in(page, id) for name in source.names}


def test_one_chooses_before_one_reads_the_options() -> None:
    """A table, or a paragraph of which option, that stands first is before the steps; other text follows them."""
    cause = CAUSES["volume-expansion-failed"]
    table = "| what you see | do |\n| --- | --- |\n| the very first | option 1 |\n\nWhat else there is.\n"
    for choice in (table, "Which option: the very first, option 1.\n\nWhat else there is.\n"):
        page = to_page(cause, f"---\nid: x\n---\n## How to fix\n\n{choice}", {}, {})
        order = ["How to fix", "the very first", "\nOption 1 of", "Undo", "What else there is", "How to check that it"]
        assert sorted(order, key=page.index) == order and page.count("the very first") == 1


def test_a_page_says_what_shows_the_end_of_its_own_cause() -> None:
    """A volume that is to go never shows a Bound claim."""
    page = to_page(CAUSES["volume-deletion-stuck"], TEXTS["volume-deletion-stuck"], {}, {})
    assert "NotFound" in page and "Bound. To a volume that exists" not in page
    other = to_page(CAUSES["s3-access-denied"], TEXTS["s3-access-denied"], {}, {})
    assert "Bound. To a volume that exists" in other


def test_a_second_run_of_a_block_does_not_write_over_what_it_saved() -> None:
    saving = to_page(CAUSES["volume-deletion-stuck"], TEXTS["volume-deletion-stuck"], {}, {}, width=200)
    assert "(set -o noclobber; kubectl get pv '<volume>' -o yaml > 'pv-<volume>.before.yaml')" in saving
