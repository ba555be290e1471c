"""A dataset that fits in memory: one uint8 tensor and one label tensor per split."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, Self, TypeVar

import torch

from spatialvision.data.randomness import derive_seed, sample_keys
from spatialvision.errors import DataError

# Fixed, so that every experiment on a dataset, whatever its own seed, validates on the same images.
_HOLD_OUT_SEED = derive_seed("validation split")


class Selectable(Protocol):
    """Images of which some can be taken by their positions."""

    def __len__(self) -> int:
        """The number of images."""

    def select(self, positions: torch.Tensor) -> Self:
        """The images at the given positions (int64)."""


Kind = TypeVar("Kind", bound=Selectable)


@dataclass(frozen=True, eq=False)
class Split:
    """Images with their labels.

    Args:
        images: uint8 (N, C, H, W), 0 black to 255 white, N ≥ 1.
        labels: int64 (N,), class numbers from 0.
        indices: int64 (N,), each image's position in the original split; 0 … N−1 when not given.

    Raises:
        DataError: a tensor has another type or shape, or a label is negative.
    """

    images: torch.Tensor
    labels: torch.Tensor
    indices: torch.Tensor = None  # type: ignore[assignment]  # filled in below

    def __post_init__(self) -> None:
        if self.images.dtype != torch.uint8 or self.images.ndim != 4 or self.images.numel() == 0:
            raise DataError(f"images: expected a non-empty uint8 (N, C, H, W), got {_describe(self.images)}")
        if self.indices is None:
            object.__setattr__(self, "indices", torch.arange(len(self.images), device=self.images.device))
        for name, values in (("labels", self.labels), ("indices", self.indices)):
            if values.dtype != torch.int64 or values.shape != self.images.shape[:1]:
                raise DataError(f"{name}: expected int64 ({len(self.images)},), got {_describe(values)}")
            if values.min() < 0:
                raise DataError(f"{name}: expected numbers from 0, got {int(values.min())}")

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, positions: torch.Tensor) -> "Split":
        """The images at the given positions (int64) of this split, with their original indices."""
        return Split(self.images[positions], self.labels[positions], self.indices[positions])


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """A training and a test split of the same classes and the same image size.

    Args:
        name: the dataset's registered name.
        train: the training split.
        test: the test split.
        class_names: one name per class, in the order of the labels.

    Raises:
        DataError: the splits differ in channels or size, or a label has no class name.
    """

    name: str
    train: Split
    test: Split
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        shapes = tuple(self.train.images.shape[1:]), tuple(self.test.images.shape[1:])
        if shapes[0] != shapes[1]:
            raise DataError(
                f"{self.name}: expected test images of the training images' {shapes[0]}, got {shapes[1]}"
            )
        for which, split in (("training", self.train), ("test", self.test)):
            if (largest := int(split.labels.max())) >= self.num_classes:
                raise DataError(
                    f"{self.name}: expected {which} labels below {self.num_classes}, as there are "
                    f"class names, got {largest}"
                )

    @property
    def num_classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)

    @property
    def in_channels(self) -> int:
        """The number of channels of every image."""
        return self.train.images.shape[1]

    @property
    def size_hw(self) -> tuple[int, int]:
        """The height and width of every image, in pixels."""
        return self.train.images.shape[2], self.train.images.shape[3]

    @property
    def mean(self) -> tuple[float, ...]:
        """Per channel, the mean pixel of the whole training split, in [0, 1]."""
        return tuple(mean for mean, _ in self._statistics)

    @property
    def std(self) -> tuple[float, ...]:
        """Per channel, the (biased) standard deviation of the whole training split's pixels, in [0, 1]."""
        return tuple(std for _, std in self._statistics)

    def lit(self) -> torch.Tensor:
        """Bool (H, W) on the CPU: where some training or test image is not black."""
        return (self.train.images.amax(dim=(0, 1)) | self.test.images.amax(dim=(0, 1))).cpu() > 0

    @cached_property
    def _statistics(self) -> list[tuple[float, float]]:
        return [_mean_and_std(self.train.images[:, channel]) for channel in range(self.in_channels)]


def hold_out(dataset: ImageDataset, fraction: float) -> dict[str, Split]:
    """Cut a validation split from the training split, the same one whatever the experiment's seed.

    Args:
        dataset: the dataset.
        fraction: share of the training images to hold out, 0 ≤ fraction < 1.

    Returns:
        ``train``, ``validation`` (absent when fraction is 0) and ``test``; each split's ``indices`` say
        where its images are in the original split, in rising order.

    Raises:
        ValueError: the fraction is out of range, or would leave no image to train or to validate on.
    """
    return cut(dataset.train, dataset.test, fraction)


def cut(train: Kind, test: Kind, fraction: float) -> dict[str, Kind]:
    """`hold_out` for the splits of any dataset, in memory or not.

    Raises:
        ValueError: the fraction is out of range, or would leave no image to train or to validate on.
    """
    if fraction == 0:
        return {"train": train, "test": test}
    kept, held_out = _held_out_positions(len(train), fraction)
    return {"train": train.select(kept), "validation": train.select(held_out), "test": test}


def _held_out_positions(size: int, fraction: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The positions of a split that stay and those that are held out, both int64 and rising.

    Raises:
        ValueError: the fraction is out of range, or would leave no image to train or to validate on.
    """
    if not 0 <= fraction < 1:
        raise ValueError(f"fraction: expected 0 ≤ fraction < 1, got {fraction}")
    count = round(fraction * size)
    if not 0 < count < size:
        raise ValueError(
            f"fraction: {fraction} of {size} training images holds out {count}, leaving a split empty"
        )
    order = sample_keys(_HOLD_OUT_SEED, 0, torch.arange(size)).argsort()
    return order[count:].sort().values, order[:count].sort().values


def _mean_and_std(pixels: torch.Tensor) -> tuple[float, float]:
    # Counting the 256 values is exact and ten times faster than converting every pixel to float64.
    counts = torch.bincount(pixels.flatten(), minlength=256).double()
    values = torch.arange(256, dtype=torch.float64, device=pixels.device) / 255
    mean = (counts * values).sum() / counts.sum()
    variance = (counts * (values - mean).square()).sum() / counts.sum()
    return mean.item(), variance.sqrt().item()


def _describe(tensor: torch.Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
