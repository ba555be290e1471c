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
    """Commands for many runs: what runs share that differ in their seed alone is worked out once."""

    def __init__(self, registries: Registries):
        self._registries = registries
        self._originals: dict[str, dict[str, Any] | None] = {}
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
            wanted = decisive(completed({**experiment, "seed": 0}, self._registries))
            self._known[key] = self._words(recipe, wanted)
        words = self._known[key]
        return shlex.join(["spatialvision", "train", *words, f"seed={stored['seed']}"]) if words else None

    def _words(self, recipe: str, wanted: Mapping[str, Any]) -> list[str] | None:
        """A shipped recipe and the overrides that make this experiment of it; None where none do."""
        if recipe not in self._originals:
            self._originals[recipe] = resolved([recipe], self._registries)
        if (original := self._originals[recipe]) is None:
            return None
        differing = {key: value for key, value in wanted.items() if original.get(key, _ABSENT) != value}
        # A block with another name starts afresh: some of its fields may have to be said although they are as before.
        renamed = tuple(f"{key.removesuffix('.name')}." for key in differing if key.endswith(".name"))
        more = {key: value for key, value in wanted.items() if key in differing or key.startswith(renamed)}
        for changes in (differing, more):
            said = sorted((key for key, value in changes.items() if needed(key, value)), key=names_first)
            words = [recipe, *(f"{key}={as_override(changes[key])}" for key in said)]
            if resolved(words, self._registries) == wanted:
                return words
        return None


def resolved(words: Sequence[str], registries: Registries) -> dict[str, Any] | None:
    """What is decisive in a recipe with overrides, with seed 0; None where they name nothing that is shipped."""
    try:
        experiment = resolve(words[0], ("seed=0", *words[1:]), registries).experiment
    except RecipeError:
        return None
    return decisive(experiment.model_dump(mode="json"))


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
