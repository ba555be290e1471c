"""Images in folders cropped to another size than in training, measured as splits of their own, such as test-size-288.

Touvron et al., "Fixing the train-test resolution discrepancy", https://arxiv.org/abs/1906.06423: networks that take
any size are often best at a larger one than they were trained on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from spatialvision.config.experiment import Experiment
from spatialvision.config.options import option_parameters, typed_options
from spatialvision.config.problems import describe
from spatialvision.config.reading import read_value
from spatialvision.config.recipe import Layers
from spatialvision.data.folder import FolderDataset
from spatialvision.errors import RecipeError
from spatialvision.evaluate.load import ExperimentData
from spatialvision.registry import DATASETS

PREFIX = "data."
OPTIONS = ("size", "resize")
SUPPLIED = ("data_root", "offline")


def split_arguments(arguments: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """What changes the images, by option ("data.size=288" as ``size``), and the arguments about evaluators.

    Raises:
        RecipeError: one about the data changes something else than the resolution.
    """
    changes, others = {}, []
    for argument in arguments:
        if not argument.startswith(PREFIX):
            others.append(argument)
            continue
        option, equals, value = argument.removeprefix(PREFIX).partition("=")
        if not equals or option not in OPTIONS:
            raise RecipeError(f"{argument}: expected data.size=PIXELS or data.resize=PIXELS, a resolution")
        changes[option] = read_value(value, argument)
    return changes, others


def at_resolution(experiment: Experiment, changes: Mapping[str, Any]) -> Experiment:
    """The experiment with other options of its data.

    Raises:
        RecipeError: its dataset has no such options, or they have no such values.
    """
    block = experiment.data
    if missing := sorted(set(changes) - set(block.options)):
        raise _in_memory(missing[0], block.name)
    builder = DATASETS[block.name]
    try:
        typed = typed_options(builder, {**block.options, **changes}, SUPPLIED)
    except ValidationError as error:
        known = list(option_parameters(builder, SUPPLIED))
        raise RecipeError("\n  ".join(describe(error, None, "data", Layers("", {}, {}), known))) from error
    return experiment.model_copy(update={"data": block.model_copy(update=typed)})


def beside(
    data: ExperimentData, splits: Sequence[str], changes: Mapping[str, Any]
) -> tuple[ExperimentData, list[str]]:
    """The data with these splits under further names that tell the resolution, and these names.

    Raises:
        RecipeError: the images are in memory, in their one size.
    """
    if not isinstance(data.dataset, FolderDataset):
        raise _in_memory(next(iter(changes)), data.dataset.name)
    ending = "".join(f"-{option}-{changes[option]}" for option in OPTIONS if option in changes)
    added = {f"{split}{ending}": data.splits[split] for split in splits}
    return replace(data, splits={**data.splits, **added}), list(added)


def _in_memory(option: str, dataset: str) -> RecipeError:
    return RecipeError(
        f"{PREFIX}{option}: expected a run on images in folders, which are cropped as they are read; {dataset} is in "
        "memory"
    )
