"""`make faults`: prints the fault matrix."""

from __future__ import annotations

import argparse
import sys

from tests.faults.matrix import PAIRS, SEED, sampled_pairs, singles, variant, variants
from tests.lab.lab import Lab


def main() -> int:
    """Print every row; 0 when all are right."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=PAIRS, help="how many pairs of faults are tried")
    parser.add_argument("--seed", type=int, default=SEED, help="which pairs: the same number draws the same ones")
    parser.add_argument("--only-pairs", action="store_true")
    given = parser.parse_args()
    with Lab.start(world="healthy") as lab:
        wrong = 0 if given.only_pairs else _alone(lab)
        sampled = []
        for row in sampled_pairs(lab, given.pairs, given.seed):
            sampled.append(row)
            if not row.right:
                wrong += 1
                missing = ", ".join(set(row.wanted) - set(row.told))
                print(f"FAIL {row.name}: told {', '.join(row.told) or '-'}, missing {missing}", flush=True)
        print(f"pairs: {sum(row.right for row in sampled)} of {len(sampled)} name both")
    return 1 if wrong else 0


def _alone(lab: Lab) -> int:
    """Every fault alone and every healthy variant; how many are wrong."""
    wrong = 0
    rows = []
    for row in singles(lab):
        rows.append(row)
        wrong += not row.right
        print(
            f"{'ok  ' if row.right else 'FAIL'} {row.name:<44} {row.wanted[0]:<36} {', '.join(row.told) or '-'}",
            flush=True,
        )
        for stray in row.stray:
            print(f"     also fails: {stray}")
    print(f"single faults: {sum(row.right for row in rows)} of {len(rows)}\n", flush=True)
    names = variants()
    healthy = 0
    for name in names:
        report = variant(lab, name)
        loud = [f for f in report["findings"] if f["verdict"] not in ("pass", "skip")]
        healthy += not loud and report["exit_code"] == 0
        wrong += bool(loud) or report["exit_code"] != 0
        print(f"{'ok  ' if not loud else 'FAIL'} {name}")
        for finding in loud:
            print(f"     {finding['verdict']} {finding['check']}: {finding['message']}")
    print(f"healthy variants: {healthy} of {len(names)}\n", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
