"""The command that trains a stored experiment again."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from spatialvision.config.experiment import MAY_CHANGE_ON_RESUME
from spatialvision.config.merging import ALTERNATIVES, flatten
from spatialvision.config.resolving import Registries, completed, resolve
from spatialvision.errors import RecipeError

_ABSENT = object()


class Rerunning:
    """Commands for many runs; recipe and changes are worked out once for those that differ in their seed alone."""

    def __init__(self, registries: Registries):
        self._registries = registries
        self._known: dict[str, list[str] | None] = {}

    def command(self, recipe: str, stored: Mapping[str, Any]) -> str | None:
        """``spatialvision train …``; None where no shipped recipe with overrides gives exactly this experiment.

        Args:
            recipe: the name under which the run is filed.
            stored: the resolved experiment.
        """
        experiment = {key: value for key, value in stored.items() if key not in ("recipe", "seed")}
        key = json.dumps([recipe, experiment], sort_keys=True)
        if key not in self._known:
            self._known[key] = rerun_arguments(recipe, {**experiment, "seed": 0}, self._registries)
        words = self._known[key]
        return words and shlex.join(["spatialvision", "train", *words, f"seed={stored['seed']}"])


def rerun_arguments(recipe: str, stored: Mapping[str, Any], registries: Registries) -> list[str] | None:
    """A shipped recipe and the overrides that make this experiment of it; None where none do."""
    wanted = decisive(completed(stored, registries))
    try:
        original = decisive(resolve(recipe, ("seed=0",), registries).experiment.model_dump(mode="json"))
    except RecipeError:
        return None
    differing = {key: value for key, value in wanted.items() if original.get(key, _ABSENT) != value}
    # A block with another name starts afresh: some of its fields may have to be said although they are as before.
    renamed = tuple(f"{key.removesuffix('.name')}." for key in differing if key.endswith(".name"))
    more = {key: value for key, value in wanted.items() if key in differing or key.startswith(renamed)}
    for changes in (differing, more):
        said = sorted((key for key, value in changes.items() if needed(key, value)), key=names_first)
        words = [recipe, *(f"{key}={as_override(changes[key])}" for key in said)]
        if gives(words, wanted, registries):
            return words
    return None


def gives(words: Sequence[str], wanted: Mapping[str, Any], registries: Registries) -> bool:
    """Whether a recipe with overrides is that experiment."""
    try:
        again = resolve(words[0], ("seed=0", *words[1:]), registries).experiment
    except RecipeError:
        return False
    return decisive(again.model_dump(mode="json")) == wanted


def decisive(experiment: Mapping[str, Any]) -> dict[str, Any]:
    """What must be the same in both, by dotted key; a run may be continued with other values of the rest."""
    free = tuple(f"{name}." for name in MAY_CHANGE_ON_RESUME)
    return {key: value for key, value in flatten(experiment).items() if not f"{key}.".startswith(free)}


def needed(key: str, value: Any) -> bool:
    """Whether an override must say it: of epochs, steps and share the one that is given takes the others away."""
    return not (value is None and key.rpartition(".")[2] in ALTERNATIVES)


def names_first(key: str) -> tuple[str, bool, str]:
    """In what order overrides are given: a block's new name takes away what was said of it before."""
    return key.partition(".")[0], not key.endswith(".name"), key


def as_override(value: Any) -> str:
    """A value as overrides are written."""
    return value if isinstance(value, str) else json.dumps(value)
