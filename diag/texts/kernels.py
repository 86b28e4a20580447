"""The kernel that runs, beside the kernels that Lustre's modules are for, where one text shows both.

`uname -r` beside `dpkg -l`, `rpm -q` or `modinfo` of the modules: a package for other kernels alone leaves the running
one without a module, whatever the message of the mount was.
"""

from __future__ import annotations

from diag.knowledge.cause import Weight
from diag.knowledge.runbooks import Knowledge
from diag.late import late
from diag.model.symptom import Hit

_CAUSE = "kernel-module-version-mismatch"
_RELEASE = r"(?:[3-9]\.\d{1,2}|2\.6)\.\d{1,3}-[\w.+~-]{0,60}\w"
_MARK = "uname"
_RUNNING = late(
    r"\buname -(?:r|sr|rv)\b[^\n]{0,40}\n+[ \t>|]*(?:Linux )?(?P<after>" + _RELEASE + r")(?:\s|$)"
    r"|\buname -(?:r|sr)\b[`'\"]{0,2}(?: ?(?:=|:|->|=>|is|says|shows|gives|prints)){1,2} ?[`'\"]{0,2}(?P<beside>"
    + _RELEASE
    + r")|(?:^|\n)[ \t>]*Linux [\w.-]{1,64} (?P<all>"
    + _RELEASE
    + r") #"
)
_PACKAGE = late(
    # dpkg -l, apt list --installed, a name alone or beside its version; and the old packages of EL, which have the
    # kernel in their version. What a search lists is only on offer.
    r"(?m)^[ \t>|]*(?:ii[ \t]+lustre-client-modules-(?P<installed>" + _RELEASE + r")[\s:]"
    r"|lustre-client-modules-(?P<listed>" + _RELEASE + r")/[^\n]*\[installed"
    r"|lustre-client-modules-(?P<named>" + _RELEASE + r")[ \t]*(?:\t ?[2]\.\d[\w.+~-]*)?[ \t]*$"
    r"|(?:kmod-)?lustre-client-modules-2\.\d{1,2}[\w.]{0,30}-(?P<el>[2-5]\.\d{1,2}\.\d{1,3}_[\w.]{1,60})[ \t]*$)"
)
_MODINFO = late(
    r"(?:^|\n)[ \t>]*(?:filename: +/lib/modules/(?P<file>" + _RELEASE + r")/\S*/(?:lustre|lnet|libcfs)\.ko\S*"
    r"|/lib/modules/(?P<found>" + _RELEASE + r")/\S*/(?:lustre|lnet|libcfs)\.ko\S*)"
)
_BUILDS_ITSELF = late(r"lustre-client-(?:modules-)?dkms")
_ARCHITECTURES = (".x86_64", ".x86-64", ".aarch64", ".noarch")


def hits_of_kernels(text: str, knowledge: Knowledge) -> tuple[Hit, ...]:
    """One hit where Lustre's modules are installed for other kernels alone than the one that runs.

    Nothing is said where several nodes' kernels are shown, where DKMS builds the modules, and where a listed package
    is not installed.
    """
    if _CAUSE not in knowledge.causes or "lustre" not in text or not (_MARK in text or "Linux" in text):
        return ()
    running = {next(filter(None, found.groups())) for found in _RUNNING.finditer(text)}
    if len(running) != 1 or _BUILDS_ITSELF.search(text):
        return ()
    kernel = _bare(running.pop())
    made_for = {
        _bare(next(filter(None, found.groups())).replace("_", "-"))
        for shown in (_PACKAGE, _MODINFO)
        for found in shown.finditer(text)
    }
    if not made_for or any(_is_same(kernel, other) for other in made_for):
        return ()
    shown = f"{kernel} runs, and Lustre's modules are for {', '.join(sorted(made_for))}"
    return (Hit(_CAUSE, "the kernel that runs and the modules' kernel", Weight.DECISIVE.value, shown),)


def _bare(release: str) -> str:
    for architecture in _ARCHITECTURES:
        release = release.removesuffix(architecture)
    return release


def _is_same(kernel: str, other: str) -> bool:
    """Whether a name is the kernel's release, alone or with the package's version behind it."""
    return other == kernel or other.startswith((f"{kernel}-", f"{kernel}."))
