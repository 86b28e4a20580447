"""`lustre-doctor` as tests run it: in a process of its own, forked from one that has loaded all modules already.

That takes a third of what a new Python takes. A test of what a start loads, or of a second process that prints the same
bytes, asks for one that is not forked: `fresh=True`.
"""

from tests.command.doctor import Doctor
from tests.command.process import Process, Ran, run

__all__ = ["Doctor", "Process", "Ran", "run"]
