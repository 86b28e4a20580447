from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.peer import Behaviour, Peer


@pytest.fixture
def peer() -> Iterator[Callable[[Behaviour | bytes], Peer]]:
    """Starts peers that end with the test. Bytes are the answer to every request, one a connection."""
    peers: list[Peer] = []

    def start(behave: Behaviour | bytes) -> Peer:
        if isinstance(behave, bytes):
            answer = behave

            def answering(connection: object) -> None:
                found.head(connection)  # type: ignore[arg-type]
                connection.sendall(answer)  # type: ignore[attr-defined]
                connection.close()  # type: ignore[attr-defined]

            found = Peer(answering)
        else:
            found = Peer(behave)
        peers.append(found)
        return found

    yield start
    for each in peers:
        each.close()
