"""The command in the environment of the lab's user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.command.process import Process, Ran, run

if TYPE_CHECKING:
    from tests.lab import Lab


@dataclass(frozen=True)
class Doctor:
    """`lustre-doctor` with the lab's AWS, Kubernetes and DNS."""

    lab: Lab

    def __call__(
        self, *arguments: str, env: dict[str, str | None] | None = None, stdin: str = "", fresh: bool = False
    ) -> Ran:
        """Run the command to its end; `env` overrides the lab's, None removes a variable."""
        return run(*arguments, env={**self.lab.env, **(env or {})}, stdin=stdin, fresh=fresh)

    def start(self, *arguments: str) -> Process:
        """Start the command and go on."""
        return Process(*arguments, env=self.lab.env)
