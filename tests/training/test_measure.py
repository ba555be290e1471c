from typing import Any

import pytest
import torch
import torch.nn.functional as F

from spatialvision.distributed.process import Process
from spatialvision.evaluate.load import load_data
from spatialvision.signals import StopSignal
from spatialvision.training.measure import measure
from spatialvision.training.prepare import prepare_loaders
from spatialvision.workbench import load_recipe

ALONE = Process(0, 1, torch.device("cpu"))


@pytest.fixture
def loaders(small_recipe: str, tmp_path: Any) -> Any:
    experiment = load_recipe(small_recipe).experiment
    return prepare_loaders(experiment, load_data(experiment, tmp_path, True), ALONE.device)[1]


@pytest.mark.parametrize("batch_size", [1, 7, 360, 1000])
def test_every_image_counts_once_whatever_the_batch_size(job: Any, loaders: Any, batch_size: int) -> None:
    model = job().state.model
    rows = measure(model, loaders, batch_size, "float32", ALONE, StopSignal())
    assert [row["split"] for row in rows] == ["validation", "test"]
    for row in rows:
        batch = loaders[row["split"]].batch(torch.arange(len(loaders[row["split"]])), epoch=0)
        with torch.no_grad():
            logits = model.eval()(batch.images)
        assert row["images"] == len(batch.labels)
        assert row["correct"] == int((logits.argmax(1) == batch.labels).sum())
        assert row["accuracy"] == row["correct"] / row["images"]
        assert row["loss"] == pytest.approx(F.cross_entropy(logits, batch.labels).item(), rel=1e-5)


def test_the_model_keeps_its_mode_and_a_signal_ends_the_measuring(job: Any, loaders: Any) -> None:
    model, stop = job().state.model.train(), StopSignal()
    assert measure(model, loaders, 100, "float32", ALONE, stop) is not None
    assert model.training
    stop.received = 15
    assert measure(model, loaders, 100, "float32", ALONE, stop) is None
    assert model.training
