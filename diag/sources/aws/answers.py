"""Which HTTP answers are AWS's own. A login page of a proxy, an empty body or half a document is not an empty list.

botocore turns a JSON body that it cannot parse into an empty answer, and takes an HTML page with status 403 or 404 for
a missing permission or a missing object. Both would be believed: "FSx has no file system".
"""

from __future__ import annotations

import contextlib
import json
import re
import urllib.parse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from diag.decode import decode_json

if TYPE_CHECKING:
    from botocore.model import OperationModel

_PARSERS = frozenset(
    {"botocore.parsers", "botocore.handlers", "botocore.utils", "botocore.endpoint", "botocore.errorfactory"}
)
"""Modules of botocore that read an answer; the handlers decode policy documents, the last two look up error codes."""

_PROVIDERS = frozenset({"botocore.credentials", "botocore.tokens"})
"""Modules of botocore that take credentials from files, programs and services."""

LONGEST = 64 << 20
"""Bytes. The largest page that AWS sends (1,000 results of EC2) is below 10 MB."""

_XML_ROOT = re.compile(rb"\s*(?:<\?xml[^>]{0,200}\?>\s*)?<(?![!?])([A-Za-z][\w.:-]{0,100})[\s/>]")


class MalformedAnswer(Exception):
    """What answered in AWS's place, or what the answer lacks. Safe to print: it quotes nothing of the answer."""


def read_bounded(response: Any) -> None:
    """Read the body of a response that was sent for as a stream.

    MalformedAnswer when it is longer than any of AWS's or ends too early; botocore's ReadTimeoutError when it stalls.
    """
    from botocore.exceptions import ReadTimeoutError
    from urllib3.exceptions import HTTPError
    from urllib3.exceptions import ReadTimeoutError as Stalled

    pieces, size = [], 0
    try:
        for piece in response.raw.stream(1 << 16):
            size += len(piece)
            if size > LONGEST:
                raise MalformedAnswer(f"the answer is longer than {LONGEST >> 20} MiB")
            pieces.append(piece)
    except Stalled as error:
        raise ReadTimeoutError(endpoint_url=response.url, error=error) from error
    except HTTPError:
        raise MalformedAnswer(f"the connection broke after {size} bytes of the answer") from None
    finally:
        if size > LONGEST:
            response.raw.close()
    declared = response.headers.get("Content-Length", "")
    if declared.isdigit() and int(declared) > size and not response.headers.get("Content-Encoding"):
        raise MalformedAnswer(f"the answer ends after {size} of {declared} bytes")
    response._content = b"".join(pieces)


def refuse_strangers(operation_model: OperationModel, response_dict: dict[str, Any], **_: Any) -> None:
    """botocore's `before-parse`: raise MalformedAnswer for a body that no AWS service of that protocol sends."""
    body, status = response_dict["body"], response_dict["status_code"]
    if not isinstance(body, bytes) or operation_model.http.get("method") == "HEAD":
        return
    shape = operation_model.output_shape
    if not body.strip():
        if status == 404 or (status < 300 and shape is not None and shape.members):
            raise MalformedAnswer(f"HTTP {status} with an empty body")
        return
    protocol = operation_model.service_model.resolved_protocol
    if "cbor" in protocol:
        return
    if "json" in protocol:
        if not _is_json_object(body):
            raise MalformedAnswer(f"HTTP {status} with {_kind(body)} where a JSON document is due")
    elif status < 300 and _is_sent_bare(shape) and b"<html" not in body[:200].lower():
        return
    elif (root := _XML_ROOT.match(body)) is None or root.group(1).lower() == b"html":
        raise MalformedAnswer(f"HTTP {status} with {_kind(body)} where an XML document is due")


def _is_sent_bare(shape: Any) -> bool:
    """Whether the whole body is one text, as of S3's bucket policies."""
    payload = shape.serialization.get("payload") if shape is not None else None
    return payload is not None and shape.members[payload].type_name in ("string", "blob")


def require_members(operation_model: OperationModel, answer: dict[str, Any]) -> None:
    """Raise MalformedAnswer for an answer that lacks what the service model says it has.

    Few models mark output members as required. An answer that has none of its members is no answer either; REST-XML
    (S3) alone knows documents that are rightly empty.
    """
    shape = operation_model.output_shape
    if shape is None or not shape.members:
        return
    missing = [name for name in shape.required_members if name not in answer]
    if not missing and operation_model.service_model.resolved_protocol != "rest-xml":
        missing = [] if any(name in answer for name in shape.members) else [" or ".join(sorted(shape.members)[:3])]
    if missing:
        raise MalformedAnswer(f"the answer has no {', '.join(missing)}")
    _require_containers(shape, answer, operation_model.name)


def _require_containers(shape: Any, value: Any, path: str) -> None:
    """Raise MalformedAnswer where a list has an empty item, or something else is where the model has members.

    botocore passes both on. Single values of another type are the business of whoever reads them.
    """
    if shape.type_name not in ("structure", "list", "map"):
        return
    members: Iterable[tuple[Any, Any, str]]
    if isinstance(value, dict) and shape.type_name == "structure":
        known = shape.members
        members = ((known[name], item, name) for name, item in value.items() if name in known and item is not None)
    elif isinstance(value, dict) and shape.type_name == "map":
        members = ((shape.value, item, path) for item in value.values())
    elif isinstance(value, list) and shape.type_name == "list":
        members = ((shape.member, item, path) for item in value)
    else:
        raise MalformedAnswer(f"{path} has another type than the service model says")
    for member, item, name in members:
        if item is None:
            raise MalformedAnswer(f"{name} has an empty item")
        _require_containers(member, item, name)


def require_list(operation_model: OperationModel, answer: dict[str, Any], key: str) -> list[Any]:
    """The list under `key`, which every page of a list has, be it empty. MalformedAnswer when it is not there."""
    found = answer.get(key)
    if not isinstance(found, list):
        raise MalformedAnswer(f"the answer has no list {key}")
    require_members(operation_model, answer)
    return found


def with_document(raw: dict[str, Any], key: str) -> dict[str, Any]:
    """The item with the policy document under `key` decoded. botocore does so for IAM; some stand-ins quote it twice.

    What is no document stays a string: its shape then says that it is malformed.
    """
    document = raw.get(key)
    if isinstance(document, str):
        with contextlib.suppress(ValueError):
            return {**raw, key: json.loads(urllib.parse.unquote(document))}
    return raw


def was_raised_while_parsing(error: Exception) -> bool:
    """Whether botocore's own parser stumbled: over a string where the model has a list, a word for a time stamp."""
    return _was_raised_in(error, _PARSERS)


def was_raised_by_provider(error: Exception) -> bool:
    """Whether botocore stumbled over what a file, a program or a service gave for credentials."""
    return _was_raised_in(error, _PROVIDERS)


def _was_raised_in(error: Exception, modules: frozenset[str]) -> bool:
    """Whether these modules, or what they called, raised it; what they called of ours is a bug of ours."""
    frame, found = error.__traceback__, False
    while frame is not None:
        name = str(frame.tb_frame.f_globals.get("__name__"))
        found = (found and not name.startswith("diag.")) or name in modules
        frame = frame.tb_next
    return found


def _is_json_object(body: bytes) -> bool:
    try:
        decode_json(body, dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _kind(body: bytes) -> str:
    start = body[:200].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")) or b"<html" in start:
        return "a web page (a proxy or a login page answers in AWS's place)"
    return "a body cut short or of another kind"
