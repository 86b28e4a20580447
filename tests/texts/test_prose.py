"""What people say of a mount in their own words: what is bad speaks for a cause, what is fine for none."""

from __future__ import annotations

import re

import msgspec
import pytest

from diag.knowledge.prose import Forms, Rule, forms, prose
from diag.knowledge.runbooks import load_knowledge
from diag.model.symptom import TextStream
from diag.texts import prose as reader
from diag.texts.prose import prose_hits
from diag.texts.symptoms import read_symptoms

KNOWLEDGE = load_knowledge()
LANGUAGES = tuple(field.name for field in msgspec.structs.fields(Forms))


def causes(text: str) -> set[str]:
    return {hit.cause for hit in prose_hits(text, KNOWLEDGE)}


def form_of(of: Forms, language: str) -> str:
    """The first form in the language; the English one where people use that."""
    return next((form.replace("*", "") for form in (*forms(getattr(of, language)), *forms(of.en)) if form), "")


def sentence(rule: Rule, language: str, *, bad: bool = True) -> str:
    """What a rule asks for, in the fewest words."""
    table = prose()
    of = rule.of[0]
    context = [form_of(table.things[name], language) for name in (*rule.near, *rule.beside) if name != of]
    state = table.states[rule.in_[0] if rule.in_ else "works"]
    said = form_of(state.bad if bad else state.good, language)
    return f"{' / '.join(context)}: {form_of(table.things[of], language)} {said}. lustre error"


def test_the_table_names_only_what_there_is() -> None:
    table = prose()
    for rule in table.rules:
        assert rule.cause in KNOWLEDGE.causes
        assert {*rule.of, *rule.near, *rule.beside, *rule.unless, *rule.against} <= set(table.things), rule
        assert set(rule.in_) <= set(table.states), rule
        assert not set(rule.near) & set(rule.unless), rule


def test_every_thing_is_asked_for() -> None:
    asked = {
        name for rule in prose().rules for name in (*rule.of, *rule.near, *rule.beside, *rule.unless, *rule.against)
    }
    assert set(prose().things) - asked == set()


def test_forms_are_written_as_texts_are_read() -> None:
    table = prose()
    states = [of for state in table.states.values() for of in (state.bad, state.good)]
    every = [form for of in (*table.things.values(), *states, table.markers, table.troubles) for form in of.all]
    plain = re.compile(r"[^A-Z_\x80-\u024f-]+")
    assert [form for form in every if not plain.fullmatch(form)] == []


def test_nothing_is_bad_and_good() -> None:
    for name, state in prose().states.items():
        assert not set(state.bad.all) & set(state.good.all), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_fits_its_fewest_words(language: str) -> None:
    unfit = [
        (rule.cause, text)
        for rule in prose().rules
        if not any(reader._read(text := sentence(rule, language)).fits(rule))
    ]
    assert unfit == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_good_speaks_for_nothing(language: str) -> None:
    told = [
        (rule.cause, text)
        for rule in prose().rules
        if not rule.always
        and rule.in_
        and any(reader._read(text := sentence(rule, language, bad=False)).fits(rule))
        and rule.in_[0] != "asked"
    ]
    assert told == []


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("The FSx for Lustre mount hangs. The security group does not allow port 988.", "sg-missing-988"),
        ("Das FSx-Volume hängt. In der Sicherheitsgruppe ist Port 988 nicht freigegeben.", "sg-missing-988"),
        ("Le montage Lustre expire : le groupe de sécurité bloque le port 988.", "sg-missing-988"),
        ("El montaje de Lustre falla porque el grupo de seguridad no permite el puerto 988.", "sg-missing-988"),
        ("A montagem do Lustre trava; o grupo de segurança não permite a porta 988.", "sg-missing-988"),
        ("Lustre 마운트가 멈춥니다. 보안 그룹에서 988 포트가 차단되어 있었습니다.", "sg-missing-988"),
        (
            "Lustre のマウントがタイムアウトする。セキュリティグループで 988 が許可されていなかった。",
            "sg-missing-988",
        ),
        ("挂载 Lustre 超时，安全组没有放行 988 端口。", "sg-missing-988"),
        ("掛載 Lustre 逾時，安全群組沒有放行 988 埠。", "sg-missing-988"),
        (
            "988 is open, but the node has no Lustre client installed, so the mount fails.",
            "lustre-client-not-installed",
        ),
        ("The security groups are correct. It was the network ACL that blocked Lustre.", "nacl-blocks-lustre"),
        # A word that says nothing by itself is bad where it is denied.
        ("We moved FSx to Pod Identity, but the eks-pod-identity-agent was never added.", "pod-identity-agent-missing"),
        ("Auf diesen Knoten ist der FSx-CSI-Treiber nicht registriert.", "csi-driver-not-registered"),
        # The modal of a Romance language is denied, and the verb that it is of comes after it.
        ("Os nós não conseguem resolver o nome DNS do FSx for Lustre.", "dns-resolution-failure"),
        ("Los nodos no pueden resolver el nombre DNS de FSx for Lustre.", "dns-resolution-failure"),
        # A German verb, and what denies it at the clause's end.
        ("Neue Objekte im S3-Bucket tauchen im verknüpften Lustre-Verzeichnis nicht auf.", "s3-data-not-imported"),
        # “Not yet” is no “yet”.
        ("The FSx Lustre client is not yet available for the new kernel.", "kernel-unsupported-by-client"),
        # What was forgotten, or is gone without, is not there, whatever is said after it.
        ("Beim FSx-Controller wurde die Annotation mit der IAM-Rolle vergessen.", "irsa-annotation-missing"),
        ("Without the fsx:TagResource permission the FSx claim stays pending.", "iam-missing-permission"),
        # With and without a blank between two scripts, and in the script of the language.
        ("이 노드에서는 러스터모듈이 로드되지 않아요.", "lustre-module-missing"),
        (
            "カーネルの更新後に Lustreクライアント モジュールが読み込めなくなりました。",
            "kernel-module-version-mismatch",
        ),
        ("LNet picks up the docker interface instead of eth0.", "lnet-wrong-interface"),
        # What restarts again and again is no node that boots; a bad word that ends in 지 has its 않 behind it.
        ("fsx-csi-node 一直重启，这些节点的 Pod 挂载不了 FSx 卷。", "csi-node-plugin-down"),
        ("러스터 볼륨의 언마운트가 끝나지 않아요.", "umount-stuck-terminating"),
        # What lets only something else through does not let this through.
        ("Lustre fails: our security group's egress only permits 443.", "sg-egress-blocked"),
        ("After the PVC was deleted the FSx volume is Released and the new claim won't bind.", "pv-released"),
        ("Der Lustre-Treiber scheitert, weil die Endpunktrichtlinie es verweigert.", "iam-denied-by-endpoint-policy"),
        ("挂载 Lustre 失败，路由表里是黑洞。", "route-blackhole"),
        ("Lustre works on the old nodes. On the others the kernel module is missing.", "lustre-module-missing"),
        # What was to blame, and what was done with success, is told without the way in which it was bad.
        ("Lustre would not mount for days. It turned out to be the NACL of the subnet.", "nacl-blocks-lustre"),
        ("Users can't write on Lustre. It was the group quota.", "lustre-quota-exceeded"),
        ("FSx pods were stuck. Adding the 988 inbound rule did the trick.", "sg-missing-988"),
        # Slowness told as time or rate, load, waits, owners, locks, packages and percentages.
        ("Reading 500 small files from Lustre takes far too long, it took 12 minutes.", "lustre-slow"),
        ("Lustre doesn't read at full speed.", "lustre-slow"),
        ("The OSS of our Lustre suffer from excessive load.", "lustre-slow"),
        ("Processes on Lustre sit in D state.", "connection-lost-network"),
        ("The Lustre directory belongs to `root`, users fail.", "root-squash-or-permissions"),
        ("On Lustre our index could not be locked.", "flock-not-enabled"),
        ("On Lustre flock() is a silent no-op.", "flock-not-enabled"),
        ("There is no support (yet) for the Lustre client in Rocky 10.", "kernel-unsupported-by-client"),
        ("The Lustre module, which is only built for RHEL 9.8, fails.", "kernel-unsupported-by-client"),
        ("Our lustre is at 97% capacity", "file-system-full"),
        ("One OST of our Lustre is 100 % used while others are empty.", "file-system-full"),
        ("Lustre の使用率が 98% です。", "file-system-full"),
        ("Checking the timestamps of our outputs on Lustre takes about 25 minutes.", "lustre-slow"),
        ("The Lustre RPMs were built for el8_9, on el8_10 the kmod does not load.", "kernel-module-version-mismatch"),
        ("The MDS is in a bad state, Lustre does not answer.", "mdt-unavailable"),
        ("Lustre 마운트 실패. 988 인바운드 규칙을 추가하니 해결되었습니다.", "sg-missing-988"),
        # Load, parts that are down, links of the fabric, quotas that were hit, and what S3 does not let FSx read.
        ("The students' jobs brought the Lustre file system to its knees.", "lustre-slow"),
        ("We have issues with the Lustre performance since Monday.", "lustre-slow"),
        ("Our jobs on Lustre have high iowait.", "lustre-slow"),
        ("Lustre OSTs (scratch-OST0003-OST0005) were unavailable for an hour.", "ost-unavailable"),
        ("The pool of one Lustre OST has been suspended.", "ost-unavailable"),
        ("Lustre のディスク装置でハードウェア障害が発生しました。", "ost-unavailable"),
        ("A drive failed in the metadata array of our Lustre.", "mdt-unavailable"),
        ("The Lustre directory can be written only by the root user.", "root-squash-or-permissions"),
        ("We hit the Lustre inode quota, the build died.", "lustre-quota-exceeded"),
        ("AWS FSx Lustre does not provide file locks, our database fails.", "flock-not-enabled"),
        ("FSx for Lustre fails to import from a requester pays bucket.", "s3-access-denied"),
        ("Lustre crashed; the InfiniBand fabric had credit loops.", "connection-lost-network"),
    ],
)
def test_what_is_said_to_be_bad_is_named(text: str, cause: str) -> None:
    assert causes(text) == {cause}


@pytest.mark.parametrize(
    "text",
    [
        "988 is open in both security groups, DNS resolves and the role has all permissions for Lustre.",
        # What was not to blame, and what was done without a failure before it.
        "Lustre mount fails. It was not because of the security group.",
        "We added the Lustre port to the security group, and it works.",
        "Kernel upgraded, the Lustre client module rebuilt, and all mounts are back.",
        "$ apt-get install lustre-client\nsomething failed",
        "Der Lustre-Client ist installiert, die Sicherheitsgruppe ist korrekt.",
        "Le groupe de sécurité autorise le port 988 et le module noyau de Lustre est chargé.",
        "El cliente de Lustre está instalado y el grupo de seguridad permite el puerto 988.",
        "O cliente Lustre está instalado e o grupo de segurança permite a porta 988.",
        "보안 그룹은 988 포트를 허용하고 Lustre 클라이언트도 설치되어 있습니다.",
        "セキュリティグループは 988 番を許可しており、Lustre クライアントもインストール済み。",
        "安全组已放行 988 端口，Lustre 客户端已安装。",
        # Times of somebody who is content, a test's name, locks that the mount has, a share that is in use.
        "We benchmarked Lustre: reading 1 TB took 8 minutes, at line rate.",
        "The flock test fails on Lustre; options are rw,flock,lazystatfs.",
        "Mounting Lustre with flock is not needed any more.",
        "Lustre runs at 98 % of the peak bandwidth.",
        "Can not found `mds/MDS/osd` in lustre 2.10.0",
        "Our lustre is at 40% capacity",
        "Lustre is not congested. The job fails for another reason.",
        "I/O wait is low on Lustre and the job still fails.",
        "Our Lustre mount fails. We have no performance issues.",
        "Lustre survives network failures. A problem remains with our script.",
        "Lustre quotas are not enforced for root: it exceeds quota and never fails.",
        "Does FSx for Lustre support requester pays buckets?",
        # What a compiler quotes.
        "lustre: ../a.c:12:3: Error: x\n   35 |   MS_RDONLY = 1,  /* Mount read-only.  */\n      |   ^~~~",
        "Lustre reads at full speed, and its directory is owned by the team.",
        "FSx for Lustre is a managed file system for machine learning; it integrates with S3.",
        "The annotation was added, the driver is registered and the role was assigned to the Lustre controller.",
        "The current FSx driver does not support different volumes on the same file system.",
    ],
)
def test_what_is_said_to_be_fine_is_no_cause(text: str) -> None:
    assert causes(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "The EFS mount hangs because the security group does not allow port 2049.",
        "Our Gleam front end uses Lustre; the erlang target fails, version mismatch of the client package in Gleam.",
        "CephFS 挂载超时，安全组没有放行端口。",
        "The Jenkins agents are pending, the quota of the namespace is used up. Lustre is fine.",
        "What happens to a job when the Lustre client is evicted?",
        "The security group of our RDS instance was missing port 5432, so the app timed out. Lustre works.",
    ],
)
def test_what_is_of_another_system_is_not_ours(text: str) -> None:
    assert causes(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "The client cannot reconnect to the MDS and its mount hangs. The OSDs drop its writes.",
        "BeeGFS is mounted on the login nodes. The metadata server is down and every client mount hangs.",
        "We use GCS Fuse. The sidecar container of the mount fails while the metadata server is not up.",
        "CephFS 集群异常。客户端挂载卡住，元数据服务器宕机。",
    ],
)
def test_a_part_that_others_have_too_is_theirs_where_another_system_is_named(text: str) -> None:
    assert causes(text) == set()
    assert causes("Every client mount hangs, the MDS is down.") == {"mdt-unavailable"}


@pytest.mark.parametrize(
    "text",
    [
        "I propose an option to leave out single OSTs of Lustre, such as one that is down.",
        "This PR retries the Lustre mount in the node agent when the MGS is down.",
        "Feature request: show in the Lustre exporter which MDT is down.",
        "기능 요청: Lustre MDT가 다운되면 알림을 보내 주세요.",
    ],
)
def test_who_asks_for_a_change_tells_of_no_failure(text: str) -> None:
    assert causes(text) == set()
    assert causes("One of the OSTs of our Lustre is down.") == {"ost-unavailable"}


def test_what_only_may_happen_has_not_happened() -> None:
    may_be = "If the connection to the first MGS fails, the Lustre client asks the next."
    assert causes(may_be) == set()
    assert causes("The directory has to be there before the mount. " + may_be) == set()
    assert causes("If I mount Lustre by hand, it fails: the security group does not allow port 988.") == {
        "sg-missing-988"
    }


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Lustre mounts hang. We ruled out the security group, the DNS name does not resolve.",
         "dns-resolution-failure"),
        ("The Lustre mount fails. The security group was a red herring: the DNS name does not resolve.",
         "dns-resolution-failure"),
        ("Lustre 挂载失败。排除了安全组，域名无法解析。", "dns-resolution-failure"),
    ],
)  # fmt: skip
def test_what_was_ruled_out_is_no_cause_and_the_rest_is(text: str, cause: str) -> None:
    assert causes(text) == {cause}


@pytest.mark.parametrize(
    "text",
    [
        "The node check may incorrectly report the Lustre client as absent.",
        "The Lustre mount fails. The missing Lustre client was a false positive.",
        "Lustre 作业很慢。可以排除 Lustre 客户端缺失。",
    ],
)
def test_a_report_that_is_wrong_names_nothing(text: str) -> None:
    assert "lustre-client-not-installed" not in causes(text)
    assert "lustre-client-not-installed" in causes("The node check reports the Lustre client as absent.")


@pytest.mark.parametrize("markup", [".. note::\n   {}", "!!! warning\n    {}", ":::danger\n{}\n:::"])
def test_a_page_of_documentation_tells_of_no_failure(markup: str) -> None:
    said = "A Lustre mount hangs, the security group does not allow port 988."
    assert causes(said) == {"sg-missing-988"}
    assert causes(markup.format(said)) == set()


@pytest.mark.parametrize(
    "text",
    [
        "Lustre splits a file into data blocks and spreads them over several object storage servers.",
        "We strongly recommend to run jobs from Lustre instead, due to its larger storage capacity.",
    ],
)
def test_what_lustre_is_for_is_no_failure(text: str) -> None:
    assert causes(text) == set()
    assert causes("Lustre does not mount, the firewall blocks port 988.") != set()


def test_a_full_text_is_no_full_file_system() -> None:
    assert causes("Full example of a pod with our Lustre file system.") == set()
    assert causes("The full log is attached: our Lustre file system is full.") == {"file-system-full"}


@pytest.mark.parametrize(
    "said", ["OST 全程 FULL；Lustre", "必须等 OST 转 `FULL`/`IDLE` 再跑 Lustre", "Lustre: the OST imports stayed FULL"]
)
def test_an_import_whose_state_is_full_is_no_full_file_system(said: str) -> None:
    assert causes(said) == set()
    assert causes("The OST of our Lustre is FULL.") == {"file-system-full"}


def test_a_permission_on_debugfs_is_none_of_a_role() -> None:
    told = (
        "I just checked our Lustre 2.15 clients. Most likely your system hasn't mounted debugfs, or you don't have "
        "permissions to access /sys/kernel/debug (normal restricted to root)."
    )
    assert causes(told) == set()
    assert causes(told.replace("debugfs", "it").replace("/sys/kernel/debug", "it")) == {"iam-missing-permission"}


def test_a_clock_beside_an_eviction_is_no_clock_of_a_signature() -> None:
    told = "`LustreError: ... timed out`；\n时间不同步导致客户端被 {}"
    assert "node-clock-wrong" not in causes(told.format("evict"))
    assert "node-clock-wrong" in causes(told.format("拒绝"))


def test_a_row_of_counters_is_nobodys_word() -> None:
    rows = "lnetctl net show -v on the Lustre client\nhealth stats:\n    - no route: {}\n    - timeouts: 0"
    assert causes(rows.format(0)) == set()
    assert causes("Lustre does not mount: no route to the file system's VPC.") == {"route-missing"}


def test_one_sentence_of_another_system_does_not_hide_the_others() -> None:
    text = "EFS works on these nodes. FSx for Lustre does not mount: the security group does not allow port 988."
    assert causes(text) == {"sg-missing-988"}


def test_lines_of_programs_are_not_read_as_prose() -> None:
    line = "Jun 30 02:06:45 node1 kernel: Lustre: testfs-MDT0001: security group does not allow port 988, mount fails"
    assert causes(line) == set()


def test_a_log_is_not_read_as_prose(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is for texts of a person's size alone."""
    asked: list[str] = []
    monkeypatch.setattr(reader, "prose_hits", lambda text, knowledge: asked.append(text) or ())
    log = b"Lustre: the security group does not allow port 988\n" * 1000
    read_symptoms((TextStream("", iter((log,))),), KNOWLEDGE)
    assert asked == []


def test_a_person_says_which_of_the_narrower_causes_a_program_leaves_open() -> None:
    text = (
        "mount.lustre: mount 10.0.1.5@tcp:/fsx at /mnt failed: No route to host\n"
        "We found that the security group of the nodes does not allow port 988."
    )
    report = read_symptoms((TextStream("", iter((text.encode(),))),), KNOWLEDGE)
    named = {hit.cause for group in report.groups for symptom in group.symptoms for hit in symptom.hits}
    assert {"mgs-unreachable-network", "sg-missing-988"} <= named
