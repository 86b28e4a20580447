"""How sure a table is of one of its rows."""

from __future__ import annotations

import enum


class Confidence(enum.Enum):
    """Where a row comes from."""

    DOCUMENTED = "documented"
    """The owner's own pages or API model say so."""
    FROM_CODE = "from_code"
    """Read in the program's source."""
    REPORTED = "reported"
    """Somebody measured it and showed the output, or a maintainer said it."""
    INFERRED = "inferred"
    """Reasoning of ours: a check may warn of it, never fail on it."""

    @property
    def may_fail(self) -> bool:
        """Whether a check may call something broken because of such a row."""
        return self is not Confidence.INFERRED
