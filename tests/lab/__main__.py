"""`python -m tests.lab [--shell] [--world NAME] [--fault NAME]… [--json]`: a lab to try things in by hand."""

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.lab import Lab
from tests.lab.faults import FAULTS
from tests.lab.variants import VARIANTS
from tests.lab.worlds import WORLDS

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Starts a lab and prints the environment that reaches it, or opens a shell there; SIGUSR1 heals the incident."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab",
        description=main.__doc__,
        epilog=f"Faults: {', '.join(sorted(FAULTS))}. Worlds: {', '.join(sorted({*WORLDS, *VARIANTS}))}.",
    )
    parser.add_argument("--world", choices=sorted({*WORLDS, *VARIANTS}), metavar="NAME", help="instead of the incident")
    parser.add_argument("--fault", action="append", default=[], choices=sorted(FAULTS), metavar="NAME",
                        help="break this, in the healthy world that it belongs to")  # fmt: skip
    parser.add_argument("--delay", type=float, default=0.0, help="seconds added to every AWS and Kubernetes call")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--shell", action="store_true", help="open a shell in which every command talks to the lab")
    chosen = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    of_fault = FAULTS[chosen.fault[0]].world if chosen.fault else "incident"
    with Lab.start(world=chosen.world or of_fault) as lab:
        lab.inject(*chosen.fault)
        lab.delay(chosen.delay)
        lab.come_alive()
        signal.signal(signal.SIGUSR1, lambda *_: lab.heal())
        if chosen.shell:
            open_shell(lab)
            return
        if chosen.json:
            print(json.dumps(lab.env), flush=True)
        else:
            for name, value in lab.env.items():
                print(f"export {name}={shlex.quote(value)}")
            print("# Ctrl-C ends the lab", file=sys.stderr, flush=True)
            sys.stdout.flush()
        while not stop.wait(0.2):
            pass


def open_shell(lab: Lab) -> None:
    """The person's own shell, with the lab's environment and the repository's programs; the lab ends with it."""
    # Ctrl-C is for the commands of the shell.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folders = (str(Path(sys.executable).parent), str(ROOT / ".programs" / "bin"), os.environ.get("PATH", os.defpath))
    shell = os.environ.get("SHELL") or "/bin/sh"
    print("The lab is up: a cluster and an account in which a volume does not mount. `exit` ends it.", file=sys.stderr)
    environment = {**os.environ, **lab.shell_env, "PATH": os.pathsep.join(folders), "PS1": "(lab) $ "}
    subprocess.run([shell], env=environment, check=False)


if __name__ == "__main__":
    main()
