"""A proxy that takes what it cannot deliver."""

from typing import TYPE_CHECKING

from tests.lab.faults import symptoms
from tests.lab.faults.driver.objects import CONTROLLER
from tests.lab.faults.registry import fault
from tests.lab.setup import NAMESPACE

if TYPE_CHECKING:
    from tests.lab.lab import Lab

PROXY = "http://proxy.corp.example.com:3128"


def set_variables(lab: "Lab", name: str, **variables: str) -> None:
    """Gives a container of the controller further variables, in the template and in the pods."""
    pods = [pod for pod in lab.kube.all("pods", NAMESPACE) if pod["metadata"]["labels"].get("app") == CONTROLLER]
    deployment = lab.kube.get("deployments", CONTROLLER, NAMESPACE)
    for spec in (deployment["spec"]["template"]["spec"], *(pod["spec"] for pod in pods)):
        for container in spec["containers"]:
            if container["name"] == name:
                container.setdefault("env", []).extend({"name": key, "value": one} for key, one in variables.items())


@fault("proxy-takes-the-agents-calls", cause="pod-identity-agent-missing", world="pod-identity")
def proxy_takes_the_agents_calls(lab: "Lab") -> None:
    """The company's proxy for every pod, and nobody thought of the agent's link-local address."""
    set_variables(lab, "fsx-plugin", HTTP_PROXY=PROXY, HTTPS_PROXY=PROXY, NO_PROXY="10.0.0.0/8,172.20.0.0/16,.svc")
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, get identity: get credentials: failed to refresh cached credentials,"
        ' failed to load credentials, exceeded maximum number of attempts, 3, : Get "http://169.254.170.23/v1/'
        'credentials": proxyconnect tcp: dial tcp 10.9.9.9:3128: i/o timeout',
    )


@fault("proxy-takes-the-api-servers-calls", cause="csi-controller-not-running")
def proxy_takes_the_api_servers_calls(lab: "Lab") -> None:
    """The provisioner asks the API server through a proxy that knows no way to a Service's address."""
    set_variables(lab, "csi-provisioner", HTTPS_PROXY=PROXY)
    symptoms.provision_dynamically(lab)
    symptoms.claim(lab)["metadata"]["creationTimestamp"] = lab.site.time(40)
    symptoms.claim_waits(lab, ("ExternalProvisioning", symptoms.WAITING_FOR, "persistentvolume-controller"))


@fault("controller-calls-another-endpoint", cause="aws-endpoint-unreachable")
def controller_calls_another_endpoint(lab: "Lab") -> None:
    """A variable from somebody's tests: every call goes to a stand-in of AWS that is not there."""
    set_variables(lab, "fsx-plugin", AWS_ENDPOINT_URL="http://localstack:4566")
    symptoms.create_fails(
        lab,
        "operation error FSx: CreateFileSystem, https response error StatusCode: 0, RequestID: , request send failed,"
        ' Post "http://localstack:4566/": dial tcp: lookup localstack on 172.20.0.10:53: no such host',
    )
