"""Who the probe says it is, so that nobody else is disturbed."""

from __future__ import annotations

import enum
import secrets
import time

from diag.sources.lnet.conversation import Identity
from diag.sources.lnet.hello import LUSTRE_PID, USERSPACE_PID
from diag.sources.lnet.host import HostLnet
from diag.sources.lnet.nid import Nid

UUID_PREFIX = "lustre-doctor-"
"""What a server's administrator finds in the MGS's exports while a probe runs."""


class Manner(enum.Enum):
    """How to behave beside this kernel's own LNet."""

    ALONE = "alone"
    """The kernel does not use our NID: speak as a Lustre node does."""
    BESIDE = "beside"
    """It does: speak as another process of the same NID. The kernel answers the server's discovery."""
    PING_ONLY = "ping-only"
    """It may: speak as another process, and stop before anything that the server would answer to the kernel."""


def manner(host: HostLnet, nid: Nid) -> Manner:
    """How to speak under `nid` on this host. Never with pid 12345 beside a kernel that does: the server would take
    the live client for rebooted and cut it off (seen on 2.15.8)."""
    return {False: Manner.ALONE, True: Manner.BESIDE, None: Manner.PING_ONLY}[host.speaks_as(nid)]


def fresh_identity(nid: Nid, how: Manner) -> Identity:
    """A new identity: nothing in it was used before, nothing in it will be used again."""
    started = time.time_ns()
    return Identity(
        nid=nid,
        pid=LUSTRE_PID if how is Manner.ALONE else USERSPACE_PID | secrets.randbits(24),
        incarnation=started,
        uuid=UUID_PREFIX + secrets.token_hex(8),
        handle=secrets.randbits(63) | 1,
        first_xid=started & ~0xF,
        ping_handle=secrets.token_bytes(16),
    )
