"""A dataset by its registered name."""

import inspect
from pathlib import Path
from typing import Any

from spatialvision.data.dataset import ImageDataset, Split
from spatialvision.data.folder import FolderDataset, FolderSplit
from spatialvision.errors import DataError
from spatialvision.registry import DATASETS

AnyDataset = ImageDataset | FolderDataset
AnySplit = Split | FolderSplit


def load_dataset(name: str, options: dict[str, Any], data_root: Path, offline: bool) -> AnyDataset:
    """Build a registered dataset.

    Args:
        name: the registered name.
        options: the builder's options.
        data_root: the folder of all datasets, for builders that take one.
        offline: never connect to a network, for builders that might.

    Raises:
        RecipeError: no dataset of that name.
        DataError: its files are missing or corrupt, or the builder returned something else.
    """
    builder = DATASETS[name]
    takes = inspect.signature(builder).parameters
    supplied = {"data_root": Path(data_root).expanduser(), "offline": offline}
    dataset = builder(**{key: value for key, value in supplied.items() if key in takes} | options)
    if not isinstance(dataset, AnyDataset):
        raise DataError(
            f"dataset {name!r}: expected its builder to return an ImageDataset or a FolderDataset, got "
            f"{type(dataset)}"
        )
    return dataset
