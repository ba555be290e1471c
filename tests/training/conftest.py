"""A job to train by hand, and a signal that comes at an exact moment."""

import signal
from collections.abc import Callable

import pytest
import torch

from spatialvision.distributed.process import Process
from spatialvision.evaluate.load import load_data
from spatialvision.signals import StopSignal
from spatialvision.training.job import make_job
from spatialvision.training.loop import Job
from spatialvision.training.prepare import prepare_model
from spatialvision.workbench import load_recipe


class StopWhenAsked(StopSignal):
    """SIGTERM as if it came right before the loop asks for the n-th time; counts the questions."""

    def __init__(self, number: int):
        self.number = number
        self.asked = 0
        super().__init__()

    @property
    def received(self) -> int:
        self.asked += 1
        return signal.SIGTERM if self.asked >= self.number else 0

    @received.setter
    def received(self, value: int) -> None:
        pass


@pytest.fixture(scope="session")
def stop_when_asked() -> type[StopWhenAsked]:
    return StopWhenAsked


@pytest.fixture
def job(small_recipe: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Job]:
    """Make a job at step 0 from the small recipe and overrides."""

    def make(*overrides: str) -> Job:
        experiment = load_recipe(small_recipe, *overrides).experiment
        torch.set_num_threads(1)
        folder, process = tmp_path_factory.mktemp("run"), Process(0, 1, torch.device("cpu"))
        data = load_data(experiment, folder, offline=True)
        model = prepare_model(experiment, data.dataset, process.device)
        return make_job(experiment, folder, process, model, data, StopSignal())

    return make
