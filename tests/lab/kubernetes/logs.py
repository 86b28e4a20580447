"""Container logs: the lines a world holds, cut as `tailLines` and `limitBytes` ask."""

from typing import TYPE_CHECKING

from tests.lab.kubernetes import status
from tests.lab.kubernetes.world import Cluster

if TYPE_CHECKING:
    from tests.lab.kubernetes.api import Target


def read_log(cluster: Cluster, logs: dict[tuple[str, str, str], str], target: "Target", query: dict[str, str]) -> str:
    """The text of one container's log; refusals are worded as the API server and the kubelet do."""
    pod = cluster.find(target.resource, target.name, target.namespace)
    if pod is None:
        raise status.not_found(target.resource, target.name)
    names = [container["name"] for container in pod["spec"]["containers"]]
    container = query.get("container", "")
    if not container:
        if len(names) > 1:
            choices = " ".join(names)
            raise status.bad_request(
                f"a container name must be specified for pod {target.name}, choose one of: [{choices}]"
            )
        container = names[0]
    if container not in names:
        raise status.bad_request(f"container {container} is not valid for pod {target.name}")
    for state in pod["status"].get("containerStatuses", ()):
        waiting = state.get("state", {}).get("waiting")
        # A container that crashes has a log: that of its last life.
        never_ran = waiting and waiting["reason"] != "CrashLoopBackOff"
        if state["name"] == container and never_ran and query.get("previous") != "true":
            raise status.bad_request(
                f'container "{container}" in pod "{target.name}" is waiting to start: {waiting["reason"]}'
            )
    text = logs.get((target.namespace, target.name, container), "")
    if tail := query.get("tailLines"):
        text = "".join(text.splitlines(keepends=True)[-int(tail) :]) if int(tail) else ""
    if limit := query.get("limitBytes"):
        text = text.encode()[: int(limit)].decode("utf-8", "ignore")
    return text
