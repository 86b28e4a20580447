"""`lustre-doctor-pre-commit [OPTION]... FILE...`: the gate as pre-commit calls it, with the changed files at the end.

Nothing of FSx for Lustre among them is no failure there, though it is for a person who named the files.
"""

from __future__ import annotations

import sys

from diag.model.exit_code import ExitCode

OPTIONS = frozenset({"--fix"})
"""What a hook's `args` may add; every other word is a file."""


def main() -> None:
    """Entry point of the console script."""
    from diag.cli import main as run

    options = [word for word in sys.argv[1:] if word in OPTIONS]
    files = [word for word in sys.argv[1:] if word not in OPTIONS]
    if not files:
        return
    given = [part for file in files for part in ("-f", file)]
    sys.argv[1:] = ["run", "--offline", "--unknown", "pass", *options, *given]
    run(passes=frozenset({ExitCode.NOTHING_INSPECTED}))
