"""Coverage-guided fuzzing of what strangers send, for an afternoon: `python -m tests.lnet.fuzz -max_total_time=3600`.

Needs `pip install atheris`, which is no dependency of the project. The same property is tested with hypothesis.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

with atheris.instrument_imports(include=["diag"]):
    from diag.sources.lnet import llog
    from diag.sources.lnet.conversation import Conversation
    from diag.sources.lnet.cursor import DecodeError

from tests.lnet import transcript

RECORDED = transcript.load("2.15.8-existing")
HELLO = RECORDED.step("hello").received
CHUNK = 97


def fuzz(data: bytes) -> None:
    """The first byte says how far the conversation was: nothing, HELLO, ping, connect, block; or a bare log block."""
    if not data:
        return
    state, stream = data[0] % 6, data[1:]
    try:
        if state == 5:
            llog.targets(llog.decode_block(stream))
            return
        conversation = Conversation(RECORDED.server, RECORDED.identity)
        if state > 0:
            conversation.receive(HELLO)
        if state > 1:
            conversation.ping()
        if state > 2:
            conversation.connect()
        for start in range(0, len(stream), CHUNK):
            conversation.receive(stream[start : start + CHUNK])
            conversation.to_send()
    except DecodeError:
        return


def main() -> None:
    """Fuzz from the recorded answers on."""
    with tempfile.TemporaryDirectory() as corpus:
        for index, step in enumerate(step for step in RECORDED.steps if step.received):
            for state in range(6):
                (Path(corpus) / f"{index}-{state}").write_bytes(bytes([state]) + step.received[:4096])
        atheris.Setup([sys.argv[0], corpus, *sys.argv[1:]], fuzz)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
