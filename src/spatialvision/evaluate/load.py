"""From an experiment's blocks to its data and its model."""

from pathlib import Path

import torch
from torch import nn

from spatialvision.config.experiment import Experiment
from spatialvision.data.dataset import ImageDataset, Split, hold_out
from spatialvision.data.load import load_dataset
from spatialvision.errors import RecipeError
from spatialvision.models.build import build_model


def load_data(
    experiment: Experiment, data_root: Path, offline: bool
) -> tuple[ImageDataset, dict[str, Split]]:
    """The dataset and its splits, validation cut off.

    Raises:
        DataError: files are missing or corrupt.
        RecipeError: the dataset cannot be made or split with these options.
    """
    block = experiment.data
    try:
        dataset = load_dataset(block.name, block.options, data_root, offline)
        return dataset, hold_out(dataset, block.validation)
    except ValueError as error:
        raise RecipeError(f"data {block.name}: {error}") from error


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
