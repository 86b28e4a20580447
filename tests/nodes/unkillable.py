"""A process that SIGKILL does not end: a tracer that never resumes it holds it in its exit stop.

Run as a script: prints "held" once it is traced, then sleeps. No root, no Lustre.
"""

import ctypes
import os
import sys
import time

_PTRACE_SEIZE, _TRACE_EXIT = 0x4206, 0x40
_PR_SET_PTRACER = 0x59616D61


def main(seconds: float) -> None:
    """Holds this process for so long after somebody kills it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PTRACER, ctypes.c_ulong(2**64 - 1), 0, 0, 0)
    ready, tell = os.pipe()
    traced = os.getpid()
    if os.fork() == 0:
        os.setsid()
        held = libc.ptrace(_PTRACE_SEIZE, traced, None, ctypes.c_ulong(_TRACE_EXIT)) == 0
        os.write(tell, b"y" if held else b"n")
        for descriptor in (0, 1, 2, ready, tell):
            os.close(descriptor)
        time.sleep(seconds)
        os._exit(0)
    if os.read(ready, 1) != b"y":
        sys.exit(77)
    print("held", flush=True)
    time.sleep(60)


if __name__ == "__main__":
    main(float(sys.argv[1]))
