"""`python -m bench [NAME ...]`: every benchmark, or those named."""

from __future__ import annotations

import importlib
import sys

ALL = ("startup", "run_lab", "large_cluster", "explain_throughput", "nodes_exec", "nodes_ssh", "nodes_ssm")


def main() -> None:
    """Run them one after another."""
    for name in sys.argv[1:] or ALL:
        print(f"== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()


main()
