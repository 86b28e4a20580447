"""Commands that add rules to security groups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from diag.advice.steps import change, undo
from diag.model.fix import Fix

EVERYTHING = ""
LUSTRE_PORTS = ("988", "1018-1023")
"""Source: FSx for Lustre user guide, limit-access-security-groups."""


class Rule(NamedTuple):
    """A rule of one group that lets TCP from another in, or out to it."""

    group: str
    other: str
    ports: str
    """`988`, `1018-1023`, or everything of every protocol."""
    is_egress: bool = False


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
    return f"opens {'these ports' if rule.ports else 'all protocols'} between these groups alone"


def _values(rule: Rule) -> dict[str, Any]:
    low, _, high = rule.ports.partition("-")
    ports = {"IpProtocol": "tcp", "FromPort": int(low), "ToPort": int(high or low)} if low else {"IpProtocol": "-1"}
    return {
        "security_group": rule.group,
        "other_security_group": rule.other,
        "permissions": [{**ports, "UserIdGroupPairs": [{"GroupId": "{other_security_group}"}]}],
    }
