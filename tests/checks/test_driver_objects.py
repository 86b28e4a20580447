"""csidriver-object, csi-controller, driver-installed-twice, addon-health: the driver's objects."""

from typing import Any

import pytest

from checks.driver.addon_health import addon_health
from checks.driver.csi_controller import csi_controller
from checks.driver.csidriver_object import csidriver_object
from checks.driver.driver_installed_twice import driver_installed_twice
from diag import Verdict
from diag.resources.eks import Addon, AddonHealth, AddonIssue
from diag.resources.kubernetes import Workload
from tests.checks import given

PENDING = given.claim("wanted", volume="")
CONFLICT = AddonIssue("ConfigurationConflict", "Conflicts found when trying to apply.")
NO_RIGHTS = AddonIssue("AddonPermissionFailure", "Unable to assume the role.")


def addon(status: str = "ACTIVE", *issues: AddonIssue) -> Addon:
    return Addon("aws-fsx-csi-driver", "training", status, "v1.9.0-eksbuild.1", AddonHealth(issues))


def by_helm(workload: Workload) -> Workload:
    annotations = {"meta.helm.sh/release-name": "fsx"}
    return given.replace(workload, metadata=given.replace(workload.metadata, annotations=annotations))


def test_the_csidriver_object() -> None:
    assert given.verdicts(csidriver_object) == (Verdict.PASS,)
    (missing,) = given.findings(csidriver_object, csi_drivers=())
    (attaching,) = given.findings(csidriver_object, csi_drivers=(given.csi_driver(attach_required=True),))
    for found in (missing, attaching):
        assert (found.verdict, found.cause) == (Verdict.FAIL, "csidriver-object-missing")
    assert attaching.fix is not None
    assert attaching.fix.commands[0] == "kubectl delete csidriver fsx.csi.aws.com", "attachRequired cannot be changed"


def test_the_csidriver_object_of_no_driver_is_not_missed() -> None:
    assert given.verdicts(csidriver_object, csi_drivers=(), daemon_sets=()) == (Verdict.SKIP,)


@pytest.mark.parametrize(("fact", "what"), [("csi_drivers", "list csidrivers"), ("daemon_sets", "list daemonsets")])
def test_the_csidriver_object_unseen(fact: str, what: str) -> None:
    assert given.verdicts(csidriver_object, **{fact: given.denied(what)}) == (Verdict.UNKNOWN,)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({}, Verdict.PASS),
        ({"deployments": (given.controller(ready=1),)}, Verdict.PASS),
        ({"deployments": (given.controller(ready=0),)}, Verdict.WARN),
        ({"deployments": (given.controller(ready=0),), "claims": (PENDING,)}, Verdict.FAIL),
        ({"deployments": ()}, Verdict.SKIP),
        ({"deployments": (), "claims": (PENDING,)}, Verdict.FAIL),
        ({"deployments": given.denied("list deployments")}, Verdict.UNKNOWN),
    ],
)
def test_the_controller_matters_to_claims_that_wait_for_it(facts: dict[str, Any], verdict: Verdict) -> None:
    (found,) = given.findings(csi_controller, **facts)
    assert found.verdict is verdict
    if verdict is Verdict.FAIL:
        assert found.cause == "csi-controller-not-running"
        assert found.concerns == (PENDING.subject,), "no mount depends on the controller"


def test_a_controller_scaled_to_zero_is_scaled_up_again() -> None:
    (found,) = given.findings(csi_controller, deployments=(given.controller(replicas=0, ready=0),), claims=(PENDING,))
    assert found.fix is not None
    assert "scale deployment/fsx-csi-controller --replicas=2" in found.fix.commands[0]


def test_two_plugins_on_one_node_fail() -> None:
    plugins = (given.node_plugin(), given.node_plugin(namespace="fsx-csi-driver"))
    (found,) = given.findings(driver_installed_twice, daemon_sets=plugins)
    assert (found.verdict, found.cause) == (Verdict.FAIL, "csi-driver-installed-twice")
    assert [s.name for s in found.concerns] == [given.NODE]


def test_two_daemon_sets_that_share_no_node_are_one_driver() -> None:
    plugins = tuple(
        given.node_plugin(namespace=arch, nodeSelector={"kubernetes.io/arch": arch}) for arch in ("amd64", "arm64")
    )
    nodes = (given.node("node-a"), given.node("node-b", arch="arm64"))
    assert given.verdicts(driver_installed_twice, daemon_sets=plugins, nodes=nodes) == (Verdict.PASS,)
    assert given.verdicts(driver_installed_twice, nodes=given.denied("list nodes")) == (Verdict.UNKNOWN,)


@pytest.mark.parametrize(
    ("helm", "addons", "verdict"),
    [
        (True, (), Verdict.PASS),
        (False, (addon(),), Verdict.PASS),
        (True, (addon(),), Verdict.WARN),
        (True, given.denied("eks:DescribeAddon"), Verdict.UNKNOWN),
        (False, given.denied("eks:DescribeAddon"), Verdict.PASS),
    ],
)
def test_an_add_on_beside_a_helm_release(helm: bool, addons: Any, verdict: Verdict) -> None:
    plugin = by_helm(given.node_plugin()) if helm else given.node_plugin()
    assert given.verdicts(driver_installed_twice, daemon_sets=(plugin,), addons=addons) == (verdict,)


@pytest.mark.parametrize(
    ("addons", "claims", "verdict"),
    [
        ((), (), Verdict.SKIP),
        ((addon(),), (), Verdict.PASS),
        ((addon("UPDATING"),), (), Verdict.PASS),
        ((addon("DEGRADED", CONFLICT),), (), Verdict.FAIL),
        ((addon("CREATE_FAILED"),), (), Verdict.FAIL),
        ((addon("DEGRADED", NO_RIGHTS),), (), Verdict.WARN),
        ((addon("DEGRADED", NO_RIGHTS),), (PENDING,), Verdict.FAIL),
        (given.denied("eks:DescribeAddon"), (), Verdict.UNKNOWN),
    ],
)
def test_the_health_of_the_add_on(addons: Any, claims: Any, verdict: Verdict) -> None:
    (found,) = given.findings(addon_health, addons=addons, claims=claims)
    assert found.verdict is verdict
    if verdict is Verdict.FAIL:
        assert found.cause == "csi-addon-degraded"
        assert addons[0].status in found.message
