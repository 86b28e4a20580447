"""Nodes over SSH to one OpenSSH server on loopback: seconds, our CPU, and what the whole of it took.

    python -m bench.nodes_ssh [NODES] [CONCURRENCY…]

Every session is a connection of its own with its key exchange; the probe runs for real each time, on this machine.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Starts a server and measures each concurrency in turn."""
    from diag.model.unavailable import Unavailable
    from diag.resources.node_report import NodeReport
    from diag.sources.nodes.ask import Bounds, NodeAsk, Questions
    from diag.sources.nodes.ssh import Ssh
    from tests.nodes.sshd import config_entry, make_key, sshd, why_not

    if reason := why_not():
        sys.stdout.write(f"not measured: {reason}\n")
        return
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    nodes, concurrencies = (numbers[0] if numbers else 1000), numbers[1:] or [8, 32]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_key(folder / "id")
        with sshd(folder / "server", folder / "id") as server:
            (folder / "known_hosts").write_text(server.known_hosts_line)
            (folder / "config").write_text(config_entry("node-*", server, folder / "id", folder / "known_hosts"))
            for at_once in concurrencies:
                answers: dict[str, NodeReport | Unavailable] = {}

                def keep(node: str, answer: NodeReport | Unavailable, into: dict[str, object] = answers) -> None:  # type: ignore[assignment]
                    into[node] = answer

                asks = [NodeAsk(f"node-{n}") for n in range(nodes)]
                wall, own, load = time.monotonic(), time.process_time(), os.getloadavg()[0]
                bounds = Bounds(time.monotonic() + 900, 60.0, at_once)
                Ssh(config=str(folder / "config")).read(asks, Questions(), bounds, keep)
                wall, own = time.monotonic() - wall, time.process_time() - own
                told = sum(isinstance(answer, NodeReport) for answer in answers.values())
                sys.stdout.write(
                    f"{nodes} nodes, {at_once:3} at once: {wall:6.2f} s ({nodes / wall:5.1f}/s); our CPU {own:6.2f} s "
                    f"({own / nodes * 1000:.1f} ms a node, {own / wall:.0%} of one core); {told} answered; load {load:.1f}\n"
                )
                sys.stdout.flush()


if __name__ == "__main__":
    main()
