"""A node is looked at where it can be: through its own pods, or on the host."""

from __future__ import annotations

from diag.advice.inspect_node import on
from diag.advice.platform import UNKNOWN, Platform
from diag.advice.runbook import look_at
from diag.knowledge.cause import Observation, Place

VALUES = {"node": "ip-10-0-0-1.ec2.internal", "driver_namespace": "kube-system", "plugin_pod": "fsx-csi-node-8x7wz"}
SCRIPT = "sh -c 'dmesg | grep -c lustre; ls /host/etc/modprobe.d; chroot /host modinfo lustre'"


def test_the_debug_pod_is_on_the_node_and_keeps_its_own_shell() -> None:
    look = look_at(Observation("the kernel log", SCRIPT, on=Place.NODE), VALUES)
    assert look.splitlines()[1].startswith("kubectl debug node/ip-10-0-0-1.ec2.internal -it --profile=sysadmin")
    assert look.endswith(f" -- {SCRIPT}")


def test_the_plugin_is_the_pod_of_the_node_and_never_any_of_the_daemonset() -> None:
    look = look_at(Observation("the NIDs", "lctl list_nids", on=Place.PLUGIN), VALUES)
    assert look.splitlines()[1:] == ["kubectl -n kube-system exec fsx-csi-node-8x7wz -c fsx-plugin -- lctl list_nids"]


def test_a_host_without_kubernetes_is_looked_at_directly() -> None:
    host = Platform("aws", False)
    assert on(Place.NODE, SCRIPT, host) == ("sudo sh -c 'dmesg | grep -c lustre; ls /etc/modprobe.d; modinfo lustre'")
    assert on(Place.PLUGIN, "lctl list_nids", host) == "sudo lctl list_nids"
    assert on(Place.HERE, "aws fsx describe-file-systems", UNKNOWN) == "aws fsx describe-file-systems"
