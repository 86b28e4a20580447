"""A part of the driver that is not there, or could not be looked at, as a finding."""

from __future__ import annotations

from diag.facts.kubernetes import FSX_DRIVER
from diag.model.finding import Draft, skip, unknown
from diag.model.subject import Kind, Subject
from diag.model.unavailable import Reason, Unavailable

DRIVER = Subject(Kind.CSI_DRIVER, FSX_DRIVER)


def not_there(part: str, missing: Unavailable) -> Draft:
    """Skip where the part does not exist (another check says whether that is a fault), unknown where nobody saw it."""
    if missing.reason is Reason.ABSENT:
        return skip(DRIVER, f"there is no {part}: {missing.detail}")
    return unknown(DRIVER, f"cannot see the {part}: {missing}", because=(missing,))
