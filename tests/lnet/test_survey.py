"""Several climbs: every address, and the same again."""

from __future__ import annotations

import contextlib
import time

import msgspec
import pytest

from diag.model.verdict import Verdict
from diag.sources.lnet.ladder import World
from diag.sources.lnet.nid import Nid
from diag.sources.lnet.resolve import NameState, Resolution, resolve
from diag.sources.lnet.survey import series, survey
from diag.sources.lnet.target import Options, Target
from tests.lab.lustre import Fault, LustreServer
from tests.lnet.climbing import NO_LNET, PORTS, options
from tests.patience import hang, in_time


def named(*addresses: str) -> World:
    return World(host=lambda: NO_LNET, resolve=lambda host, patience: Resolution(NameState.FOUND, addresses))


def test_all_addresses_of_a_name_are_climbed_when_asked_for() -> None:
    with LustreServer(address="127.0.4.1") as one, LustreServer(address="127.0.4.2", port=one.port):
        where = named("127.0.4.1", "127.0.4.2", "127.0.4.3")
        target = Target("fs-0.example", one.port, "ddyezbev")
        every = list(survey(target, msgspec.structs.replace(options(), all_addresses=True), where))
        first = list(survey(target, options(), where))
    assert [(ladder.address, ladder.verdict) for ladder in every] == [
        ("127.0.4.1", Verdict.PASS),
        ("127.0.4.2", Verdict.PASS),
        ("127.0.4.3", Verdict.FAIL),
    ]
    assert [ladder.address for ladder in first] == ["127.0.4.1"]
    assert first[0].addresses == ("127.0.4.1", "127.0.4.2", "127.0.4.3")


def test_silent_addresses_share_the_timeout() -> None:
    addresses = ("127.0.4.1", "127.0.4.2", "127.0.4.3")
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(LustreServer(address=addresses[0], faults=[Fault.SILENT]))
        stack.enter_context(LustreServer(address=addresses[1], port=one.port, faults=[Fault.SILENT]))
        stack.enter_context(LustreServer(address=addresses[2], port=one.port))
        how = msgspec.structs.replace(options(timeout=1.5), all_addresses=True)
        started = time.monotonic()
        ladders = list(survey(Target("fs-0.example", one.port, "ddyezbev"), how, named(*addresses)))
        took = time.monotonic() - started
    assert [ladder.verdict for ladder in ladders] == [Verdict.FAIL, Verdict.FAIL, Verdict.PASS]
    assert took < 3, "each silent address had the whole timeout"


def test_a_count_of_climbs_finds_the_fault_that_comes_and_goes() -> None:
    pauses: list[float] = []
    with LustreServer() as good:
        answers = iter([("127.0.0.1",), (), ("127.0.0.1",)])

        def flaky(host: str, patience: float) -> Resolution:
            addresses = next(answers)
            return Resolution(NameState.FOUND if addresses else NameState.TEMPORARY, addresses)

        where = World(host=lambda: NO_LNET, resolve=flaky, sleep=pauses.append)
        how = msgspec.structs.replace(options(), count=3, interval=2.0)
        ladders = list(survey(Target("fs-0.example", good.port, "ddyezbev"), how, where))
    assert [ladder.verdict for ladder in ladders] == [Verdict.PASS, Verdict.FAIL, Verdict.PASS]
    assert [pause for pause in pauses if pause > 1] == [pytest.approx(2, abs=0.5)] * 2
    summed = {one.address: one for one in series(ladders)}
    assert (summed["127.0.0.1"].climbs, summed["127.0.0.1"].failed) == (2, 0)
    assert summed[None].causes == ("dns-resolution-failure",)


@pytest.mark.parametrize(
    "wrong",
    [{"timeout": 0.0}, {"count": 0}, {"interval": -1.0}, {"nid": Nid.parse("10.0.0.1@o2ib")}],
)
def test_options_that_no_probe_can_follow(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must be|TCP network"):
        Options(source_ports=PORTS, **wrong)  # type: ignore[arg-type]


def test_an_address_is_not_looked_up() -> None:
    assert resolve("192.0.2.7", 0) == Resolution(NameState.LITERAL, ("192.0.2.7",))


def test_a_name_of_this_host_is_found() -> None:
    assert resolve("localhost", 5).addresses == ("127.0.0.1",)


def test_a_resolver_that_never_answers_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", hang)
    with in_time():
        assert resolve("fs-0.example", 0.2).state is NameState.SILENT


@pytest.mark.parametrize("host", ["no such host", "x" * 300, "\udcff"])
def test_a_host_that_cannot_be_a_name_is_unknown_and_raises_nothing(host: str) -> None:
    assert resolve(host, 5).state in (NameState.UNKNOWN_NAME, NameState.TEMPORARY, NameState.SILENT)
