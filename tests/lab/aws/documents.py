"""The JSON services' common part: operations by name, documents in, documents out."""

import json
from collections.abc import Callable
from typing import Any

from tests.lab.aws.errors import Answer, ServiceError, error_answer
from tests.lab.aws.request import AwsRequest

Document = dict[str, Any]
Operation = Callable[[AwsRequest, Document], Document]


def answer_document(request: AwsRequest, operations: dict[str, Operation], content_type: str) -> Answer:
    """Runs the operation the request names and words its result or its error.

    An operation the service does not have is answered as AWS does for an unknown action.
    """
    try:
        operation = operations.get(request.operation)
        if operation is None:
            raise ServiceError("UnknownOperationException", f"The lab does not serve {request.operation}.", 404)
        arguments = json.loads(request.body) if request.body else {}
        result = operation(request, arguments)
    except ServiceError as error:
        return error_answer(request, error)
    return Answer(200, json.dumps(result).encode(), (("Content-Type", content_type),))


def page(items: list[Any], arguments: Document, size_key: str, token_key: str) -> tuple[list[Any], Document]:
    """One page of a list and the token of the next.

    Tokens are the index in disguise; a token of anybody else's is a BadRequest.
    """
    token = arguments.get(token_key)
    try:
        start = int(str(token).removeprefix("page-")) if token else 0
    except ValueError:
        raise ServiceError("BadRequest", "The provided next token is not valid.") from None
    size = int(arguments.get(size_key) or len(items) or 1)
    rest = {token_key: f"page-{start + size}"} if start + size < len(items) else {}
    return items[start : start + size], rest
