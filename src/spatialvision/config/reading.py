"""YAML as text: structure from the file, meaning from the schema.

YAML guesses types (``no`` becomes False, ``012`` becomes 10, ``3e-4`` stays text). Here every scalar stays
text until the field that takes it reads it by its own type; only a plain ``null``, ``~`` or nothing is None.
A recipe comes from anywhere: it is read event by event and refused at the first thing that is no plain data.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from spatialvision.errors import RecipeError

LARGEST_BYTES = 1_000_000
DEEPEST = 20
NULLS = ("", "~", "null", "Null", "NULL")
# PyYAML's own C parser is 15 times as fast, but not part of every build.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class Document:
    """A YAML mapping whose leaves are text or None, and the line on which each dotted key stands."""

    source: str
    tree: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)


def read_file(path: Path, source: str | None = None) -> Document:
    """Read one YAML file.

    Raises:
        RecipeError: the file is missing, over 1 MB, not UTF-8, not YAML, nested more than 20 deep, or uses
            tags, anchors or duplicate keys; the message names file and line.
    """
    name = source or str(path)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)  # of what may be a device without an end
    except OSError as error:
        raise RecipeError(f"cannot read {name}: {error.strerror}") from error
    if len(content) > LARGEST_BYTES:
        raise RecipeError(f"{name}: more than {LARGEST_BYTES:,} bytes, which is the most that a recipe has")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RecipeError(f"{name}:{line}: not UTF-8 text (byte {error.start})") from error
    return read_text(text, name)


def read_text(text: str, source: str) -> Document:
    """Read YAML text whose top level is a mapping.

    Raises:
        RecipeError: as `read_file` does; the message names the source and the line.
    """
    document = Document(source, {})
    tree = _read(text, document)
    if tree is not None and not isinstance(tree, dict):
        raise RecipeError(f"{source}:1: expected a mapping of fields at the top level")
    document.tree = tree or {}
    return document


def read_value(text: str, source: str) -> Any:
    """The value of an override: ``[…]``, ``{…}`` and quoted text are YAML, anything else is plain text."""
    if text.startswith(("[", "{", '"', "'")) or text in NULLS:
        return _read(text, Document(source, {}))
    _refuse_unprintable(text, source)
    return text


def _read(text: str, document: Document) -> Any:
    _refuse_unprintable(text, document.source)
    try:
        events = _plain_events(text, document.source)
        first = next(events, None)
        value = None if first is None else _convert(first, events, "", document)
        next(events, None)
        return value
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise RecipeError(
            f"{document.source}{line}: not valid YAML: {getattr(error, 'problem', error)}"
        ) from error


def _refuse_unprintable(text: str, source: str) -> None:
    if found := yaml.reader.Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise RecipeError(f"{source}:{line}: not plain text: character {found.group()!r}")


def _plain_events(text: str, source: str) -> Iterator[Any]:
    """Scalars and the starts and ends of lists and mappings, of one document, in order."""
    depth = documents = 0
    parsed: Iterator[Any] = yaml.parse(text, Loader=LOADER)
    for event in parsed:
        place = f"{source}:{event.start_mark.line + 1}"
        if getattr(event, "anchor", None):
            raise RecipeError(f"{place}: anchors and aliases (&…, *…) are not supported; use 'extends'")
        if getattr(event, "tag", None):
            raise RecipeError(f"{place}: tag {event.tag!r} is not supported; write a plain value")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if depth > DEEPEST or documents > 1:
            problem = "more than one document" if documents > 1 else f"nested more than {DEEPEST} deep"
            raise RecipeError(f"{place}: {problem}")
        if isinstance(event, yaml.CollectionStartEvent | yaml.CollectionEndEvent | yaml.ScalarEvent):
            yield event


def _convert(event: Any, events: Iterator[Any], path: str, document: Document) -> Any:
    if isinstance(event, yaml.MappingStartEvent):
        return _convert_mapping(events, path, document)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Any] = []
        while not isinstance(item := next(events), yaml.SequenceEndEvent):
            items.append(_convert(item, events, f"{path}.{len(items)}", document))
        return items
    is_plain = event.implicit[0]
    return None if is_plain and event.value in NULLS else event.value


def _convert_mapping(events: Iterator[Any], path: str, document: Document) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        line = event.start_mark.line + 1
        if not isinstance(event, yaml.ScalarEvent):
            raise RecipeError(f"{document.source}:{line}: a field's name is a word")
        key = event.value
        if key in tree:
            raise RecipeError(f"{document.source}:{line}: {key!r} stands here twice")
        dotted = f"{path}.{key}" if path else key
        document.lines[dotted] = line
        tree[key] = _convert(next(events), events, dotted, document)
    return tree
