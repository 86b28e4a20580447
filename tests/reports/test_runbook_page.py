"""The page of a runbook has every word of its body: `lustre-doctor runbook ID` is what is read when nothing works."""

from __future__ import annotations

import re

import pytest

from diag.advice.names import named_in
from diag.advice.platform import HOST, UNKNOWN, Platform
from diag.advice.runbook import fix_of, numbers_of_ways
from diag.knowledge.runbooks import load_knowledge
from diag.reports.runbook import NAMES, body_of, to_page
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


def test_each_way_has_its_number_and_each_command_stands_above_what_it_does() -> None:
    id = "startup-taint-stuck"
    lines = to_page(CAUSES[id], TEXTS[id], {}, {}).splitlines()
    ways = [line.partition(":")[0] for line in lines if line.startswith("Way ")]
    assert ways == [f"Way {number} of {len(ways)}" for number in range(1, len(ways) + 1)] and len(ways) > 2
    (at,) = (at for at, line in enumerate(lines) if "kubectl taint nodes '<node>' fsx.csi.aws.com" in line)
    assert lines[at + 1].strip() == "removes the taint by hand"


def test_the_case_of_a_way_is_its_heading_and_stands_in_the_list_above() -> None:
    """Who reads at night chooses once, at the top; what a way needs besides stays under it."""
    table = re.compile(r"^\|.*\|\n", re.MULTILINE)
    text = table.sub("", TEXTS["aws-endpoint-unreachable"])
    page = to_page(CAUSES["aws-endpoint-unreachable"], text, {}, {}, width=300)
    cases = re.findall(r"^Way (\d) of \d: (.+)$", page, re.MULTILINE)
    assert len(cases) > 2
    assert [case for number, case in cases if f"\n  Way {number}  {case}\n" not in page] == []


def test_a_place_alone_says_what_the_way_does_and_follows_a_case() -> None:
    page = to_page(CAUSES["mount-helper-missing"], TEXTS["mount-helper-missing"], {}, {}, width=200)
    assert re.search(r"^  Way \d  on a host that mounts by itself \(hosts without Kubernetes\)$", page, re.MULTILINE)
    assert re.search(r"^  Way \d  on GKE or AKS .*: install the Lustre client's tools", page, re.MULTILINE)
    clock = to_page(CAUSES["node-clock-wrong"], TEXTS["node-clock-wrong"], {}, {}, width=200)
    assert "\nWay 1 of 2: on Amazon Linux 2023 and other nodes that keep" in clock


def test_a_way_that_the_choice_names_is_not_listed_again() -> None:
    choice = "## How to fix\n\nWhich way: way 1 where it is new, else ways 3 to 4.\n"
    page = to_page(CAUSES["aws-endpoint-unreachable"], f"---\nid: x\n---\n{choice}", {}, {}, width=200)
    ways = set(re.findall(r"^Way (\d) of", page, re.MULTILINE))
    assert set(re.findall(r"^  Way (\d)  ", page, re.MULTILINE)) == ways - {"1", "3", "4"} != set()


def test_a_way_back_that_another_way_has_is_said_once() -> None:
    page = to_page(CAUSES["claim-volume-mismatch"], TEXTS["claim-volume-mismatch"], {}, {}, width=200)
    assert re.findall(r"^  undo +(as of way \d)$", page, re.MULTILINE)
    assert page.count("not once the new claim is Bound") == 1


def test_the_names_stand_below_the_ways_and_the_looks_say_so() -> None:
    """Fourteen names between the meaning and the first look make a reader lose the cause."""
    page = to_page(CAUSES["mountname-missing"], TEXTS["mountname-missing"], {}, {})
    order = [
        "\nHow to verify\n",
        "under Names in the commands",
        "\nWay 1 of",
        "\nNames in the commands\n",
        "\nHow to prevent",
    ]
    assert sorted(order, key=page.index) == order


@pytest.mark.parametrize("heading", ["How to verify", "How to fix", "Notes"])
def test_a_page_without_some_section_begins_with_its_title(heading: str) -> None:
    text = f"---\nid: x\n---\n## {heading}\n\nkubectl -n {{namespace}} get pvc {{claim}}\n"
    page = to_page(CAUSES["mountname-missing"], text, {}, {})
    assert page.startswith(CAUSES["mountname-missing"].title) and page.index("layer ") < page.index(NAMES)


def test_two_ways_have_no_list() -> None:
    page = to_page(CAUSES["access-mode-rejected"], TEXTS["access-mode-rejected"], {}, {})
    assert "\nWay 1 of 2: for a claim that is Pending\n" in page and "\n  Way 1  " not in page


def test_who_installed_the_driver_is_asked_once_above_the_ways() -> None:
    page = to_page(CAUSES["imds-unreachable"], TEXTS["imds-unreachable"], {}, {})
    assert page.count("-L app.kubernetes.io/managed-by") == 1
    assert page.index("-L app.kubernetes.io/managed-by") < page.index("Way 1 of ")
    known = to_page(CAUSES["imds-unreachable"], TEXTS["imds-unreachable"], {"installer": "Helm", "release": "fsx"}, {})
    assert "managed-by" not in known and "where Helm installed the driver" not in known


def test_a_way_keeps_the_number_by_which_the_text_names_it() -> None:
    """Who installed the driver with Helm sees fewer ways; the table of the page counts all of them."""
    id = "startup-taint-stuck"
    numbers = {
        installer: [int(n) for n in re.findall(r"(?m)^Way (\d+)", page_for(id, installer))]
        for installer in ("", "Helm", "EKS add-on", "manifests")
    }
    assert numbers[""] == [*range(1, len(numbers[""]) + 1)]
    assert 3 in numbers["Helm"] and 4 not in numbers["Helm"]
    assert 4 in numbers["EKS add-on"] and 3 not in numbers["EKS add-on"]
    assert "whose number is missing" in page_for(id, "Helm") and "whose number is missing" not in page_for(id, "")


def page_for(id: str, installer: str) -> str:
    return to_page(CAUSES[id], TEXTS[id], {"installer": installer} if installer else {}, {})


@pytest.mark.parametrize("place", [UNKNOWN, Platform("aws", True), HOST, Platform("gcp", True)])
@pytest.mark.parametrize("installer", ["", "Helm", "EKS add-on", "manifests"])
def test_every_way_of_every_page_has_one_number(installer: str, place: Platform) -> None:
    for cause in CAUSES.values():
        values = {"installer": installer} if installer else {}
        fix = fix_of(cause, values, place, on_page=True)
        numbers = numbers_of_ways(cause, values, place)
        assert 0 not in numbers and list(numbers) == sorted(set(numbers)), cause.id
        assert fix is None or not numbers or len(numbers) == len((fix, *fix.alternatives)), cause.id


def test_a_way_that_names_the_add_on_itself_is_not_told_who_installed_the_driver() -> None:
    twice = to_page(CAUSES["csi-driver-installed-twice"], TEXTS["csi-driver-installed-twice"], {}, {})
    assert "Way 1 of 4: to keep the add-on" in twice and "What installed the driver" not in twice
    rbac = to_page(CAUSES["csi-controller-rbac"], TEXTS["csi-controller-rbac"], {}, {})
    assert "where the EKS add-on installed the driver" in rbac


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
    assert "\n  wait          kubectl -n '<namespace>' rollout status" in page


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


def test_one_chooses_before_one_reads_the_ways() -> None:
    """A table, or a paragraph of which way, that stands first is before the steps; other text follows them."""
    for id, chosen in (
        ("dns-resolution-failure", "what the looks show"),
        ("claim-volume-mismatch", "what the looks show"),
    ):
        page = to_page(CAUSES[id], TEXTS[id], {}, {}).partition("How to fix\n")[2]
        assert 0 < page.index(chosen) < page.index("Way 1 of") and page.count(chosen) == 1
    page = to_page(CAUSES["volume-expansion-failed"], TEXTS["volume-expansion-failed"], {}, {})
    assert page.index("Way 5 of 5") < page.index("SCRATCH_1 cannot grow: make a new")


def test_a_page_says_what_shows_the_end_of_its_own_cause() -> None:
    """A volume that is to go never shows a Bound claim."""
    page = to_page(CAUSES["volume-deletion-stuck"], TEXTS["volume-deletion-stuck"], {}, {})
    assert "NotFound" in page and "Bound: within seconds" not in page
    other = to_page(CAUSES["s3-access-denied"], TEXTS["s3-access-denied"], {}, {})
    assert "Bound: within seconds" in other


def test_a_second_run_of_a_block_does_not_write_over_what_it_saved() -> None:
    saving = to_page(CAUSES["volume-deletion-stuck"], TEXTS["volume-deletion-stuck"], {}, {}, width=200)
    assert "(set -o noclobber; kubectl get pv '<volume>' -o yaml > 'pv-<volume>.before.yaml')" in saving
