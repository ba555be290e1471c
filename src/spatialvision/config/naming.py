"""A run's folder name says what differs from its recipe: ``data.name-fashion_mnist__epochs-3-s123``."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from spatialvision.config.experiment import MAY_CHANGE_ON_RESUME, Experiment
from spatialvision.config.merging import flatten, nested
from spatialvision.config.recipe import split_override

LONGEST_NAME = 150
_ABSENT = object()


def run_name(changed: Mapping[str, str], seed: int) -> str:
    """The folder's name, made of characters that every file system and shell takes."""
    parts = [re.sub(r"[^A-Za-z0-9._+-]+", "-", f"{key}-{value}").strip("-") for key, value in changed.items()]
    name = "__".join(parts)
    if len(name) > LONGEST_NAME:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = f"{name[: LONGEST_NAME - 9]}-{digest}"
    return f"{name}-s{seed}" if name else f"s{seed}"


def changed_fields(new: Experiment, old: Experiment | None, overrides: Sequence[str]) -> dict[str, str]:
    """Fields that overrides name and change; the seed and what may change on resume are left out.

    Args:
        old: the recipe without overrides; None where it is not complete without them.
    """
    before = flatten(old.model_dump(mode="json")) if old else {}
    after = flatten(new.model_dump(mode="json"))
    changed: dict[str, str] = {}
    for name, given in _named(overrides).items():
        found = {key: value for key, value in after.items() if _lies_in(key, name)}
        differing = {key: value for key, value in found.items() if before.get(key, _ABSENT) != value}
        if given == {} and differing:  # its options are all defaults: the name says it
            changed[name] = _text(given)
        elif not found and any(_lies_in(key, name) for key in before):
            changed[name] = _text(None)
        else:
            changed |= {key: _text(value) for key, value in differing.items()}
    return dict(sorted(changed.items()))


def _named(overrides: Sequence[str]) -> dict[str, Any]:
    """Dotted keys that the overrides give a value, inside mappings too, and the last value of each."""
    given: dict[str, Any] = {}
    for text in overrides:
        given |= flatten(nested(*split_override(text)))
    free = ("seed", *MAY_CHANGE_ON_RESUME)
    return {name: value for name, value in given.items() if not any(_lies_in(name, each) for each in free)}


def _lies_in(key: str, name: str) -> bool:
    return key == name or key.startswith(f"{name}.")


def _text(value: object) -> str:
    if isinstance(value, list):
        return "-".join(map(_text, value))
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value)
