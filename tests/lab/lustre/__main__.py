"""A lab server to look at by hand: `python -m tests.lab.lustre --version 2.10.5.0 --port 1988 --fault HTTP`.

As root it takes real privileged ports for such, else the lab's own; its console comes out as it is written.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import time

from tests.lab.lustre import Fault, LustreServer
from tests.lab.lustre.release import RELEASES
from tests.lab.lustre.server import LAB_PRIVILEGED


def main() -> None:
    """Serve until interrupted."""
    releases = ", ".join(f"{major}.{minor}" for major, minor in RELEASES)
    parser = argparse.ArgumentParser(prog="tests.lab.lustre", description=__doc__.splitlines()[0])
    parser.add_argument("--version", default="2.10.5.0", help=f"Lustre version: one of {releases}, with any patch")
    parser.add_argument("--fsname", default="ddyezbev")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fault", action="append", default=[], choices=[fault.name for fault in Fault])
    asked = parser.parse_args()
    server = LustreServer(
        asked.version,
        asked.fsname,
        faults=[Fault[name] for name in asked.fault],
        address=asked.address,
        port=asked.port,
        privileged=range(1, 1024) if os.geteuid() == 0 else LAB_PRIVILEGED,
    )
    with contextlib.suppress(KeyboardInterrupt), server:
        print(f"Lustre {asked.version} on {server.address}:{server.port}, file system {asked.fsname}", flush=True)
        shown = 0
        while True:
            for line in server.log[shown:]:
                print(line, flush=True)
                shown += 1
            time.sleep(0.1)


if __name__ == "__main__":
    main()
