"""An answer that is no answer of AWS's is malformed, never an empty list and never a bug of the tool."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from diag import Reason, Unavailable, Unreadable
from diag.sources.aws import answers
from diag.sources.aws.session import Aws

LOGIN_PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Company proxy</body></html>"
JSON_TYPE, XML_TYPE = "application/x-amz-json-1.1", "text/xml"

LISTS = {
    "fsx": ("DescribeFileSystems", "FileSystems", b'{"FileSystems": []}'),
    "eks": ("ListClusters", "clusters", b'{"clusters": []}'),
    "ec2": (
        "DescribeSecurityGroups",
        "SecurityGroups",
        b"<DescribeSecurityGroupsResponse><requestId>1</requestId><securityGroupInfo/></DescribeSecurityGroupsResponse>",
    ),
    "iam": (
        "ListRoles",
        "Roles",
        b"<ListRolesResponse><ListRolesResult><IsTruncated>false</IsTruncated><Roles/></ListRolesResult>"
        b"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></ListRolesResponse>",
    ),
    "s3": ("ListBuckets", "Buckets", b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"),
}
"""By service: a list operation, its key, and the empty list as AWS sends it."""

ONES = {
    "eks": ("DescribeCluster", {"name": "prod"}),
    "iam": ("GetRole", {"RoleName": "driver"}),
    "sts": ("GetCallerIdentity", {}),
    "s3": ("GetBucketNotificationConfiguration", {"Bucket": "training"}),
}


class Endpoint(BaseHTTPRequestHandler):
    """Answers every request alike."""

    status: ClassVar[int] = 200
    body: ClassVar[bytes] = b""
    declared: ClassVar[int | None] = None

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(self.declared or len(self.body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # a client does not wait for the end of what is too large
            self.wfile.write(self.body)
        self.close_connection = True

    do_GET = do_POST

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[type[Endpoint], Aws]]:
    """One endpoint for all services, and one client of each: to build a client takes longer than all of its calls."""
    handler = type("Handler", (Endpoint,), {})
    with pytest.MonkeyPatch.context() as patch, ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setattr("diag.sources.aws.session.ATTEMPTS", 1)
        yield handler, Aws(region="eu-west-1")
        server.shutdown()


@pytest.fixture
def endpoint(served: tuple[type[Endpoint], Aws]) -> type[Endpoint]:
    handler, _ = served
    handler.status, handler.body, handler.declared = 200, b"", None
    return handler


def answer_or_reason(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Unreadable as error:
        return error.unavailable


@pytest.fixture
def pages(served: tuple[type[Endpoint], Aws]) -> Callable[[str], Any]:
    return lambda service: answer_or_reason(lambda: served[1].pages(service, *LISTS[service][:2]))


@pytest.fixture
def one(served: tuple[type[Endpoint], Aws]) -> Callable[[str], Any]:
    return lambda service: answer_or_reason(lambda: served[1].one(service, ONES[service][0], **ONES[service][1]))


@pytest.mark.parametrize("service", LISTS)
def test_an_empty_list_in_aws_own_words_is_an_empty_list(
    endpoint: type[Endpoint], pages: Callable[[str], Any], service: str
) -> None:
    endpoint.body = LISTS[service][2]
    assert pages(service) == ()


@pytest.mark.parametrize("status", [200, 302, 403, 404, 500])
@pytest.mark.parametrize("service", LISTS)
def test_a_login_page_is_malformed_whatever_its_status(
    endpoint: type[Endpoint], pages: Callable[[str], Any], service: str, status: int
) -> None:
    endpoint.status, endpoint.body = status, LOGIN_PAGE
    found = pages(service)
    assert isinstance(found, Unavailable)
    assert found.reason not in (Reason.ABSENT, Reason.DENIED)


@pytest.mark.parametrize("body", [b"", b"  ", b"{}", b"[]", b"null", b"<a", b"\xff\xfe\x00"], ids=repr)
@pytest.mark.parametrize("service", LISTS)
def test_a_body_without_the_list_is_malformed(
    endpoint: type[Endpoint], pages: Callable[[str], Any], service: str, body: bytes
) -> None:
    endpoint.body = body
    found = pages(service)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.GARBLED


@pytest.mark.parametrize("service", LISTS)
def test_half_an_answer_is_malformed(endpoint: type[Endpoint], pages: Callable[[str], Any], service: str) -> None:
    whole = LISTS[service][2]
    endpoint.body, endpoint.declared = whole[: len(whole) // 2], len(whole)
    found = pages(service)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.GARBLED


@pytest.mark.parametrize(
    "value", [b"null", b'"none"', b"7", b'{"a": 1}', b'["x"]', b"[[1]]", b"[null]", b'[{"SubnetIds": [null]}]', b"[7]"]
)
@pytest.mark.parametrize("service", ["fsx"])
def test_a_wrong_type_is_malformed_and_no_bug_of_ours(
    endpoint: type[Endpoint], pages: Callable[[str], Any], service: str, value: bytes
) -> None:
    endpoint.body = b'{"FileSystems": ' + value + b"}"
    found = pages(service)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.GARBLED


@pytest.mark.parametrize("code", [b'{"a": 1}', b"[]", b"7", b"null"])
def test_an_error_code_of_another_type_is_no_bug_of_ours(
    endpoint: type[Endpoint], pages: Callable[[str], Any], code: bytes
) -> None:
    endpoint.status, endpoint.body = 400, b'{"Error": {"Code": ' + code + b'}, "__type": ' + code + b"}"
    found = pages("eks")
    assert isinstance(found, Unavailable)
    assert found.reason not in (Reason.ABSENT, Reason.DENIED)


@pytest.mark.parametrize("body", [b"", LOGIN_PAGE, b"{}", b"<a/>"], ids=repr)
@pytest.mark.parametrize("service", ["eks", "iam", "sts"])
def test_one_object_that_is_not_in_the_answer_is_malformed(
    endpoint: type[Endpoint], one: Callable[[str], Any], service: str, body: bytes
) -> None:
    endpoint.body = body
    found = one(service)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.GARBLED


def test_a_document_that_may_be_empty_is_empty(
    endpoint: type[Endpoint],
    one: Callable[[str], Any],
) -> None:
    endpoint.body = b'<?xml version="1.0"?><NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
    assert not isinstance(one("s3"), Unavailable)
    endpoint.body = LOGIN_PAGE
    assert isinstance(one("s3"), Unavailable)


def test_an_empty_404_does_not_say_that_a_role_is_absent(
    endpoint: type[Endpoint],
    one: Callable[[str], Any],
) -> None:
    endpoint.status = 404
    found = one("iam")
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.GARBLED


def test_a_body_that_does_not_end_is_bounded(
    endpoint: type[Endpoint], pages: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "LONGEST", 1 << 20)
    endpoint.body = b'{"FileSystems": [' + b" " * (4 << 20)
    found = pages("fsx")
    assert isinstance(found, Unavailable)
    assert "longer than 1 MiB" in found.detail


@pytest.mark.parametrize("document", [b"", b"%7B", b"none", b"[]"])
def test_a_policy_document_that_is_none_is_malformed(
    endpoint: type[Endpoint], one: Callable[[str], Any], document: bytes
) -> None:
    endpoint.body = (
        b"<GetRoleResponse><GetRoleResult><Role><RoleName>r</RoleName><AssumeRolePolicyDocument>"
        + document
        + b"</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>"
    )
    found = one("iam")
    assert not isinstance(found, Unavailable) or found.reason is Reason.GARBLED
