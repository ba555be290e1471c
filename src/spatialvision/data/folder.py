"""A dataset that stays on disk: image files in a folder for each class, read when they are needed.

The layout is ``<path>/train/<class>/…`` and ``<path>/val/<class>/…`` or ``test``, as for torchvision's
``ImageFolder``: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.ImageFolder.html.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from spatialvision.data.dataset import Split, cut
from spatialvision.data.reading import Reading
from spatialvision.errors import DataError

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".pgm", ".bmp", ".tif", ".tiff", ".webp")


@dataclass(frozen=True, eq=False)
class FolderSplit:
    """Image files with their labels.

    Args:
        folder: that the names begin at.
        names: (N,) of bytes, N ≥ 1, as the file system writes them; an array, so that worker processes share it.
        labels: int64 (N,), class numbers from 0.
        indices: int64 (N,), each image's position in the original split.
    """

    folder: Path
    names: np.ndarray
    labels: Tensor
    indices: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, positions: Tensor) -> "FolderSplit":
        """The images at the given positions (int64) of this split, with their original indices."""
        names = self.names[positions.cpu().numpy()]
        return FolderSplit(self.folder, names, self.labels[positions], self.indices[positions])

    def path(self, position: int) -> Path:
        """The file of the image at a position."""
        return self.folder / os.fsdecode(self.names[position])

    def fingerprint(self) -> Split:
        """A cheap stand-in that differs where files do: 8 bytes for each file's name and size, as its image.

        Raises:
            DataError: a file is gone.
        """
        digests = b"".join(self._digest(position) for position in range(len(self)))
        images = torch.frombuffer(bytearray(digests), dtype=torch.uint8).view(-1, 1, 1, 8)
        return Split(images, self.labels, self.indices)

    def _digest(self, position: int) -> bytes:
        path = self.path(position)
        try:
            size = path.stat().st_size
        except OSError as error:
            raise DataError(
                f"{path}: {error.strerror}; restore the file, or remove it and run again"
            ) from error
        return hashlib.blake2b(b"%s\0%d" % (self.names[position], size), digest_size=8).digest()


@dataclass(frozen=True, eq=False)
class FolderDataset:
    """A training and a test split of image files, of the same classes.

    Args:
        name: the dataset's registered name.
        train: the training split.
        test: the test split.
        class_names: one name per class, in the order of the labels.
        reading: how files become pictures of one size.
        mean, std: per channel, of the training images in [0, 1].
        validation: a validation split of its own; None where one is to be held out of the training split.
    """

    name: str
    train: FolderSplit
    test: FolderSplit
    class_names: tuple[str, ...]
    reading: Reading
    mean: tuple[float, ...]
    std: tuple[float, ...]
    validation: FolderSplit | None = None

    @property
    def num_classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)

    @property
    def in_channels(self) -> int:
        """The number of channels of every picture: red, green, blue."""
        return 3

    @property
    def size_hw(self) -> tuple[int, int]:
        """The height and width of every picture, in pixels."""
        return self.reading.size, self.reading.size

    def splits(self, fraction: float) -> dict[str, FolderSplit]:
        """``train``, ``validation`` (its own, or that share of the training images) and ``test``.

        Raises:
            ValueError: the fraction is out of range, or would leave no image to train or to validate on.
        """
        if self.validation is not None:
            return {"train": self.train, "validation": self.validation, "test": self.test}
        return cut(self.train, self.test, fraction)

    def lit(self) -> Tensor:
        """Bool (H, W): where pictures show anything, which photographs do everywhere."""
        return torch.ones(self.size_hw, dtype=torch.bool)


def find_classes(folder: Path) -> tuple[str, ...]:
    """The names of the folders in a folder, in order.

    Raises:
        DataError: the folder is missing, holds no other, or one whose name is no text.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is missing: expected a folder with one folder of images for each class")
    found = sorted(item.name for item in os.scandir(folder) if item.is_dir() and item.name[0] != ".")
    if not found:
        raise DataError(f"{folder} is empty: expected one folder of images for each class in it")
    for name in found:
        if name != name.encode(errors="replace").decode():
            # Files of a run are UTF-8, and a training must not fail at the end, when it writes its classes down.
            raise DataError(f"{folder}: expected folders whose names are UTF-8, got {os.fsencode(name)!r}")
    return tuple(found)


def find_images(folder: Path, class_names: tuple[str, ...]) -> FolderSplit:
    """The image files below ``folder/<class>``, class by class and by name.

    Files count by their ending; names that begin with a dot do not.

    Raises:
        DataError: the folder is missing, holds a class that is not among the names, or no image.
    """
    if strange := sorted(set(find_classes(folder)) - set(class_names)):
        raise DataError(
            f"{folder}: expected the classes of the training split, got {', '.join(strange[:5])} beside them"
        )
    names: list[bytes] = []
    labels: list[int] = []
    for label, class_name in enumerate(class_names):
        found = sorted(_images_below(folder, class_name))
        names += [os.fsencode(name) for name in found]
        labels += [label] * len(found)
    if not names:
        raise DataError(f"{folder}: expected images in its folders ({', '.join(EXTENSIONS)}), found none")
    return FolderSplit(folder, np.array(names), torch.tensor(labels), torch.arange(len(names)))


def _images_below(folder: Path, below: str) -> Iterator[str]:
    if not (folder / below).is_dir():
        return
    for item in os.scandir(folder / below):
        if item.name[0] == ".":
            continue
        if item.is_dir():
            yield from _images_below(folder, f"{below}/{item.name}")
        elif item.name.lower().endswith(EXTENSIONS):
            yield f"{below}/{item.name}"
