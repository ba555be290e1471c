"""What a model's images are: enough to make one of any picture, and to build the model, without the dataset."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from spatialvision.data.dataset import ImageDataset
from spatialvision.data.folder import FolderDataset
from spatialvision.data.load import AnyDataset


@dataclass(frozen=True)
class Inputs:
    """A model's images, as they are measured.

    Args:
        name: of the dataset.
        class_names: one for each class, in the order of the labels.
        in_channels: of an image.
        size_hw: height and width of an image in pixels.
        mean, std: per channel, of the training images in [0, 1].
        content_hw: height and width of what is within the black padding; ``size_hw`` where nothing is padded.
        resize: of images in folders, the shorter side in pixels before the centre is cut out; None for a dataset in
            memory, of whose images everything is shown.
        decoder: name of what JPEG files were decoded with; None for a dataset in memory.
    """

    name: str
    class_names: tuple[str, ...]
    in_channels: int
    size_hw: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    content_hw: tuple[int, int]
    resize: int | None = None
    decoder: str | None = None

    @property
    def num_classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Inputs":
        """From what ``dataclasses.asdict`` gives, after JSON, which has lists for tuples."""
        own: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        return cls(**own)


def inputs_in_memory(dataset: ImageDataset, content_hw: tuple[int, int]) -> Inputs:
    """What the images of a dataset in memory are, of which ``content_hw`` is not padding."""
    return _inputs(dataset, content_hw)


def inputs_in_folders(dataset: FolderDataset) -> Inputs:
    """What the images of a dataset in folders are."""
    reading = dataset.reading
    return replace(_inputs(dataset, dataset.size_hw), resize=reading.resize, decoder=reading.decoder)


def _inputs(dataset: AnyDataset, content_hw: tuple[int, int]) -> Inputs:
    return Inputs(
        name=dataset.name,
        class_names=dataset.class_names,
        in_channels=dataset.in_channels,
        size_hw=dataset.size_hw,
        mean=dataset.mean,
        std=dataset.std,
        content_hw=content_hw,
    )
