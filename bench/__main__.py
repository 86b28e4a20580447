"""`python -m bench [NAME ...] [SIZE]`: every benchmark, or those named; a number is for the benchmark that takes a size."""

from __future__ import annotations

import compileall
import importlib
import sys
from pathlib import Path

ALL = (
    "startup",
    "run_lab",
    "large_cluster",
    "explain_throughput",
    "explain_dense",
    "nodes_exec",
    "nodes_ssh",
    "nodes_ssm",
)


def main() -> None:
    """Run them one after another, with bytecode in place as where a wheel was installed."""
    for package in ("diag", "checks"):
        compileall.compile_dir(Path(__file__).parent.parent / package, quiet=1)
    for name in [given for given in sys.argv[1:] if not given.isdecimal()] or ALL:
        print(f"== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()


main()
