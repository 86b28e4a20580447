"""What botocore's many errors mean: the world's failure as a value, or nothing when the fault is ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import msgspec

from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.sanitize import one_line
from diag.sources.remote_mounts import StuckMount

DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "Client.UnauthorizedOperation",
        "AuthorizationError",
        "Forbidden",
        "403",
    }
)
"""Error codes of a missing permission: ec2 says UnauthorizedOperation, JSON services AccessDeniedException,
query and REST services AccessDenied; some stand-ins give only the HTTP status."""

BAD_CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)

KNOWS_NO_KEY = frozenset({"AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"})
"""Said of good keys too in a Region that the account has not enabled. Source: Account Management reference, Regions."""

NOT_ENABLED = frozenset(
    {
        "AccountProblem",
        "Blocked",
        "NotSignedUp",
        "OptInRequired",
        "PendingVerification",
        "RegionDisabledException",
        "SubscriptionRequiredException",
    }
)
"""AWS refuses the account itself: no permission helps. Source: EC2 and S3 API references, error codes; FSx and STS API
references, common errors."""

ABSENT_SUFFIXES = ("NotFound", "NotFoundException", "NoSuchEntity", "NoSuchBucket", ".NotFound", "NoSuchBucketPolicy")

THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "SlowDown"}
)

LOGIN = "log in again (`aws sso login` or `aws configure`), or name a profile with --profile"
ENABLE = "see whether the account is active and has the Region enabled (`aws account list-regions`)"


def unavailable_from(error: Exception, action: str) -> Unavailable | None:
    """The value for a failed call, by error code and HTTP status, never by message text.

    `action` is the IAM action, `fsx:DescribeFileSystems`. None when the error is not AWS's: then it is our bug.
    """
    from botocore import exceptions as aws
    from botocore.parsers import ResponseParserError

    text = one_line(error)
    if isinstance(error, aws.ClientError):
        return _from_code(error.response, action, text)
    if isinstance(error, aws.NoCredentialsError):
        return Unavailable("AWS credentials", Reason.DENIED, "none were found", remedy=LOGIN)
    if isinstance(error, aws.PartialCredentialsError | aws.CredentialRetrievalError):
        return Unavailable("AWS credentials", Reason.DENIED, text, remedy=LOGIN)
    if isinstance(
        error, aws.TokenRetrievalError | aws.SSOTokenLoadError | aws.UnauthorizedSSOTokenError | aws.SSOError
    ):
        return Unavailable("AWS credentials", Reason.DENIED, f"the SSO session gives none: {text}", remedy=LOGIN)
    if isinstance(error, aws.ProfileNotFound):
        return Unavailable(action, Reason.ABSENT, text, remedy="see `aws configure list-profiles`")
    if isinstance(error, aws.NoRegionError):
        return Unavailable(action, Reason.NOT_ASKED, "no AWS region is known", remedy="give --region")
    if isinstance(error, aws.ReadTimeoutError | aws.ConnectTimeoutError):
        return Unavailable(action, Reason.TIMEOUT, text, remedy="see whether this machine reaches the AWS endpoint")
    if isinstance(error, aws.HTTPClientError | aws.ConnectionError):
        return Unavailable(
            action,
            Reason.UNREACHABLE,
            text,
            remedy="see whether this machine reaches the AWS endpoint of that region, and whether the region exists",
        )
    if isinstance(error, StuckMount):
        return Unavailable("AWS configuration", Reason.TIMEOUT, text, remedy="name files on another file system")
    if isinstance(error, aws.ConfigParseError | OSError):
        # What is left of the operating system's errors comes before a call: credential_process, a CA bundle, a file.
        remedy = "see ~/.aws/config (credential_process, ca_bundle) and the AWS_… variables"
        return Unavailable("AWS configuration", Reason.GARBLED, text, remedy=remedy)
    if isinstance(error, aws.BotoCoreError | ResponseParserError):
        return malformed_answer(action, text)
    return None


@contextlib.contextmanager
def as_action(action: str) -> Iterator[None]:
    """S3 names its IAM actions otherwise than its operations. Source: Service Authorization Reference, Amazon S3."""
    try:
        yield
    except Unreadable as error:
        if not error.unavailable.permission:
            raise
        remedy = f"allow {action} to this identity"
        raise Unreadable(
            msgspec.structs.replace(error.unavailable, what=action, permission=action, remedy=remedy)
        ) from error


def malformed_answer(action: str, what: str) -> Unavailable:
    """The value for an answer that is none of AWS's."""
    return Unavailable(action, Reason.GARBLED, what, remedy="see whether a proxy answers in AWS's place")


def malformed_credentials(error: Exception) -> Unavailable:
    """The value for what a provider of credentials gave and botocore cannot read. Quotes nothing of it."""
    detail = f"what gives them gave something else ({type(error).__name__})"
    remedy = "see credential_process, the SSO cache and the AWS_… variables, or log in again"
    return Unavailable("AWS credentials", Reason.GARBLED, detail, remedy=remedy)


def _from_code(response: Any, action: str, text: str) -> Unavailable:
    code = str(response.get("Error", {}).get("Code", ""))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code in BAD_CREDENTIALS:
        remedy = f"{LOGIN}; where they work elsewhere, {ENABLE}" if code in KNOWS_NO_KEY else LOGIN
        return Unavailable("AWS credentials", Reason.DENIED, f"AWS does not accept them ({code})", remedy=remedy)
    if code in NOT_ENABLED:
        detail = f"the account may not use the service in this Region ({code})"
        return Unavailable(action, Reason.DENIED, detail, remedy=ENABLE)
    if code.endswith(ABSENT_SUFFIXES):
        return Unavailable(action, Reason.ABSENT, text)
    if code in THROTTLED or status == 429:
        return Unavailable(action, Reason.TIMEOUT, f"throttled ({code})", remedy="run again in a minute")
    if code in DENIED or status == 403:
        return Unavailable(
            action, Reason.DENIED, f"AWS answered {code}", permission=action, remedy=f"allow {action} to this identity"
        )
    if status == 404:
        return Unavailable(action, Reason.ABSENT, text)
    return Unavailable(action, Reason.GARBLED, text)
