"""Redacts a whole snapshot, as the document that it is saved as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from diag.redaction.fields import DROPPED, HOST, VERBATIM, Path, kind_of
from diag.redaction.labels import LAST_APPLIED, redact_annotations, redact_labels, redact_requirement, redact_tag
from diag.redaction.redactor import Redactor
from diag.redaction.tokens import Level
from diag.registry import Fact
from diag.resources.kubernetes.pod import KEPT_FLAGS
from diag.secret_filter import scrubbed


class DocumentRedactor:
    """Redacts the parts of one case with the names that its snapshot taught."""

    def __init__(
        self, document: Mapping[str, Any], level: Level, key: bytes, trade: str, facts: Mapping[str, Fact]
    ) -> None:
        """`document` is a decoded snapshot, `trade` the texts that judgement depends on, `facts` all that is known."""
        self._level = level
        self._facts = facts
        self.redactor = Redactor(key, trade=trade, anchors=tuple(_ranges(document, facts)))
        if level is Level.NONE:
            return
        self._learn_well_known(document)
        # Names are learned from the fields that hold names before any text is searched for them.
        self.document(document)
        self.redactor.forget_texts()

    def document(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The snapshot's document, redacted. Command lines and copies of manifests go at every level."""
        if self._level is Level.NONE:
            kept: dict[str, Any] = scrubbed(_without_commands(document))
            return kept
        made = {key: self._walk(value, (key,)) for key, value in document.items() if key != "facts"}
        facts = document.get("facts", {})
        return {**made, "facts": {name: self._walk(entry, (name,)) for name, entry in facts.items()}}

    def tree(self, value: Any) -> Any:
        """Any other decoded JSON of the case: texts are searched, nothing is taken for a name by its place."""
        if self._level is Level.NONE:
            return scrubbed(value)
        if isinstance(value, str):
            return self.redactor.text(value)
        if isinstance(value, dict):
            return {self.redactor.text(key): self.tree(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.tree(item) for item in value]
        return value

    def _learn_well_known(self, document: Mapping[str, Any]) -> None:
        """Clusters first, so that a token of a cluster's name says so wherever else the name is used."""
        recorded = document.get("facts", {})
        for fact in self._facts.values():
            value = (recorded.get(fact.name) or {}).get("value") or {}
            for field, kind in fact.names.items():
                if kind == "cluster" and isinstance(value, dict) and isinstance(value.get(field), str):
                    self.redactor.names.learn(kind, (value[field],))

    def _walk(self, value: Any, path: Path) -> Any:
        if isinstance(value, str):
            return self._string(value, path)
        if isinstance(value, list):
            return [self._walk(item, path) for item in value]
        if not isinstance(value, dict):
            return value
        key = path[-1]
        if key == "annotations":
            return redact_annotations(value, self.redactor, self._level)
        if key in ("labels", "matchLabels", "nodeSelector"):
            return redact_labels(value, self.redactor, self._level)
        if key == "matchExpressions":
            return redact_requirement(value, self.redactor, self._level)
        if key in ("tags", "Tags"):
            return redact_tag(value, self.redactor)
        if value.keys() == {"values", "missing"}:
            return {part: self._table(items, path) for part, items in value.items()}
        return {
            self._key(name): self._walk(item, (*path, name))
            for name, item in value.items()
            if not _is_dropped(name, item)
        }

    def _table(self, items: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """A table's keys are ids or names, its values objects of the fact."""
        names = self.redactor.names
        return {names.identifier(key) or self.redactor.text(key): self._walk(item, path) for key, item in items.items()}

    def _key(self, name: str) -> str:
        return name if name.isidentifier() else self.redactor.text(name)

    def _string(self, text: str, path: Path) -> str:
        if path[-1] in VERBATIM:
            return text
        # An entry of the document's facts wraps its value.
        place = tuple(part for part in path if part not in ("value", "unavailable"))
        fact = self._facts.get(path[0])
        kind = kind_of(place, self._level, fact.names if fact else {}) if text else ""
        if kind == HOST:
            return self.redactor.host(text)
        if kind and not text.startswith("arn:"):
            return "/".join(self.redactor.names.name(kind, part) for part in text.split("/"))
        return self.redactor.text(text)


def _is_dropped(name: str, item: Any) -> bool:
    """Command lines are, but for the arguments by which a CSI driver's containers find each other."""
    if name == "args" and isinstance(item, list):
        return not all(isinstance(arg, str) and arg.lstrip("-").partition("=")[0] in KEPT_FLAGS for arg in item)
    return name in DROPPED


def _without_commands(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_commands(item)
            for key, item in value.items()
            if key != LAST_APPLIED and not _is_dropped(key, item)
        }
    return [_without_commands(item) for item in value] if isinstance(value, list) else value


def _ranges(document: Mapping[str, Any], facts: Mapping[str, Fact]) -> Iterator[str]:
    """The networks of the recorded facts: what is inside of one stays inside of it."""
    for name, entry in (document.get("facts") or {}).items():
        if name in facts and facts[name].ranges:
            yield from _texts_under(entry, facts[name].ranges)


def _texts_under(value: Any, fields: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _texts_under(item, fields)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in fields and isinstance(item, str) and item:
                yield item
            else:
                yield from _texts_under(item, fields)
