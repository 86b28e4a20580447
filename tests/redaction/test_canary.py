"""One private thing of every kind is planted in the lab; none may come out of a redacted case, in any format."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from diag.cli._output import FORMATS
from diag.run.case import key_file
from diag.sources.casefile import read_case
from tests.command import Doctor
from tests.lab.incident import CLAIM, VOLUME, WORKLOAD
from tests.lab.lab import Lab

pytestmark = pytest.mark.lab

PLANTED = {
    "private IPv4": "10.211.37.84",
    "public IPv4": "54.239.131.77",
    "IPv6": "2406:da12:7c1:e502::5a7",
    "host": "canary7.zugspitze-corp.com",
    "internal host": "canary8.zugspitze.internal",
    "dashed host": "ip-10-211-37-85",
    "file system": "fs-0ca9a9ca9a9ca9a11",
    "interface": "eni-0ca9a9ca9a9ca9a12",
    "group": "sg-0ca9a9ca9a9ca9a13",
    "VPC": "vpc-0ca9a9ca9a9ca9a14",
    "subnet": "subnet-0ca9a9ca9a9ca9a15",
    "instance": "i-0ca9a9ca9a9ca9a16",
    "ACL": "acl-0ca9a9ca9a9ca9a17",
    "route table": "rtb-0ca9a9ca9a9ca9a18",
    "peering": "pcx-0ca9a9ca9a9ca9a19",
    "KMS key": "5ca9a9ca-0b0b-4c4c-8d8d-ca9a9ca9a120",
    "other account": "998811773355",
    "bucket": "zugspitze-canary-bucket",
    "role": "ZugspitzeCanaryRole",
    "user": "zugspitze-canary-user",
    "issuer": "CA9A9CA9A9CA9A0011223344556677FF",
    "access key": "AKIACANARYCANARY7XQZ",
    "bearer token": "canarytokencanarytoken",
    "e-mail": "canary.person@zugspitze.example.org",
    "password": "canary-hunter2-canary",
    "environment value": "canary-environment-value",
    "command line": "canary-command-line",
    "home": "canaryhome",
}

MESSAGE = (
    "MountVolume.SetUp failed for volume \"fsx-pv\": from {private IPv4} and {public IPv4}, [{IPv6}]:988 at {host} "
    "({internal host}, {dashed host}.ap-northeast-2.compute.internal); {file system} {interface},{group} {VPC} "
    "{subnet}, {instance} {ACL} {route table} {peering}; key arn:aws:kms:eu-west-1:{other account}:key/{KMS key}; "
    "s3://{bucket}/x arn:aws:iam::{other account}:role/{role} arn:aws:iam::{other account}:user/{user} "
    "https://oidc.eks.eu-west-1.amazonaws.com/id/{issuer} {access key} Authorization: Bearer {bearer token} {e-mail} "
    "password={password} /home/{home}/.kube"
)  # fmt: skip


def plant(lab: Lab) -> dict[str, str]:
    """Every canary, in an event, a manifest's copy and a command line; and the lab's own private things."""
    message = re.sub(r"\{([^}]+)\}", lambda match: PLANTED[match[1]], MESSAGE)
    event = next(e for e in lab.kube.all("events", "default") if e["reason"] == "FailedMount")
    event["message"] += message
    pod = lab.kube.get("pods", WORKLOAD, "default")
    applied = {"spec": {"containers": [{"env": [{"name": "X", "value": PLANTED["environment value"]}]}]}}
    pod["metadata"].setdefault("annotations", {})["kubectl.kubernetes.io/last-applied-configuration"] = json.dumps(
        applied
    )
    pod["spec"]["containers"][0]["args"] = [f"--token={PLANTED['command line']}"]
    account = lab.kube.get("serviceaccounts", "fsx-csi-driver-controller-sa", "fsx-csi-driver")
    role = account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].rpartition("/")[2]
    site = lab.site
    own = {
        "account": "123456789012",
        "cluster": site.cluster,
        "the role": role,
        "node": site.node(1, 4),
        "node address": site.address(1, 4),
        "range": site.cidr(1).removesuffix("/24"),
        "the bucket": "training-data-fsx-lustre",
        "the group": "fsx-lustre-sg",
        "the file system": "fs-04cb64a224a31f75d",
        "issuer of the cluster": lab.account.issuer.rpartition("/")[2] if lab.account else "",
    }
    return {**PLANTED, **own}


NEVER = ("environment value", "command line", "bearer token", "access key", "password")
"""Secrets: in nothing that is printed or saved, redacted or not."""
STRICT_ONLY = {"pod": WORKLOAD, "volume": VOLUME, "claim": CLAIM, "class": "fsx-sc"}


def everything_said(doctor: Doctor, case: Path) -> dict[str, str]:
    """Each part of the case and each format made of it, with what was written to standard error."""
    said = {name: data.decode() for name, data in read_case(case.read_bytes()).items()}
    for form in FORMATS:
        ran = doctor("run", "--snapshot", str(case), "--format", form, "--all")
        said[f"--format {form}"], said[f"stderr of {form}"] = ran.out, ran.err
    compared = doctor("diff", str(case), str(case), "--all")
    said["diff"] = compared.out + compared.err
    return said


def test_secrets_are_in_no_case_even_when_nothing_is_redacted(lab: Lab, doctor: Doctor, tmp_path: Path) -> None:
    canaries, case = plant(lab), tmp_path / "case.tar.gz"
    doctor("collect", "-o", str(case), "--redact", "none")
    said = "".join(part.decode() for part in read_case(case.read_bytes()).values())
    assert canaries["private IPv4"] in said
    assert [kind for kind in NEVER if canaries[kind] in said] == []


CREDENTIALS = {
    "bearer": "Authorization: Bearer {0}", "basic": "authorization=Basic {0}",
    "AWS secret": "AWS_SECRET_ACCESS_KEY={0}",
    "AWS session": "aws_session_token: IQoJb3JpZ2lu{0}", "JWT": "eyJhbGciOi.{0}.c2lnbmF0dXJl",
    "password": "password={0}",
    "option": "--password {0}", "pwd": "pwd={0};", "CIFS": "user=bob,pass={0},vers=3.0", "GitHub": "ghp_{0}",
    "API key": '{{"apiKey": "{0}"}}', "URL": "https://bob:{0}@registry.example.org/x",
    "private key": "-----BEGIN PRIVATE KEY-----\n{0}\n-----END PRIVATE KEY-----",
    "header": "Invalid header value b'Bearer {0}\\n'", "mount": "mount -t lustre -o flock,unheard={0} x@tcp:/y /z",
}  # fmt: skip
"""Each with a canary of its own, in event messages."""


def plant_credentials(lab: Lab) -> dict[str, str]:
    """One of every kind in the events of the mount that fails, and in options and attributes of its volume."""
    canaries = {kind: f"canaryC4n4ry{number:02}C4n4ryCanary" for number, kind in enumerate(CREDENTIALS)}
    event = next(e for e in lab.kube.all("events", "default") if e["reason"] == "FailedMount")
    event["message"] += " ".join(text.format(canaries[kind]) for kind, text in CREDENTIALS.items())
    volume = lab.kube.get("persistentvolumes", VOLUME)
    named = {kind: f"0canary-{kind.replace(' ', '-')}" for kind in ("mount option", "attribute", "class", "annotation")}
    volume["spec"]["mountOptions"] = ["flock", f"username=bob,unheard-of={named['mount option']}"]
    volume["spec"]["csi"]["volumeAttributes"]["unheardOf"] = named["attribute"]
    volume["metadata"].setdefault("annotations", {})["example.org/db-password"] = named["annotation"]
    lab.kube.get("storageclasses", "fsx-sc").setdefault("parameters", {})["unheardOf"] = named["class"]
    return canaries | named


def test_no_credential_of_a_stranger_is_printed_or_saved(lab: Lab, tmp_path: Path) -> None:
    lab.load("incident")
    canaries, doctor, saved = plant_credentials(lab), Doctor(lab), tmp_path / "saved.json"
    dns = ("--dns-server", lab.env["LUSTRE_DOCTOR_DNS"])
    said = {"text": doctor("run", *dns, "--all", "--save", str(saved)).out, "saved": saved.read_text()}
    assert "EINVAL" in said["text"] and "unheard-of=[removed]" in said["text"]
    for form in FORMATS:
        ran = doctor("run", *dns, "--all", "--format", form)
        said[form] = ran.out + ran.err
    for level in ("none", "shareable", "strict"):
        case = tmp_path / f"{level}.tar.gz"
        ran = doctor("collect", *dns, "-o", str(case), "--redact", level)
        assert ran.code == 3, ran.err
        said[f"case, {level}"] = "".join(part.decode() for part in read_case(case.read_bytes()).values())
        if level == "none":
            said["replayed"] = doctor("run", "--snapshot", str(case), "--all").out
    for where, text in said.items():
        assert [kind for kind, canary in canaries.items() if canary in text] == [], where
    assert said["replayed"] == said["text"]


KEY = bytes(range(32))
"""The mapping of addresses is a permutation: by chance, one key of some hundred leaves the lab's range where it is."""


@pytest.mark.parametrize("level", ["shareable", "strict"])
def test_no_canary_leaves_a_redacted_case(lab: Lab, doctor: Doctor, level: str, tmp_path: Path) -> None:
    canaries = plant(lab)
    if level == "strict":
        canaries |= STRICT_ONLY
    bare, case, key = tmp_path / "bare.json", tmp_path / "case.tar.gz", tmp_path / "key.json"
    key.write_bytes(key_file(KEY))
    doctor("run", "--save", str(bare))
    ran = doctor("collect", "-o", str(case), "--redact", level, "--key", str(key))
    assert ran.code == 3
    recorded = bare.read_text()
    absent = [kind for kind, text in canaries.items() if text not in recorded]
    assert set(absent) <= {*NEVER}, "a canary that is not planted proves nothing"
    for where, text in {**everything_said(doctor, case), "stderr of collect": ran.err}.items():
        leaked = [kind for kind, canary in canaries.items() if canary.lower() in text.lower()]
        assert leaked == [], f"{where} of a {level} case"


def test_the_key_file_tells_what_each_token_stands_for_and_is_not_in_the_case(doctor: Doctor, tmp_path: Path) -> None:
    case, key = tmp_path / "case.tar.gz", tmp_path / "key.json"
    doctor("collect", "-o", str(case), "--key", str(key))
    held = json.loads(key.read_text())
    report = json.loads(read_case(case.read_bytes())["report.json"])
    token = next(c["name"] for c in report["diagnoses"][0]["concerns"] if c["kind"] == "FileSystem")
    assert held["originals"][token] == "fs-04cb64a224a31f75d"
    assert key.stat().st_mode & 0o777 == case.stat().st_mode & 0o777 == 0o600
    assert held["key"] not in "".join(part.decode() for part in read_case(case.read_bytes()).values())


def test_every_case_has_its_own_tokens_unless_a_key_is_used_again(doctor: Doctor, tmp_path: Path) -> None:
    key, saved = tmp_path / "key.json", tmp_path / "s.json"
    doctor("run", "--save", str(saved))
    cases = [tmp_path / f"{n}.tar.gz" for n in range(3)]
    doctor("collect", "--snapshot", str(saved), "-o", str(cases[0]))
    for case in cases[1:]:
        doctor("collect", "--snapshot", str(saved), "-o", str(case), "--key", str(key))
    alone, one, other = (read_case(case.read_bytes())["snapshot.json"] for case in cases)
    assert alone != one == other
    assert doctor("diff", str(cases[1]), str(cases[2])).code == 0
    assert "different keys" in doctor("diff", str(cases[0]), str(cases[1])).out
