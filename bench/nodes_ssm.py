"""5,000 nodes through SSM Run Command against the lab: how many API calls, seconds, CPU and peak memory.

python -m bench.nodes_ssm [NODES]
"""

from __future__ import annotations

import os
import resource
import sys
import time


def main() -> None:
    """One run over all nodes; the lab answers in this very process, so its CPU is in the figure."""
    from diag.model.unavailable import Unavailable
    from diag.resources.node_report import NodeReport
    from diag.sources.aws.session import Aws
    from diag.sources.nodes.ask import Bounds, NodeAsk, Questions
    from diag.sources.nodes.ssm import Ssm
    from tests.lab import Lab
    from tests.lab.nodes import NodeSays, ssm_answer

    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    nodes = numbers[0] if numbers else 5000
    with Lab.start(world="empty") as lab:
        os.environ.update(lab.env)
        asks = [NodeAsk(f"node-{n}", instance_id=f"i-{n:017x}") for n in range(nodes)]
        lab.aws.ssm.state.instances.update({ask.instance_id: "Online" for ask in asks})
        lab.aws.ssm.state.script.insert(0, ("i-.*", ssm_answer(NodeSays("10.0.1.4", fsname="ddyezbev"), seconds=2.0)))
        aws = Aws(region=lab.site.region)
        answers: dict[str, NodeReport | Unavailable] = {}

        def keep(node: str, answer: NodeReport | Unavailable) -> None:
            answers[node] = answer

        wall, cpu = time.monotonic(), time.process_time()
        Ssm(aws, lab.site.region).read(asks, Questions(), Bounds(time.monotonic() + 300, 30.0), keep)
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        told = sum(isinstance(answer, NodeReport) for answer in answers.values())
        calls = ", ".join(f"{name.removeprefix('ssm:')} {count}" for name, count in sorted(aws.calls.items()))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        sys.stdout.write(
            f"{nodes} nodes: {sum(aws.calls.values())} API calls ({calls}); {wall:.1f} s; CPU {cpu:.1f} s with the lab's; "
            f"peak {peak:.0f} MB; {told} answered\n"
        )


if __name__ == "__main__":
    main()
