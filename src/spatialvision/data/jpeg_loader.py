"""Batches from a split of image files, decoded by worker processes, prepared on the device."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor

from spatialvision.data.ahead import Ahead
from spatialvision.data.broken import BrokenImages
from spatialvision.data.loader import Batch
from spatialvision.data.normalisation import Normalisation
from spatialvision.data.randomness import sample_keys
from spatialvision.data.reader import Chunk, Reader, requests


class JpegLoader:
    """Draws batches of image files by position, see :class:`spatialvision.data.loader.Loader`.

    Pictures come from the workers as bytes, decoded and cropped; the rest is done in batches on the device.

    Args:
        reader: reads the split's files.
        mean: per channel, subtracted from images in [0, 1].
        std: per channel, divided by afterwards; positive.
        device: where batches are delivered.
        broken: what is done about files that cannot be read. Skipped ones make a batch smaller, down to one image.
        workers: processes that decode what is planned; 0: this process decodes when a batch is asked for.
        timeout_seconds: how long a worker may take for a few images.
        augmentation: as in :class:`spatialvision.data.loader.InMemoryLoader`, after the crop.
        memory_format: of the delivered images, ``torch.contiguous_format`` or ``torch.channels_last``.

    Raises:
        ValueError: mean or std do not have three entries, or a std is not positive.
    """

    def __init__(
        self,
        reader: Reader,
        mean: Sequence[float],
        std: Sequence[float],
        device: torch.device | str,
        broken: BrokenImages,
        workers: int = 0,
        timeout_seconds: float = 60,
        augmentation: Callable[[Tensor, Tensor], Tensor] | None = None,
        memory_format: torch.memory_format = torch.contiguous_format,
    ):
        self.augmentation = augmentation
        self.broken = broken
        self._reader = reader
        self._device = torch.device(device)
        self._workers = workers
        self._timeout_seconds = timeout_seconds
        self._memory_format = memory_format
        self._normalisation = Normalisation(mean, std, 3, device, memory_format)
        self._plain = (255 * torch.tensor(mean)).round().to(torch.uint8)
        self._coming: Iterator[tuple[Tensor, int]] | None = None
        self._ahead: Ahead | None = None

    def __len__(self) -> int:
        return len(self._reader.split)

    def plan(self, coming: Iterable[tuple[Tensor, int]]) -> None:
        """See :class:`spatialvision.data.loader.Loader`; workers start with the first batch of a plan."""
        if self._ahead is not None:
            self._ahead.close()
        self._ahead, self._coming = None, iter(coming)

    def batch(self, positions: Tensor, epoch: int) -> Batch:
        """The samples at ``positions`` (int64 (B,)), cropped and augmented as in ``epoch``, and normalised.

        Raises:
            DataError: an image cannot be read, and the policy does not put up with it.
            WorkerError: a worker died, or takes too long.
        """
        pictures, positions = self._read(positions.cpu(), epoch)
        keys = sample_keys(self._reader.seed, epoch, positions).to(self._device)
        own = positions % len(self)
        labels = self._reader.split.labels[own].to(self._device)
        return Batch(self._prepare(pictures, keys), labels, own.to(self._device), keys)

    def images_from(self, positions: Tensor) -> Tensor:
        """The images at ``positions``, cropped as in epoch 0: float32 (B, 3, H, W) in [0, 1], for pictures."""
        return self._read(positions.cpu(), 0)[0] / 255

    def normalise(self, images: Tensor) -> Tensor:
        """Float images (B, C, H, W) in [0, 1], of any size, as a model sees them."""
        return self._normalisation(images)

    def unnormalise(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) as a model sees them back to float32 in [0, 1], for pictures."""
        return self._normalisation.inverse(images)

    def _prepare(self, pictures: Tensor, keys: Tensor) -> Tensor:
        if self.augmentation is None:
            return self._normalisation.of_bytes(pictures.contiguous(memory_format=self._memory_format))
        return self.normalise(self.augmentation(pictures / 255, keys))

    def _read(self, positions: Tensor, epoch: int) -> tuple[Tensor, Tensor]:
        """uint8 (B, 3, H, W) in channels-last order on the device, and the positions (B,) that are left."""
        size = self._reader.size
        pictures = torch.empty(len(positions), size, size, 3, dtype=torch.uint8, device=self._device)
        start, lost = 0, []
        for chunk in self._chunks(positions, epoch):
            pictures[start : start + len(chunk.pictures)].copy_(chunk.pictures, non_blocking=True)
            for place, reason in chunk.broken.items():
                self.broken.tell(self._reader.split.path(int(positions[start + place]) % len(self)), reason)
                lost.append(start + place)
            start += len(chunk.pictures)
        if lost:
            pictures[lost] = self._plain.to(self._device)
            kept = self._kept(len(positions), lost)
            pictures, positions = pictures[kept.to(self._device)], positions[kept]
        return pictures.permute(0, 3, 1, 2), positions

    def _kept(self, count: int, lost: list[int]) -> Tensor:
        """Places (B',) that stay in the batch."""
        kept = torch.ones(count, dtype=torch.bool)
        if self.broken.policy == "skip":
            kept[lost] = False
            kept[0] |= not kept.any()  # a step needs something to work on
        return kept.nonzero()[:, 0]

    def _chunks(self, positions: Tensor, epoch: int) -> Iterator[Chunk]:
        if self._coming is not None and self._workers > 0:
            pin_memory = self._device.type == "cuda"
            self._ahead = Ahead(self._reader, self._coming, self._workers, self._timeout_seconds, pin_memory)
            self._coming = None
        if self._ahead is not None and self._ahead.expects(positions, epoch):
            return self._ahead.take()
        return (self._reader[request] for request in requests(positions, epoch))
