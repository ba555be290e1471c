"""Loaders of an experiment's images: one to train with, one to measure each split with."""

from collections.abc import Callable

import torch
from torch import Tensor

from spatialvision.config.experiment import Experiment
from spatialvision.data.augmentation import Augmentation
from spatialvision.data.broken import BrokenImages
from spatialvision.data.colour_jitter import ColourJitter
from spatialvision.data.dataset import Split
from spatialvision.data.folder import FolderDataset, FolderSplit
from spatialvision.data.framing import CentreCrop, Crop, RandomCrop
from spatialvision.data.jpeg_loader import JpegLoader
from spatialvision.data.load import AnySplit
from spatialvision.data.loader import InMemoryLoader, Loader
from spatialvision.data.order import copies
from spatialvision.data.reader import Reader
from spatialvision.data.reading import Policy, Reading
from spatialvision.evaluate.load import ExperimentData

Change = Callable[[Tensor, Tensor], Tensor]


def training_loader(experiment: Experiment, data: ExperimentData, device: torch.device) -> Loader:
    """The training images, new in each epoch: distorted, cropped and augmented as the recipe says."""
    memory_format, asked = memory_format_of(experiment), experiment.augmentation
    if isinstance(data.training, Split):
        block, changes = experiment.data, _changes(data, asked.model_dump())
        count = copies(len(data.training), block.repeats, block.epoch_images)
        return InMemoryLoader(
            data.training, data.mean, data.std, device, experiment.seed, changes, memory_format, count
        )
    reading = _reading(data)
    # What mirrors in the worker need not be mirrored again.
    crop = RandomCrop(reading.crop_scale, reading.crop_ratio, 0.5 * asked.horizontal_flip)
    changes = _changes(data, asked.model_dump() | {"horizontal_flip": False})
    return _jpeg_loader(experiment, data, data.training, crop, reading.broken, device, changes, memory_format)


def measuring_loader(
    experiment: Experiment,
    data: ExperimentData,
    split: AnySplit,
    device: torch.device,
    memory_format: torch.memory_format = torch.contiguous_format,
) -> Loader:
    """The images of a split, every one as it is, or its centre."""
    if isinstance(split, Split):
        return InMemoryLoader(
            split, data.mean, data.std, device, experiment.seed, memory_format=memory_format
        )
    reading = _reading(data)
    # Every image counts, so that runs are judged on the same ones: none is left out.
    broken: Policy = "error" if reading.broken == "error" else "replace"
    return _jpeg_loader(
        experiment, data, split, CentreCrop(reading.resize), broken, device, None, memory_format
    )


def memory_format_of(experiment: Experiment) -> torch.memory_format:
    """The memory format of images in training."""
    return torch.channels_last if experiment.channels_last else torch.contiguous_format


def _reading(data: ExperimentData) -> Reading:
    assert isinstance(data.dataset, FolderDataset)  # its splits are files
    return data.dataset.reading


def _jpeg_loader(
    experiment: Experiment,
    data: ExperimentData,
    split: FolderSplit,
    crop: Crop,
    broken: Policy,
    device: torch.device,
    augmentation: Change | None,
    memory_format: torch.memory_format,
) -> JpegLoader:
    reading = _reading(data)
    return JpegLoader(
        Reader(split, crop, reading.size, reading.decoder, experiment.seed),
        data.mean,
        data.std,
        device,
        BrokenImages(broken, reading.most_broken),
        reading.workers,
        experiment.timeout_seconds,
        augmentation,
        memory_format,
    )


def _changes(data: ExperimentData, asked: dict) -> Change | None:
    """What happens to training images in batches on the device, in order; None if nothing does."""
    brightness, contrast, saturation = asked.pop("colour_jitter")
    steps: list[Augmentation | ColourJitter] = [
        Augmentation(**asked),
        ColourJitter(brightness, contrast, saturation),
    ]
    changes: list[Change] = [] if data.distortion is None else [data.distortion]
    changes += [step for step in steps if not step.is_identity]
    return _in_order(changes) if changes else None


def _in_order(changes: list[Change]) -> Change:
    def apply(images: Tensor, keys: Tensor) -> Tensor:
        for change in changes:
            images = change(images, keys)
        return images

    return apply
