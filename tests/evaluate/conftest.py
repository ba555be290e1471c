"""A finished run with a spatial transformer, and its model and splits."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from spatialvision import Run, load_recipe, train
from spatialvision.config.experiment import Experiment
from spatialvision.data.dataset import ImageDataset, Split
from spatialvision.data.loader import InMemoryLoader
from spatialvision.evaluate.evaluate import load_run_model
from spatialvision.evaluate.load import load_data
from spatialvision.evaluate.subject import Subject, make_subject

STN = ("model.localisation=plain", "data.size=28", "epochs=1", "evaluation.batch_size=70")


@pytest.fixture(scope="session")
def finished(small_recipe: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with a spatial transformer on digits, validation and test evaluated. Not to be written to."""
    return train(load_recipe(small_recipe, *STN), runs_dir=tmp_path_factory.mktemp("runs"), quiet=True)


@pytest.fixture
def subject(finished: Run, tmp_path: Path) -> Any:
    """Make a subject of a split whose evaluators write into an empty folder."""

    def make(split: str) -> Subject:
        experiment = Experiment.model_validate(finished.experiment)
        data = load_data(experiment, tmp_path, offline=True)
        model = load_run_model(finished, experiment, data.dataset, "cpu")
        made = make_subject(finished, experiment, data, split, model)
        object.__setattr__(made, "folder", tmp_path)
        return made

    return make


@pytest.fixture
def made_subject(tmp_path: Path) -> Any:
    """Make a subject of one's own images (N, C, H, W) in [0, 1], labels (N,) and model; not normalised."""

    def make(images: Tensor, labels: Tensor, model: nn.Module, **fields: Any) -> Subject:
        split = Split((images * 255).round().to(torch.uint8), labels)
        names = tuple(map(str, range(int(labels.max()) + 1)))
        dataset, channels = ImageDataset("made", split, split, names), images.shape[1]
        loader = InMemoryLoader(split, [0.0] * channels, [1.0] * channels, "cpu", seed=0)
        return Subject(tmp_path, model.eval(), dataset, split, loader, **{"batch_size": 7, **fields})

    return make
