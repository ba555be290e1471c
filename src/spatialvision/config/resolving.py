"""From text to a checked `Experiment`, with every problem in one message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from spatialvision.config.experiment import Experiment
from spatialvision.config.fields import Block, block_schema
from spatialvision.config.merging import flatten, merge
from spatialvision.config.naming import changed_fields, run_name
from spatialvision.config.options import option_parameters, typed_options
from spatialvision.config.problems import describe, origin
from spatialvision.config.recipe import Layers, load_layers
from spatialvision.errors import RecipeError
from spatialvision.registry import Registry

Registries = Mapping[str, tuple[Registry, tuple[str, ...]]]
"""Block name, or dotted key of a list of names, to the registry that knows them and what the bench supplies."""


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
        registries: where the options of ``model``, ``upgrades``, ``data`` and ``objective`` are checked;
            without them only the schema is (no torch is needed for that).

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


def completed(stored: Mapping[str, Any], registries: Registries) -> Mapping[str, Any]:
    """A run's experiment with what its version did not have yet, at the defaults, which is how it behaved.

    Returns:
        Plain values; those stored where this version cannot read them.
    """
    experiment, problems = _check(Layers("stored", dict(stored), {}), registries)
    return stored if experiment is None or problems else experiment.model_dump(mode="json")


def _check(layers: Layers, registries: Registries) -> tuple[Experiment | None, list[str]]:
    """The experiment, or None, and all problems: the schema's first, then the options'."""
    tree, problems = merge(_default_blocks(), layers.tree), list(layers.problems)
    for block, (registry, supplied) in registries.items():
        if block in tree:
            check = _check_block if block_schema(Experiment.model_fields[block].annotation) else _check_names
            tree[block], found = check(tree[block], block, registry, supplied, layers)
            problems += found
        elif "." in block:
            problems += _check_list(tree, block, registry, layers)
    try:
        return Experiment.model_validate(tree), problems
    except ValidationError as error:
        return None, describe(error, Experiment, "", layers) + problems


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
    try:
        builder = registry[block["name"]]
    except RecipeError as error:
        return block, [f"{path}.name: {error}{origin(layers, f'{path}.name')}"]
    schema = block_schema(Experiment.model_fields[path].annotation)
    own = set(schema.model_fields) if schema else set()
    fixed = {key: value for key, value in block.items() if key in own}
    options = {key: value for key, value in block.items() if key not in own}
    try:
        return {**fixed, **typed_options(builder, options, supplied)}, []
    except ValidationError as error:
        known = [*sorted(own), *option_parameters(builder, supplied)]
        return block, describe(error, None, path, layers, known)


def _check_names(
    block: Any, path: str, registry: Registry, supplied: tuple[str, ...], layers: Layers
) -> tuple[Any, list[str]]:
    """A mapping from names to options, each with typed options, and the problems of all; null stays null."""
    if not isinstance(block, Mapping):
        return block, []
    checked, problems = dict(block), []
    for name, options in block.items():
        dotted = f"{path}.{name}"
        try:
            builder = registry[name]
            if isinstance(options, Mapping):
                checked[name] = typed_options(builder, dict(options), supplied)
        except RecipeError as error:
            problems.append(f"{dotted}: {error}{origin(layers, dotted)}")
        except ValidationError as error:
            known = list(option_parameters(builder, supplied))
            problems += describe(error, None, dotted, layers, known)
    return checked, problems


def _check_list(tree: Mapping[str, Any], path: str, registry: Registry, layers: Layers) -> list[str]:
    """The unknown names in a list of them."""
    names, problems = flatten(tree).get(path), []
    for name in names if isinstance(names, list | tuple) else []:
        try:
            registry[name]
        except RecipeError as error:
            problems.append(f"{path}: {error}{origin(layers, path)}")
    return problems
