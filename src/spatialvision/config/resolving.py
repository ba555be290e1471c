"""From text to a checked `Experiment`, with every problem in one message."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from spatialvision.config.experiment import Experiment
from spatialvision.config.fields import Block, block_schema
from spatialvision.config.merging import merge
from spatialvision.config.naming import changed_fields, run_name
from spatialvision.config.options import typed_options
from spatialvision.config.recipe import Layers, load_layers
from spatialvision.errors import RecipeError
from spatialvision.registry import Registry, suggestion

Registries = Mapping[str, tuple[Registry, tuple[str, ...]]]
"""Block name to the registry that knows it and the parameters that the bench supplies."""


@dataclass(frozen=True)
class Resolved:
    """A checked experiment.

    Attributes:
        recipe: the recipe's name, under which runs are filed.
        origins: where each given value came from, by dotted key ("stn-mnist/base.yaml:7", "override").
        arguments: the recipe as it was asked for, and the overrides.
        changed: what overrides made different from the recipe, by dotted key; the seed is not among it.
    """

    recipe: str
    experiment: Experiment
    arguments: tuple[str, ...]
    origins: dict[str, str]
    changed: dict[str, str]

    @property
    def run_name(self) -> str:
        """The name of its run's folder."""
        return run_name(self.changed, self.experiment.seed)


def resolve(recipe: str, overrides: Sequence[str] = (), registries: Registries | None = None) -> Resolved:
    """Load a recipe, apply overrides and check everything.

    Args:
        registries: where the options of ``model``, ``data`` and ``objective`` are checked; without them
            only the schema is (no torch is needed for that).

    Raises:
        RecipeError: all problems at once, each with the value's origin and the nearest valid name.
    """
    layers = load_layers(recipe, overrides)
    experiment, problems = _check(layers, registries or {})
    if experiment is None or problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise RecipeError(f"{count} in recipe {recipe}:\n{listed}")
    original, _ = _check(load_layers(recipe), registries or {})
    changed = changed_fields(experiment, original, overrides)
    return Resolved(layers.name, experiment, (recipe, *overrides), layers.origins, changed)


def _check(layers: Layers, registries: Registries) -> tuple[Experiment | None, list[str]]:
    """The experiment, or None, and all problems: the schema's first, then the options'."""
    tree, problems = merge(_default_blocks(), layers.tree), list(layers.problems)
    for block, (registry, supplied) in registries.items():
        if block in tree:
            tree[block], found = _check_block(tree[block], block, registry, supplied, layers)
            problems += found
    try:
        return Experiment.model_validate(tree), problems
    except ValidationError as error:
        return None, _describe(error, Experiment, "", layers) + problems


def _default_blocks() -> dict[str, Any]:
    """The named blocks that a recipe may leave out, so that it may also set an option of theirs alone."""
    defaults = {key: field.default for key, field in Experiment.model_fields.items()}
    return {key: value.model_dump() for key, value in defaults.items() if isinstance(value, Block)}


def _check_block(
    block: Any, path: str, registry: Registry, supplied: tuple[str, ...], layers: Layers
) -> tuple[Any, list[str]]:
    """The block with typed options, and the problems of its options; schema fields are left to the schema."""
    if not isinstance(block, Mapping) or not isinstance(block.get("name"), str):
        return block, []
    if block["name"] not in registry:
        problem = (
            f"{path}.name: unknown {registry.kind} {block['name']!r}{suggestion(block['name'], registry)}"
        )
        return block, [problem + _origin(layers, f"{path}.name")]
    schema = block_schema(Experiment.model_fields[path].annotation)
    own = set(schema.model_fields) if schema else set()
    fixed = {key: value for key, value in block.items() if key in own}
    options = {key: value for key, value in block.items() if key not in own}
    builder = registry[block["name"]]
    try:
        return {**fixed, **typed_options(builder, options, supplied)}, []
    except ValidationError as error:
        known = [*sorted(own), *inspect.signature(builder).parameters]
        return block, _describe(error, None, path, layers, known)


def _describe(
    error: ValidationError,
    schema: type[BaseModel] | None,
    path: str,
    layers: Layers,
    known: list[str] | None = None,
) -> list[str]:
    lines = []
    for problem in error.errors():
        location = [str(part) for part in problem["loc"]]
        dotted = ".".join(([path] if path else []) + location)
        names = known if known is not None else _names_beside(schema, location)
        lines.append(_sentence(dotted, problem, names) + _origin(layers, dotted))
    return lines


def _sentence(dotted: str, problem: Any, names: list[str]) -> str:
    kind, got = problem["type"], problem["input"]
    if kind == "extra_forbidden":
        return f"{dotted}: unknown field{suggestion(str(problem['loc'][-1]), names)}"
    if kind == "missing":
        return f"{dotted}: required"
    if kind == "model_type":
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


def _origin(layers: Layers, dotted: str) -> str:
    """Where the value was given, in brackets; else the first value inside it, else what encloses it."""
    while dotted:
        for key, origin in layers.origins.items():
            if key == dotted or key.startswith(f"{dotted}."):
                return f" ({origin})"
        dotted = dotted.rpartition(".")[0]
    return ""
