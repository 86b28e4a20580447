"""The message catalogue: it knows what the programs print, and says what each line is."""

from __future__ import annotations

import pytest

from diag.knowledge.messages import Role, load_messages
from diag.knowledge.runbooks import load_knowledge
from diag.texts.line import normalise, read_prefix
from diag.texts.recognise import recognise, recognise_parts
from tests.messages.instances import Instance, instances

BAR = 0.95


@pytest.mark.parametrize("file", ["lustre", "lnet", "tools", "csi", "node", "kubernetes"])
def test_nearly_all_messages_are_known_by_their_words(file: str) -> None:
    given = instances(file)
    known = [instance for instance in given if (found := instance.known()) is not None and found.id]
    assert len(given) > 900
    assert len(known) >= BAR * len(given)


@pytest.mark.parametrize("component", sorted({instance.component for instance in instances()}))
def test_each_part_of_a_program_is_known(component: str) -> None:
    given = [instance for instance in instances() if instance.component == component]
    assert sum(bool((known := i.known()) and known.id) for i in given) >= BAR * len(given)


def test_a_message_is_known_as_one_of_its_own_component() -> None:
    wrong = [i for i in instances() if (known := i.known()) is not None and known.id and known.component != i.component]
    assert len(wrong) <= 0.02 * len(instances())


@pytest.mark.parametrize("version", ["2.10", "2.12", "2.14", "2.15", "2.16", "2.17"])
def test_each_version_of_the_client_is_known(version: str) -> None:
    def covers(instance: Instance) -> bool:
        numbers = [tuple(map(int, v.split("."))) for v in (instance.first, version, instance.last)]
        return numbers[0] <= numbers[1] <= numbers[2]

    given = [i for file in ("lustre", "lnet") for i in instances(file) if covers(i)]
    assert sum(bool((known := i.known()) and known.id) for i in given) >= BAR * len(given)


def test_ids_are_unique_and_causes_exist() -> None:
    messages = load_messages().messages
    causes = load_knowledge().causes
    assert len({message.id for message in messages}) == len(messages)
    assert {message.cause for message in messages} - {""} <= set(causes)


def test_a_line_says_who_prints_it_and_what_it_means() -> None:
    known = recognise(
        "LustreError: 7:0:(mgc_request.c:254:do_config_log_add()) MGC10.0.0.1@tcp: failed processing log, type 1"
    )
    assert known is not None
    assert (known.program, known.component, known.role) == ("Lustre client", "mgc", Role.CONSEQUENCE)


def test_what_the_security_layer_prints_is_about_keys() -> None:
    kinds = {message.kind for message in load_messages().messages if message.component == "sec" and message.kind}
    assert kinds <= {"key", "memory", "progress", "dump", "version"}


def test_a_line_of_a_known_source_file_is_of_its_component_whatever_its_words() -> None:
    known = recognise("LustreError: 7:0:(pinger.c:22:some_function()) words that no version prints")
    assert known is not None
    assert (known.component, known.id) == ("ptlrpc", "")


@pytest.mark.parametrize(
    ("line", "component", "role"),
    [
        ("modprobe: ERROR: words that no version prints", "modules", Role.CONSEQUENCE),
        ("lfs setstripe: words that no version prints", "lfs", Role.CONSEQUENCE),
        ("Lustre: 7:0:(osd_handler.c:22:fn()) words that no version prints", "osd", Role.SERVER),
        ("E1129 19:10:38.123456    1999 csi_attacher.go:77] words that no version prints", "kubelet", Role.CONSEQUENCE),
        ("I1129 19:10:38.123456    1999 csi_attacher.go:77] words that no version prints", "kubelet", Role.CONTEXT),
        ("Lustre: 7:0:(mgs_llog.c:22:fn()) words that no version prints", "mgs", Role.SERVER),
        ("Nov 29 19:10:38 ip-10-0-1-2 lgss_keyring[7]: words that no version prints", "gss", Role.CONSEQUENCE),
        ("Nov 29 19:10:38 mds1 l_getidentity[7]: words that no version prints", "l_getidentity", Role.CONSEQUENCE),
        ("mkfs.lustre: words that no version prints", "mkfs.lustre", Role.CONSEQUENCE),
    ],
)
def test_a_line_whose_beginning_names_its_program_is_of_that_program(line: str, component: str, role: Role) -> None:
    prefix = read_prefix(line)
    known = recognise(normalise(line[prefix.length :]), prefix)
    assert known is not None
    assert (known.component, known.role, known.id) == (component, role, "")


@pytest.mark.parametrize(
    "line",
    [
        "gcc: words that no version prints",
        "E1129 19:10:38.123456    1999 controller.go:77] words that no version prints",
    ],
)
def test_a_line_of_a_program_that_is_not_the_stacks_is_of_none(line: str) -> None:
    prefix = read_prefix(line)
    assert recognise(normalise(line[prefix.length :]), prefix) is None


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("LustreError: 7:0:(osc_cache.c:22:osc_extent_insert()) ASSERTION( x == 1 ) failed: one of any words", "log-2"),
        ("LustreError: 7:0:(file_of_no_version.c:22:fn()) LBUG", "log-3"),
        ("LustreError: 7:0:(client.c:22:fn()) Skipped 17 previous similar messages", "log-1"),
    ],
)
def test_what_every_part_prints_is_known_whatever_part_prints_it(text: str, id: str) -> None:
    known = recognise(text)
    assert known is not None
    assert known.id == id


@pytest.mark.parametrize(
    "text",
    [
        "the failed processing log, type of another program",
        "nginx: upstream server was lost; in progress operations using this service will wait",
        "webpack 5.90.3 compiled with 2 warnings: the module './themes/summer' of the shop does not exist",
        "",
    ],
)
def test_words_of_lustre_in_anothers_line_are_not_lustres(text: str) -> None:
    assert recognise(text) is None


@pytest.mark.parametrize(
    ("text", "component"),
    [
        ("out of memory", "many programs"),
        ("failed to open /srv/shop/catalogue.db: no such file", "many programs"),
        ("-q, --quiet   say less", "many programs"),
        ("lfs: out of memory", "lfs"),
        ("modprobe: ERROR: could not open /srv/x.ko: no such file", "modules"),
        ("mount: /mnt/data: permission denied.", "mount"),
    ],
)
def test_words_of_many_programs_are_of_the_one_that_is_named_and_else_of_none(text: str, component: str) -> None:
    known = recognise(text)
    assert known is not None
    assert known.component == component


@pytest.mark.parametrize(
    "text",
    [
        "failed to parse the answer of the shop",
        "open /srv/shop/catalogue.db: permission denied",
        "the shop's user 7 does not exist.",
        "payment of this kind is not supported in the shop",
        "could not find a basket for the visitor",
    ],
)
def test_words_of_many_programs_in_a_longer_line_are_nothing(text: str) -> None:
    assert recognise(text) is None


def test_words_of_many_programs_do_not_explain_a_text() -> None:
    assert list(recognise_parts(["out of memory", "failed to open /srv/shop/catalogue.db: no such file"])) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[<0>] ptlrpc_set_wait+0x5e8/0x730 [ptlrpc]", "for the reply of a server"),
        ("ldlm_completion_ast+0x5e8/0x730 [ptlrpc]", "for a lock that another client holds"),
        ("ptlrpc_set_wait+0x1/0x2 [ptlrpc] ldlm_completion_ast+0x1/0x2 [ptlrpc]", "for the reply of a server"),
        (
            "ldlm_completion_ast+0x1/0x2 [ptlrpc] ptlrpc_set_wait+0x1/0x2 [ptlrpc]",
            "for a lock that another client holds",
        ),
        ("4711 Ds 0.4 python3 cl_sync_io_wait", "for data that an OST reads or writes"),
        ("[<0>] mdc_enqueue_base+0x2f2/0x1c90 [mdc]", "where in the Lustre client"),
    ],
)
def test_a_stack_tells_for_what_a_process_waits_in_lustre(line: str, says: str) -> None:
    known = recognise(normalise(line))
    assert known is not None and says in known.means and known.role is Role.CONSEQUENCE


@pytest.mark.parametrize(
    "line",
    [
        "[<0>] nfs_wait_bit_killable+0x10/0x20 [nfs]",
        "[<0>] lookup_open+0x364/0x6e0",
        "4711 Ds 0.4 python3 folio_wait_bit",
        "mdc_enqueue_base is slow",
    ],
)
def test_a_stack_of_another_part_of_the_kernel_is_not_lustres(line: str) -> None:
    assert recognise(normalise(line)) is None
