"""From an experiment's blocks to its data and its model."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from spatialvision.config.experiment import Experiment
from spatialvision.data.dataset import ImageDataset, Split, hold_out
from spatialvision.data.distortion import Distortion, distort_dataset
from spatialvision.data.load import load_dataset
from spatialvision.errors import RecipeError
from spatialvision.models.build import build_model
from spatialvision.registry import DISTORTIONS


@dataclass(frozen=True)
class ExperimentData:
    """An experiment's images.

    Attributes:
        dataset: as the model meets it: size, channels, classes and statistics, distorted where asked for.
        splits: ``train``, ``validation`` (unless nothing is held out) and ``test``, each image fixed.
        training: the training split before distortion; in every epoch it is distorted anew.
        distortion: None where images stay as they are.
    """

    dataset: ImageDataset
    splits: dict[str, Split]
    training: Split
    distortion: Distortion | None = None


def load_data(experiment: Experiment, data_root: Path, offline: bool) -> ExperimentData:
    """Load and distort the images, and cut the validation split off.

    Raises:
        DataError: files are missing or corrupt.
        RecipeError: the dataset cannot be made, distorted or split with these options.
    """
    block, asked = experiment.data, experiment.distortion
    try:
        dataset = load_dataset(block.name, block.options, data_root, offline)
        plain = hold_out(dataset, block.validation)
        if asked is None:
            return ExperimentData(dataset, plain, plain["train"])
        distortion = DISTORTIONS[asked.name](**asked.options)
        distorted = distort_dataset(dataset, distortion)
    except ValueError as error:
        raise RecipeError(f"data {block.name}: {error}") from error
    return ExperimentData(distorted, hold_out(distorted, block.validation), plain["train"], distortion)


def untrained_model(experiment: Experiment, dataset: ImageDataset, device: torch.device | str) -> nn.Module:
    """The experiment's model for the dataset's images and classes, on the device, in its memory format.

    Raises:
        RecipeError: the model cannot be built with these options for this data.
    """
    block = experiment.model
    try:
        model = build_model(
            block.name,
            block.options,
            num_classes=dataset.num_classes,
            in_channels=dataset.in_channels,
            size_hw=dataset.size_hw,
        )
    except ValueError as error:
        raise RecipeError(f"model {block.name} on {dataset.name}: {error}") from error
    memory_format = torch.channels_last if experiment.channels_last else torch.contiguous_format
    return model.to(device, memory_format=memory_format)  # type: ignore[call-overload]
