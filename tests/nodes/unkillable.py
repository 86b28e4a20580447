"""A process that SIGKILL does not end: a tracer that never resumes it holds it in its exit stop.

Run as a script: prints "held" and the tracer's number once it is traced, then sleeps. It is gone when the tracer is.
No root, no Lustre.
"""

import ctypes
import os
import sys
import time

_PTRACE_SEIZE, _TRACE_EXIT = 0x4206, 0x40
_PR_SET_PTRACER = 0x59616D61


UNTRACED = 77
"""Exit status where the machine lets nobody be traced."""
_LONGEST_S = 300


def main() -> None:
    """Holds this process after somebody kills it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PTRACER, ctypes.c_ulong(2**64 - 1), 0, 0, 0)
    ready, tell = os.pipe()
    traced = os.getpid()
    if (tracer := os.fork()) == 0:
        os.setsid()
        held = libc.ptrace(_PTRACE_SEIZE, traced, None, ctypes.c_ulong(_TRACE_EXIT)) == 0
        os.write(tell, b"y" if held else b"n")
        for descriptor in (0, 1, 2, ready, tell):
            os.close(descriptor)
        time.sleep(_LONGEST_S)
        os._exit(0)
    if os.read(ready, 1) != b"y":
        sys.exit(UNTRACED)
    print("held", tracer, flush=True)
    time.sleep(_LONGEST_S)


if __name__ == "__main__":
    main()
