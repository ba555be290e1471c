"""What a run is compared by, and a signal that comes at an exact moment."""

import signal
from collections.abc import Callable
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from spatialvision import Run
from spatialvision.evaluate.load import load_data
from spatialvision.training.job import make_job
from spatialvision.training.loop import Job
from spatialvision.training.prepare import prepare_model
from spatialvision.training.process import Process
from spatialvision.training.signals import StopSignal
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


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def contents(run: Run) -> dict[str, Any]:
    """All that must not depend on when a run was stopped: everything but the clock."""
    events = EventAccumulator(str(run.path / "tensorboard"))
    events.Reload()
    tags = events.Tags()
    return {
        "weights": (run.path / "model.safetensors").read_bytes(),
        "metrics": [list(without(row, "seconds").items()) for row in run.metrics()],
        "results": without(run.results, "train_seconds"),
        "layers": (run.path / "layers.txt").read_text(),
        "scalars": {
            (tag, event.step, event.value) for tag in tags["scalars"] for event in events.Scalars(tag)
        },
        "images": {tag: [event.step for event in events.Images(tag)] for tag in tags["images"]},
        **{
            str(path.relative_to(run.path)): path.read_bytes()
            for path in sorted((run.path / "evaluation").rglob("*.*"))
        },
    }


@pytest.fixture(scope="session")
def contents_of() -> Callable[[Run], dict[str, Any]]:
    return contents


@pytest.fixture(scope="session")
def largest_difference() -> Callable[[Run, Run], float]:
    """Largest absolute difference between two runs' weights."""

    def compare(one: Run, other: Run) -> float:
        weights = [load_file(run.path / "model.safetensors") for run in (one, other)]
        assert weights[0].keys() == weights[1].keys()
        return max((weights[0][name] - weights[1][name]).abs().max().item() for name in weights[0])

    return compare


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
