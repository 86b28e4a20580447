"""No program of a pod that has the volume mounted says that it cannot use it."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, check, fail, ok, skip
from diag.advice.steps import advise
from diag.analysis.pod_events import Error, Saying, sayings_of
from diag.analysis.pods import Progress, is_read_only
from diag.analysis.volume_usage import Use, VolumeUse
from diag.knowledge.mount_options import read_options

READ_ONLY, NO_FLOCK, DENIED, FULL, QUOTA, SUB_PATH = (
    "volume-mounted-readonly", "flock-not-enabled", "root-squash-or-permissions", "file-system-full",
    "lustre-quota-exceeded", "subpath-not-made",
)  # fmt: skip
BOTH_ALIKE = (
    "Give the volumeMount a mountPath that is no file in the image, or a subPath that is a directory, and make the pod"
    " again."
)
SET_IT = "Set the variable of subPathExpr in the container's env, to a relative path, and make the pod again."
AUTHOR = "whoever wrote the pod"
CAUSES = (READ_ONLY, NO_FLOCK, DENIED, FULL, QUOTA, SUB_PATH)


@check("workload-errors", layer=Layer.WORKLOAD, each="volume_uses", speaks_for=CAUSES)
def programs_can_use_the_volume(use: VolumeUse) -> Iterator[Draft]:
    """No program of a pod that has the volume mounted says that it cannot use it.

    Read are the output of probes in the pod's events and the termination messages of its containers, and of those
    only lines that name an error and a path of this volume. Where the pod or the volume itself asks for what the
    program runs into (readOnly, no flock), that is the cause; otherwise the diagnosis weighs the text.

    pass: no such line is there; that programs are content is not shown by it
    fail: there is one
    unknown: volumes, claims or pods could not be read
    skip: no pod has the volume mounted
    source: aws-fsx-csi-driver v1.9.0 pkg/driver/node.go (readOnly); Lustre 2.15 llite (flock); Linux errno(3)
    """
    mounted = use.at(Progress.UP, Progress.MOUNTED)
    if not mounted:
        yield skip(use, "no pod has it mounted")
        return
    healthy = True
    for one in mounted:
        for saying in sayings_of(one.mount, one.events):
            healthy = False
            fix: Fix | None = None
            if saying.error is Error.SUB_PATH:
                cause, (why, fix) = SUB_PATH, _explain_sub_path(one, saying)
            else:
                cause, why = _explain(one, saying)
            message = f"{saying.error.value}: {why}" if why else f"a program meets “{saying.error.value}” on it"
            evidence = f"{one.who}, {saying.origin}: {saying.text}"
            yield fail(use, message, evidence, cause=cause, fix=fix, concerns=one.path)
    if healthy:
        yield ok(use, f"no program error on it is reported by the {len(mounted)} pod(s) that have it", rules_out=())


def _explain(use: Use, saying: Saying) -> tuple[str, str]:
    """The cause, where the request itself explains the error, and how."""
    if saying.error is Error.READ_ONLY and (asked := is_read_only(use.mount)):
        return READ_ONLY, asked
    words = {option.text for option in read_options(use.mount.volume.spec.mount_options or ())}
    if saying.error in (Error.NO_FLOCK, Error.NO_LOCKS) and not words & {"flock", "localflock"}:
        return NO_FLOCK, "the volume does not have the option flock"
    if saying.error in (Error.DENIED, Error.NOT_PERMITTED):
        return DENIED, "the file system's own owner, mode or root squash do not let this user"
    if saying.error is Error.QUOTA:
        return QUOTA, "the user, group or project has used up its share; the file system itself need not be full"
    return (FULL, "the file system, or one of its storage targets, is full") if saying.error is Error.FULL else ("", "")


def _explain_sub_path(use: Use, saying: Saying) -> tuple[str, Fix | None]:
    """What is wrong with a subPath; and the fix where no directory would help, as the runbook's words do not say."""
    if "not a directory" in saying.text:
        why = "a file is where the directory should be, or the container has one at the mountPath"
        return why, advise(BOTH_ALIKE, by=AUTHOR)
    if "volumeMount" not in saying.text:
        why = "subPathExpr gives no relative path below the volume, as a variable in it is not set so"
        return why, advise(SET_IT, by=AUTHOR)
    asked = is_read_only(use.mount)
    return f"the kubelet cannot make or open the directory{f': {asked}' if asked else ''}", None
