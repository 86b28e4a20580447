"""Changing the options that LNet is loaded with: a file of modprobe's, and a kernel that has not read it yet.

A loaded LNet keeps its options, and a module whose mount failed stays loaded. Source: lnet/lnet/api-ni.c, whose
parameters are read-only (0444).
"""

from __future__ import annotations

from collections.abc import Mapping

from diag.advice.inspect_node import on
from diag.advice.platform import UNKNOWN
from diag.advice.replace_node import KARPENTER, reboot_node
from diag.advice.steps import caution, change, guard, person, save_once, undo
from diag.advice.workloads import Owner
from diag.grammar.command import Value
from diag.knowledge.cause import Place
from diag.model.fix import Step, StepKind

_TAKEN = (
    'find {root}/etc/modprobe.d -name "*.conf" -exec sed -i -E'
    r' -e "/^ *options +lnet /s/ +({option})=(\"[^\"]*\"|[^ ]*)//g" -e "/^ *options +lnet *$/d" {} +'
)
"""The other options of the line stay. A line without an option is one that modprobe complains of, and a folder without
a file is no error for find, as it is for sed."""
_NETWORKS = "networks|ip2nets|routes"
"""The three that LNet parses: interfaces and gateways."""
_OWN = "/etc/modprobe.d/lnet-of-lustre.conf"
_WRITTEN = f' && echo "{{line}}" > {{root}}{_OWN}'
_IMAGE = "First correct what wrote the option (launch template, EC2NodeClass or node image), or new nodes have it too."
_LASTING = (
    "First let the launch template, EC2NodeClass or node image write {line} into /etc/modprobe.d, or new nodes lack it."
)
_READ_ONLY = (
    "Bottlerocket: instead of the first step correct its user data (settings.boot.kernel-parameters, as"
    ' "lnet.{option}", with settings.boot.reboot-to-reconcile = true), and let the group or'
    " Karpenter replace the node.",
    "EKS Auto Mode: nobody can set module options there. Replace the node: `kubectl delete node {node}`.",
)
"""Source: Bottlerocket, settings reference, kernel.modules and boot; EKS user guide, node class for Auto Mode."""
_EFFECT = "Take {option} out of LNet's options in modprobe's files. It counts when LNet is loaded again."
_EFFECT_OF_LINE = (
    "Replace networks, ip2nets and routes in modprobe's files by this option. It counts when LNet is loaded again."
)
_KEPT = (
    " The old files stay in /etc/modprobe.d.before. If the command stops because that folder is there, an earlier"
    " change left it: rename it, and run the command again."
)
_REBOOT_AGAIN = "Then drain and reboot the node by the same steps: a loaded LNet keeps its options."
_LOAD_AGAIN = "Then unmount Lustre, unload and load the modules by the same steps: a loaded LNet keeps its options."


def load_by_host(values: Mapping[str, Value], owner: Owner | None) -> tuple[Step, ...]:
    """Reboot the node, and load LNet on it before a pod can: what loads it first gives it its network."""
    steps = reboot_node(values, owner)
    opens = [place for place, step in enumerate(steps) if _lets_pods_in(step)]
    if not opens:
        return (caution(_IN_USER_DATA), *steps)
    loads = change(on(Place.NODE, "chroot /host modprobe lustre", UNKNOWN), values, changes=_BY_HOST)
    return (*steps[: opens[0]], loads, *steps[opens[0] :])


def _lets_pods_in(step: Step) -> bool:
    return step.kind is StepKind.CHANGE and step.argv[:2] == ("kubectl", "uncordon")


_BY_HOST = "Load Lustre and LNet from the host, before pods come."
_IN_USER_DATA = (
    "First let the nodes load the module at their start, or a new node has the same fault: `modprobe lustre` in the"
    " user data of the EC2NodeClass, on Bottlerocket settings.kernel.modules.lustre.autoload = true."
)


def change_options(
    values: Mapping[str, Value], owner: Owner | None, *, line: str = "", option: str = "", is_host: bool
) -> tuple[Step, ...]:
    """Take LNet's networks away, or put `line` in their place, and load LNet again: with the node, or on a host.

    Where another `option` is at fault, that one; the rest stay.
    """
    edit = _TAKEN.replace("{option}", option or _NETWORKS)
    effect = _EFFECT.replace("{option}", option or "networks, ip2nets and routes")
    if line:
        edit, effect = edit + _WRITTEN.replace("{line}", line), _EFFECT_OF_LINE
    read_only = [caution(text.replace("{option}", option or "networks")) for text in _READ_ONLY]
    if is_host:
        return _on_host(edit.replace("{root}", ""), values, effect, writes=bool(line))
    lasting = caution(_LASTING.replace("{line}", line), values) if line else caution(_IMAGE)
    if values.get("node_manager") == KARPENTER:
        return (lasting, *read_only, *reboot_node(values, owner))
    folder = "/host/etc/modprobe.d"
    kept = f"mkdir {folder}.before && cp -a {folder}/. {folder}.before/"
    gone = f"rm -f /host{_OWN} && " if line else ""
    edited = f"sh -c '{kept} && {edit.replace('{root}', '/host')}'"
    return (
        lasting,
        *read_only,
        change(on(Place.NODE, edited, UNKNOWN), values, changes=effect + _KEPT),
        *reboot_node(values, owner),
        undo(on(Place.NODE, f"sh -c '{gone}cp -a {folder}.before/. {folder}/'", UNKNOWN), values),
        person(_REBOOT_AGAIN, kind=StepKind.UNDO),
    )


def _on_host(edit: str, values: Mapping[str, Value], effect: str, *, writes: bool) -> tuple[Step, ...]:
    """A host without Kubernetes: nothing is mounted, so the modules can go."""
    return (
        caution("Unmount every Lustre file system of the host first, or the command stops."),
        save_once("tar -C /etc -cf - modprobe.d > modprobe.d.before.tar"),
        guard("test -s modprobe.d.before.tar"),
        guard("""sh -c '! grep -q " lustre " /proc/mounts'"""),
        change(f"sudo sh -c '{edit}'", values, changes=effect),
        change("sudo lustre_rmmod", changes="Unload Lustre and LNet, with the old options."),
        change("sudo modprobe lustre", changes="Load them with the new options. Then mount again."),
        *((undo(f"sudo rm -f {_OWN}"),) if writes else ()),
        undo("sudo tar -C /etc -xf modprobe.d.before.tar"),
        person(_LOAD_AGAIN, kind=StepKind.UNDO),
    )
