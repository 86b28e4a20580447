"""What AWS's errors mean, by code and status, never by text."""

from __future__ import annotations

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from diag import Reason, Unavailable
from diag.sources.aws.failure import unavailable_from
from diag.sources.aws.session import Aws

ACTION = "fsx:DescribeFileSystems"


def of(error: Exception) -> Unavailable:
    found = unavailable_from(error, ACTION)
    assert found is not None
    return found


def answered(code: str, status: int = 400) -> ClientError:
    said = {"Error": {"Code": code, "Message": "what\x1b[2J\nit said"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said, "DescribeFileSystems")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("UnauthorizedOperation", 403),
        ("AccessDeniedException", 400),
        ("AccessDenied", 403),
        ("403", 403),
        ("SomethingNew", 403),
    ],
)
def test_a_missing_permission_is_named_whatever_the_service_calls_it(code: str, status: int) -> None:
    missing = of(answered(code, status))
    assert (missing.reason, missing.permission) == (Reason.DENIED, ACTION)


@pytest.mark.parametrize(
    "code", ["ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure"]
)
def test_bad_credentials_are_no_missing_permission(code: str) -> None:
    missing = of(answered(code, 403))
    assert (missing.what, missing.reason, missing.permission) == ("AWS credentials", Reason.DENIED, "")
    assert "log in again" in missing.remedy


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("code", ["OptInRequired", "SubscriptionRequiredException", "PendingVerification"])
def test_an_account_that_is_not_enabled_lacks_no_permission(code: str, status: int) -> None:
    missing = of(answered(code, status))
    assert (missing.what, missing.reason, missing.permission) == (ACTION, Reason.DENIED, "")
    assert code in missing.detail and "Region enabled" in missing.remedy


@pytest.mark.parametrize(("code", "asks"), [("UnrecognizedClientException", True), ("ExpiredToken", False)])
def test_keys_that_a_region_does_not_know_may_be_those_of_an_account_that_has_not_enabled_it(
    code: str, asks: bool
) -> None:
    assert ("Region enabled" in of(answered(code, 403)).remedy) is asks


@pytest.mark.parametrize(
    "code", ["FileSystemNotFound", "NoSuchEntity", "InvalidGroup.NotFound", "ResourceNotFoundException", "NoSuchBucket"]
)
def test_what_does_not_exist_is_absent(code: str) -> None:
    assert of(answered(code)).reason is Reason.ABSENT


@pytest.mark.parametrize(
    ("code", "status"), [("ThrottlingException", 400), ("RequestLimitExceeded", 503), ("Any", 429)]
)
def test_throttling_is_worth_another_try(code: str, status: int) -> None:
    assert of(answered(code, status)).reason is Reason.TIMEOUT


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (exceptions.NoCredentialsError(), Reason.DENIED),
        (exceptions.ProfileNotFound(profile="x"), Reason.ABSENT),
        (exceptions.CredentialRetrievalError(provider="custom-process", error_msg="exit 1"), Reason.DENIED),
        (exceptions.ConfigParseError(path="~/.aws/config"), Reason.GARBLED),
        (FileNotFoundError(2, "No such file or directory", "aws-vault"), Reason.GARBLED),
        (exceptions.SSLError(endpoint_url="https://x", error="x"), Reason.UNREACHABLE),
        (exceptions.ProxyConnectionError(proxy_url="http://p"), Reason.UNREACHABLE),
        (exceptions.NoRegionError(), Reason.NOT_ASKED),
        (exceptions.ConnectTimeoutError(endpoint_url="https://x"), Reason.TIMEOUT),
        (exceptions.ReadTimeoutError(endpoint_url="https://x"), Reason.TIMEOUT),
        (exceptions.EndpointConnectionError(endpoint_url="https://x"), Reason.UNREACHABLE),
        (exceptions.ParamValidationError(report="x"), Reason.GARBLED),
        (ResponseParserError("not XML"), Reason.GARBLED),
    ],
)
def test_failures_below_the_service_are_values_too(error: Exception, reason: Reason) -> None:
    assert of(error).reason is reason


def test_a_program_for_credentials_that_is_not_there_is_the_configuration_s_fault() -> None:
    told = of(FileNotFoundError(2, "No such file or directory", "aws-vault"))
    assert told.what == "AWS configuration"
    assert "credential_process" in told.remedy


def test_a_profile_that_is_not_there_names_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert Aws().configured_region() == ""


def test_what_aws_said_stays_on_one_clean_line() -> None:
    assert "\x1b" not in of(answered("SomethingElse")).detail
    assert "\n" not in of(answered("SomethingElse")).detail


def test_our_own_bug_is_not_aws_fault() -> None:
    assert unavailable_from(KeyError("x"), ACTION) is None
