"""The options that LNet of a node has, or gets with its next start."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from diag.grammar.lnet_options import module_arguments
from diag.knowledge.lustre_ports import LUSTRE_PORT
from diag.resources.node_report import NodeReport


class LnetOptions(msgspec.Struct, frozen=True):
    """Options of the modules lnet and ksocklnd, by name; one that is not set is not there or empty."""

    lnet: Mapping[str, str]
    ksocklnd: Mapping[str, str]
    source: str
    """Where they were read."""
    is_in_effect: bool
    """LNet is loaded with them; otherwise modprobe is told to load it with them."""

    @property
    def accept_port(self) -> str:
        """The port on which LNet listens, and to which it connects."""
        return self.lnet.get("accept_port") or str(LUSTRE_PORT)

    @property
    def accept(self) -> str:
        """`secure`, `all` or `none`."""
        return self.lnet.get("accept") or "secure"

    @property
    def discovers_peers(self) -> bool | None:
        """Whether peer discovery is on; None when nothing says so. On by default from 2.11 on."""
        value = self.lnet.get("lnet_peer_discovery_disabled")
        return None if value is None else value in ("0", "N", "n")


def options_in_effect(report: NodeReport) -> LnetOptions | None:
    """What LNet was loaded with; None while it is not loaded, or where that was not read."""
    if not report.lnet_parameters:
        return None
    lnet, ksocklnd = dict[str, str](), dict[str, str]()
    for line in report.lnet_parameters:
        name, _, value = line.partition("=")
        module, _, option = name.partition(" ")
        options = lnet if module == "lnet" else ksocklnd
        # ip2nets and routes may have several lines, which part their statements as `;` does.
        options[option] = f"{options[option]};{value}" if option in options else value
    return LnetOptions(lnet, ksocklnd, "/sys/module/lnet/parameters", is_in_effect=True)


def options_on_disk(report: NodeReport) -> LnetOptions | None:
    """What modprobe is told to load LNet with; None where that was not read."""
    if report.module_settings is None:
        return None
    found: dict[str, dict[str, str]] = {"lnet": {}, "ksocklnd": {}}
    for line in report.module_settings:
        if match := re.fullmatch(r"options (lnet|ksocklnd) (.*)", line):
            found[match[1]] |= module_arguments(match[2])
    return LnetOptions(found["lnet"], found["ksocklnd"], "modprobe --showconfig", is_in_effect=False)


def lnet_options(report: NodeReport) -> LnetOptions | None:
    """The options in effect, else those that the next start takes; None where neither was read."""
    return options_in_effect(report) or options_on_disk(report)
