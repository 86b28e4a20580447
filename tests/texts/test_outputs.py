"""Outputs of commands beside the commands, and beside each other."""

from __future__ import annotations

import re

import pytest

from diag.knowledge.command_outputs import command_outputs
from diag.knowledge.runbooks import load_knowledge
from diag.model.symptom import TextStream
from diag.texts.outputs import hits_of_outputs
from diag.texts.symptoms import read_symptoms

KNOWLEDGE = load_knowledge()
NETS = "$ lnetctl net show\nnet:\n    - net type: lo\n      local NI(s):\n        - nid: 0@lo\n          status: up\n"
TCP = (
    "    - net type: tcp\n      local NI(s):\n        - nid: {}@tcp\n          status: up\n"
    "          interfaces:\n              0: {}\n"
)
DAEMONSET = (
    "$ kubectl get ds fsx-csi-node -n kube-system\nNAME DESIRED CURRENT READY\n"
    "fsx-csi-node   3   3   3   3   3   <none>   40d\n"
)
RULES = (
    "$ aws ec2 describe-security-groups --group-ids sg-1 # of the FSx file system\n"
    '"FromPort": {}, "IpProtocol": "tcp", "ToPort": {}\n'
)
NAMES = (
    '$ aws fsx describe-file-systems --query "FileSystems[].LustreConfiguration.MountName"\n"MountName": "abcdbev"\n'
)
MOUNT = "$ sudo mount -t lustre fs-1.fsx.us-east-1.amazonaws.com@tcp:/{} /fsx\nmount.lustre: hm\n"
DF = (
    "UUID bytes Used Available Use% Mounted on\nabc-MDT0000_UUID 34G 6G 28G 18% /fsx[MDT:0]\n"
    "abc-OST0000_UUID 1.1T 1.1T 2M {}% /fsx[OST:0]\n"
)
QUOTA = (
    "Disk quotas for usr a (uid 1): \nFilesystem used quota limit grace files quota limit grace\n"
    "/lustre {} 9T 10T - 8 0 0 -\n"
)


def cause(text: str) -> str:
    return next((hit.cause for hit in hits_of_outputs(text, KNOWLEDGE)), "")


def test_the_table_names_causes_and_patterns_that_there_are() -> None:
    for rule in command_outputs().outputs:
        assert rule.cause in KNOWLEDGE.causes
        assert rule.shows and all(re.compile(one) for one in (rule.command, rule.shows, rule.unless))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$ rpm -qa | grep -i lustre\n$ uname -r\n5.10.1\n", "lustre-client-not-installed"),
        ("# dpkg -l | grep lustre-client\n(no output)\n", "lustre-client-not-installed"),
        ("ubuntu@ip-10-0-0-7:~$ which mount.lustre\nubuntu@ip-10-0-0-7:~$ \n$ id\n0\n", "lustre-client-not-installed"),
        ("$ sudo lctl list_nids\n$ lsmod | grep lnet\n", "lnet-not-configured"),
        ("$ dig +short fs-0a1.fsx.us-east-1.amazonaws.com\n$ date\nMon\n", "dns-resolution-failure"),
        (
            '$ aws fsx describe-file-systems --file-system-ids fs-0a1\n{\n  "FileSystems": []\n}\n',
            "file-system-not-found",
        ),
        (
            "$ kubectl get csidriver\nNAME   ATTACHREQUIRED\nebs.csi.aws.com true\n# lustre?",
            "csi-driver-not-registered",
        ),
        ("$ lctl list_nids\n169.254.20.10@tcp\n", "lnet-wrong-interface"),
        (NETS + TCP.format("172.17.0.1", "docker0"), "lnet-wrong-interface"),
        (NETS + "$ ip -br a\n", "lnet-not-configured"),
        (DAEMONSET + "$ kubectl get nodes --no-headers | wc -l\n5\n", "csi-node-not-scheduled"),
        (RULES.format(2049, 2049), "sg-missing-988"),
        (NAMES + MOUNT.format("fsx"), "wrong-mountname"),
        ("$ aws fsx describe-file-systems\nfs-0a1 CREATING LUSTRE\n", "file-system-creating"),
        (DF.format(100), "file-system-full"),
        ("$ lfs quota -h -u a /lustre\n" + QUOTA.format("10.01T*"), "lustre-quota-exceeded"),
        ('lfs --version\nlfs 2.15.6\n"FileSystemTypeVersion": "2.10"\n', "client-server-version-mismatch"),
        ("| `lctl list_nids` 为空 | 先看网卡 |", "lnet-not-configured"),
        ("lctl list_nids prints nothing on that node", "lnet-not-configured"),
        ("NID 写成了 `@tcp1` 而实际是 `@tcp0`", "lnet-wrong-network"),
        ("we mount 10.0.0.9@tcp1 but the node's NID is 10.0.3.17@tcp", "lnet-wrong-network"),
        ("  5 IN osc abc-OST0001-osc-ffff8880084ca000 6c3b 4", "ost-unavailable"),
        ("  1 ST mgc MGC10.0.0.9@tcp 6c3b 4", "mgs-down"),
        ("| `lctl dl` 中 OST 状态为 `IN`（inactive） |", "ost-unavailable"),
        ("lustrequota\nType Quota Use Files\n---- ---- ---- ----\nGroup (a) 1G 1.332G* 7\n", "lustre-quota-exceeded"),
        ("/lustre/scratch: project quota\n7.2T*/7.0T 2.7M/5.0M 90d\n", "lustre-quota-exceeded"),
        ("- a standing FSx that went FAILED on its own;", "filesystem-failed"),
        ("the file system's Lifecycle: FAILED (fsx, eu-west-1)", "filesystem-failed"),
    ],
)
def test_an_output_speaks_for_a_cause(text: str, expected: str) -> None:
    assert cause(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "$ rpm -qa | grep -i lustre\nkmod-lustre-client-2.15.6-1.amzn2023.x86_64\n",
        # Nothing may follow because somebody stopped to copy; and a question to others is no prompt.
        "$ rpm -qa | grep -i lustre",
        "Did you try rpm -qa | grep lustre\n\nThanks",
        "$ lctl list_nids\n10.0.3.17@tcp\n$ date\n",
        NETS + TCP.format("10.0.3.17", "ens5"),
        DAEMONSET + "$ kubectl get nodes --no-headers | wc -l\n3\n",
        RULES.format(988, 988),
        RULES.format(0, 65535),
        RULES.format(2049, 2049) + '"IpProtocol": "-1"\n',
        NAMES + MOUNT.format("abcdbev"),
        "$ aws fsx describe-file-systems\nfs-0a1 AVAILABLE LUSTRE\nfs-0a2 CREATING LUSTRE\n",
        DF.format(87),
        "$ lfs quota -u a /lustre\n" + QUOTA.format("1.01T"),
        # A target has no room of its own, and there is a limit that is far.
        "$ lfs quota -v -u a /lustre\n" + QUOTA.format("1.01T") + "abc-MDT0000_UUID\n   167k* - 167k - 3* - 3 -\n",
        'lfs --version\nlfs 2.15.6\n"FileSystemTypeVersion": "2.15"\n',
        "$ kubectl get csidriver\nNAME   ATTACHREQUIRED\nfsx.csi.aws.com false\n",
        "lctl list_nids prints 10.0.3.17@tcp",
        "if lctl list_nids shows nothing wrong, go on",
        "10.0.0.9@tcp but the node has 10.0.3.17@tcp0",
        "mount 10.0.0.9@tcp:/abc instead of 10.0.0.8@o2ib:/abc",
        "  1 UP mgc MGC10.0.0.9@tcp 6c3b 4\n  5 UP osc abc-OST0001-osc-ffff8880084ca000 6c3b 4",
        "`lctl dl` shows every OST as UP",
        "lustrequota\nType Quota Use Files\nGroup (a) 1G 0.332G 7\n",
        "the data repository task of the FSx file system is FAILED",
        "FSx backup is FAILED, the file system is fine",
        # Nothing of Lustre.
        '$ aws ec2 describe-security-groups\n"FromPort": 22, "ToPort": 22\n',
    ],
)
def test_a_healthy_or_an_open_output_speaks_for_none(text: str) -> None:
    assert cause(text) == ""


@pytest.mark.parametrize("listed", ["$ lnetctl net show\nnet:\n", NETS])
def test_what_lnetctl_lists_is_no_error(listed: str) -> None:
    text = f"{listed}{TCP.format('10.0.3.17', 'ens5')}$ lctl list_nids\n10.0.3.17@tcp\n"
    report = read_symptoms((TextStream("", iter((text.encode(),))),), KNOWLEDGE)
    assert [hit for group in report.groups for symptom in group.symptoms for hit in symptom.hits] == []


def test_an_output_says_which_cause_of_no_answer_it_is() -> None:
    text = (
        "$ lctl list_nids\n169.254.20.10@tcp\n$ sudo mount -t lustre 10.0.0.9@tcp:/abc /fsx\n"
        "mount.lustre: mount 10.0.0.9@tcp:/abc at /fsx failed: Input/output error\nIs the MGS running?\n"
    )
    report = read_symptoms((TextStream("", iter((text.encode(),))),), KNOWLEDGE)
    hits = {hit.cause: hit.weight for group in report.groups for symptom in group.symptoms for hit in symptom.hits}
    assert hits["lnet-wrong-interface"] == "strong"
    assert hits["mgs-unreachable-network"] == "weak"
