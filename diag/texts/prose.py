"""Causes that people name in their own words, in eight languages: what they say is bad, and not what they say is fine.

A text is read sentence by sentence and clause by clause. A thing of the table (a security group, the kernel module, a
role) is bad where its clause says so, in a bad word or in a good one that is denied (“988 is not open”); what is good
there (“988 is open”) speaks for nothing. So little proves little: every hit has the lowest weight.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator, Sequence
from functools import cache
from typing import NamedTuple

import msgspec

from diag.knowledge.cause import Weight, refines
from diag.knowledge.prose import Forms, Rule, forms, prose
from diag.knowledge.runbooks import Knowledge
from diag.late import late
from diag.model.symptom import Hit
from diag.sanitize import one_line
from diag.texts.characters import Characters
from diag.texts.line import normalise, read_prefix
from diag.texts.owner import names_another

_LONGEST = 8000
_MOST_CAUSES = 3
_DENIES_AFTER_IT, _DENIES_BEFORE_IT, _DENIES_WITHOUT_BLANKS = 28, 14, 6
"""Characters between a negation and what it denies."""
_SENTENCE_ENDS = late(r"[!?;。！？；]|\.(?=\s|$)|\n")
_CLAUSE_ENDS = late(
    r"[|()，、：（）]|,(?! which )|:(?!\w)"
    r"|(?<!not) yet (?!for |in |on |with |from )"
    r"| (?:but|while|although|so|then|because|aber|jedoch|weil|mais|alors que|donc|parce que|car|pero|porque"
    r"|mas|porem) "
    r"|但是|但|却|因为|所以|지만|는데|때문에|しかし|ですが|けど|のに|ため|ので"
)
_MESSAGE = late(
    r"^(?:modprobe|insmod|depmod|mount|mount\.lustre|umount|lctl|lnetctl|lfs|dkms|rpc error): "
    r"|\b(?:LustreError|LNetError|LDISKFS-fs)\b"
    r"|\b(?:Lustre|LNet): (?:\d+:\d+:\(|[\w.@-]+: |DEBUG MARKER|Build Version|Mounted |Unmounted |Skipped )"
    # A counter of a listing.
    r"|^[\w .()-]{1,40}: -?\d+$"
    # A command behind a prompt or in a build's log.
    r"|^(?:[\w.@~:/ -]{0,60}(?:[$❯]|(?<! \d)(?<! \d\d)(?<! \d{3})(?<!\d )%) |#\d{1,3} |RUN |\+ )(?:sudo )?[a-z\[\d]"
    # A compiler's lines.
    r"|\.[ch]:\d+:(?:\d+:)? (?i:(?:fatal )?error|warning|note): "
    # The source that a compiler quotes, and what a build says of itself.
    r"|^ *\d+ \| |^ *\| *[~^]|^(?:In file included |make\[\d+\]: )"
    # Rows of kubectl's events, and the provisioner's message.
    r"|\b(?:Warning|Normal)\s+[A-Z][a-z]+[A-Z]\w+\s|\bfailed to provision volume with StorageClass\b"
)
_WRAPPED = late(r"(?<=[a-z,]) ?\n(?=[a-z(])")
_MARKUP = late(r"(?<![^\s(])[`*]+(?=\w)|(?<=\w)[`*]+(?![^\s.,;:!?)])")
"""Marks around a word: “`root`”."""
_SHORT_ASIDE = late(r"\(([~<>]?\w[\w. ~<>-]{0,24})\)")
"""A name in brackets ends no clause."""
_KERNEL_RELEASE = late(
    r"\b[3-9]\.\d{1,2}\.\d{1,3}-\d|(?<![\d.])(?:4\.18|5\.(?:10|14|15)|6\.(?:1|2|5|8|11|12|14|17|18))(?!\d|\.\d{3})(?![.\d]*\s*(?:GB|TB|Gi))"
)
_ZONE = late(r"\b(?:us|eu|ap|ca|sa|me|af|il|mx)-[a-z]{4,9}-\d[a-f]\b")
_LONG_TIME = late(
    r"\b\d{1,4} ?(?:min|mins|minutes?|minuten|minutos|hours?|stunden|heures|horas|분|시간|分|小时)(?![a-z])"
)
_TIME_OF_WORK = late(
    r"\b(?:takes?|took|taking|needs|needed)(?: \w+){0,2} [~<>]?\d[\d.,:-]* ?(?:s|secs?|seconds|mins?|minutes|h|hours)"
    r"(?: \w+)? (?:to|for) (?:read|load|open|list|copy|import|write|stat|scan|walk|untar|extract|clone|ls)\b"
    r"|\b(?:reading|loading|opening|listing|checking|scanning|copying|importing|writing|extracting|cloning|ls|cp|rsync)\b"
    r"[^.,;]{0,50} (?:takes?|took|needs|needed)(?: \w+){0,2} [~<>]?\d[\d.]* ?(?:mins?|minutes|h|hours)\b"
)
_NEARLY_FULL = late(
    r"\b(?:at|to|reached|reaches|over|above|beyond) (?:9[0-9]|100) ?%(?! of (?!(?:its |the )?(?:capacity|space)))"
    r"|\b(?:9[0-9]|100) ?% (?:of )?(?:its |the )?(?:full|capacity|used|usage|utili[sz]ation|utili[sz]ed|voll|belegt)\b"
    r"|(?:使用率|使用量|사용률|사용량|용량|已用|占用|用了)[^。\d]{0,6}(?:9\d|100) ?%"
    r"|\b(?:9\d|100) ?%(?: 찼| 사용|満| 使用済)"
    r"|\b(?:zu|plein a|lleno al|cheio em|ocupad[oa] al|al|em) (?:9\d|100) ?%"
)
_NO_ROUTE = late(r"(?i)no route to host")
"""A program's words for any host that does not answer: nobody looked at a route table."""
_STATE_FULL = late(
    r"(?:\bstates?|\bimports?|\bstay(?:s|ed)?|\bremain(?:s|ed)?|全程|一直|始终|保持|状态|状態|상태|均|转|都|[:=/→>])\W{0,3}"
    r"(?:(?:is|are|was|were|in|at|to|为|是)\W{1,2})?FULL\b"
    r"|\bFULL\b\W{0,3}(?:states?\b|状态|状態|상태|/ ?`?(?:IDLE|DISCONN|CONNECTING))"
)
"""The state of an import that is connected: no file system is full there."""
_ROW = late(r"^[-* ]*[\w./ ()-]{1,40}: ?-?\d[\d.]*[a-zA-Z%]{0,3}$")
"""A row of an output: a name and a number, such as a counter that is 0."""
_IF = late(r"^ ?(?:if|unless|whether) ")
_PAGE = late(r"(?m)^ {0,4}\.\. [a-z-]+::|^ {0,4}!!! ?[a-z]+|^:::[a-z]+|^```\w* linenums=|^\{\{[<%] ")
"""Markup of a page of documentation: a directive or a box. It tells how things are made and used."""
_ESCAPED = late(r"\\+u([0-9a-fA-F]{4})")
_BLANKS = late(r"[ \t]+")
_BETWEEN_SCRIPTS = late(r"(?<=[a-z0-9]) (?=[\u1100-\uffff])|(?<=[\u1100-\uffff]) (?=[a-z0-9])")
_MEETING_SCRIPTS = late(r"(?<=[a-z0-9])(?=[\u1100-\uffff])|(?<=[\u1100-\uffff])(?=[a-z0-9])")
_ALPHABETIC = "\u1000"
"""Scripts below it write words with blanks between them."""
_SETTLES = frozenset(("works", "runs"))
"""Ways to be good that take back what the sentence said of the thing before."""
_ASKED = "asked"
_BLAMED = "blamed"
"""A thing was the cause, or what was done to it was the remedy: it does not say in which way it was bad."""
_REACH_OF_BLAME = 30
"""Characters between a thing and the words that blame it."""
_DENIES = frozenset(("before", "after", "lack_before", "lack_after", "lack_alone"))
_STATES = frozenset(("bad", "good", "denied"))
_ASIAN = ("ko", "ja", "zh")
_LEAST_COMMON = 2
_WORD = late(r"[a-z]+")
_BEFORE_A_KOREAN_NOT = "지"
"""A bad form that ends so needs its negation: 로드되지 않다."""
_HARDLY = 0.5
"""A difference of scores that comes of distances alone."""
_ONLY = 1
"""What a symptom of several causes is worth."""
_LUSTRE = "lustre"
_FINE = frozenset(("works", "right", "runs"))
_FEW_LETTERS = 28
"""“Lustre works”, and not “Lustre works on the old nodes”."""
_IN_STATES = frozenset(("boot", "building", "too-long"))
"""“Keeps restarting” is said of a program and not of the node, “only built for” of a package and not of a build."""
_UPGRADE = "upgrade"
"""“The new kernel” tells of an upgrade, and is a kernel."""
_LNETS = frozenset(("lnet", "interface"))
"""LNet is Lustre's where its interfaces are spoken of; other things bear its name."""
_PARTS = frozenset(("mgs", "mdt", "lnet"))
_OF_CLIENTS = frozenset(("client", "mount", "unmount", "mount-point"))
"""A part of Lustre beside one of these is not somebody else's of that name."""
_SOON = 40
"""Characters from a sentence to the words of the next one that tell how it ended."""
_BESIDE, _BESIDE_WITHOUT_BLANKS = 24, 8
"""Characters that a second way to be bad may be further from a thing than the nearest."""


IN_WORDS = "in a person's words"
"""Signature of a cause that somebody names, and not only its symptom."""


def prose_hits(text: str, knowledge: Knowledge) -> tuple[Hit, ...]:
    """The causes that a person's text speaks for, as possible ones; those of the best reading alone."""
    told = _NO_ROUTE.sub("unreachable", text[:_LONGEST])
    said = _lines_of_people(_STATE_FULL.sub(" ", told) if "FULL" in told else told)
    if not said or _PAGE.search(text):
        return ()  # Programs alone speak, or a page of documentation: the table is not needed.
    reading = _read(said)
    is_logged = len(said) < len(text) and "lustre" in text.lower() and "lustre" not in said.lower()
    if (
        not is_logged
        and _LUSTRE not in reading.things
        and not reading.things >= _LNETS
        and (reading.names_another or not (_PARTS & reading.things and _OF_CLIENTS & reading.things))
    ):
        return ()
    if reading.is_acquitted or reading.is_wish:
        return ()
    found: dict[str, tuple[float, str]] = {}
    for rule in prose().rules:
        for score, shown in reading.fits(rule) if rule.cause in knowledge.causes else ():
            if rule.cause not in found or found[rule.cause][0] < score:
                found[rule.cause] = (score, shown)
    most = max((score for score, _ in found.values()), default=0)
    causes = knowledge.causes
    best = [(cause, shown) for cause, (score, shown) in found.items() if score == most]
    # What another sentence says of a special case, however far from its thing, tells more than the general words.
    narrower = [
        (cause, shown)
        for cause, (score, shown) in found.items()
        if most - score < _HARDLY and all(said != shown and refines(causes[cause], one, causes) for one, said in best)
    ]
    best = narrower or best
    signature = IN_WORDS if most > _ONLY else "a symptom in a person's words"
    return tuple(Hit(cause, signature, Weight.WEAK.value, one_line(shown)) for cause, shown in best[:_MOST_CAUSES])


class _Span(NamedTuple):
    start: int
    end: int
    kind: str
    name: str

    def holds(self, other: _Span) -> bool:
        return self.start <= other.start and other.end <= self.end and self.end - self.start > other.end - other.start


class _Said(NamedTuple):
    """What a clause says: a way to be good or bad."""

    start: int
    end: int
    state: str
    bad: bool


class _Clause(NamedTuple):
    things: tuple[_Span, ...]
    said: tuple[_Said, ...]
    is_condition: bool
    """It tells when something would be."""
    goes_on: bool
    """It goes on with what was said before: no “but” and no “because” of a language with blanks is before it."""


class _Sentence(NamedTuple):
    text: str
    things: frozenset[str]
    bad: dict[tuple[str, str], int]
    """Things that are bad, in which way, and how far from the thing it is said."""
    is_found: bool
    """It tells what was found to be the cause."""
    acquits: bool
    """It says that Lustre is fine, and no more."""


class _Reading(NamedTuple):
    sentences: tuple[_Sentence, ...]
    things: frozenset[str]
    is_of_failure: bool
    names_another: bool
    """Some sentence is of another system: a part that others have too may be that one's."""
    is_wish: bool
    """It asks for a change of a program, or tells of one: nothing has failed at its writer's."""

    @property
    def is_acquitted(self) -> bool:
        """Lustre is named only to say that it is fine."""
        of_lustre = [sentence for sentence in self.sentences if _LUSTRE in sentence.things]
        return bool(of_lustre) and all(sentence.acquits for sentence in of_lustre)

    def fits(self, rule: Rule) -> Iterator[tuple[float, str]]:
        """How well a rule fits the sentences that it fits, each with the sentence."""
        if not self.things.issuperset((*rule.near, *rule.beside)) or self.things.isdisjoint(rule.of):
            return
        if not self.things.isdisjoint(rule.against):
            return
        for sentence in self.sentences:
            if not sentence.things.issuperset(rule.near) or not sentence.things.isdisjoint(rule.unless):
                continue
            ways = {
                way: far
                for (thing, way), far in sentence.bad.items()
                if thing in rule.of and (not rule.in_ or way in rule.in_ or way == _BLAMED)
            }
            named = rule.always and not sentence.things.isdisjoint(rule.of)
            is_asked = ways.keys() == {_ASKED}
            if ways.keys() <= {_ASKED, _BLAMED} and not (self.is_of_failure or named):
                continue
            if ways or (named and self.is_of_failure):
                score = _ONLY if rule.only else 10 + 2 * len({*rule.near, *rule.beside}) + 3 * sentence.is_found
                far = min((*ways.values(), *((_BESIDE,) if named else ())))
                yield score - 6 * is_asked - far / _LONGEST, sentence.text


def _read(text: str) -> _Reading:
    text = _BLANKS.sub(" ", _SHORT_ASIDE.sub(r" \1 ", _MARKUP.sub("", _WRAPPED.sub(" ", text))))
    plain = _plain(text)
    spans = _find(plain)
    spans += [_Span(one.start(), one.end(), "thing", "kernel") for one in _KERNEL_RELEASE.finditer(text)]
    spans += [_Span(one.start(), one.end(), "thing", "zone") for one in _ZONE.finditer(text)]
    spans += [
        _Span(one.start(), one.end(), "bad", "long") for one in _found(_TIME_OF_WORK, plain, "tak", "took", "need")
    ]
    spans += [_Span(one.start(), one.end(), "bad", "nearly-full") for one in _found(_NEARLY_FULL, plain, "%")]
    spans += [_Span(one.start(), one.end(), "trouble", "") for one in _LONG_TIME.finditer(plain)]
    sentences: list[_Sentence] = []
    is_of_failure = beside_another = is_wish = False
    language = _language(plain, "en")
    for start, end in _pieces(plain, 0, len(plain), _SENTENCE_ENDS):
        own = [span for span in spans if start <= span.start and span.end <= end]
        spoken = _language(plain[start:end], language)
        own = [span for span in own if span.kind not in _DENIES or span.name in (spoken, *_ASIAN)]
        kinds = {span.kind for span in own}
        is_wish |= "wish" in kinds
        is_of_lustre = any(span.name == _LUSTRE for span in own)
        is_of_another = "stranger" in kinds or names_another(text[start:end])
        beside_another |= is_of_another and not is_of_lustre
        if "supposed" in kinds or (is_of_another and not is_of_lustre):
            continue
        pieces = [*_pieces(plain, start, end, _CLAUSE_ENDS)]
        left_out = [span for span in own if span.kind == "excluded"]
        if left_out:
            pieces = [piece for piece in pieces if not any(piece[0] <= span.start < piece[1] for span in left_out)]
            own = [span for span in own if any(piece[0] <= span.start < piece[1] for piece in pieces)]
        clauses = [_clause(own, plain, *piece) for piece in pieces]
        if _is_supposed(clauses):
            continue
        told = [one for clause in clauses for one in clause.said]
        if is_of_another and any(_is_fine_there(clause) for clause in clauses):
            continue
        happened = [one for clause in clauses if not clause.is_condition for one in clause.said]
        is_of_failure |= "trouble" in kinds or any(one.bad and one.state != _ASKED for one in happened)
        bad: dict[tuple[str, str], int] = {}
        for number, clause in enumerate(clauses):
            said = clause.said or _said_beside(clauses, number)
            for thing in clause.things:
                of_it = _said_of(thing, said, plain)
                if any(not one.bad and one.state in _SETTLES for one in of_it):
                    # “The service failed, but LNet is up.”
                    bad = {one: far for one, far in bad.items() if one[0] != thing.name}
                for one in of_it:
                    if one.bad:
                        key = thing.name, one.state
                        bad[key] = min(bad.get(key, _LONGEST), _gap(thing, one))
        bad |= _blamed(own, _next_outcomes(spans, end), bad)
        things = frozenset(span.name for span in own if span.kind == "thing")
        said_of_it = text[start:end].strip()
        is_fine = any(one.state in _FINE for one in told) and not any(one.bad for one in told)
        acquits = is_of_lustre and is_fine and len(said_of_it) <= _FEW_LETTERS
        sentences.append(_Sentence(said_of_it, things, bad, "marker" in kinds, acquits))
    everything = frozenset(thing for sentence in sentences for thing in sentence.things)
    return _Reading(tuple(sentences), everything, is_of_failure, beside_another, is_wish)


def _found(pattern: re.Pattern[str], text: str, *words: str) -> Iterator[re.Match[str]]:
    """The matches of a pattern, which is not tried where none of the words that it needs is in the text."""
    return pattern.finditer(text) if any(word in text for word in words) else iter(())


def _next_outcomes(spans: Sequence[_Span], end: int) -> bool:
    """Whether what follows a sentence at once tells that it works now."""
    return any(span.kind == "outcome" and 0 <= span.start - end <= _SOON for span in spans)


def _blamed(own: Sequence[_Span], works_next: bool, known: Container[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The things of a sentence that were the cause, or were put right with success: each with the distance."""
    things = [span for span in own if span.kind == "thing" and span.name in _blamable()]
    negations = [span for span in own if span.kind in ("before", "after")]
    works = works_next or any(span.kind == "outcome" for span in own)
    found: dict[tuple[str, str], int] = {}
    for word in own:
        if word.kind == "blamed_after":
            near = [thing for thing in things if 0 <= thing.start - word.end <= _REACH_OF_BLAME]
        elif word.kind == "blamed_before":
            near = [thing for thing in things if 0 <= word.start - thing.end <= _REACH_OF_BLAME]
        elif word.kind == "remedy" and works:
            near = [thing for thing in things if _gap(thing, word) <= _REACH_OF_BLAME]
        else:
            continue
        if any(_gap(negation, word) <= _BESIDE_WITHOUT_BLANKS for negation in negations):
            continue
        for thing in near:
            found[thing.name, _BLAMED] = _gap(thing, word)
    return {key: far for key, far in found.items() if key not in known}


@cache
def _blamable() -> frozenset[str]:
    return frozenset(prose().blamable)


def _language(plain: str, otherwise: str) -> str:
    """The language with alphabetic letters that a text is in, by its commonest words."""
    words = set(_WORD.findall(plain))
    counts = {language: len(words & common) for language, common in _common_words().items()}
    best = max(counts, key=lambda language: counts[language])
    is_told = counts[best] >= _LEAST_COMMON and list(counts.values()).count(counts[best]) == 1
    return best if is_told else otherwise


@cache
def _common_words() -> dict[str, frozenset[str]]:
    columns = msgspec.structs.asdict(prose().languages)
    return {language: frozenset(forms(column)) for language, column in columns.items() if column}


def _clause(own: Sequence[_Span], plain: str, start: int, end: int) -> _Clause:
    here = [span for span in own if start <= span.start and span.end <= end]
    things = tuple(span for span in here if span.kind == "thing")
    return _Clause(
        things, tuple(_said(here, plain)), _IF.match(plain[start:end]) is not None, plain[start - 1 : start] != " "
    )


def _is_supposed(clauses: Sequence[_Clause]) -> bool:
    """“If the first server fails, the client asks the second”: only what may happen is bad."""
    bad = [clause.is_condition for clause in clauses if any(one.bad for one in clause.said)]
    return len(clauses) > 1 and bool(bad) and all(bad)


def _is_fine_there(clause: _Clause) -> bool:
    """Whether it says of Lustre that it is fine, where the sentence tells of another file system."""
    is_fine = any(not one.bad for one in clause.said) and not any(one.bad for one in clause.said)
    return is_fine and any(thing.name == _LUSTRE for thing in clause.things)


def _said_beside(clauses: Sequence[_Clause], number: int) -> tuple[_Said, ...]:
    """What the next or else the last clause says, where it says it of nothing itself."""
    own = clauses[number]
    following = [clause for clause in clauses[number + 1 : number + 2] if clause.goes_on]
    for clause in (*following, *(clauses[number - 1 : number] if own.goes_on else ())):
        if clause.said and all(thing.name == _LUSTRE for thing in clause.things):
            return clause.said
    return ()


def _said_of(thing: _Span, said: Sequence[_Said], plain: str) -> list[_Said]:
    """What is said of a thing by what stands nearest to it: one good thing, or one or more bad ones."""
    of_it = sorted(said, key=lambda one: (_gap(thing, one), not one.bad))
    if not of_it or not of_it[0].bad:
        return of_it[:1]
    has_blanks = plain[thing.start : thing.end + _BESIDE].isascii()
    reach = _gap(thing, of_it[0]) + (_BESIDE if has_blanks else _BESIDE_WITHOUT_BLANKS)
    return [one for one in of_it if one.bad and _gap(thing, one) <= reach]


def _gap(thing: _Span, said: _Said | _Span) -> int:
    return max(said.start - thing.end, thing.start - said.end, 0)


def _said(here: Sequence[_Span], plain: str) -> Iterator[_Said]:
    """The states of a clause; a negation turns the one state around that it is nearest to.

    One that finds no state may say of a thing beside it that it is not there.
    """
    states = sorted(span for span in here if span.kind in _STATES)
    denied: set[_Span] = set()
    for negation in (span for span in here if span.kind in _DENIES):
        if negation.kind.endswith("after"):
            # A German verb may have the whole clause between it and its negation.
            reach = _LONGEST if len(states) == 1 and negation.name == "de" else _DENIES_BEFORE_IT
            before = (span for span in states if 0 <= negation.start - span.end <= reach)
            target = max(before, default=None, key=lambda span: span.end)
        else:
            reach = _DENIES_AFTER_IT if plain[negation.start] < _ALPHABETIC else _DENIES_WITHOUT_BLANKS
            if negation.kind == "lack_alone":
                things = (span.start - negation.end for span in here if span.kind == "thing")
                reach = min((far for far in things if 0 <= far <= reach), default=reach)
            after = (span for span in states if 0 <= span.start - negation.end <= reach)
            target = min(after, default=None, key=lambda span: span.start)
        if target is not None and target.kind == "bad" and plain[target.end - 1] == _BEFORE_A_KOREAN_NOT:
            continue
        if target is not None:
            denied.add(target)
        elif negation.kind.startswith("lack") and any(
            0 <= _distance(negation, thing) <= _BESIDE for thing in here if thing.kind == "thing"
        ):
            yield _Said(negation.start, negation.end, "present", bad=True)
    for span in states:
        if span in denied and span.name == _ASKED:
            yield _Said(span.start, span.end, "present", bad=True)  # “forgot to install”
        elif span in denied or span.kind != "denied":
            yield _Said(span.start, span.end, span.name, bad=(span.kind == "bad") != (span in denied))


def _distance(negation: _Span, thing: _Span) -> int:
    """From a negation to what it says is not there; less than nothing where that is on its other side."""
    return negation.start - thing.end if negation.kind.endswith("after") else thing.start - negation.end


def _lines_of_people(text: str) -> str:
    """The lines of a text out of their wrappings, without those that a program or the kernel logged."""
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    lines: list[str] = []
    for line in text.splitlines():
        prefix = read_prefix(line)
        said = normalise(line[prefix.length :])
        if not (prefix.klog or prefix.kernel or prefix.program or _MESSAGE.search(said) or _ROW.search(said)):
            lines.append(said)
    return "\n".join(lines)


def _pieces(text: str, start: int, end: int, ends: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    place = start
    for found in ends.finditer(text, start, end):
        if place < found.start():
            yield place, found.start()
        place = found.end()
    if place < end:
        yield place, end


def _plain(text: str) -> str:
    """The text in lower case, without accents and hyphens, in simplified characters; each character in its place."""
    return text.translate(_signs()).lower()


@cache
def _signs() -> Characters:
    new = dict(zip(*msgspec.structs.astuple(prose().characters), strict=True))
    new |= dict.fromkeys('-_*`"“”「」『』', " ") | {"’": "'"}

    def become(char: str) -> str:
        return new.get(char) or (unicodedata.normalize("NFD", char)[0] if "À" <= char < "ɐ" else char)

    return Characters(become)


class _Form(NamedTuple):
    text: str
    """Or its first part, where a word inside it may go on."""
    rest: str
    is_open: bool
    """The last word may go on."""
    kind: str
    name: str


@cache
def _forms(is_ascii: bool) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Of every form the text that has to be there, the whole form with a tab where a word may go on, and its kind and
    name. All are made plain at once, and none is more than its texts: of thousands few are in a text.

    A plain text in ASCII needs only the forms of languages that are written so. In the others a form is found with a
    blank and without one where two scripts meet.
    """
    table = prose()
    kinds: list[tuple[str, str, Forms]] = [("thing", name, of) for name, of in table.things.items()]
    for name, state in table.states.items():
        kinds += [("bad", name, state.bad), ("good", name, state.good), ("denied", name, state.denied)]
    for kind, negations in msgspec.structs.asdict(table.negations).items():
        columns = msgspec.structs.asdict(negations)
        kinds += [(kind, language, Forms(**{language: column})) for language, column in columns.items() if column]
    kinds += [("marker", "", table.markers), ("trouble", "", table.troubles)]
    kinds += [("blamed_after", "", table.blamed_after), ("blamed_before", "", table.blamed_before)]
    kinds += [("remedy", "", table.remedies), ("outcome", "", table.outcomes)]
    kinds += [
        ("excluded", "", table.excluded),
        ("supposed", "", table.supposed),
        ("stranger", "", table.strangers),
        ("wish", "", table.wishes),
    ]
    given = [(form, (kind, name)) for kind, name, of in kinds for form in of.all if form.isascii() or not is_ascii]
    made = _plain("\n".join(form for form, _ in given).replace("*", "\t"))
    whole, names = made.split("\n"), [named for _, named in given]
    if not is_ascii:
        close = _BETWEEN_SCRIPTS.sub("", made)
        both = dict.fromkeys(
            (form, named)
            for text in (made, close, _MEETING_SCRIPTS.sub(" ", close))
            for form, named in zip(text.split("\n"), names, strict=True)
        )
        whole, names = [form for form, _ in both], [named for _, named in both]
    return tuple(text.partition("\t")[0] for text in whole), tuple(whole), tuple(names)


def _forms_in(text: str) -> Iterator[_Form]:
    for first, whole, (kind, name) in zip(*_forms(text.isascii()), strict=True):
        if first in text:
            rest = whole.removesuffix("\t")[len(first) + 1 :]
            yield _Form(first, rest, whole.endswith("\t"), kind, name)


def _find(text: str) -> list[_Span]:
    """Every form in the text, without those that are part of a longer one of their kind, and taken negations."""
    found = [span for form in _forms_in(text) for span in _places(form, text)]
    things = [span for span in found if span.kind == "thing"]
    states = [span for span in found if span.kind in _STATES]

    def is_part(span: _Span) -> bool:
        if span.kind == "thing":
            if span.name in _IN_STATES and any(other.holds(span) for other in states):
                return True
            return span.name != _LUSTRE and any(other.holds(span) and other.name != _UPGRADE for other in things)
        if span.kind in _STATES:
            return any(other.holds(span) for other in (*states, *things))
        return span.kind in _DENIES and any(
            other.holds(span) or other.start < span.start < other.end for other in (*things, *states)
        )

    return [span for span in found if not is_part(span)]


def _places(form: _Form, text: str) -> Iterator[_Span]:
    start = text.find(form.text)
    while start >= 0:
        end = start + len(form.text)
        if form.rest:
            while text[end : end + 1].isalnum():
                end += 1
            end = end + len(form.rest) if text.startswith(form.rest, end) else -1
        is_whole = form.is_open or not _is_word(text[end : end + 1], text[end - 1])
        if end > 0 and is_whole and not _is_word(text[start - 1 : start], text[start]):
            yield _Span(start, end, form.kind, form.name)
        start = text.find(form.text, start + 1)


def _is_word(beside: str, edge: str) -> bool:
    """Whether the character beside a form continues the word at its edge."""
    return edge.isalnum() and edge < _ALPHABETIC and beside.isalnum() and beside < _ALPHABETIC
