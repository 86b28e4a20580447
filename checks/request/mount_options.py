"""Every mount option of the volume is one that the Lustre client knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diag import Draft, Fix, Layer, check, fail, ok, warn
from diag.advice.steps import change, undo
from diag.grammar.command import Verbatim
from diag.knowledge.mount_options import Meaning, Option, mount_options_table, read_options
from diag.resources.kubernetes import PersistentVolume, PersistentVolumeClaim, StorageClass

LOCKING = frozenset({"flock", "localflock"})


@check("mount-options", layer=Layer.REQUEST, each="volumes", speaks_for="bad-mount-option")
def client_knows_the_options(volume: PersistentVolume) -> Iterator[Draft]:
    """Every mount option of the volume is one that the Lustre client knows.

    The driver passes mountOptions on unchanged. For one word that it does not know the client refuses the whole
    mount: exit status 22, "Are the mount options correct?". mount.lustre compares beginnings only, so a word that
    begins like one of its own is taken for that: `rootsquash` mounts read-only.

    pass: every option is known, or is left to mount(8); that flock is missing is said, without a warning
    warn: an option is taken for another word
    fail: the client does not know an option
    unknown: volumes could not be read
    source: Lustre 2.10, 2.12, 2.15 mount_lustre.c, obd_mount.c, llite_lib.c
    """
    given = volume.spec.mount_options or ()
    yield from judge(volume, given, _set_options(volume, corrected(given), given))


def judge(
    about: PersistentVolume | StorageClass,
    given: Sequence[str],
    fix: Fix,
    concerns: Sequence[PersistentVolumeClaim] = (),
) -> Iterator[Draft]:
    """Judge the options that an object gives, one finding each."""
    source = mount_options_table().cited
    options = read_options(given)
    for option in options:
        if option.meaning is Meaning.UNKNOWN:
            near = f"; {option.word!r} is probably meant" if option.word else ""
            message = f"the Lustre client does not know the mount option {option.text!r}{near}"
            yield fail(about, message, source, fix=fix, concerns=concerns)
        elif option.meaning is Meaning.MISTAKEN:
            message = f"mount.lustre takes the mount option {option.text!r} for {option.word!r}"
            yield warn(about, message, source, cause=None, concerns=concerns)
    if not any(option.meaning in (Meaning.UNKNOWN, Meaning.MISTAKEN) for option in options):
        yield ok(about, describe_options(options), concerns=concerns)


def corrected(given: Sequence[str]) -> list[str]:
    """The options without those that the client does not know."""
    return [option.text for option in read_options(given) if option.meaning is not Meaning.UNKNOWN]


def _set_options(volume: PersistentVolume, right: Sequence[str], former: Sequence[str]) -> Fix:
    command, names = "kubectl patch pv {volume} --type=merge -p {patch}", {"volume": volume.name}
    message = "the next mount uses them; pods that run keep their mount"
    return Fix(
        (
            change(command, {**names, "patch": {"spec": {"mountOptions": Verbatim(list(right))}}}, changes=message),
            undo(command, {**names, "patch": {"spec": {"mountOptions": Verbatim(list(former))}}}),
        )
    )


def describe_options(options: Sequence[Option]) -> str:
    """The options in words, and what their lack means."""
    listed = ", ".join(option.text for option in options) or "none"
    locks = (
        ""
        if LOCKING & {option.text for option in options}
        else "; without flock, a client before 2.12.3 refuses file locks"
    )
    return f"mount options {listed}{locks}"
