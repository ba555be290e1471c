"""Splits of a finished run under a distortion, measured as splits of their own, such as test-rotated.

What they were distorted by, with all its options, stands beside the results in ``distortion.json``, so that one name
never means two kinds of images.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from spatialvision.config.options import option_parameters, typed_options
from spatialvision.config.problems import describe
from spatialvision.config.reading import read_value
from spatialvision.config.recipe import Layers
from spatialvision.data.dataset import Split
from spatialvision.data.distortion import measured_split
from spatialvision.errors import RecipeError
from spatialvision.evaluate.load import ExperimentData
from spatialvision.registry import DISTORTIONS
from spatialvision.runs.directory import Run
from spatialvision.runs.storage import write_json

SUPPLIED = ("training_images",)
RECORD = "distortion.json"


def read_distortion(text: str) -> dict[str, Any]:
    """``name`` and all options of a distortion's name, or of ``{name: …, option: …}``; defaults are filled in.

    Raises:
        RecipeError: there is no such distortion, or it has no such options.
    """
    value = read_value(text, f"--distortion {text}")
    options = {"name": value} if isinstance(value, str) else value
    if not isinstance(options, Mapping) or not isinstance(options.get("name"), str):
        raise RecipeError(
            f"--distortion {text}: expected a name such as rotated, or {{name: rotated, seed: 1}}"
        )
    name, given = options["name"], {key: value for key, value in options.items() if key != "name"}
    try:
        typed = typed_options(DISTORTIONS[name], given, SUPPLIED)
    except ValidationError as error:
        known = list(option_parameters(DISTORTIONS[name], SUPPLIED))
        problems = describe(error, None, name, Layers("", {}, {}), known)
        raise RecipeError("\n  ".join([f"--distortion {text}:", *problems])) from error
    return {"name": name, **typed}


def under_distortion(
    data: ExperimentData, splits: Sequence[str], settings: Mapping[str, Any]
) -> tuple[ExperimentData, list[str]]:
    """The data with these splits under the distortion as further ones, and their names.

    Raises:
        RecipeError: the images are in folders or distorted already, or the distortion does not suit them.
    """
    name = settings["name"]
    options = {key: value for key, value in settings.items() if key != "name"}
    if data.distortion is not None:
        raise RecipeError(
            f"--distortion {name}: expected a run on undistorted images; this one's are distorted"
        )
    found = {split: data.splits[split] for split in splits}
    in_memory = {split: images for split, images in found.items() if isinstance(images, Split)}
    if len(in_memory) < len(found) or not isinstance(data.training, Split):
        raise RecipeError(f"--distortion {name}: expected images in memory, got a folder of files")
    try:
        distortion = DISTORTIONS.build(name, options, {"training_images": data.training.images})
        added = {f"{split}-{name}": measured_split(images, distortion) for split, images in in_memory.items()}
    except ValueError as error:
        raise RecipeError(f"--distortion {name}: {error}") from error
    for split in added.values():
        if split.images.shape[2:] != data.dataset.size_hw:
            raise RecipeError(
                f"--distortion {name}: expected images of {data.dataset.size_hw}, as the model was trained on, got "
                f"{tuple(split.images.shape[2:])}"
            )
    return replace(data, splits={**data.splits, **added}, distortion=distortion), list(added)


def expect_same(run: Run, split: str, settings: Mapping[str, Any]) -> None:
    """Refuse a split that was measured under the same name with other options.

    Raises:
        RecipeError: with both, and what to do.
    """
    before = run.read_json(f"evaluation/{split}/{RECORD}")
    if before is not None and before != json.loads(json.dumps(settings)):
        raise RecipeError(
            f"{run.path} was measured on {split} with {before}, got {dict(settings)}; remove evaluation/{split} first, "
            "or keep to these options"
        )


def record(run: Run, split: str, settings: Mapping[str, Any]) -> None:
    """Write beside a split's results what its images were distorted by."""
    write_json(run.path / "evaluation" / split / RECORD, dict(settings))
