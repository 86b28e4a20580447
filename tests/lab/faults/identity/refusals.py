"""How STS and FSx refuse the driver, as its SDK prints it."""

from typing import TYPE_CHECKING

from tests.lab.faults import symptoms

if TYPE_CHECKING:
    from tests.lab.lab import Lab


def refused(lab: "Lab", error: str, status: int) -> None:
    """STS did not take the token."""
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, get identity: get credentials: failed to refresh cached credentials,"
        " failed to retrieve credentials, operation error STS: AssumeRoleWithWebIdentity, https response error"
        f" StatusCode: {status}, RequestID: 3c0f9a8e-1f5c-4a63-9f0a-0b7b3a2d6c55, api error {error}",
    )


def not_allowed(lab: "Lab", user: str) -> None:
    """FSx knows the caller and does not let him create."""
    resource = lab.site.arn("fsx", "file-system/*", lab.site.region)
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 400, RequestID:"
        " 3c0f9a8e-1f5c-4a63-9f0a-0b7b3a2d6c56, api error AccessDeniedException: User:"
        f" {user} is not authorized to perform: fsx:CreateFileSystem on resource: {resource} because no"
        " identity-based policy allows the fsx:CreateFileSystem action",
    )
