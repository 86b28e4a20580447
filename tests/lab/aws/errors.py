"""What a refusal looks like on the wire: every AWS protocol words it differently.

Shapes follow the service models and what the services answer: EC2 has codes of its own
(`UnauthorizedOperation`, `AuthFailure`, `RequestLimitExceeded`), the query services use
`AccessDenied` and `Throttling`, the JSON ones end theirs in `Exception`.
"""

import enum
import json
import struct
import uuid
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tests.lab.aws.request import AwsRequest


class Protocol(enum.Enum):
    """The wire protocols of the services the lab serves."""

    EC2 = "ec2"
    QUERY = "query"
    JSON = "json"
    REST_JSON = "rest-json"
    REST_XML = "rest-xml"
    CBOR = "smithy-rpc-v2-cbor"


class Refusal(enum.Enum):
    """A reason for which the front answers in place of the service."""

    DENIED = "denied"
    EXPIRED = "expired"
    INVALID_KEY = "invalid-key"
    THROTTLED = "throttled"


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ServiceError(Exception):
    """An error a service gives on purpose: code, HTTP status and text."""

    code: str
    message: str
    status: int = 400


_SERVICE_PROTOCOLS = {
    "ec2": Protocol.EC2,
    "eks": Protocol.REST_JSON,
    "route53profiles": Protocol.REST_JSON,
    "s3": Protocol.REST_XML,
    "route53": Protocol.REST_XML,
    "fsx": Protocol.JSON,
    "ssm": Protocol.JSON,
    "ecr": Protocol.JSON,
    "logs": Protocol.JSON,
    "servicequotas": Protocol.JSON,
    "tagging": Protocol.JSON,
}

# (code, HTTP status, text) by reason and protocol.
_CODES: dict[Refusal, dict[Protocol, tuple[str, int, str]]] = {
    Refusal.DENIED: {
        Protocol.EC2: ("UnauthorizedOperation", 403, "You are not authorized to perform this operation. {why}"),
        Protocol.QUERY: ("AccessDenied", 403, "{why}"),
        Protocol.JSON: ("AccessDeniedException", 400, "{why}"),
        Protocol.REST_JSON: ("AccessDeniedException", 403, "{why}"),
        Protocol.REST_XML: ("AccessDenied", 403, "{why}"),
        Protocol.CBOR: ("AccessDenied", 403, "{why}"),
    },
    Refusal.EXPIRED: {
        Protocol.EC2: ("RequestExpired", 400, "Request has expired."),
        Protocol.QUERY: ("ExpiredToken", 403, "The security token included in the request is expired"),
        Protocol.JSON: ("ExpiredTokenException", 400, "The security token included in the request is expired"),
        Protocol.REST_JSON: ("ExpiredTokenException", 403, "The security token included in the request is expired"),
        Protocol.REST_XML: ("ExpiredToken", 400, "The provided token has expired."),
        Protocol.CBOR: ("ExpiredToken", 403, "The security token included in the request is expired"),
    },
    Refusal.INVALID_KEY: {
        Protocol.EC2: ("AuthFailure", 401, "AWS was not able to validate the provided access credentials"),
        Protocol.QUERY: ("InvalidClientTokenId", 403, "The security token included in the request is invalid."),
        Protocol.JSON: ("UnrecognizedClientException", 400, "The security token included in the request is invalid."),
        Protocol.REST_JSON: (
            "UnrecognizedClientException",
            403,
            "The security token included in the request is invalid.",
        ),
        Protocol.REST_XML: (
            "InvalidAccessKeyId",
            403,
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        Protocol.CBOR: ("InvalidClientTokenId", 403, "The security token included in the request is invalid."),
    },
    Refusal.THROTTLED: {
        Protocol.EC2: ("RequestLimitExceeded", 503, "Request limit exceeded."),
        Protocol.QUERY: ("Throttling", 400, "Rate exceeded"),
        Protocol.JSON: ("ThrottlingException", 400, "Rate exceeded"),
        Protocol.REST_JSON: ("ThrottlingException", 429, "Rate exceeded"),
        Protocol.REST_XML: ("SlowDown", 503, "Please reduce your request rate."),
        Protocol.CBOR: ("Throttling", 400, "Rate exceeded"),
    },
}


def protocol_of(request: AwsRequest) -> Protocol:
    """The protocol the caller speaks; a service with several is told by the request's own headers."""
    if request.header("smithy-protocol") == "rpc-v2-cbor":
        return Protocol.CBOR
    if request.header("x-amz-target"):
        return Protocol.JSON
    return _SERVICE_PROTOCOLS.get(request.service, Protocol.QUERY)


def refuse(request: AwsRequest, refusal: Refusal, caller_arn: str) -> Answer:
    """The answer of a service that refuses the request before looking at it."""
    code, status, text = _CODES[refusal][protocol_of(request)]
    why = (
        f"User: {caller_arn} is not authorized to perform: {request.permission}{_resource_clause(request)}"
        f" because no identity-based policy allows the {request.permission} action"
    )
    return error_answer(request, ServiceError(code, text.format(why=why), status))


def _resource_clause(request: AwsRequest) -> str:
    # EC2's Describe* calls have no resource level, and EC2 leaves the clause out of its text for them.
    return "" if request.service == "ec2" else " on resource: *"


def error_answer(request: AwsRequest, error: ServiceError) -> Answer:
    """Words an error in the protocol of the request."""
    request_id = str(uuid.uuid4())
    code, text = escape(error.code), escape(error.message)
    match protocol_of(request):
        case Protocol.EC2:
            body = (
                '<?xml version="1.0" encoding="UTF-8"?>\n'
                f"<Response><Errors><Error><Code>{code}</Code><Message>{text}</Message></Error></Errors>"
                f"<RequestID>{request_id}</RequestID></Response>"
            )
            return Answer(error.status, body.encode(), (("Content-Type", "text/xml;charset=UTF-8"),))
        case Protocol.QUERY:
            body = (
                f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{text}</Message></Error>"
                f"<RequestId>{request_id}</RequestId></ErrorResponse>"
            )
            return Answer(error.status, body.encode(), (("Content-Type", "text/xml"),))
        case Protocol.REST_XML:
            # S3 answers HEAD without a body, so the caller sees the bare status.
            body = (
                '<?xml version="1.0" encoding="UTF-8"?>\n'
                f"<Error><Code>{code}</Code><Message>{text}</Message><RequestId>{request_id}</RequestId></Error>"
            )
            content = b"" if request.method == "HEAD" else body.encode()
            return Answer(error.status, content, (("Content-Type", "application/xml"),))
        case Protocol.CBOR:
            headers = (("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"))
            return Answer(error.status, _cbor_map({"__type": error.code, "message": error.message}), headers)
        case Protocol.REST_JSON:
            headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", error.code))
            return Answer(error.status, json.dumps({"message": error.message}).encode(), headers)
        case Protocol.JSON:
            content = json.dumps({"__type": error.code, "message": error.message}).encode()
            headers = (("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", request_id))
            return Answer(error.status, content, headers)


def _cbor_map(pairs: dict[str, str]) -> bytes:
    """A definite-length CBOR map of text to text (RFC 8949, 3.1: major types 5 and 3)."""

    def text(value: str) -> bytes:
        data = value.encode()
        return b"\x79" + struct.pack(">H", len(data)) + data

    return bytes([0xA0 + len(pairs)]) + b"".join(text(key) + text(value) for key, value in pairs.items())
