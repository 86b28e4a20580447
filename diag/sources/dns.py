"""Facts about DNS: what each resolver answers to the names that volumes carry."""

from __future__ import annotations

import ipaddress
import re
import time

from diag.analysis.attributes import HOST_NAME, is_address
from diag.model.layer import Layer
from diag.registry import fact
from diag.resources.kubernetes import PersistentVolume
from diag.resources.reachability import DnsAnswer, Resolution
from diag.resources.target import Settings
from diag.sanitize import one_line
from diag.sources.import_lock import IMPORT_LOCK
from diag.sources.source import Source

LIFETIME_S = 4.0
"""Bound of one question to one server, retries included."""


class Resolver(Source):
    """Asks DNS servers, each by itself and bounded in time."""

    def ask(self, name: str, servers: tuple[str, ...]) -> tuple[DnsAnswer, ...]:
        """The answer of each server (this machine's own when none is given) to the A question for a name."""
        with IMPORT_LOCK:
            import dns.resolver

        try:
            known = servers or tuple(str(server) for server in dns.resolver.Resolver().nameservers)
        except dns.resolver.NoResolverConfiguration as error:
            return (DnsAnswer(name, "", Resolution.UNREACHABLE, detail=str(error)),)
        answers = []
        for server in known[:3]:
            answers.append(_ask_one(name, server))
            if answers[-1].outcome in (Resolution.ANSWERED, Resolution.NO_NAME, Resolution.NO_ADDRESS):
                break
        return tuple(answers)


def address_of_server(text: str) -> tuple[str, int]:
    """Address and port of `ADDRESS`, `ADDRESS:PORT` or `[IPv6]:PORT`. Raises ValueError for what is none of them."""
    form = re.fullmatch(r"\[(?P<six>.+)\](?::(?P<a>\d{1,5}))?|(?P<four>[^:]+):(?P<b>\d{1,5})", text, re.ASCII)
    address = (form["six"] or form["four"]) if form else text
    port = int((form["a"] or form["b"] or 53) if form else 53)
    try:
        if 0 < port < 65536:
            return str(ipaddress.ip_address(address)), port
    except ValueError:
        pass
    raise ValueError(f"{text!r} is not the address of a DNS server; write 10.0.0.2, 10.0.0.2:53 or [fd00::2]:53")


def _ask_one(name: str, server: str) -> DnsAnswer:
    import dns.exception
    import dns.resolver

    address, port = address_of_server(server)
    started = time.monotonic()

    def answer(outcome: Resolution, addresses: tuple[str, ...] = (), detail: str = "") -> DnsAnswer:
        elapsed = round((time.monotonic() - started) * 1000, 1)
        return DnsAnswer(name, server, outcome, addresses, elapsed, one_line(detail))

    try:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [address]
        resolver.port = port
        resolver.lifetime = LIFETIME_S
        found = resolver.resolve(name, "A", search=False)
    except dns.resolver.NXDOMAIN:
        return answer(Resolution.NO_NAME)
    except dns.resolver.NoAnswer:
        return answer(Resolution.NO_ADDRESS)
    except dns.resolver.NoNameservers as error:
        refused = "REFUSED" in str(error)
        return answer(Resolution.REFUSED if refused else Resolution.SERVER_FAILED, detail=str(error))
    except dns.exception.Timeout as error:
        return answer(Resolution.TIMEOUT, detail=str(error))
    except dns.exception.DNSException as error:
        return answer(Resolution.NO_NAME, detail=f"not a DNS name: {error}")
    except (OSError, ValueError) as error:
        return answer(Resolution.UNREACHABLE, detail=str(error))
    return answer(Resolution.ANSWERED, tuple(sorted(str(record) for record in found)))


@fact(layer=Layer.DNS, label="DNS answer", names={"name": "host"}, key=("name", "server"))
def dns_answers(resolver: Resolver, volumes: tuple[PersistentVolume, ...], settings: Settings) -> tuple[DnsAnswer, ...]:
    """The answers to every distinct host name of the volumes, asked from where the tool runs."""
    given = dict.fromkeys(volume.dns_name or "" for volume in volumes)
    names = [name for name in given if HOST_NAME.fullmatch(name) and not is_address(name)]
    return tuple(answer for name in names for answer in resolver.ask(name, settings.dns_servers))
