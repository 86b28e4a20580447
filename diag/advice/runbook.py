"""A cause's remedies as fixes: the runbook's templates with an incident's values, for the reader's platform."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

import msgspec

from diag.advice.inspect_node import on
from diag.advice.platform import UNKNOWN, Platform, has, is_for, names_of
from diag.advice.steps import Values, advise, caution, change, guard, person, save, save_once, undo, wait
from diag.grammar.command import fill_text, parse
from diag.knowledge.cause import BY_HAND, PROMPT, SAYS, Cause, Observation, Procedure, Remedy
from diag.model.fix import Fix, Step, StepKind


def fix_of(
    cause: Cause,
    values: Mapping[str, str],
    platform: Platform = UNKNOWN,
    passed: Collection[str] = (),
    seen: Collection[str] = (),
    *,
    on_page: bool = False,
) -> Fix | None:
    """The cause's safest remedy on that platform as a fix, the further ones as its alternatives.

    `passed` are checks of this path that found nothing wrong, `seen` the signatures of the cause that a text shows: a
    remedy that one of them asks for is the first, one that only others ask for the last. `on_page` says that the text
    of the runbook stands under the fix, which a remedy calls `{below}`. Where no remedy is known
    there it says what to look for, without a command. None where the runbook has no remedy at all.
    """
    open_ = [remedy for remedy in cause.fix if not any(check in passed for check in remedy.unless)]
    where = UNKNOWN if on_page else platform  # A page numbers its options alike for every reader.
    open_.sort(key=lambda remedy: (_rank(remedy, seen), _is_foreign(remedy, cause, where)))
    fixes = [
        Fix(
            (*_looks_for_installer(remedy, own, values, on_page), *steps),
            title=_title(remedy, own, values, on_page),
            when=" and ".join(filter(None, _cases(remedy, cause, own, values, platform))),
        )
        for remedy in open_
        for own, steps in _options(remedy, cause, values, platform, on_page)
    ]
    if fixes:
        return msgspec.structs.replace(fixes[0], alternatives=tuple(fixes[1:]))
    looks = "; ".join(fill_text(observation.look, values) for observation in cause.confirm)
    return advise(f"no fix is known for this platform; look at: {looks}") if cause.fix and looks else None


def _options(
    remedy: Remedy, cause: Cause, values: Mapping[str, str], platform: Platform, on_page: bool
) -> Iterator[tuple[Values, tuple[Step, ...]]]:
    """Its steps on that platform, once for each way to change the driver, with the values of each."""
    page = "on this page" if on_page else f"in lustre-doctor runbook {cause.id}"
    for own in _variants(remedy, values, platform, on_page):
        steps = _steps(_placed(remedy, page), own)
        if steps and _works(remedy, cause, steps, platform):
            yield own, steps


def numbers_of_options(cause: Cause, values: Mapping[str, str], platform: Platform = UNKNOWN) -> tuple[int, ...]:
    """By which number the page names each option that it has for a reader, in its order.

    It is its place for a reader of whom nothing is known: the text keeps to it where a reader's platform or installer
    leaves options out.
    """
    known = _numbered(cause)
    return tuple(number for number, one in known if any(_options(one, cause, values, platform, on_page=True)))


def foreign_options(cause: Cause) -> frozenset[int]:
    """The numbers of the options that are none for EKS, on a page whose reader may be there."""
    return frozenset(number for number, remedy in _numbered(cause) if _is_foreign(remedy, cause, UNKNOWN))


def _numbered(cause: Cause) -> Iterator[tuple[int, Remedy]]:
    """The remedies of a page for a reader of whom nothing is known, those for other platforms than EKS behind."""
    ordered = sorted(cause.fix, key=lambda remedy: _is_foreign(remedy, cause, UNKNOWN))
    return enumerate((one for one in ordered if any(_options(one, cause, {}, UNKNOWN, on_page=True))), 1)


def _placed(remedy: Remedy, page: str) -> Remedy:
    """The remedy with the place of the runbook's text in its sentences."""
    texts = {name: getattr(remedy, name).replace(BELOW, page) for name in SENTENCES}
    return msgspec.structs.replace(remedy, **texts)


BELOW, SENTENCES = "{below}", ("caution", "prepare", "command", "changes", "wait", "undo")
"""What stands for the place of the runbook's text, and where it may stand."""


def _rank(remedy: Remedy, seen: Collection[str]) -> int:
    if not (remedy.signatures and seen):
        return 1
    return 0 if any(id in seen for id in remedy.signatures) else 2


def _variants(remedy: Remedy, values: Mapping[str, str], platform: Platform, on_page: bool) -> list[Mapping[str, str]]:
    """The values, once for each way to change the driver where it is not known what installed it. A page has one."""
    if remedy.procedure is not Procedure.DRIVER_SETTING or values.get("installer"):
        return [values]
    from diag.advice.driver import ANY, ANY_BUT_ADDON, EDITED, Installer, setting

    edited = has(platform, "aws") and setting(remedy.with_, {**values, "installer": EDITED})
    apart = (Installer.HELM.value, EDITED if edited else Installer.MANIFESTS.value)
    together = (ANY if edited else ANY_BUT_ADDON,)
    return [{**values, "installer": one} for one in (together if on_page else apart)]


def _whose(remedy: Remedy, cause: Cause, platform: Platform) -> str:
    """On which platforms an option works that is none for EKS, where the reader may be on EKS."""
    return f"you are on {names_of(remedy.platforms)}" if _is_foreign(remedy, cause, platform) else ""


def _is_foreign(remedy: Remedy, cause: Cause, platform: Platform) -> bool:
    """Whether a way is none for EKS, and the reader may be there: it stands behind the others, with its platforms."""
    here = is_for(platform, ("eks",)) and not {"eks", "any"}.isdisjoint(cause.platforms)
    return here and "eks" not in remedy.platforms and bool(names_of(remedy.platforms))


def _cases(remedy: Remedy, cause: Cause, own: Values, values: Values, platform: Platform) -> Iterator[str]:
    """For whom and for what an option is, where the reader is not known to be that one."""
    yield _installer(remedy, own, values)[0]
    yield _whose(remedy, cause, platform)
    yield fill_text(remedy.when, values)


def _title(remedy: Remedy, own: Values, values: Values, on_page: bool) -> str:
    """What the option does; of one setting that each installer changes in its own way, also for which it is."""
    title = fill_text(remedy.title, values)
    installer = "" if on_page or values.get("installer") else own.get("installer")
    return f"{title} ({installer})" if installer else title


def _looks_for_installer(remedy: Remedy, own: Values, values: Values, on_page: bool) -> tuple[Step, ...]:
    """How to see which installer a cluster has; a page says it once, above all its options."""
    how = _installer(remedy, own, values)[1]
    return (caution(how, values),) if how and not on_page else ()


def _installer(remedy: Remedy, own: Values, values: Values) -> tuple[str, str]:
    """What installed the driver, where an option is for that alone and it is not known, and how it is seen."""
    if values.get("installer") or remedy.procedure not in (Procedure.DRIVER_SETTING, Procedure.UPDATE_ADDON):
        return "", ""
    if "add-on" in remedy.when:
        return "", ""  # It says so itself.
    from diag.advice.driver import INSTALLED_BY, Installer

    return INSTALLED_BY.get(str(own.get("installer", Installer.ADDON.value)), ("", ""))


def look_at(observation: Observation, values: Mapping[str, str], platform: Platform = UNKNOWN) -> str:
    """What to look at and, on further lines, how."""
    typed = [on(observation.on, line, platform) for line in _lines(observation.command)]
    lines = [line for line in typed if has(platform, parse(line).words[0])]
    return "\n".join((fill_text(observation.look, values), *(change(line, values).line for line in lines)))


def answers_of(observation: Observation, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What the answer is if this is the cause, and if it is not, each behind what it says."""
    for says, answer in (("This cause", observation.yes), ("Not this cause", observation.no)):
        if answer:
            yield says, fill_text(answer.strip(), values)


def _works(remedy: Remedy, cause: Cause, steps: Iterable[Step], platform: Platform) -> bool:
    programs = {step.argv[0] for step in steps if step.argv}
    return is_for(platform, remedy.platforms or cause.platforms) and all(has(platform, program) for program in programs)


def _steps(remedy: Remedy, values: Values) -> tuple[Step, ...]:
    procedure: tuple[Step, ...] = ()
    if remedy.procedure:
        from diag.advice.procedures import PROCEDURES

        procedure = PROCEDURES[remedy.procedure](remedy.with_, values)
    if remedy.procedure and not procedure:
        return ()
    prepared = tuple(_commands(remedy, remedy.prepare, "", values))
    commands = tuple(_commands(remedy, remedy.command, remedy.changes, values))
    changes = fill_text(remedy.changes, values)
    request = (person(changes, by=remedy.by),) if changes and not commands else ()
    return (
        *(caution(line, values, danger=remedy.danger) for line in _lines(remedy.caution) if _is_meant(line, values)),
        *prepared,
        *_saved(_lines(remedy.save), remedy.undo, values),
        *(guard(line, values) for line in _lines(remedy.guard)),
        *procedure,
        *commands,
        *request,
        *(_either(wait, StepKind.WAIT, line, values) for line in _lines(remedy.wait)),
        *(_either(undo, StepKind.UNDO, line, values) for line in _lines(remedy.undo)),
    )


def _commands(remedy: Remedy, text: str, changes: str, values: Values) -> Iterator[Step]:
    """The lines as steps. What a line with `# ` says, or else `changes`, stands at the last command of its part."""
    lines, said = _lines(text), ""
    for line, following in itertools.zip_longest(lines, lines[1:], fillvalue=""):
        if line.startswith(SAYS):
            said = line.removeprefix(SAYS)
        elif line.startswith(BY_HAND):
            yield person(line.removeprefix(BY_HAND), values)
        else:
            is_last = not following or following.startswith((SAYS, BY_HAND))
            does = (said or changes * (not following)) if is_last else ""
            there = _THERE * line.startswith(_ADDS_A_RULE)
            yield change(line, values, changes=fill_text(does or there, values), by=remedy.by, danger=remedy.danger)
            said = "" if is_last else said


_ADDS_A_RULE = "aws ec2 authorize-security-group-"
_THERE = "Add the rule. If it says InvalidPermission.Duplicate, the rule is there already: go on."
"""Rules of a group do not depend on each other: one that is there must not keep the next one out."""


def _saved(lines: Iterable[str], undo_text: str, values: Values) -> Iterator[Step]:
    """What an undo needs is saved once: a second run must not write over the only copy.

    What is then worked out of it is of an earlier try as well where that was refused, and so must stop the change.
    """
    is_kept = False
    for line in lines:
        file = parse(line).output
        if ".before" in file or file in undo_text:
            is_kept = True
            yield save_once(line, values)
        else:
            yield guard(line, values) if is_kept else save(line, values)


_FOR_INSTALLER = {"with helm,": "Helm", "by manifests,": "manifests"}
"""How a line of a caution begins that is for one installer of the driver alone."""


def _is_meant(line: str, values: Values) -> bool:
    installer = str(values.get("installer") or "")
    begins = (one for start, one in _FOR_INSTALLER.items() if line.lower().startswith(start))
    return not installer or all(one in installer for one in begins)


def _either(command: Callable[[str, Values], Step], kind: StepKind, line: str, values: Values) -> Step:
    if line.startswith(PROMPT):
        return command(line.removeprefix(PROMPT), values)
    return person(line, values, kind=kind)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
