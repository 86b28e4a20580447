"""Stand-ins that a test or a demo talks to over real sockets, all on loopback.

    with Lab.start(world="incident") as lab:
        subprocess.run(["lustre-doctor", "run"], env=os.environ | lab.env)
        lab.heal()

`python -m tests.lab` starts one by hand.
"""

from tests.lab.lab import Lab

__all__ = ["Lab"]
