"""The node's own kernel log beside a mount that waits."""

from __future__ import annotations

from functools import partial

from diag.analysis.volumes import Mount
from diag.diagnosis.complaints import of_kernel
from diag.knowledge.runbooks import load_knowledge
from diag.texts.symptoms import match_text
from tests.checks import given

MATCH = partial(match_text, knowledge=load_knowledge())
REFUSED = (
    "LustreError: 16a-d: Server MGS version (2.10.5.0) refused connection from this client with an incompatible "
    "version (2.15.6).  Client must be recompiled"
)


def mount(mount_name: str) -> Mount:
    volume = given.volume(
        attributes={"dnsname": "fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com", "mountname": mount_name}
    )
    return Mount(volume, given.claim(), given.pod(), "node-a")


def causes(mount_name: str, *messages: str) -> set[tuple[str, str]]:
    found = of_kernel(mount(mount_name), messages, MATCH)
    return {(hit.cause, hit.weight) for symptom in found for hit in symptom.hits}


def test_what_the_kernel_says_of_this_file_system_counts() -> None:
    line = (
        "LustreError: 156-2: The client profile 'abcdefgh-client' could not be read from the MGS.  Does that filesystem"
    )
    assert ("client-server-version-mismatch", "decisive") in causes("abcdefgh", line, REFUSED)


def test_what_it_says_of_another_file_system_does_not() -> None:
    line = "LustreError: 15c-8: MGC10.0.0.1@tcp: Confguration from log zyxwvuts-client failed from MGS -2. Comm"
    assert causes("zyxwvuts", line)
    assert causes("abcdefgh", line) == set()


def test_it_names_the_node_that_it_was_read_on() -> None:
    [symptom] = of_kernel(mount("abcdefgh"), (REFUSED,), MATCH)
    assert symptom.origin == "kernel log of node-a"


def test_a_healthy_log_says_nothing() -> None:
    assert causes("abcdefgh", "Lustre: Mounted abcdefgh-client", "LNet: Added LNI 10.0.0.2@tcp [8/256/0/180]") == set()
