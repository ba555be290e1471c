"""What is wrong with a recipe, as sentences: the field, what was expected, what came, and from where."""

from typing import Any

from pydantic import BaseModel, ValidationError

from spatialvision.config.fields import block_schema
from spatialvision.config.recipe import Layers
from spatialvision.registry import suggestion


def describe(
    error: ValidationError,
    schema: type[BaseModel] | None,
    path: str,
    layers: Layers,
    known: list[str] | None = None,
) -> list[str]:
    """One sentence a problem.

    Args:
        schema: of the block that was checked; its field names are suggested for unknown ones.
        path: the block's dotted name, empty for the whole recipe.
        known: names to suggest instead.
    """
    lines = []
    for problem in error.errors():
        location = [str(part) for part in problem["loc"]]
        dotted = ".".join(([path] if path else []) + location)
        names = known if known is not None else _names_beside(schema, location)
        lines.append(_sentence(dotted, problem, names) + origin(layers, dotted))
    return lines


def _sentence(dotted: str, problem: Any, names: list[str]) -> str:
    kind, got = problem["type"], problem["input"]
    if kind == "extra_forbidden":
        return f"{dotted}: unknown field{suggestion(str(problem['loc'][-1]), names)}"
    if kind == "missing":
        return f"{dotted}: required"
    if kind in ("model_type", "dict_type"):
        return f"{dotted}: expected a mapping of fields, got {got!r}"
    if kind == "literal_error":
        expected = problem["ctx"]["expected"]
        choices = [choice.strip(" '") for choice in expected.replace(" or ", ", ").split(",")]
        return f"{dotted}: expected {expected}, got {got!r}{_nearest(str(got), choices)}"
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if kind == "value_error":
        return f"{dotted}: {message}" if dotted else message
    return f"{dotted}: expected {message}, got {got!r}"


def _nearest(name: str, names: list[str]) -> str:
    hint = suggestion(name, names)
    return hint if "did you mean" in hint else ""


def _names_beside(schema: type[BaseModel] | None, location: list[str]) -> list[str]:
    """The valid names at the place where an unknown one stands."""
    for part in location[:-1]:
        known = schema.model_fields if schema else {}
        schema = block_schema(known[part].annotation) if part in known else None
    return list(schema.model_fields) if schema else []


def origin(layers: Layers, dotted: str) -> str:
    """Where the value was given, in brackets; else the first value inside it, else what encloses it."""
    while dotted:
        for key, origin in layers.origins.items():
            if key == dotted or key.startswith(f"{dotted}."):
                return f" ({origin})"
        dotted = dotted.rpartition(".")[0]
    return ""
