"""From a run to its experiment, and from an experiment's blocks to its data and its model."""

from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import ValidationError
from torch import nn

from spatialvision.config.experiment import Experiment
from spatialvision.data.dataset import ImageDataset, Split, hold_out
from spatialvision.data.distortion import Distortion, distort_dataset, measured_split
from spatialvision.data.folder import FolderDataset
from spatialvision.data.load import AnyDataset, AnySplit, load_dataset
from spatialvision.data.padding import pad_dataset
from spatialvision.errors import RecipeError
from spatialvision.evaluate.inputs import Inputs, inputs_in_folders, inputs_in_memory
from spatialvision.models.build import build_model
from spatialvision.models.pretrained import offline
from spatialvision.registry import DISTORTIONS
from spatialvision.runs.directory import Run


@dataclass(frozen=True)
class ExperimentData:
    """An experiment's images.

    Attributes:
        dataset: as the model meets it: size, channels, classes and statistics, padded and distorted where
            asked for.
        splits: what is measured, each image fixed: ``train`` (or its first images), ``validation`` (unless
            nothing is held out) and ``test``.
        training: the training split, padded but not distorted; in every epoch it is distorted anew.
        mean, std: per channel, what images in [0, 1] are normalised with; 0 and 1 where they stay as they are.
        distortion: None where there is none.
        inputs: what the images are, to do the same to others.
    """

    dataset: AnyDataset
    splits: dict[str, AnySplit]
    training: AnySplit
    mean: tuple[float, ...]
    std: tuple[float, ...]
    distortion: Distortion | None
    inputs: Inputs

    @property
    def fingerprints(self) -> dict[str, Split]:
        """For each split the images, or a cheap stand-in for files, by which processes see whether theirs are equal."""
        splits = {**self.splits, "training": self.training}
        # Millions of files are asked for their size: those of a split that has two names once.
        found = {
            id(split): split if isinstance(split, Split) else split.fingerprint() for split in splits.values()
        }
        return {name: found[id(split)] for name, split in splits.items()}


def experiment_of(run: Run) -> Experiment:
    """A run's experiment, with the defaults of fields that its version did not have yet.

    Raises:
        RecipeError: it has a field or a value that this version does not know.
    """
    try:
        return Experiment.model_validate(run.experiment)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise RecipeError(
            f"{run.path}: its experiment cannot be read by this version of spatialvision ({field}: {first['msg']}); "
            "use the version that the run's environment.json names, or train it anew"
        ) from error


def load_data(experiment: Experiment, data_root: Path, offline: bool) -> ExperimentData:
    """Load, pad and distort the images, and cut the validation split off.

    Raises:
        DataError: files are missing or corrupt.
        RecipeError: the dataset cannot be made, distorted or split with these options.
    """
    block = experiment.data
    try:
        dataset = load_dataset(block.name, block.options, data_root, offline)
        if isinstance(dataset, FolderDataset):
            data = _in_folders(experiment, dataset)
        else:
            data = _in_memory(experiment, dataset)
    except ValueError as error:
        raise RecipeError(f"data {block.name}: {error}") from error
    if (count := experiment.evaluation.train_images) is not None:
        data.splits["train"] = data.splits["train"].select(
            torch.arange(min(count, len(data.splits["train"])))
        )
    return data


def _in_memory(experiment: Experiment, dataset: ImageDataset) -> ExperimentData:
    block, asked = experiment.data, experiment.distortion
    content_hw = dataset.size_hw
    if block.smallest_size is not None:
        dataset = pad_dataset(dataset, block.smallest_size)
    undistorted = hold_out(dataset, block.validation)
    splits: dict[str, AnySplit] = dict(undistorted)
    distortion = None
    if asked is not None:
        supplied = {"training_images": dataset.train.images}
        distortion = DISTORTIONS.build(asked.name, asked.options, supplied)
        dataset = distort_dataset(dataset, distortion)
        content_hw = dataset.size_hw  # nothing is distorted once more
        splits = dict(hold_out(dataset, block.validation))
        if "validation" in splits:
            splits["validation"] = measured_split(undistorted["validation"], distortion)
    return ExperimentData(
        dataset,
        splits,
        undistorted["train"],
        *statistics(experiment, dataset),
        distortion,
        inputs_in_memory(dataset, content_hw),
    )


def _in_folders(experiment: Experiment, dataset: FolderDataset) -> ExperimentData:
    unusable = {"data.smallest_size": experiment.data.smallest_size, "distortion": experiment.distortion}
    for name, value in unusable.items():
        if value is not None:
            raise ValueError(f"{name} is for images in memory; expected null for images in folders")
    splits: dict[str, AnySplit] = dict(dataset.splits(experiment.data.validation))
    return ExperimentData(
        dataset, splits, splits["train"], *statistics(experiment, dataset), None, inputs_in_folders(dataset)
    )


def statistics(
    experiment: Experiment, dataset: AnyDataset | Inputs
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and std, by channel, that images in [0, 1] are normalised with; 0 and 1 where they stay as they are."""
    if experiment.data.normalise:
        return dataset.mean, dataset.std
    return (0.0,) * dataset.in_channels, (1.0,) * dataset.in_channels


def untrained_model(
    experiment: Experiment,
    dataset: AnyDataset | Inputs,
    device: torch.device | str,
    offline_only: bool = False,
) -> nn.Module:
    """The experiment's model for the dataset's images and classes, on the device, in its memory format.

    Args:
        dataset: the dataset itself, or what its images are.
        offline_only: take pretrained weights, if the model wants them, from this machine's cache alone.

    Raises:
        RecipeError: the model cannot be built or upgraded with these options for this data.
        DataError: its pretrained weights are not on this machine, and cannot or must not be fetched.
    """
    block = experiment.model
    try:
        with offline(offline_only):
            model = build_model(
                block.name,
                block.options,
                num_classes=dataset.num_classes,
                in_channels=dataset.in_channels,
                size_hw=dataset.size_hw,
                black=_black(experiment, dataset),
                upgrades=experiment.upgrades,
            )
    except ValueError as error:
        raise RecipeError(f"model {block.name} on {dataset.name}: {error}") from error
    memory_format = torch.channels_last if experiment.channels_last else torch.contiguous_format
    return model.to(device, memory_format=memory_format)  # type: ignore[call-overload]


def _black(experiment: Experiment, dataset: AnyDataset | Inputs) -> tuple[float, ...]:
    """What black is once the images are normalised, by channel."""
    if not experiment.data.normalise:
        return (0.0,) * dataset.in_channels
    # Images all of one colour cannot be normalised; the loader says so.
    return tuple(-mean / (std or 1) for mean, std in zip(dataset.mean, dataset.std, strict=True))


def without_pretrained(experiment: Experiment) -> Experiment:
    """The same model without fetching weights for it, because a run's own are about to replace them."""
    if not experiment.model.options.get("pretrained"):
        return experiment
    return experiment.model_copy(update={"model": experiment.model.model_copy(update={"pretrained": False})})
