"""What every command of every runbook keeps to: it names its namespace, reads where it should only read, and destroys
nothing before a guard has looked.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from itertools import pairwise

import jmespath
import msgspec

from diag.advice.driver import NOT_SET, Installer
from diag.advice.names import sources
from diag.advice.runbook import SENTENCES, fix_of, look_at, numbers_of_options
from diag.grammar.command import parse
from diag.grammar.placeholders import PLACEHOLDERS
from diag.grammar.regex import Pattern
from diag.knowledge.cause import BY_HAND, PROMPT, SAYS, Cause, Procedure, Remedy
from diag.knowledge.runbooks import load_knowledge
from diag.model.fix import Fix, Step, StepKind
from diag.reports.runbook import body_of, chooses, options_named, to_page
from tests.runbooks.commands import EXAMPLES, all_commands, simple_commands
from tests.runbooks.test_files import PLACEHOLDER, TEXTS

CAUSES = load_knowledge().causes
OF_THE_CLUSTER = re.compile(
    r"(?:nodes?|pv|persistentvolumes?|sc|storageclass(?:es)?|csidrivers?|csinodes?|volumeattachments?|namespaces?|ns"
    r"|crds?|clusterrole(?:binding)?s?|priorityclass(?:es)?|(?:mutating|validating)webhookconfigurations|cilium\S+|globalnetworkpolicies\S*|apiservices|node(?:pool|claim)s?|(?:ec2)?nodeclass(?:es)?"
    r"|(?:cluster|mutating|mutatingadmission)polic(?:y|ies)\S*|assign\S*)(?:[/,]\S*)?"
)
"""Kinds that have no namespace."""
WITH_A_NAMESPACE = {"get", "describe", "delete", "logs", "exec", "patch", "edit", "rollout", "scale", "annotate",
                    "label", "set", "wait", "create"}  # fmt: skip
READS = {
    "aws": re.compile(r"(?:describe|get|list|head|lookup|simulate|filter|search)-\S+"),
    "kubectl": re.compile(r"get|describe|logs|exec|debug|auth|api-resources"),
    "helm": re.compile(r"list|get|show|history"),
    "az": re.compile(r"amlfs"),
    "gcloud": re.compile(r"lustre"),
    "docker": re.compile(r"inspect"),
    "dnf": re.compile(r"list"),
    "lctl": re.compile(r"get_param|list_nids|llog_catlist|dl"),
    "pcluster": re.compile(r"(?:describe|get|list)-\S+"),
    "rsync": re.compile(r"-[a-z]*n[a-z]*"),
    "sed": re.compile(r"-n"),
    "systemctl": re.compile(r"list-units|show|status|cat"),
}
SHOWS = {
    "awk", "curl", "cut", "dig", "dmesg", "done", "echo", "find", "for", "getent", "grep", "head", "journalctl",
    "nslookup", "openssl", "tac", "tail", "tr",
}  # fmt: skip
"""Programs of a host that a body may use to show something."""
FENCE = re.compile(r"^ *```sh\n(.*?)^ *```", re.DOTALL | re.MULTILINE)


def has_namespace(argv: tuple[str, ...]) -> bool:
    """Whether a kubectl command says in which namespace its objects are, or they are in none."""
    own = argv[: argv.index("--")] if "--" in argv else argv
    words = [word for word in own[1:] if not word.startswith("-")]
    if {"-n", "--namespace", "-A", "--all-namespaces"} & set(own) or any(w.startswith("--namespace=") for w in own):
        return True
    verbs = [word for word in words if word in WITH_A_NAMESPACE]
    if not verbs or any(option in own for option in ("--raw", "-f", "--local")):
        return True
    kinds = words[words.index(verbs[0]) + 1 :][:1]
    return bool(kinds) and all(OF_THE_CLUSTER.fullmatch(kind) for kind in kinds[0].split(","))


def unguarded(steps: Iterable[Step]) -> list[str]:
    """The commands that destroy what nothing brings back, without what has to come before them in the same fix."""
    found, before = [], set[StepKind]()
    for step in steps:
        words = step.argv
        of_kubernetes = words[:1] == ("kubectl",) and "delete" in words and bool({"pv", "pvc", "secret"} & set(words))
        if of_kubernetes and not {StepKind.SAVE, StepKind.GUARD} <= before:
            found.append(step.line)
        if words[:1] == ("aws",) and words[2:3] in (("delete-file-system",), ("delete-security-group",)):
            found += [step.line] if StepKind.CAUTION not in before else []
        before.add(step.kind)
    return found


def reads_only(line: str) -> bool:
    """Whether a command changes nothing, as far as its program shows that."""
    words = parse(line).words
    own = words[: words.index("--")] if "--" in words else words
    pattern = READS.get(words[0])
    return pattern is None or any(pattern.fullmatch(word) for word in own[1:])


def fixes_of(cause: Cause) -> Iterable[Fix]:
    """The fix of a cause for each way to install the driver, and its alternatives."""
    for installer in Installer:
        fix = fix_of(cause, {**EXAMPLES, "installer": installer.value})
        yield from (fix, *fix.alternatives) if fix else ()


FIXES = [(cause, fix) for cause in CAUSES.values() for fix in fixes_of(cause)]
SCRIPTS = [(id, script) for id, text in TEXTS.items() for script in FENCE.findall(text)]


def test_every_kubectl_command_names_its_namespace() -> None:
    of_kubectl = [command for command in all_commands() if command.argv[:1] == ("kubectl",)]
    assert [f"{c.where}: {' '.join(c.argv)}" for c in of_kubectl if not has_namespace(c.argv)] == []


def test_what_settles_a_cause_only_reads() -> None:
    looks = [
        (cause.id, line)
        for cause in CAUSES.values()
        for one in cause.confirm
        for line in look_at(one, EXAMPLES).splitlines()[1:]
    ]
    assert [look for look in looks if not reads_only(look[1])] == []


def test_nothing_is_destroyed_before_its_guard() -> None:
    assert [(cause.id, line) for cause, fix in FIXES for line in unguarded(fix.steps)] == []


def test_a_body_changes_nothing() -> None:
    """It has no guard, no wait and no undo: what changes something is a step of a way, in the front matter."""
    changing = [
        (id, " ".join(argv))
        for id, script in SCRIPTS
        for _, argv in simple_commands(script)
        if argv and not only_shows(argv)
    ]
    assert changing == []


def only_shows(argv: tuple[str, ...]) -> bool:
    """Whether a command of a body only shows something; a pod that asks a name server goes by itself."""
    if argv[0] == "kubectl" and "run" in argv and "--rm" in argv:
        return True
    return reads_only(shlex.join(argv)) if argv[0] in READS else argv[0] in SHOWS


def test_a_script_leaves_no_value_open_that_a_run_fills() -> None:
    opened = [(id, name) for id, script in SCRIPTS for name in re.findall(r"<([a-z-]+)>", script)]
    assert [(id, name) for id, name in opened if name.replace("-", "_") in PLACEHOLDERS] == []


FAULTY = {"path", "kernel", "option", "image", "errno", "exit_status", "parameter", "address", "registry"}
"""Groups that hold what is wrong."""


def test_a_remedy_does_not_write_the_faulty_value_again() -> None:
    """A run fills a placeholder with what a signature of the same cause took from the text."""
    for cause in CAUSES.values():
        patterns = (p for one in cause.signatures for p in ((one.pattern,) if one.pattern else one.all))
        taken = {name for pattern in patterns for name in Pattern(pattern).group_names} & FAULTY
        written = " ".join(f"{one.command} {one.with_}" for one in cause.fix)
        assert not set(PLACEHOLDER.findall(written)) & taken, cause.id


def test_a_setting_of_the_driver_has_a_form_for_each_installer() -> None:
    """By Helm, by manifests and by the EKS add-on; or the page says that the add-on has none."""
    for id, one in ((cause.id, one) for cause in CAUSES.values() for one in cause.fix):
        if one.procedure is Procedure.DRIVER_SETTING:
            assert {"helm", "manifests"} <= one.with_.keys(), id
            has_update = any(other.procedure is Procedure.UPDATE_ADDON for other in CAUSES[id].fix)
            page = to_page(CAUSES[id], TEXTS[id], {}, {}, width=1000)
            said = NOT_SET.partition(".")[0] in page or "add-on" in body_of(TEXTS[id])
            assert one.with_.get("addon") or has_update or said, id


def test_nothing_impossible_is_asked_for() -> None:
    """An AMI rolled back, a boot menu on EC2, a volume's source changed in place, a host shell where there is none."""
    assert [(id, asked) for id, text in TEXTS.items() for asked in IMPOSSIBLE.findall(text)] == []


IMPOSSIBLE = re.compile(
    r"--release-version|boot menu|chroot /host (?:ba)?sh\b|(?:exec|logs) (?:ds|daemonset)/"
    r"|kubectl edit pv \S+ .*(?:dnsname|volumeHandle)"
    r"|update-nodegroup-config (?:.*\\\n)?.*addOrUpdateTaints.*NO_EXECUTE"
)
"""The last evicts what runs: EKS may put a changed taint on running nodes, whose driver started long ago."""

IN_DEBUGFS = {"max_cached_mb"}
"""Parameters that a container does not see, since debugfs is mounted on the host alone.

Source: Lustre 2.15 llite/lproc_llite.c, lprocfs_llite_obd_vars.
"""


def asks_debugfs(argv: tuple[str, ...]) -> bool:
    """Whether the plugin's container is asked for what only the host has."""
    return "fsx-plugin" in argv and any(name in word for word in argv for name in IN_DEBUGFS)


def test_the_plugin_is_not_asked_for_what_its_container_does_not_see() -> None:
    assert [f"{c.where}: {' '.join(c.argv)}" for c in all_commands() if asks_debugfs(c.argv)] == []


def test_a_line_of_a_caution_is_whole() -> None:
    """Each is printed as a point of its own."""
    lines = [(cause.id, line) for cause in CAUSES.values() for one in cause.fix for line in one.caution.splitlines()]
    assert [(id, line) for id, line in lines if CUT_OFF.search(line.strip())] == []


CUT_OFF = re.compile(r"(?:,|\b(?:and|or|the|a|of|to|as|where))$")


GUESSED = re.compile(
    r"set env|kubectl taint|-key-deletion|disable-key|--replicas=\d|hop-limit \d|set_param \S+="
    r"|\"Value\": ?(?:true|false)|kubectl patch (?!--local)|revoke-security-group-\w+ (?!.*--security-group-rule-ids)"
)
"""Writes a value, or takes away a rule, that may not be what was there before."""


def test_an_undo_puts_back_what_was_there() -> None:
    """From a saved file, from what Kubernetes or Helm keeps, or by what the command itself made; else it is a sentence
    that names the former value.
    """
    lines = [
        (cause.id, line)
        for cause in CAUSES.values()
        for one in cause.fix
        for line in (*one.undo.splitlines(), PROMPT + one.with_.get("undo", ""))
    ]
    assert [(id, line) for id, line in lines if line.startswith(PROMPT) and GUESSED.search(line)] == []


def test_what_aws_saves_is_a_document_and_looked_at() -> None:
    """Whatever the reader's configuration makes of `output`; and nothing changes before a guard saw the file."""
    assert [(cause.id, line) for cause, fix in FIXES for line in unseen(fix.steps)] == []


def unseen(steps: Iterable[Step]) -> list[str]:
    """The files of `aws` without a format, or without a guard that reads them."""
    steps = tuple(steps)
    read = {word for step in steps if step.kind is StepKind.GUARD for word in step.argv}
    saved = (step for step in steps if step.kind is StepKind.SAVE and step.argv[:1] == ("aws",))
    return [step.line for step in saved if "--output" not in step.argv or step.output not in read]


def test_no_two_remedies_keep_the_former_state_in_one_file() -> None:
    """The second of them would stop at the file of the first."""
    for cause in CAUSES.values():
        kept = [
            (platform, parse(line).output)
            for one in cause.fix
            for line in filter(None, map(str.strip, one.save.splitlines()))
            for platform in one.platforms or ("any",)
        ]
        needed = " ".join(one.undo for one in cause.fix)
        twice = [file for file in kept if (".before" in file[1] or file[1] in needed) and kept.count(file) > 1]
        assert twice == [], cause.id


def test_what_an_undo_reads_is_not_written_over() -> None:
    """A second run would save the changed state as the former one."""
    for cause, fix in FIXES:
        undone = " ".join(f"{step.line} {step.text}" for step in fix.steps if step.kind is StepKind.UNDO)
        saved = [step for step in fix.steps if step.kind is StepKind.SAVE and step.output in undone]
        assert [step.output for step in saved if not step.once] == [], cause.id


def test_no_inline_policy_of_a_role_is_replaced() -> None:
    """PutRolePolicy writes over a policy of the same name, and its undo would delete it."""
    for cause, fix in FIXES:
        guards = " ".join(
            step.line for step in fix.steps if step.kind is StepKind.GUARD or "get-role-policy" in step.line
        )
        is_new = any("create-role" in step.argv for step in fix.steps)
        puts = [step.argv for step in fix.steps if "put-role-policy" in step.argv]
        assert is_new or all(argv[argv.index("--policy-name") + 1] in guards for argv in puts), cause.id


def test_no_partition_is_taken_for_granted() -> None:
    """Accounts of China and GovCloud have ARNs of their own."""
    front = {
        id: msgspec.json.encode([cause.fix, cause.confirm, cause.rule_out]).decode() for id, cause in CAUSES.items()
    }
    bodies = {id: text.partition("\n---\n")[2] for id, text in TEXTS.items()}
    assert [id for id in CAUSES if "arn:aws:" in front[id] + bodies[id]] == []


HALF = re.compile(r"image\.repository=(?!.*image\.tag=)|set env .*[A-Z]S=\{\w*[^s]\}")
"""A repository that keeps another one's tag, one value in place of a list."""


def test_nothing_writes_half_of_a_value() -> None:
    commands = (
        (cause.id, line)
        for cause in CAUSES.values()
        for one in cause.fix
        for line in (*one.command.splitlines(), str(one.with_.get("helm", "")))
    )
    assert [(id, line) for id, line in commands if HALF.search(line)] == []


def test_a_drain_does_not_wait_for_a_pod_that_hangs() -> None:
    drains = [c for c in all_commands() if c.argv[:2] == ("kubectl", "drain")]
    assert drains and [c.where for c in drains if "--skip-wait-for-delete-timeout=60" not in c.argv] == []


def test_a_role_that_is_annotated_is_given_to_the_addon_too() -> None:
    """EKS takes the annotation back: there the add-on gets the role, and keeps its configuration. An account that the
    same command makes is not the add-on's.
    """
    needed = "update-addon", "--service-account-role-arn", "--configuration-values"
    for cause in CAUSES.values():
        kept = [one for one in cause.fix if "create serviceaccount" not in one.command]
        annotating = [one for one in kept if "annotate serviceaccount" in one.command]
        assert not annotating or any(all(word in one.command for word in needed) for one in cause.fix), cause.id
        assert all("add-on" in one.when + one.caution for one in annotating), cause.id


def test_a_port_is_asked_by_a_command() -> None:
    """The tool has a check of its own for it; a person at 3 a.m. has a terminal."""
    asked = [(cause.id, one) for cause in CAUSES.values() for one in cause.confirm if one.check == "tcp-988"]
    assert [(id, one.look) for id, one in asked if not one.command] == []


def test_who_is_asked_for_a_provider_is_shown_where_it_stands() -> None:
    """An ARN that only IAM lists, and the issuer's host, are nothing that a person knows."""
    for cause in CAUSES.values():
        if any("{provider_arn}" in one.command or "{issuer_host}" in one.command for one in cause.fix):
            assert any("list-open-id-connect-providers" in one.command for one in cause.confirm), cause.id


WHOLE = re.compile(r"-o yaml$|-- dmesg$")
"""Hundreds of lines, of which one matters."""


def test_a_look_names_what_it_looks_at() -> None:
    asked = [(cause.id, line) for cause in CAUSES.values() for line in looks_of(cause)]
    assert [(id, line) for id, line in asked if WHOLE.search(line)] == []


def looks_of(cause: Cause) -> list[str]:
    """The commands of what settles a cause."""
    return [line for one in cause.confirm for line in look_at(one, {}).splitlines()[1:]]


def test_a_body_does_not_repeat_a_look() -> None:
    """They stand beside each other on the page."""
    for id, text in TEXTS.items():
        looks = {line.strip() for one in CAUSES[id].confirm for line in one.command.splitlines()}
        scripts = {line.strip() for script in FENCE.findall(text) for line in script.splitlines()}
        assert not looks & scripts - {""}, id


def sentences() -> list[tuple[str, str]]:
    """What the remedies say, with the id of their cause."""
    texts = [(cause.id, getattr(one, name)) for cause in CAUSES.values() for one in cause.fix for name in SENTENCES]
    return [(id, line) for id, text in texts for line in text.splitlines()]


ELSEWHERE = re.compile(
    r"(?:see|as|table|statement|manifest|policy|command|both|,) below\b|\(below|\bbelow\)"
    r"|\b(?:next|first|second|third|fourth|last) ways?\b|\b(?:the|a) way (?:that|with|for|above)\b|first, as above"
)


def test_a_remedy_does_not_point_at_what_a_run_does_not_print() -> None:
    """A run prints one way, without the page; on the page ways that do not fit the reader are left out and renumbered.

    `{below}` is the place of the page's text, and a way is called by what it does.
    """
    assert [(id, line) for id, line in sentences() if ELSEWHERE.search(line)] == []
    id = "missing-subdirectory"
    points = msgspec.structs.replace(
        CAUSES[id].fix[-1], caution="write the manifest that is {below} to make-directory.yaml"
    )
    for page in (True, False):
        fix = fix_of(msgspec.structs.replace(CAUSES[id], fix=(points,)), {}, on_page=page)
        assert fix is not None
        said = " ".join(text for way in (fix, *fix.alternatives) for text in way.cautions)
        assert ("the manifest that is on this page" in said) is page
        assert (f"the manifest that is in lustre-doctor runbook {id}" in said) is not page


BY_ITSELF = {
    "file-system-creating", "fsx-api-throttled", "network-latency-transient", "provision-timeout",  # it ends by itself
    "sts-not-active-in-region",
}  # fmt: skip
"""Causes whose page has no command that changes something: nothing has to be changed, or another page has it."""


def test_a_fix_has_something_to_type() -> None:
    """A sentence alone leaves a person who has to act without a first step."""
    typed = {cause.id for cause in CAUSES.values() if any(one.command or one.procedure for one in cause.fix)}
    assert CAUSES.keys() - typed <= BY_ITSELF


def test_a_foreign_registry_is_named_whole_and_with_its_condition() -> None:
    """The chart puts image.containerRegistry before every image; and nodes of a private cluster reach no public one."""
    for id, one in ((cause.id, one) for cause in CAUSES.values() for one in cause.fix):
        helm = str(one.with_.get("helm", ""))
        if "image.repository=public" in helm:
            assert "--set image.containerRegistry= " in helm and "public.ecr.aws" in one.caution, id


def test_a_release_keeps_the_version_of_its_chart() -> None:
    """Without --version helm takes the newest chart, and the values of the old one; only an update wants that."""
    updates = ("csi-driver-outdated",)
    of_helm = [c for c in all_commands() if c.argv[:2] == ("helm", "upgrade") and c.runbook not in updates]
    assert of_helm and [f"{c.where}: {' '.join(c.argv)}" for c in of_helm if "--version" not in c.argv] == []


ROOT_ONLY = re.compile(r"(?:\$ )?(?:u?mount|modprobe|lustre_rmmod|mokutil|systemctl|tunefs\.lustre|lnetctl set)\b")


def test_what_only_root_may_do_on_a_host_begins_with_sudo() -> None:
    texts = [(cause.id, text) for cause in CAUSES.values() for one in cause.fix for text in (one.command, one.undo)]
    lines = [(id, line.strip()) for id, text in texts for line in text.splitlines()]
    assert [(id, line) for id, line in lines if ROOT_ONLY.match(line)] == []


def test_every_query_is_one() -> None:
    queries = {argv[argv.index("--query") + 1] for argv in (c.argv for c in all_commands()) if "--query" in argv}
    assert len(queries) > 50
    for query in queries:
        jmespath.compile(query)


def test_the_rules_find_what_breaks_them() -> None:
    assert not has_namespace(("kubectl", "delete", "pvc", "data"))
    assert IMPOSSIBLE.search("chroot /host sh -c 'dmesg'") and not IMPOSSIBLE.search("chroot /host ss -tan")
    assert not has_namespace(("kubectl", "get", "pods,nodes"))
    assert has_namespace(("kubectl", "-n", "prod", "delete", "pvc", "data")) and has_namespace(("kubectl", "get", "pv"))
    assert not reads_only("kubectl -n x delete pod y") and not reads_only("aws fsx update-file-system --x y")
    assert reads_only("kubectl -n x exec y -- rm z")
    assert not only_shows(("kubectl", "-n", "x", "scale", "y")) and not only_shows(("modprobe", "lustre"))
    assert only_shows(("kubectl", "run", "x", "--rm")) and only_shows(("dmesg",))
    assert GUESSED.search("kubectl -n x set env ds/y A-") and not GUESSED.search("kubectl -n x rollout undo ds/y")
    assert HALF.search("--set image.repository=x") and not HALF.search("--set image.repository=x --set image.tag=y")
    assert HALF.search("set env ds/x SNAT_CIDRS={cidr}") and not HALF.search("set env ds/x SNAT_CIDRS={cidrs}")
    assert WHOLE.search("kubectl get pv x -o yaml") and not WHOLE.search("kubectl get pv x -o jsonpath='{.spec}'")
    assert ROOT_ONLY.match("umount /x") and ROOT_ONLY.match("$ mount /x") and not ROOT_ONLY.match("sudo mount /x")
    asked, looked = Step(StepKind.SAVE, ("aws", "--output", "json"), "f"), Step(StepKind.GUARD, ("test", "-s", "f"))
    assert unseen((asked,)) and unseen((Step(StepKind.SAVE, ("aws",), "f"), looked)) and not unseen((asked, looked))
    taints = "aws eks update-nodegroup-config --x y --taints '{}=[{{key=k,effect=NO_EXECUTE}}]'"
    assert IMPOSSIBLE.search(taints.format("addOrUpdateTaints")) and not IMPOSSIBLE.search(
        taints.format("removeTaints")
    )
    assert IMPOSSIBLE.search("kubectl -n x logs daemonset/y") and not IMPOSSIBLE.search("kubectl -n x logs pod/y")
    assert CUT_OFF.search("a taint on nodes,") and not CUT_OFF.search("it is lost")
    kubectl = ("kubectl", "exec", "p", "-c", "fsx-plugin", "--", "lctl", "get_param")
    assert asks_debugfs((*kubectl, "llite.*.max_cached_mb")) and not asks_debugfs((*kubectl, "mdc.*.state"))
    delete = Step(StepKind.CHANGE, ("kubectl", "-n", "x", "delete", "pvc", "data"))
    guard, saved = Step(StepKind.GUARD, ("test", "-s", "f")), Step(StepKind.SAVE, ("kubectl", "get", "pvc"), "f")
    assert unguarded((saved, delete)) and unguarded((delete, saved, guard)) and not unguarded((saved, guard, delete))
    assert unguarded((Step(StepKind.CHANGE, ("aws", "fsx", "delete-file-system")),))


TYPED = re.compile(
    r"^ +(?:[a-z]+ {2,})?(?:aws|kubectl|helm|eksctl|sh|test|grep|sudo|docker|gcloud|az|findmnt|pcluster)\b.*"
)


def test_a_page_says_of_each_name_where_it_is_found() -> None:
    """`<instance>` is no word that a person knows."""
    for id, text in TEXTS.items():
        page = to_page(CAUSES[id], text, {}, {})
        typed = (line for line in page.splitlines() if TYPED.match(line))
        opened = {name for line in typed for name in re.findall(r"<([a-z][a-z0-9-]*)>", line)}
        assert opened - set(re.findall(r"^    <([a-z0-9-]+)>  ", page, re.MULTILINE)) == set(), id


def test_a_name_has_one_source() -> None:
    """One that every page has, or that of a page of its own."""
    names = [(name, page) for source in sources() for name in source.names for page in source.pages or ("",)]
    assert len(names) == len(set(names))
    assert {page for _, page in names} - {""} <= CAUSES.keys()


def test_a_name_that_has_a_source_is_asked_for() -> None:
    """By the page that the source is for, or by any page."""
    asked = {}
    for id, cause in CAUSES.items():
        pages = [to_page(cause, TEXTS[id], {}, {}, option=number) for number in (0, *numbers_of_options(cause, {}))]
        pages += [to_page(cause, TEXTS[id], {"installer": one.value}, {}) for one in Installer]
        asked[id] = set(re.findall(r"^    <([a-z0-9-]+)>  ", "".join(pages), re.MULTILINE))
    unasked = [
        (name, source.pages)
        for source in sources()
        for name in source.names
        if not any(name in asked[page] for page in source.pages or asked)
    ]
    assert unasked == []


def test_a_page_leaves_out_no_word_of_its_body() -> None:
    """A paragraph may stand right under its heading, a table right under a paragraph. Other causes stand at the end."""
    for id, text in TEXTS.items():
        body = re.sub(r"^ *```\w*$|^[-*] See also (?=\[\[)", "", body_of(text), flags=re.MULTILINE)
        shown = to_page(CAUSES[id], text, {}, {other: cause.title for other, cause in CAUSES.items()})
        words, page = (set(re.findall(r"[A-Za-z]{4,}", one)) for one in (body, shown))
        assert words - page == set(), id


def test_what_a_procedure_takes_away_is_null_and_not_a_word() -> None:
    for id, field in (("volume-node-affinity", "nodeAffinity"), ("claim-volume-mismatch", "selector"),
                      ("s3-data-not-imported", "s3ImportPath")):  # fmt: skip
        given = msgspec.json.encode([remedy.with_ for remedy in CAUSES[id].fix]).decode()
        assert f'"{field}":null' in given
    assert '"null"' not in msgspec.json.encode([remedy.with_ for one in CAUSES.values() for remedy in one.fix]).decode()


def _sentences(remedy: Remedy) -> Iterator[str]:
    """What a remedy says to a person, without its commands."""
    said = [*remedy.caution.splitlines(), remedy.changes]
    said += [line for line in f"{remedy.wait}\n{remedy.undo}".splitlines() if not line.startswith(PROMPT)]
    for line in f"{remedy.prepare}\n{remedy.command}".splitlines():
        said += [line.removeprefix(mark) for mark in (SAYS, BY_HAND) if line.startswith(mark)]
    return (line.strip() for line in said if line.strip())


def test_an_option_says_what_it_does_in_whole_sentences() -> None:
    """A title in the imperative, a case that goes on after "if", and sentences that end."""
    command = r"lustre-doctor run(?:book [a-z0-9-]+)?(?:, option \d+)?|\b(?:logs|describe pod) [a-z-]+"
    ends = re.compile(rf"(?:[.:?!)`\"]|{command})$")
    program = re.compile(r"(?:kubectl|aws|helm|eksctl|lustre-doctor|findmnt|udev|dmesg|modprobe|mount)\b")
    wrong = []
    for cause in CAUSES.values():
        for remedy in cause.fix:
            title, when = remedy.title, remedy.when
            wrong += [(cause.id, title)] if not title or title[0].islower() or title.endswith(".") else []
            wrong += [(cause.id, when)] if when.endswith(".") or re.match(r"(?:if|where|when)\b", when) else []
            for said in _sentences(remedy):
                is_begun = not said[0].islower() or program.match(said)
                if not (is_begun and ends.search(said)):
                    wrong.append((cause.id, said))
    assert wrong == []


def test_a_page_of_several_options_says_for_which_case_each_is() -> None:
    for cause in CAUSES.values():
        fix = fix_of(cause, {}, on_page=True)
        options = (fix, *fix.alternatives) if fix else ()
        assert sum(not option.when for option in options) <= 1, cause.id


def test_what_is_instead_of_a_step_follows_it() -> None:
    """It has that step's number: alone, or behind a wait, it would be instead of nothing."""
    for cause in CAUSES.values():
        fix = fix_of(cause, {}, on_page=True)
        for option in (fix, *fix.alternatives) if fix else ():
            for before, part in pairwise((None, *option.parts)):
                assert part and not (part.is_instead and (before is None or before.waits)), (cause.id, part)


def test_what_chooses_among_the_options_stands_first() -> None:
    """The program prints a table that follows other text below the options."""
    for id, text in TEXTS.items():
        section = text.partition("\n## How to fix\n")[2].partition("\n## ")[0]
        blocks = [block.strip() for block in re.split(r"\n\s*\n", section) if block.strip()]
        tables = [place for place, block in enumerate(blocks) if block.startswith("|")]
        assert all(chooses(block) for block in blocks[: max(tables, default=0)]), id


def test_a_page_names_no_option_that_it_does_not_have() -> None:
    """One setting of the driver is one option, whatever installed it."""
    elsewhere = re.compile(r"(?:runbook [a-z0-9-]+,|\[\[[a-z0-9-]+\]\],?) (?:the )?options? \d+")
    for id, cause in CAUSES.items():
        body = " ".join(body_of(TEXTS[id]).split())
        said = [body, *(getattr(remedy, name) for remedy in cause.fix for name in ("when", *SENTENCES))]
        named = options_named(elsewhere.sub("", " ".join(said)))
        assert max(named, default=0) <= len(numbers_of_options(cause, {})), f"{id}: {sorted(named)}"
