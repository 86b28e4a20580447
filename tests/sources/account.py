"""An account that answers each operation with what a test gives, and notes what it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diag.model.unavailable import Unavailable, Unreadable


class Account:
    """Answers by `service:Operation`: the items of a list, a whole answer, a function of the arguments, or why none."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def pages(self, service: str, operation: str, key: str, *, region: str, **arguments: Any) -> Any:
        return tuple(self._answer(f"{service}:{operation}", arguments))

    def one(self, service: str, operation: str, *, region: str, **arguments: Any) -> Any:
        return self._answer(f"{service}:{operation}", arguments)

    def _answer(self, operation: str, arguments: dict[str, Any]) -> Any:
        self.asked.append((operation, arguments))
        answer = self.answers[operation]
        answer = answer(arguments) if callable(answer) else answer
        if isinstance(answer, Unavailable):
            raise Unreadable(answer)
        return answer
