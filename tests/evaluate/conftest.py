"""A finished run with a spatial transformer, and its model and splits."""

from pathlib import Path
from typing import Any

import pytest

from spatialvision import Run, load_recipe, train
from spatialvision.config.experiment import Experiment
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
