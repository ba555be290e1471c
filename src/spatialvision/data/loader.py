"""Batches from a split that stays in memory, as uint8, on the device that trains."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

import torch

from spatialvision.data.dataset import Split
from spatialvision.data.normalisation import Normalisation
from spatialvision.data.randomness import sample_keys


class Batch(NamedTuple):
    """What one step works on.

    Args:
        images: float32 (B, C, H, W), normalised.
        labels: int64 (B,).
        indices: int64 (B,), positions in the loader's split (its ``indices`` lead on to the original's).
        keys: int64 (B,), each sample's key of this epoch, for ``randomness.uniform`` and ``normal``.
    """

    images: torch.Tensor
    labels: torch.Tensor
    indices: torch.Tensor
    keys: torch.Tensor


class Loader(Protocol):
    """Draws batches of a split by position.

    Convention: positions run over the split, 0 … N−1; position + k·N is the k-th further copy of that image, with
    random numbers of its own. An image's random numbers depend on (seed, epoch, position) alone.
    """

    def __len__(self) -> int:
        """The number of images in the split."""

    def plan(self, coming: Iterable[tuple[torch.Tensor, int]]) -> None:
        """Be told the (positions, epoch) of the batches that come next, in order, in place of any plan before.

        A plan changes how soon a batch is ready, never what is in it; batches beside the plan may be asked for. An
        empty one lets go of what was prepared.
        """

    def batch(self, positions: torch.Tensor, epoch: int) -> Batch:
        """The samples at ``positions`` (int64 (B,), any device), augmented as in ``epoch`` and normalised."""

    def images_from(self, positions: torch.Tensor) -> torch.Tensor:
        """The images at ``positions`` as they are: float32 (B, C, H, W) in [0, 1], for pictures."""

    def normalise(self, images: torch.Tensor) -> torch.Tensor:
        """Float images (B, C, H, W) in [0, 1], of any size, as a model sees them."""

    def unnormalise(self, images: torch.Tensor) -> torch.Tensor:
        """Images (B, C, H, W) as a model sees them back to float32 in [0, 1], for pictures."""


class InMemoryLoader:
    """Draws batches of a split by position and prepares them on the device.

    Args:
        split: the images and labels; kept on ``device``.
        mean: per channel, subtracted from images in [0, 1].
        std: per channel, divided by afterwards; positive.
        device: where batches are made and delivered.
        seed: the experiment's seed; with the epoch and the position it fixes a sample's key.
        augmentation: maps (float images (B, C, H, W) in [0, 1], keys (B,)) to float images in [0, 1], of
            any size; None, as for evaluation, leaves them as they are.
        memory_format: of the delivered images, ``torch.contiguous_format`` or ``torch.channels_last``.
        copies: of each image that positions may ask for, see :class:`Loader`.

    Raises:
        ValueError: mean or std do not have one entry per channel, or a std is not positive.
    """

    def __init__(
        self,
        split: Split,
        mean: Sequence[float],
        std: Sequence[float],
        device: torch.device | str,
        seed: int,
        augmentation: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None,
        memory_format: torch.memory_format = torch.contiguous_format,
        copies: int = 1,
    ):
        self._normalisation = Normalisation(mean, std, split.images.shape[1], device, memory_format)
        self.augmentation = augmentation
        self._seed = seed
        self._channels_last = memory_format == torch.channels_last
        images = split.images.to(device)
        # Kept as (N, H, W, C), so that a gathered batch is channels-last without a copy.
        self._images = images.permute(0, 2, 3, 1).contiguous() if self._channels_last else images.contiguous()
        self._labels = split.labels.to(device)
        self._positions = torch.arange(len(split) * copies, device=device)
        self._epoch_keys: tuple[int, torch.Tensor] | None = None

    def __len__(self) -> int:
        return len(self._labels)

    def plan(self, coming: Iterable[tuple[torch.Tensor, int]]) -> None:
        """See :class:`Loader`; in memory every batch is ready at once."""

    def batch(self, positions: torch.Tensor, epoch: int) -> Batch:
        """The samples at ``positions`` (int64 (B,), any device), augmented as in ``epoch`` and normalised."""
        positions = positions.to(self._labels.device)
        keys = self._keys(epoch)[positions]
        if len(self._positions) > len(self):
            positions = positions % len(self)
        return Batch(self._prepare(positions, keys), self._labels[positions], positions, keys)

    def images_from(self, positions: torch.Tensor) -> torch.Tensor:
        """The images at ``positions`` as they are: float32 (B, C, H, W) in [0, 1], for pictures."""
        return self._gather(positions.to(self._labels.device)) / 255

    def normalise(self, images: torch.Tensor) -> torch.Tensor:
        """Float images (B, C, H, W) in [0, 1], of any size, as a model sees them."""
        return self._normalisation(images)

    def unnormalise(self, images: torch.Tensor) -> torch.Tensor:
        """Images (B, C, H, W) as a model sees them back to float32 in [0, 1], for pictures."""
        return self._normalisation.inverse(images)

    def _prepare(self, positions: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        stored = self._gather(positions)
        if self.augmentation is None:
            return self._normalisation.of_bytes(stored)
        return self.normalise(self.augmentation(stored / 255, keys))

    def _gather(self, positions: torch.Tensor) -> torch.Tensor:
        gathered = self._images.index_select(0, positions)
        return gathered.permute(0, 3, 1, 2) if self._channels_last else gathered

    def _keys(self, epoch: int) -> torch.Tensor:
        # All keys of an epoch at once cost less than those of one batch at a time.
        if self._epoch_keys is None or self._epoch_keys[0] != epoch:
            self._epoch_keys = epoch, sample_keys(self._seed, epoch, self._positions)
        return self._epoch_keys[1]
