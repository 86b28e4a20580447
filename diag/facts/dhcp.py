"""DHCP options of a VPC: which DNS servers its instances ask."""

from __future__ import annotations

from diag.facts.aws_shape import PascalShape

AMAZON_PROVIDED = "AmazonProvidedDNS"
"""Stands for the VPC's own resolver. Source: Amazon VPC user guide, DHCP option sets."""


class DhcpValue(PascalShape, frozen=True):
    """One value of one option."""

    value: str = ""


class DhcpConfiguration(PascalShape, frozen=True):
    """One option."""

    key: str = ""
    values: tuple[DhcpValue, ...] = ()


class DhcpOptions(PascalShape, frozen=True):
    """A set of DHCP options."""

    dhcp_options_id: str
    dhcp_configurations: tuple[DhcpConfiguration, ...] = ()

    @property
    def name_servers(self) -> tuple[str, ...]:
        """`domain-name-servers`; empty when the set names none, and instances then get no resolver."""
        return tuple(v.value for c in self.dhcp_configurations if c.key == "domain-name-servers" for v in c.values)
