"""1,000 nodes through exec, each answering after 30 ms: seconds against the ideal, CPU and peak memory.

    python -m bench.nodes_exec [NODES] [CONCURRENCY…]

The API server is the lab's, in a process of its own; ideal is nodes × 30 ms / concurrency.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

ANSWER_S = 0.030
NAMESPACE = "kube-system"


def serve(nodes: int, pipe: Connection) -> None:
    """The lab's API server with one driver pod a node, whose container has a shell."""
    from tests.lab.kubernetes.api import Api
    from tests.lab.kubernetes.certificates import make_certificates
    from tests.lab.kubernetes.exec import ExecAnswer, ExecScript
    from tests.lab.kubernetes.kubeconfig import write_kubeconfigs
    from tests.lab.kubernetes.server import KubeServer
    from tests.lab.kubernetes.world import Cluster
    from tests.lab.nodes import NodeSays

    cluster, script = Cluster(), ExecScript()
    meta = {"apiVersion": "v1", "kind": "Pod"}
    cluster.add(
        *(
            meta | {"metadata": {"name": f"plugin-{n}", "namespace": NAMESPACE}, "spec": {"nodeName": f"node-{n}"}}
            for n in range(nodes)
        )
    )
    script.on("sh -c :", ExecAnswer())
    script.on("sh -s --.*", ExecAnswer(NodeSays("10.0.1.4", fsname="ddyezbev").probe_output(), seconds=ANSWER_S))
    certificates = make_certificates("admin", "system:masters", "127.0.0.1")
    server = KubeServer(Api(cluster), script, certificates, "token", "admin")
    with tempfile.TemporaryDirectory() as folder:
        arn = "arn:aws:eks:eu-west-1:123456789012:cluster/bench"
        written = write_kubeconfigs(Path(folder), server.url, arn, "eu-west-1", certificates, "token")
        pipe.send(str(written["certificate"]))
        pipe.recv()


def measure(nodes: int, at_once: int, kubeconfig: str) -> str:
    """One run over all nodes."""
    from diag.model.unavailable import Unavailable
    from diag.resources.node_report import NodeReport
    from diag.sources.kubernetes.client import Kube
    from diag.sources.nodes.ask import Bounds, NodeAsk, Plugin, Questions
    from diag.sources.nodes.exec import Exec

    asks = [NodeAsk(f"node-{n}", plugin=Plugin(NAMESPACE, f"plugin-{n}", "fsx-plugin", "image")) for n in range(nodes)]
    answers: dict[str, NodeReport | Unavailable] = {}

    def keep(node: str, answer: NodeReport | Unavailable) -> None:
        answers[node] = answer

    way = Exec(Kube(kubeconfig=kubeconfig))
    wall, cpu = time.monotonic(), time.process_time()
    way.read(asks, Questions(), Bounds(time.monotonic() + 300, 20.0, at_once), keep)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    told = sum(isinstance(answer, NodeReport) for answer in answers.values())
    ideal = nodes * ANSWER_S / at_once
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{nodes} nodes, {at_once:3} at once: {wall:6.2f} s, ideal {ideal:5.2f} s, {wall / ideal:4.2f}×; "
        f"CPU {cpu:5.2f} s; peak {peak:4.0f} MB; {told} answered in {way.sessions} sessions"
    )


def main() -> None:
    """Starts the server and measures each concurrency in turn."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    nodes, concurrencies = (numbers[0] if numbers else 1000), numbers[1:] or [4, 8, 16]
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    server = spawn.Process(target=serve, args=(nodes, there), daemon=True)
    server.start()
    kubeconfig = here.recv()
    for at_once in concurrencies:
        sys.stdout.write(measure(nodes, at_once, kubeconfig) + "\n")
        sys.stdout.flush()
    here.send(None)
    server.join(5)


if __name__ == "__main__":
    main()
