"""Recipes, fields and options as text for people."""

import inspect
import typing
from collections.abc import Callable, Iterator
from types import NoneType
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from spatialvision.config.experiment import Experiment
from spatialvision.config.merging import flatten
from spatialvision.config.options import option_parameters
from spatialvision.config.resolving import Resolved


def resolved_text(resolved: Resolved) -> str:
    """The whole experiment as YAML, each value followed by its origin; it can be used as a recipe."""
    lines = _yaml_lines(resolved.experiment.model_dump(mode="json"), resolved.origins, "", 0)
    rows = list(lines)
    width = min(60, max(len(text) for text, _ in rows))
    header = f"# {' '.join(' '.join(resolved.arguments).split())}"
    return "\n".join([header, *(f"{text:<{width}}  # {origin}" if origin else text for text, origin in rows)])


def _yaml_lines(
    tree: dict[str, Any], origins: dict[str, str], path: str, depth: int
) -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        dotted, indent = f"{path}.{key}" if path else key, "  " * depth
        if isinstance(value, dict) and value:
            yield f"{indent}{key}:", ""
            yield from _yaml_lines(value, origins, dotted, depth + 1)
        else:
            yield f"{indent}{key}: {_scalar(value)}", origins.get(dotted, "default")


def _scalar(value: Any) -> str:
    # Line breaks of any kind are escaped: they would end the line, and not all of them come back.
    style = '"' if isinstance(value, str) and not value.isprintable() else None
    text = yaml.safe_dump(
        value, default_flow_style=True, default_style=style, allow_unicode=True, width=10_000
    )
    return text.removesuffix("\n").removesuffix("\n...")


def field_lines() -> list[str]:
    """One line a field of a recipe: dotted name, type, default, meaning."""
    rows = list(_fields(Experiment, ""))
    widths = [min(40, max(len(row[column]) for row in rows)) for column in range(3)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, [*widths, 0], strict=True)) for row in rows
    ]


def _fields(schema: type[BaseModel], path: str) -> Iterator[tuple[str, str, str, str]]:
    for name, field in schema.model_fields.items():
        dotted = f"{path}.{name}" if path else name
        annotation = field.annotation
        if (
            isinstance(annotation, type)
            and issubclass(annotation, BaseModel)
            and annotation.__name__ != "Length"
        ):
            yield from _fields(annotation, dotted)
            continue
        default = "required" if field.default is PydanticUndefined else _default(field.default)
        yield dotted, type_name(annotation), default, field.description or ""


def _default(value: Any) -> str:
    if isinstance(value, BaseModel):
        given = {key: item for key, item in flatten(value.model_dump()).items() if item is not None}
        return _scalar(given)
    return _scalar(list(value) if isinstance(value, tuple) else value)


def builder_lines(builder: Callable[..., Any], supplied: tuple[str, ...]) -> list[str]:
    """A registered builder's name, first line of documentation, and options."""
    lines = [f"{builder.__name__}  {_summary(builder)}".rstrip()]
    for name, parameter in option_parameters(builder, supplied).items():
        default = "required" if parameter.default is parameter.empty else _default(parameter.default)
        default = "from the data" if name in supplied else default
        lines.append(f"    {name}: {type_name(parameter.annotation)} = {default}")
    return lines


def explanation(builder: Callable[..., Any], supplied: tuple[str, ...]) -> list[str]:
    """A registered builder's options, then all that its documentation says."""
    rest = (inspect.getdoc(builder) or "").partition("\n")[2].strip()
    indented = [f"    {line}".rstrip() for line in rest.splitlines()]
    return [*builder_lines(builder, supplied), "", *indented] if rest else builder_lines(builder, supplied)


def prefix_line(prefix: str, find: Callable[[str], Callable[..., Any]]) -> str:
    """What names with a prefix stand for."""
    return f"{prefix}<name>  {_summary(find)}".rstrip()


def _summary(function: Callable[..., Any]) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0]


def type_name(annotation: Any) -> str:
    """A type in a recipe writer's words: "number", "a | b", "list of whole number"."""
    simple = {int: "whole number", float: "number", str: "text", bool: "true | false", NoneType: "null"}
    if annotation in simple:
        return simple[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return " | ".join(map(str, arguments))
    if origin in (tuple, list):
        inner = list(dict.fromkeys(type_name(item) for item in arguments if item is not Ellipsis))
        return f"list of {' or '.join(inner)}"
    if origin is dict:
        return "mapping"
    if origin is Annotated:
        return type_name(arguments[0])
    if arguments:
        return " or ".join(type_name(item) for item in arguments)
    if getattr(annotation, "__name__", "") == "Length":
        return "{epochs: n}, {steps: n} or {share: of the training}"
    return getattr(annotation, "__name__", str(annotation))
