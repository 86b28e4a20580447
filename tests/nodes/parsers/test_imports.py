"""Connections to the targets, out of `lctl get_param *.*.import *.*.state`."""

from hypothesis import given
from hypothesis import strategies as st

from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import Import
from diag.sources.nodes.parsers.answers import Answer
from diag.sources.nodes.parsers.imports import read_imports

MOUNTED = """mgc.MGC10.0.3.7@tcp.import=
import:
    name: MGC10.0.3.7@tcp
    target: MGS
    state: FULL
    connect_data:
       target_version: 2.15.5.0
    connection:
       current_connection: 10.0.3.7@tcp
       connection_attempts: 1
osc.abcdebev-OST0003-osc-ffff8880084ca000.import=
import:
    name: abcdebev-OST0003-osc-ffff8880084ca000
    target: abcdebev-OST0003_UUID
    state: CONNECTING
    connect_data:
       flags: 0xa0425af2e3440078
       target_version: 2.15.5.0
    connection:
       failover_nids: [ "10.0.3.9@tcp" ]
       current_connection: "10.0.3.9@tcp"
       connection_attempts: 9
mgc.MGC10.0.3.7@tcp.state=
current_state: FULL
state_history:
 - [ 1795470911, CONNECTING ]
 - [ 1795470911, FULL ]
osc.abcdebev-OST0003-osc-ffff8880084ca000.state=
current_state: CONNECTING
state_history:
 - [ 1795470911, FULL ]
 - [ 1795471911, EVICTED ]
 - [ 1795471912, RECOVER ]
 - [ 1795472911, DISCONN ]
"""


def test_state_connection_version_and_history() -> None:
    assert read_imports(Answer(0, MOUNTED)) == (
        Import("MGC10.0.3.7@tcp", "MGS", "FULL", "10.0.3.7@tcp", "2.15.5.0", 1, 0, 1795470911),
        Import(
            "abcdebev-OST0003-osc-ffff8880084ca000",
            "abcdebev-OST0003",
            "CONNECTING",
            "10.0.3.9@tcp",
            "2.15.5.0",
            9,
            1,
            1795472911,
        ),
    )


def test_kinds() -> None:
    found = read_imports(Answer(0, MOUNTED))
    assert not isinstance(found, Unavailable)
    assert [i.kind for i in found] == ["mgc", "osc"]


def test_nothing_mounted_is_absent() -> None:
    found = read_imports(Answer(2, "error: get_param: param_path 'mgc/*/import': No such file or directory"))
    assert isinstance(found, Unavailable) and found.reason is Reason.ABSENT


def test_not_root() -> None:
    found = read_imports(Answer(13, "error: get_param: read 'mgc.x.import' failed: Permission denied"))
    assert isinstance(found, Unavailable) and found.reason is Reason.DENIED


@given(st.integers(0, 255), st.text())
def test_any_text_is_read(status: int, text: str) -> None:
    read_imports(Answer(status, text))
    read_imports(Answer(status, MOUNTED + text))
