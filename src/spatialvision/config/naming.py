"""A run's folder name says what differs from its recipe: ``data.name-fashion_mnist__epochs-3-s123``."""

import hashlib
import re
from collections.abc import Mapping, Sequence

from spatialvision.config.experiment import MAY_CHANGE_ON_RESUME, Experiment
from spatialvision.config.merging import flatten
from spatialvision.config.recipe import split_override

LONGEST_NAME = 150


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
    named = {split_override(text)[0] for text in overrides}
    named = {name for name in named if name.split(".")[0] not in ("seed", *MAY_CHANGE_ON_RESUME)}
    return {
        key: "-".join(map(_text, value)) if isinstance(value, list) else _text(value)
        for key, value in sorted(after.items())
        if any(key == name or key.startswith(f"{name}.") for name in named)
        and (key not in before or before[key] != value)
    }


def _text(value: object) -> str:
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value)
