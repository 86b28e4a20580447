"""Where the command starts: says in one sentence when another project's package is installed in place of `diag`."""

from __future__ import annotations

import gc
import importlib.util
import sys
from pathlib import Path


def main() -> None:
    """`lustre-doctor`."""
    # Before click is imported: looking for reference cycles is a twentieth of that.
    gc.disable()
    _require_own_package()
    from diag.cli import main as run

    run()


def pre_commit() -> None:
    """`lustre-doctor-pre-commit`."""
    _require_own_package()
    from diag.cli.pre_commit import main as run

    run()


def _require_own_package() -> None:
    """Nothing of a package that hides ours is run: it is found, not imported."""
    found = importlib.util.find_spec("diag")
    place = Path(found.origin) if found is not None and found.origin else None
    if place is None or not (place.parent / "knowledge" / "lustre_versions.py").is_file():
        sys.exit(
            f"lustre-doctor: another package called 'diag' ({place}) hides that of lustre-doctor; install it in an "
            "environment of its own: pipx install lustre-doctor"
        )
