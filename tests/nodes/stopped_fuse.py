"""A FUSE file system whose server takes requests and never answers: whoever touches it sleeps uninterruptibly.

Speaks just enough of the protocol (Linux include/uapi/linux/fuse.h) to be mounted and to be a working directory:
FUSE_INIT is answered, FUSE_ACCESS not implemented, and nothing else.
"""

import contextlib
import ctypes
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_INIT, _ACCESS = 26, 34
_ENOSYS = 38
_HEAD = struct.Struct("<IIQQIIII")


def why_not() -> str:
    """Why this machine cannot have one; empty when it can."""
    if os.geteuid() != 0:
        return "mounting FUSE by hand takes root"
    return "" if os.access("/dev/fuse", os.R_OK | os.W_OK) else "there is no /dev/fuse"


def serve(folder: str) -> None:
    """Mounts, says so on stdout, and swallows every request."""
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"stopped", folder.encode(), b"fuse", 0, options.encode()):
        sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
    print("mounted", flush=True)
    while True:
        request = os.read(device, 1 << 20)
        _, opcode, unique, *_ = _HEAD.unpack_from(request)
        if opcode == _INIT:
            reply = struct.pack("<IIIIHHIIHHI", 7, 31, 65536, 0, 12, 9, 65536, 1, 16, 0, 0) + bytes(28)
            os.write(device, struct.pack("<IiQ", 16 + len(reply), 0, unique) + reply)
        elif opcode == _ACCESS:
            os.write(device, struct.pack("<IiQ", 16, -_ENOSYS, unique))


@contextlib.contextmanager
def stopped_fuse(folder: Path) -> Iterator[Path]:
    """The mounted folder; whatever hangs in it is freed at the end. Never stat the folder."""
    server = subprocess.Popen([sys.executable, __file__, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == "mounted\n"
        yield folder
    finally:
        server.kill()
        server.wait()
        ctypes.CDLL(None).umount2(str(folder).encode(), 2)


if __name__ == "__main__":
    serve(sys.argv[1])
