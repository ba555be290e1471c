"""YAML as text: structure from the file, meaning from the schema.

YAML guesses types (``no`` becomes False, ``012`` becomes 10, ``3e-4`` stays text). Here every scalar stays
text until the field that takes it reads it by its own type; only a plain ``null``, ``~`` or nothing is None.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from spatialvision.errors import RecipeError

LARGEST_BYTES = 1_000_000
PLAIN_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map")


@dataclass
class Document:
    """A YAML mapping whose leaves are text or None, and the line on which each dotted key stands."""

    source: str
    tree: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)


def read_file(path: Path, source: str | None = None) -> Document:
    """Read one YAML file.

    Raises:
        RecipeError: the file is missing, over 1 MB, not UTF-8, not YAML, or uses tags, aliases or
            duplicate keys; the message names file and line.
    """
    name = source or str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecipeError(f"cannot read {name}: {error.strerror}") from error
    if len(content) > LARGEST_BYTES:
        raise RecipeError(f"{name}: {len(content):,} bytes; a recipe has at most {LARGEST_BYTES:,}")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecipeError(f"{name}: not UTF-8 text (byte {error.start})") from error
    return read_text(text, name)


def read_text(text: str, source: str) -> Document:
    """Read YAML text whose top level is a mapping; raises RecipeError like `read_file`."""
    node = _compose(text, source)
    document = Document(source, {})
    if node is None:
        return document
    if not isinstance(node, yaml.MappingNode):
        raise RecipeError(f"{source}: expected a mapping of fields at the top level")
    document.tree = _convert(node, "", document)
    return document


def read_value(text: str, source: str) -> Any:
    """The value of an override: ``[…]``, ``{…}`` and quoted text are YAML, anything else is plain text."""
    if text[:1] in tuple("[{\"'") or text in ("", "~", "null"):
        node = _compose(text, source)
        return None if node is None else _convert(node, "", Document(source, {}))
    return text


def _compose(text: str, source: str) -> yaml.Node | None:
    try:
        _refuse_aliases(text, source)
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise RecipeError(f"{source}{line}: not valid YAML: {getattr(error, 'problem', error)}") from error
    except RecursionError as error:
        raise RecipeError(f"{source}: not valid YAML: nested too deeply") from error


def _refuse_aliases(text: str, source: str) -> None:
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1 if event.start_mark else "?"
            raise RecipeError(f"{source}:{line}: aliases (*{event.anchor}) are not supported; use 'extends'")


def _convert(node: yaml.Node, path: str, document: Document) -> Any:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _convert_mapping(node, path, document)
    if isinstance(node, yaml.SequenceNode):
        return [_convert(item, f"{path}.{number}", document) for number, item in enumerate(node.value)]
    if node.tag.startswith("!") or "python" in node.tag:
        raise RecipeError(f"{document.source}:{line}: tag {node.tag!r} is not supported; write a plain value")
    is_null = node.tag == "tag:yaml.org,2002:null"
    return None if is_null else str(node.value)


def _convert_mapping(node: yaml.MappingNode, path: str, document: Document) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if node.tag not in PLAIN_TAGS or value_node.tag.startswith("!"):
            raise RecipeError(f"{document.source}:{line}: tags are not supported; write a plain value")
        if not isinstance(key_node, yaml.ScalarNode):
            raise RecipeError(f"{document.source}:{line}: a field's name is a word")
        key = str(key_node.value)
        if key in tree:
            raise RecipeError(f"{document.source}:{line}: {key!r} stands here twice")
        dotted = f"{path}.{key}" if path else key
        document.lines[dotted] = line
        tree[key] = _convert(value_node, dotted, document)
    return tree
