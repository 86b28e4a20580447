"""Commands that add rules to security groups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from diag.advice.steps import change, undo
from diag.knowledge.lustre_ports import LUSTRE_PORT, SOURCE_PORTS
from diag.model.fix import Fix

EVERYTHING = ""
RULE_PORTS = (str(LUSTRE_PORT), f"{SOURCE_PORTS[0]}-{SOURCE_PORTS[-1]}")
"""Ports of the rules that FSx asks for."""


class Rule(NamedTuple):
    """A rule of one group that lets TCP from another in, or out to it."""

    group: str
    other: str
    """The other group; empty where a range names the other end."""
    ports: str
    """`988`, `1018-1023`, or everything of every protocol."""
    is_egress: bool = False
    cidr: str = ""
    """The other end's range, empty for a person to fill in; counts only without another group."""


def authorize(rules: Iterable[Rule]) -> Fix:
    """Add the rules; each opens its ports between two groups alone."""
    distinct = tuple(dict.fromkeys(rules))
    return Fix(
        (
            *(change(_command("authorize", rule), _values(rule), changes=_changes(rule)) for rule in distinct),
            *(undo(_command("revoke", rule), _values(rule)) for rule in distinct),
        )
    )


def _command(verb: str, rule: Rule) -> str:
    side = "egress" if rule.is_egress else "ingress"
    return f"aws ec2 {verb}-security-group-{side} --group-id {{security_group}} --ip-permissions {{permissions}}"


def _changes(rule: Rule) -> str:
    whom = "between these groups only" if rule.other else "to one subnet of the other end"
    return f"Open {'these ports' if rule.ports else 'all protocols'} {whom}."


def _values(rule: Rule) -> dict[str, Any]:
    low, _, high = rule.ports.partition("-")
    ports = {"IpProtocol": "tcp", "FromPort": int(low), "ToPort": int(high or low)} if low else {"IpProtocol": "-1"}
    if not rule.other:
        ranges = [{**ports, "IpRanges": [{"CidrIp": "{cidr}"}]}]
        return {"security_group": rule.group, "cidr": rule.cidr, "permissions": ranges}
    return {
        "security_group": rule.group,
        "other_security_group": rule.other,
        "permissions": [{**ports, "UserIdGroupPairs": [{"GroupId": "{other_security_group}"}]}],
    }
