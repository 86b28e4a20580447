"""The filter of credentials: whatever form one has and wherever it is, it goes; what is none stays."""

from __future__ import annotations

import base64
import json
import re
import string
from pathlib import Path

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from diag.secret_filter import REMOVED, SAID_OF_ONE, scrubbed, without_credentials

ROOT = Path(__file__).parents[1]
LETTERS = string.ascii_letters + string.digits


def letters(least: int, most: int, alphabet: str = LETTERS) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=least, max_size=most)


def mixed(length: int, alphabet: str) -> st.SearchStrategy[str]:
    """Random text of one length with a small letter, a capital and a digit."""
    return letters(length, length, alphabet).map(lambda text: f"{text[:-3]}aB7")


PEM = letters(64, 300).map(lambda body: f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----")
JWT = st.tuples(letters(10, 40), letters(10, 80), letters(20, 60)).map(lambda p: f"eyJ{p[0]}.eyJ{p[1]}.{p[2]}")

BY_FORM = {
    "jwt": JWT,
    "private key": PEM,
    "private key in base64": PEM.map(lambda pem: base64.b64encode(pem.encode()).decode()),
    "private key cut off": PEM.map(lambda pem: pem[:-40]),
    "aws access key": letters(16, 16, string.ascii_uppercase + "234567").map(lambda key: f"AKIA{key}"),
    "aws temporary key": letters(16, 16, string.ascii_uppercase + "234567").map(lambda key: f"ASIA{key}"),
    "aws secret key": mixed(40, LETTERS + "/+"),
    "aws session token": letters(100, 300, LETTERS + "/+").map(lambda token: f"IQoJb3JpZ2luX2Vj{token}=="),
    "eks token": letters(50, 200).map(lambda token: f"k8s-aws-v1.{token}"),
    "github token": mixed(36, LETTERS).map(lambda token: f"ghp_{token}"),
    "gitlab token": mixed(20, LETTERS + "-_").map(lambda token: f"glpat-{token}"),
    "slack token": mixed(30, LETTERS + "-").map(lambda token: f"xoxb-{token}"),
}
"""Credentials that are known by their own form, whatever stands around them."""

AROUND = st.sampled_from(["", " ", "\n", "'", '"', "(", ": ", "=", ", "])

NAMED = (
    "password={}", "passwd={}", "pwd={}", "PASSWORD={}", "user=bob,pass={}", "rw,user=bob,pass={},flock",
    "passphrase={}",
    "token={}", "secret={}", "apiKey={}", "api_key={}", "x-api-key: {}", "apiKey: {}", "password: {}", "Password : {}",
    '"password": "{}"', '{{"apiKey":"{}"}}', '{{\\"password\\":\\"{}\\"}}', "--password {}", "--password={}",
    "-password {}",
    "--token {}", "--db-password '{}'", "--secret {}", "AWS_SECRET_ACCESS_KEY={}", "aws_session_token = {}",
    "secretAccessKey: {}",
    "SecretAccessKey={}", "client_secret={}", "DB_PASSWORD={}", "client-key-data: {}", "password: |\n  {}",
    "https://bob:{}@registry.example.com/x", "https://h.example.com/x?sig={}&y=1", "X-Amz-Security-Token={}",
    "authorization: Bearer {}", "Authorization: Basic {}", "Authorization: Token {}", "'authorization': 'Bearer {}'",
    "Cookie: session={}",
)  # fmt: skip
"""How programs write a credential beside its name."""
SECRETS = letters(6, 40).filter(lambda secret: secret.lower() not in ("removed", "inline", *SAID_OF_ONE))

LOOKING_RANDOM = ("token: {}", "Bearer {}", "Invalid header value b'Bearer {}\\n'", "secret: {}", "Basic {}")
"""Before a blank these are words too: only what looks random goes."""


@pytest.mark.parametrize("said", SAID_OF_ONE)
def test_a_password_that_begins_with_a_word_goes_and_the_word_alone_stays(said: str) -> None:
    assert without_credentials(f"password={said}-9qX!") == f"password={REMOVED}"
    assert without_credentials(f"password={said}, again") == f"password={said}, again"


@pytest.mark.parametrize("kind", BY_FORM)
@given(data=st.data(), before=AROUND, after=AROUND)
def test_a_credential_with_a_form_of_its_own_goes_wherever_it_is(
    kind: str, data: st.DataObject, before: str, after: str
) -> None:
    credential = data.draw(BY_FORM[kind])
    shown = without_credentials(f"mount failed {before}{credential}{after} see the log")
    assert not any(credential[place : place + 12] in shown for place in range(len(credential) - 11))
    assert REMOVED in shown and shown.startswith("mount failed")
    assert shown.endswith("see the log") or kind == "private key cut off"


@pytest.mark.parametrize("written", NAMED)
@given(secret=SECRETS)
def test_a_credential_beside_its_name_goes_and_the_name_stays(written: str, secret: str) -> None:
    assume(secret not in f"before {written} after {REMOVED}")
    shown = without_credentials(f"before {written.format(secret)} after")
    assert REMOVED in shown and secret not in shown
    assert shown.startswith("before ")


@pytest.mark.parametrize("written", LOOKING_RANDOM)
@given(secret=mixed(24, LETTERS))
def test_after_a_word_that_may_be_prose_what_looks_random_goes(written: str, secret: str) -> None:
    assert secret not in without_credentials(f"before {written.format(secret)} after")


@given(st.text() | st.sampled_from(NAMED).flatmap(lambda written: SECRETS.map(written.format)))
def test_filtering_twice_changes_nothing(text: str) -> None:
    once = without_credentials(text)
    assert without_credentials(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "Permission denied (publickey,password).", "a password is required", "password: incorrect", "token: expired",
        "InvalidIdentityToken: Incorrect token audience", "the security token included in the request is invalid",
        "Basic Authentication failed", "bearer token authentication", "PWD=/home/user", "2 of 3 pass; 1 fails",
        'secret "aws-secret" not found', "secret kube-system/aws-secret: absent", "pass: it is so",
        "--password <password>",
        "password=$DB_PASSWORD", "--token {token}", "--client-request-token from-backup-0123456789abcdef0",
        "aws fsx describe-file-systems --query 'FileSystems[?Tags[?Key==`a`]]'",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "4a34b42c1f1d3e5a7b9c0d2e4f6a8b0c1d2e3f4a",
        "arn:aws:iam::123456789012:role/Admin", "LustreError: 166-1: cookie 0x1f3c7a9b2d: rc = -22", "",
        "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
        "/var/lib/kubelet/pods/795925cf-bdac-4404-897d-890641a1d4b0/volumes/kubernetes.io~csi/Fsx1/mount",
    ],
)  # fmt: skip
def test_what_is_no_credential_stays(text: str) -> None:
    assert without_credentials(text) == text


def test_no_incident_and_no_runbook_loses_a_word() -> None:
    folder = ROOT / "tests" / "accuracy"
    incidents = [json.loads(line) for file in folder.glob("*.jsonl") for line in file.read_text().splitlines()]
    runbooks = [path.read_text() for path in (ROOT / "runbooks").glob("*.md")]
    assert len(incidents) > 200 and len(runbooks) > 50
    for value in (*incidents, *runbooks):
        assert scrubbed(value) is value or re.search(r"-t (?:cifs|ceph|efs) |skpath=", json.dumps(value))


class Thing(msgspec.Struct, frozen=True):
    name: str
    more: tuple[str, ...] = ()


def test_values_of_any_shape_are_walked_and_untouched_ones_are_not_copied() -> None:
    harmless = {"a": [1, None, Thing("x", ("y",))], "env": [{"name": "HOME", "value": "/root"}]}
    assert scrubbed(harmless) is harmless
    made = scrubbed({"a": (Thing("x", ("password=hunter2",)),), "token=abc": 1})
    assert made == {"a": (Thing("x", (f"password={REMOVED}",)),), f"token={REMOVED}": 1}


@pytest.mark.parametrize(
    "value",
    [
        {"password": "hunter2"}, {"apiKey": "hunter2"}, {"client-key-data": "hunter2"},
        {"x": {"dbPassword": "hunter2"}},
        {"env": [{"name": "DB_PASSWORD", "value": "hunter2"}]}, {"Tags": [{"Key": "api-key", "Value": "hunter2"}]},
        {"token": "hunter2hunter2hunter2"}, ["--password", "hunter2"], ("-x", "--db-password", "hunter2"),
        {"args": ["--api-key", "hunter2", "run"]}, {"dbPwd": "hunter2"}, {"MY_PASS": "hunter2"},
        {"PAſſWORD": "hunter2"}, {"ACCESS_TOKEN": "hunter2"}, {"auth": "hunter2hunter2"},
        {"credentials": "hunter2hunter2"},
    ],
)  # fmt: skip
def test_the_key_beside_a_value_and_the_option_before_it_tell_what_it_is(value: object) -> None:
    assert "hunter2" not in str(scrubbed(value))


@pytest.mark.parametrize("value", [{"secretName": "aws-secret"}, {"token": "default"}, {"secret": "fsx"}, ["--token"]])
def test_names_of_secrets_stay(value: object) -> None:
    assert scrubbed(value) is value
