"""What static-keys says of a secret that exists beside a role."""

from __future__ import annotations

from typing import Any

from checks.identity.static_keys import no_static_keys_before_the_role as static_keys
from diag.analysis.identity.controller import StaticKeys
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from tests.checks import given
from tests.checks.given_identity import world

SECRET = StaticKeys(True, "secret kube-system/aws-secret", True)


def only(keys: object, **facts: Any) -> Finding:
    (finding,) = given.findings(static_keys, **world(static_keys=keys, **facts))
    return finding


def test_it_runs_only_when_it_is_named() -> None:
    assert static_keys.opt_in


def test_no_secret_passes() -> None:
    finding = only(StaticKeys(False))
    assert (finding.verdict, finding.rules_out) == (Verdict.PASS, ("static-aws-keys-win",))


def test_a_secret_beside_a_role_warns_and_is_saved_before_it_is_deleted() -> None:
    finding = only(SECRET)
    assert (finding.verdict, finding.cause) == (Verdict.WARN, "static-aws-keys-win")
    assert finding.fix
    assert finding.fix.commands[0].endswith("> users-of-secrets.txt")
    assert finding.fix.commands[1].endswith("get secret aws-secret -o yaml > aws-secret.before.yaml")
    *looks, delete, again = finding.fix.commands[2].split(" && ")
    assert "test -s aws-secret.before.yaml" in looks and any("! grep -v" in look for look in looks)
    assert (
        delete.endswith("delete secret aws-secret")
        and "rollout restart" in again
        and "rollout restart" in finding.fix.undo
    )


def test_a_key_that_the_driver_cannot_start_without_has_no_command_to_delete_it() -> None:
    assert only(StaticKeys(True, "secret kube-system/aws-secret", False)).fix is None


def test_keys_without_a_role_beside_are_how_somebody_wants_it() -> None:
    finding = only(SECRET, role_arn=None)
    assert (finding.verdict, finding.rules_out) == (Verdict.PASS, ())


def test_a_secret_that_may_not_be_looked_at_is_unknown() -> None:
    finding = only(given.denied("get secrets"))
    assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "get secrets")


def test_without_a_controller_there_is_nothing_to_judge() -> None:
    assert only(StaticKeys(False), deployments=()).verdict is Verdict.SKIP
