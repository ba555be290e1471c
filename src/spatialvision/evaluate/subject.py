"""What an evaluator looks at: a trained model and one split of its data."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from spatialvision.config.experiment import Experiment
from spatialvision.data.distortion import Distortion, Turning, fixed_keys
from spatialvision.data.load import AnyDataset, AnySplit
from spatialvision.data.loader import Loader
from spatialvision.evaluate.load import ExperimentData
from spatialvision.evaluate.loaders import measuring_loader, memory_format_of
from spatialvision.evaluate.predict import predict
from spatialvision.evaluate.progress import Track, untracked
from spatialvision.runs.directory import Run


@dataclass(frozen=True)
class Subject:
    """A model on one split.

    Attributes:
        folder: where evaluators write their files.
        dataset: classes and statistics; its images are those that the model meets, distorted or not.
        loader: the split's images as the model sees them, on its device; ``unnormalise`` leads back.
        distortion: what was done to the images, if anything.
        training_batch_size: images a step in training, where ``batch_size`` is that of evaluation.
        memory_format: of images in training.
        track: shows how far a long evaluation is, and may end it.
    """

    folder: Path
    model: nn.Module
    dataset: AnyDataset
    split: AnySplit
    loader: Loader
    batch_size: int
    precision: str = "float32"
    distortion: Distortion | None = None
    training_batch_size: int = 64
    memory_format: torch.memory_format = torch.contiguous_format
    track: Track = untracked

    @cached_property
    def logits(self) -> Tensor:
        """(N, outputs), computed once for all evaluators that need them."""
        positions = torch.arange(len(self.split))
        result = predict(self.model, self.loader, positions, self.batch_size, self.precision)
        assert result is not None  # nothing can stop it here
        return result[0]

    @cached_property
    def distortion_angle_deg(self) -> Tensor | None:
        """(N,), by which each image's content is turned, within ±180; None where nothing has such an angle."""
        if not isinstance(self.distortion, Turning):
            return None
        angle = self.distortion.angle_rad(fixed_keys(self.distortion, self.split))
        return torch.atan2(angle.sin(), angle.cos()).rad2deg()


def make_subject(
    run: Run,
    experiment: Experiment,
    data: ExperimentData,
    split: str,
    model: nn.Module,
    track: Track = untracked,
) -> Subject:
    """A subject on the model's own device, its files below ``evaluation/<split>/`` of the run."""
    dataset, images = data.dataset, data.splits[split]
    device = next(model.parameters()).device
    loader = measuring_loader(experiment, data, images, device)
    return Subject(
        folder=run.path / "evaluation" / split,
        model=model,
        dataset=dataset,
        split=images,
        loader=loader,
        batch_size=experiment.evaluation.batch_size,
        precision=experiment.precision,
        distortion=data.distortion,
        training_batch_size=experiment.batch_size,
        memory_format=memory_format_of(experiment),
        track=track,
    )
