"""`make demo`: the founding incident in the embedded lab, diagnosed, healed and diagnosed again.

Everything runs on loopback: the stand-ins are started here, `lustre-doctor` is the real command in its own process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.lab.lab import Lab
from tests.lab.lustre import LustreServer


def main() -> int:
    """Show the incident and its end; the exit code says whether both came out as they must."""
    with Lab.start(world="incident") as lab:
        say("A pod hangs in ContainerCreating; the cluster, the account and DNS are the embedded lab's.")
        broken = lustre_doctor(lab, "run")
        lab.heal()
        say("The file system is now Lustre 2.15, the pod runs, the event is gone. The same command again:")
        healthy = lustre_doctor(lab, "run")
        say("And without AWS or Kubernetes: ask a 2.10 server itself, as the node's 2.15 client would.")
        asked = probe(lab)
    return 0 if (broken, healthy, asked) == (3, 0, 3) else 1


def probe(lab: Lab) -> int:
    """The ladder against a 2.10 server; without the right to privileged ports it stops at the connect and says so."""
    privileged = range(1, 1024)
    with LustreServer("2.10.5.0", "ddyezbev", privileged=privileged) as server:
        target = f"{server.address}:{server.port}/ddyezbev"
        code = lustre_doctor(lab, "probe", target, "--client-version", "2.15.6")
    return 3 if code == 5 and os.geteuid() != 0 else code


def lustre_doctor(lab: Lab, command: str, *arguments: str) -> int:
    """Run the real command against the lab and show what it prints."""
    dns = ["--dns-server", lab.env["LUSTRE_DOCTOR_DNS"]] if command == "run" else []
    program = shutil.which("lustre-doctor", path=str(Path(sys.executable).parent)) or "lustre-doctor"
    shown = " ".join(["lustre-doctor", command, *arguments])
    print(f"\n$ {shown}", flush=True)
    code = subprocess.run([program, command, *dns, *arguments], env={**os.environ, **lab.env}, check=False).returncode
    print(f"(exit code {code})", flush=True)
    return code


def say(text: str) -> None:
    """A line between commands."""
    print(f"\n# {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
