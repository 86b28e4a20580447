"""`python -m bench [NAME ...]`: every benchmark, or those named."""

from __future__ import annotations

import importlib
import sys

ALL = ("startup", "run_lab", "large_cluster")


def main() -> None:
    """Run them one after another."""
    for name in sys.argv[1:] or ALL:
        print(f"== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()


main()
