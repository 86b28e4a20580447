"""A whole file system: one MGS with its MDT, and a server for every OST, all on loopback and one port."""

from __future__ import annotations

import contextlib

from tests.lab.lustre.configlog import LabTarget
from tests.lab.lustre.server import LustreServer


class LabFileSystem:
    """`with LabFileSystem(osts=10) as fs:` has `fs.mgs` and `fs.servers`, the OSS of each OST.

    `down` names OSTs whose server does not run.
    """

    def __init__(
        self, osts: int = 2, *, version: str = "2.15.8.0", fsname: str = "ddyezbev", down: tuple[int, ...] = ()
    ) -> None:
        self._version = version
        self._fsname = fsname
        self._down = down
        self.addresses = tuple(f"127.0.1.{index + 1}" for index in range(osts))
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> LabFileSystem:
        targets = (
            LabTarget("MDT0000", ("127.0.0.1@tcp",)),
            *(LabTarget(f"OST{index:04x}", (f"{address}@tcp",)) for index, address in enumerate(self.addresses)),
        )
        self.mgs = self._stack.enter_context(LustreServer(self._version, self._fsname, targets))
        self.servers = tuple(
            self._stack.enter_context(LustreServer(self._version, None, address=address, port=self.mgs.port, mgs=False))
            for index, address in enumerate(self.addresses)
            if index not in self._down
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def log(self) -> list[str]:
        """The consoles of all servers."""
        return [line for server in (self.mgs, *self.servers) for line in server.log]
