"""YAML as plain text values: every scalar is a string, every node knows its line, nothing can be made to explode.

No tags, no anchors, no aliases, bounded depth: what a runbook or `kubectl -o yaml` needs, and no more. Strings only,
because YAML's own guesses turn `2.10` into 2.1, `no` into False and a date into an object.
"""

from __future__ import annotations

from typing import Any

_DEEPEST = 64

Path = tuple[str | int, ...]


class BadYaml(ValueError):
    """Text that is not the YAML asked for."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        """1-based, in the text given."""


def parse(text: str) -> tuple[Any, dict[Path, int]]:
    """The first document of `text` as nested dict, list and str, and the 1-based line of every node by its path.

    Raises:
        BadYaml: syntax errors, a key given twice, anchors and aliases, more than 64 levels.
    """
    import yaml

    try:
        return _Tree().build(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise BadYaml(error.problem or "not YAML", line) from None
    except yaml.YAMLError as error:
        raise BadYaml(str(error).splitlines()[0], 0) from None


class _Tree:
    """Builds values from the parser's flat events, so that depth costs no recursion."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.root: Any = ""
        self.open: list[tuple[Any, Path]] = []
        self.keys: list[str | None] = []

    def build(self, events: Any) -> tuple[Any, dict[Path, int]]:
        import yaml

        for event in events:
            line = event.start_mark.line + 1
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise BadYaml("anchors and aliases are not accepted", line)
            if isinstance(event, yaml.ScalarEvent):
                self.add(event.value, line)
            elif isinstance(event, yaml.MappingStartEvent):
                self.enter({}, line)
            elif isinstance(event, yaml.SequenceStartEvent):
                self.enter([], line)
            elif isinstance(event, yaml.CollectionEndEvent):
                self.open.pop()
                self.keys.pop()
            elif isinstance(event, yaml.DocumentEndEvent):
                break
        return self.root, self.lines

    def enter(self, container: Any, line: int) -> None:
        if len(self.open) >= _DEEPEST:
            raise BadYaml(f"nested deeper than {_DEEPEST} levels", line)
        path = self.add(container, line)
        self.open.append((container, path))
        self.keys.append(None)

    def add(self, value: Any, line: int) -> Path:
        if not self.open:
            self.root = value
            self.lines[()] = line
            return ()
        container, above = self.open[-1]
        step: str | int
        if isinstance(container, list):
            step = len(container)
            container.append(value)
        elif self.keys[-1] is None:
            return self.take_key(container, value, (*above, str(value)), line)
        else:
            step = self.keys[-1]
            container[step] = value
            self.keys[-1] = None
        path = (*above, step)
        self.lines.setdefault(path, line)
        return path

    def take_key(self, container: dict[str, Any], key: Any, path: Path, line: int) -> Path:
        if not isinstance(key, str):
            raise BadYaml("a key must be a plain word", line)
        if key in container:
            raise BadYaml(f"key `{key}` is given twice", line)
        self.keys[-1] = key
        self.lines[path] = line
        return path
