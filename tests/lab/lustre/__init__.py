"""A Lustre server as far as a client can see it before it mounts: acceptor, HELLO, LNet ping, MGS.

Written from the wire's description alone, with its own packing, so that a mistake of the probe is not mirrored here.
`LustreServer` is one node; `LabFileSystem` one MGS with as many object servers as wanted.
"""

from tests.lab.lustre.configlog import LabTarget
from tests.lab.lustre.fault import Fault
from tests.lab.lustre.filesystem import LabFileSystem
from tests.lab.lustre.server import LustreServer

__all__ = ["Fault", "LabFileSystem", "LabTarget", "LustreServer"]
