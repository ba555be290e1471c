"""The Python way in: load a recipe with everything that is registered, the user's own files included."""

import hashlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from spatialvision.config.resolving import Registries, Resolved, resolve
from spatialvision.errors import RecipeError
from spatialvision.registry import DATASETS, DISTORTIONS, EVALUATORS, MODELS, OBJECTIVES, UPGRADES

SUPPLIED_TO_MODELS = ("num_classes", "in_channels", "size_hw", "black")
SUPPLIED_TO_UPGRADES = ("model", *SUPPLIED_TO_MODELS)
SUPPLIED_TO_DATASETS = ("data_root", "offline")
SUPPLIED_TO_DISTORTIONS = ("training_images",)
SUPPLIED_TO_EVALUATORS = ("subject",)

_imported: dict[str, Path] = {}


def load_recipe(recipe: str, *overrides: str) -> Resolved:
    """A recipe, checked in full, ready for `train`.

    Args:
        recipe: a shipped recipe's name, or the path of a YAML file.
        overrides: such as ``"epochs=3"`` or ``"data.name=fashion_mnist"``.

    Raises:
        RecipeError: every problem at once, with the nearest valid names.
    """
    return resolve(recipe, overrides, registries())


def registries() -> Registries:
    """What a recipe's blocks may name, with everything shipped registered."""
    import spatialvision.data
    import spatialvision.evaluate
    import spatialvision.models
    import spatialvision.training.objectives
    import spatialvision.training.puzzle  # noqa: F401

    return {
        "data": (DATASETS, SUPPLIED_TO_DATASETS),
        "distortion": (DISTORTIONS, SUPPLIED_TO_DISTORTIONS),
        "evaluation.evaluators": (EVALUATORS, SUPPLIED_TO_EVALUATORS),
        "model": (MODELS, SUPPLIED_TO_MODELS),
        "objective": (OBJECTIVES, ()),
        "upgrades": (UPGRADES, SUPPLIED_TO_UPGRADES),
    }


def import_files(paths: Sequence[Path | str]) -> None:
    """Run the user's Python files, which register models, upgrades, datasets, objectives or evaluators.

    What is shipped is registered first, so that a file which takes one of its names is the one that fails. A file
    that has been imported already, from here or from a run's copy, is not run again.

    Raises:
        RecipeError: a file is missing or fails; the message names it.
    """
    registries()
    for path in map(Path, paths):
        if not path.is_file():
            raise RecipeError(f"--import {path}: no such file")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest not in _imported:
            _run_file(path.resolve())
            _imported[digest] = path.resolve()


def imported_files() -> list[Path]:
    """The files that `import_files` has run, in order."""
    return list(_imported.values())


def _run_file(path: Path) -> None:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise RecipeError(f"--import {path}: expected a Python file (.py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    sys.path.append(str(path.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise RecipeError(f"--import {path}: {type(error).__name__}: {error}") from error
