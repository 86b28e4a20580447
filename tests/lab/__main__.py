"""`python -m tests.lab [--world NAME] [--fault NAME]… [--json]`: a lab that stands until Ctrl-C."""

import argparse
import json
import shlex
import signal
import sys
import threading

from tests.lab import Lab
from tests.lab.faults import FAULTS
from tests.lab.variants import VARIANTS
from tests.lab.worlds import WORLDS


def main() -> None:
    """Starts a lab, prints the environment that reaches it, and waits; SIGUSR1 heals the incident."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=main.__doc__)
    parser.add_argument("--world", choices=sorted({*WORLDS, *VARIANTS}), default="incident")
    parser.add_argument("--fault", action="append", default=[], choices=sorted(FAULTS), metavar="NAME")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds added to every AWS and Kubernetes call")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    chosen = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Lab.start(world=chosen.world) as lab:
        lab.inject(*chosen.fault)
        lab.delay(chosen.delay)
        signal.signal(signal.SIGUSR1, lambda *_: lab.heal())
        if chosen.json:
            print(json.dumps(lab.env), flush=True)
        else:
            for name, value in lab.env.items():
                print(f"export {name}={shlex.quote(value)}")
            print("# the lab stands until Ctrl-C", file=sys.stderr, flush=True)
            sys.stdout.flush()
        while not stop.wait(0.2):
            pass


if __name__ == "__main__":
    main()
