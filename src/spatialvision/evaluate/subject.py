"""What an evaluator looks at: a trained model and one split of its data."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from spatialvision.data.dataset import ImageDataset, Split
from spatialvision.data.loader import InMemoryLoader
from spatialvision.evaluate.predict import predict


@dataclass(frozen=True)
class Subject:
    """A model on one split.

    Attributes:
        folder: where the evaluator writes its file.
        mean, std: the dataset's statistics, with which the loader normalises.
    """

    folder: Path
    model: nn.Module
    split: Split
    loader: InMemoryLoader
    class_names: Sequence[str]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    batch_size: int
    precision: str = "float32"

    @cached_property
    def logits(self) -> Tensor:
        """(N, outputs), computed once for all evaluators that need them."""
        positions = torch.arange(len(self.split))
        result = predict(self.model, self.loader, positions, self.batch_size, self.precision)
        assert result is not None  # nothing can stop it here
        return result[0]


def make_subject(
    folder: Path,
    model: nn.Module,
    dataset: ImageDataset,
    split: Split,
    seed: int,
    batch_size: int,
    precision: str,
) -> Subject:
    """A subject on the model's own device."""
    device = next(model.parameters()).device
    loader = InMemoryLoader(split, dataset.mean, dataset.std, device, seed)
    return Subject(
        folder, model, split, loader, dataset.class_names, dataset.mean, dataset.std, batch_size, precision
    )
