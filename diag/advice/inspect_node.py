"""Looking at one node: it may have no shell of its own, and every other node is evidence for nothing.

Bottlerocket and EKS Auto Mode have no host shell, so a script runs in the debug pod's own, and `chroot /host` starts
one program at a time. Source: bottlerocket-os/bottlerocket issue 4011.
"""

from __future__ import annotations

from diag.advice.platform import Platform
from diag.knowledge.cause import Place

_IMAGE = "public.ecr.aws/docker/library/busybox:stable"
_PREFIX = {
    Place.HERE: "",
    Place.NODE: f"kubectl debug node/{{node}} -it --profile=sysadmin --image={_IMAGE} -- ",
    Place.PLUGIN: "kubectl -n {driver_namespace} exec {plugin_pod} -c fsx-plugin -- ",
}


DEBUG_PODS = (
    "Each kubectl debug leaves a finished pod node-debugger-… in the current namespace: delete it at the end (kubectl"
    " get pods). If the nodes cannot reach public.ecr.aws, give --image an image of your own registry."
)


def on(place: Place, command: str, platform: Platform) -> str:
    """The command template as it is typed: one for the debug pod is for the host itself where Kubernetes is not."""
    if place is Place.HERE or platform.kubernetes is not False:
        return _PREFIX[place] + command
    return "sudo " + command.replace("chroot /host ", "").replace("/host/", "/").replace("/proc/1/", "/proc/")
