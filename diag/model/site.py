"""The documentation site: the one place that makes the address of a page.

Every built-in check and cause has a page. Ids are never renamed or used again, so a printed address stays right.
"""

SITE = "https://lustre-doctor.readthedocs.io/"


def page_of_check(id: str) -> str:
    """The address of a built-in check's page."""
    return f"{SITE}checks/{id}/"


def page_of_cause(id: str) -> str:
    """The address of a built-in cause's page."""
    return f"{SITE}causes/{id}/"
