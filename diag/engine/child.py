"""Runs a function in a child process: code that never gives the interpreter back can only be killed from outside."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import NoReturn


class ChildFailed(Exception):
    """The child ended without an answer. The message says how."""


class Children:
    """Child processes of this one that each call one function, all ended by `kill`.

    They are forked, so that they have every fact at hand. What they print goes to standard error.
    """

    def __init__(self) -> None:
        self._running: set[int] = set()
        self._lock = threading.Lock()
        """Held while a child is made: another's child must not inherit the end of a pipe that it would keep open."""

    def call(self, function: Callable[[], bytes]) -> bytes:
        """What the function returns. Waits until it does, or until `kill`. Raises ChildFailed."""
        with self._lock:
            ours, theirs = os.pipe()
            pid = os.fork()
            if pid == 0:
                _answer(function, theirs)
            os.close(theirs)
            self._running.add(pid)
        with os.fdopen(ours, "rb") as pipe:
            answer = pipe.read()
        with self._lock:
            self._running.discard(pid)
            _, status = os.waitpid(pid, 0)
        if status:
            raise ChildFailed(_how_it_ended(os.waitstatus_to_exitcode(status)))
        return answer

    def kill(self) -> None:
        """End every child that still runs, and what it started."""
        with self._lock:
            for pid in self._running:
                for kill in (os.killpg, os.kill):
                    try:
                        kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        continue


def _answer(function: Callable[[], bytes], theirs: int) -> NoReturn:
    try:
        os.setpgid(0, 0)
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        with os.fdopen(theirs, "wb") as pipe:
            pipe.write(function())
        sys.stderr.flush()
        os._exit(0)
    finally:
        os._exit(1)


def _how_it_ended(code: int) -> str:
    return f"its process ended with signal {-code}" if code < 0 else f"its process ended with exit status {code}"
