"""The images on which two runs disagree, fetched from the experiment's data for `report`, which knows none."""

from pathlib import Path

import numpy as np
import torch

from spatialvision.errors import RecipeError
from spatialvision.evaluate.load import experiment_of, load_data
from spatialvision.evaluate.loaders import measuring_loader
from spatialvision.runs.directory import Run


def images_at(run: Run, split: str, positions: np.ndarray, data_root: Path) -> np.ndarray:
    """Images of a run's split as its model met them, padded, distorted or cropped, without connecting to a network.

    Args:
        positions: (n,) positions in the split, from 0.

    Returns:
        (n, C, H, W) uint8.

    Raises:
        DataError: the data are not at hand.
        RecipeError: the dataset is not registered, or has no such split, or another version wrote the experiment.
    """
    experiment = experiment_of(run)
    data = load_data(experiment, data_root, offline=True)
    if split not in data.splits:
        raise RecipeError(f"{run.path} has no split {split!r}; it has {', '.join(data.splits)}")
    loader = measuring_loader(experiment, data, data.splits[split], torch.device("cpu"))
    return (255 * loader.images_from(torch.from_numpy(positions))).round().byte().numpy()
