"""How names and ids are spelt: what AWS and Kubernetes make and refuse, and nothing that a shell would act on."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.grammar import ids
from diag.grammar.ids import Grammar

GRAMMARS = {name: value for name, value in vars(ids).items() if isinstance(value, Grammar)}

FITS = {
    "FILE_SYSTEM": ("fs-0123abcd", "fs-0123456789abcdef0"),
    "SECURITY_GROUP": ("sg-0123abcd", "sg-0123456789abcdef0"),
    "SUBNET": ("subnet-0123456789abcdef0",),
    "VPC": ("vpc-0123456789abcdef0",),
    "INSTANCE": ("i-0123456789abcdef0", "mi-0123456789abcdef0"),
    "AWS_ID": ("eni-0123456789abcdef0", "vpce-svc-0123456789abcdef0", "acl-0123abcd"),
    "ACCOUNT": ("123456789012",),
    "REGION": ("eu-west-1", "us-gov-east-1", "us-isob-east-1", "ap-northeast-2", "eusc-de-east-1", "mx-central-1"),
    "ZONE": ("eu-west-1a", "us-west-2-lax-1a"),
    "ARN": ("arn:aws:iam::123456789012:role/a/b", "arn:aws-us-gov:s3:::bucket/key", "arn:aws-cn:iam::aws:policy/x"),
    "KUBERNETES_NAME": ("a", "fsx-pv.0", "a" * 253),
    "KUBERNETES_LABEL": ("kube-system", "a" * 63),
    "DNS_NAME": ("fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com", "mgs", "a.b."),
    "FSNAME": ("fsx", "abcdefgh"),
    "NID": ("10.0.0.1@tcp", "10.0.0.1@tcp1", "fd00::1@tcp", "10.0.0.1@o2ib"),
}
REFUSED = {
    "FILE_SYSTEM": (
        "fs-0123abc",
        "fs-0123456789abcdef01",
        "fs-0123456789ABCDEF0",
        "fs-xxxxxxxxxxxxxxxxx",
        " fs-0123abcd",
    ),
    "SECURITY_GROUP": ("sg-", "sg_0123abcd", "sg-0123abcd\n"),
    "SUBNET": ("subnet-0123456789abcdef0,subnet-0123456789abcdef1",),
    "ACCOUNT": ("12345678901", "1234567890123", "١٢٣٤٥٦٧٨٩٠١٢"),
    "REGION": ("eu-west", "eu-west-1a", "EU-WEST-1", "eu_west_1"),
    "ARN": ("arn:aws:iam::1:role/a b", "aws:iam"),
    "KUBERNETES_NAME": ("-a", "a-", "A", "a" * 254, "a/b", ""),
    "KUBERNETES_LABEL": ("a.b", "a" * 64),
    "DNS_NAME": ("-x", "a b", "$(x)"),
    "FSNAME": ("abcdefghi", "-fsx", ""),
    "NID": ("10.0.0.1", "host@tcp", "10.0.0.1@tcp;x"),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in FITS.items() for value in values])
def test_what_is_made_fits(name: str, value: str) -> None:
    assert GRAMMARS[name].fits(value)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in REFUSED.items() for value in values])
def test_what_is_refused_does_not_fit(name: str, value: str) -> None:
    assert not GRAMMARS[name].fits(value)


@pytest.mark.parametrize("name", GRAMMARS)
@given(st.data())
def test_a_value_that_fits_is_one_word_of_a_shell_and_no_option(name: str, data: st.DataObject) -> None:
    value = data.draw(st.from_regex(GRAMMARS[name].pattern, fullmatch=True))
    assert GRAMMARS[name].fits(value)
    assert shlex.split(value) == [value] and not value.startswith(("-", "~"))
    # A tilde is a home directory only at the beginning of a word.
    assert shlex.quote(value.replace("~", "_")) == value.replace("~", "_")
    assert not set(value) & set("$`\"'\\;&|<>(){}*?!#\n\t ")


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com", "fs-0123456789abcdef0"),
        ("fs-0123456789abcdef0", "fs-0123456789abcdef0"),
        ("fs-0123456789abcdef01.fsx.eu-west-1.amazonaws.com", ""),
        ("x-fs-0123456789abcdef0", ""),
        ("", ""),
    ],
)
def test_the_id_that_a_name_begins_with(text: str, id_: str) -> None:
    assert ids.FILE_SYSTEM.leading(text) == id_


@pytest.mark.parametrize(
    ("text", "partition", "account"),
    [
        ("arn:aws-cn:iam::123456789012:role/a:b", "aws-cn", "123456789012"),
        ("arn:aws:s3:::bucket", "aws", ""),
        ("arn:aws:iam", "", ""),
        ("role/x", "", ""),
        ("", "", ""),
        ("a:b:c:d:e:f", "", ""),
    ],
)
def test_parts_of_an_arn_are_empty_where_it_has_none(text: str, partition: str, account: str) -> None:
    assert (ids.partition_of(text), ids.account_of(text)) == (partition, account)
