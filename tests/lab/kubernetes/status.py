"""Status objects worded as kube-apiserver words them (apimachinery pkg/api/errors, apiserver pkg/endpoints)."""

from dataclasses import dataclass
from typing import Any

from tests.lab.kubernetes.resources import Resource


@dataclass(frozen=True)
class ApiError(Exception):
    """A refusal; `status` is the Status object, and `plain` stands in its place where the server sends text."""

    code: int
    reason: str
    message: str
    details: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    plain: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def status(self) -> dict[str, Any]:
        """The Status object."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata or {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details:
            body["details"] = self.details
        return body | {"code": self.code}


def unauthorized() -> ApiError:
    """A token or certificate that nobody vouches for."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(user: str, verb: str, resource: Resource, subresource: str, namespace: str, name: str) -> ApiError:
    """RBAC's refusal, in the words `kubectl` prints."""
    what = f"{resource.plural}/{subresource}" if subresource else resource.plural
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    subject = f'{resource.qualified} "{name}"' if name else resource.qualified
    message = (
        f'{subject} is forbidden: User "{user}" cannot {verb} resource "{what}" in API group "{resource.group}" {where}'
    )
    details = {"name": name, "group": resource.group, "kind": resource.plural}
    return ApiError(403, "Forbidden", message, {key: value for key, value in details.items() if value})


def forbidden_path(user: str, path: str) -> ApiError:
    """The refusal of a path that is no resource."""
    return ApiError(403, "Forbidden", f'forbidden: User "{user}" cannot get path "{path}"', {})


def not_found(resource: Resource, name: str) -> ApiError:
    """No object of that name."""
    details = {"name": name, "group": resource.group, "kind": resource.plural}
    message = f'{resource.qualified} "{name}" not found'
    return ApiError(404, "NotFound", message, {key: value for key, value in details.items() if value})


def no_such_path() -> ApiError:
    """A path the server does not serve at all: plain text, not a Status."""
    return ApiError(404, "NotFound", "", plain="404 page not found\n")


def too_many_requests(retry_after: int) -> ApiError:
    """Priority and fairness turned the request away: plain text too."""
    text = "Too many requests, please try again later.\n"
    return ApiError(429, "TooManyRequests", "", plain=text, headers=(("Retry-After", str(retry_after)),))


def expired(fresh_token: str) -> ApiError:
    """A continue token older than etcd's history."""
    message = (
        "The provided continue parameter is too old to display a consistent list result. You can start a new list"
        " without the continue parameter, or use the continue token in this response to retrieve the remainder of"
        " the results. Continuing with the provided token results in an inconsistent list - objects that were"
        " created, modified, or deleted between the time the first chunk was returned and now may show up in the"
        " list."
    )
    return ApiError(410, "Expired", message, metadata={"continue": fresh_token})


def deleted(resource: Resource, name: str, uid: str) -> dict[str, Any]:
    """The Status that a finished DELETE answers with."""
    details = {"name": name, "group": resource.group, "kind": resource.plural, "uid": uid}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }


def bad_request(message: str) -> ApiError:
    """A request the server understands and does not accept."""
    return ApiError(400, "BadRequest", message)


def already_exists(resource: Resource, name: str) -> ApiError:
    """A second object of that name."""
    details = {"name": name, "group": resource.group, "kind": resource.plural}
    message = f'{resource.qualified} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, {key: value for key, value in details.items() if value})


def invalid(resource: Resource, name: str, problem: str) -> ApiError:
    """An object, or a change of one, that validation refuses."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    # kubectl prints the causes, not the message.
    field, _, text = problem.partition(": ")
    causes = [{"reason": "FieldValueInvalid", "message": text, "field": field}]
    details = {"name": name, "group": resource.group, "kind": resource.kind, "causes": causes}
    message = f'{kind} "{name}" is invalid: {problem}'
    return ApiError(422, "Invalid", message, {key: value for key, value in details.items() if value})


def changed_meanwhile(resource: Resource, name: str) -> ApiError:
    """A write that names an older resourceVersion."""
    text = "the object has been modified; please apply your changes to the latest version and try again"
    return _conflict(resource, name, text)


def precondition_failed(resource: Resource, name: str, wanted: str, there: str) -> ApiError:
    """A write that means an object of another uid."""
    text = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {there}"
    return _conflict(resource, name, text)


def _conflict(resource: Resource, name: str, text: str) -> ApiError:
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {text}'
    details = {"name": name, "group": resource.group, "kind": resource.plural}
    return ApiError(409, "Conflict", message, {key: value for key, value in details.items() if value})
