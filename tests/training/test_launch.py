"""Two real processes train what one would."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from spatialvision import Run, load_recipe, train
from spatialvision.errors import Interrupted, Stopped
from spatialvision.training.launch import launch
from spatialvision.training.signals import StopSignal

# The eleventh batch of the epoch is odd and smaller than the others. No spatial transformer: near the identity
# its points lie on pixel centres, where the gradient of bilinear sampling jumps with the last bit of θ.
TWENTY = (
    "model.dropout=0", "data.validation=0.101", "optimizer.momentum=0",
    "epochs=null", "steps=20", "evaluation.every.steps=10", "log.every.steps=10", "checkpoint.every.steps=1",
)  # fmt: skip

# A head after each of two blocks, nothing random in them.
DEEP = (
    "model={name: vit_deep_supervision, blocks: 2, layers: 1, width: 16, heads: 2, patch: 4, dropout: 0}",
    "objective={name: deep_supervision, weight: 0.5}", "optimizer.momentum=0", "epochs=null", "steps=8",
    "evaluation.every.steps=8", "log.every.steps=8",
)  # fmt: skip

FAILS_ON_ONE_RANK = """
import os
from spatialvision import register_objective
from spatialvision.training.objectives import cross_entropy

@register_objective
def fails_on_rank_1():
    if os.environ.get("RANK") == "1":
        def objective(model, batch):
            raise RuntimeError("rank 1 has had enough")
        return objective
    return cross_entropy()
"""


@pytest.mark.slow
def test_two_processes_stopped_and_continued_give_the_weights_of_one(
    start: Any, small_recipe: str, tmp_path: Path, largest_difference: Any
) -> None:
    one = train(load_recipe(small_recipe, *TWENTY), runs_dir=tmp_path / "one", quiet=True)
    assert (one.metrics("train")[0]["step"], len(one.metrics("train"))) == (10, 2)
    command = ["train", small_recipe, *TWENTY, "processes=2", "--name", "two"]
    process = start(*command)
    checkpoints = tmp_path / "runs/small/two/checkpoints"
    while not list(checkpoints.glob("step-*")) and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGUSR1)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 75, errors
    assert "run the same command again" in errors
    assert Run(checkpoints.parent).status["state"] == "stopped"
    process = start(*command)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, (output, errors)
    two = Run(checkpoints.parent)
    assert two.status["state"] == "done"
    assert largest_difference(one, two) <= 1e-6
    for row, other in zip(one.metrics(), two.metrics(), strict=True):
        row.pop("seconds", None), other.pop("seconds", None)
        counts = [(each.get("correct"), each.get("images")) for each in (row, other)]
        assert counts[0] == counts[1]
        assert other == pytest.approx(row, abs=1e-6)


@pytest.mark.slow
def test_losses_of_several_heads_reach_both_processes(
    start: Any, small_recipe: str, tmp_path: Path, largest_difference: Any
) -> None:
    one = train(load_recipe(small_recipe, *DEEP), runs_dir=tmp_path / "one", quiet=True)
    process = start("train", small_recipe, *DEEP, "processes=2", "--name", "two")
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, (output, errors)
    two = Run(tmp_path / "runs/small/two")
    assert largest_difference(one, two) <= 1e-6
    ((row,), (other,)) = (run.metrics("train") for run in (one, two))
    assert (other["loss"], other["accuracy"]) == pytest.approx((row["loss"], row["accuracy"]), abs=1e-6)


@pytest.mark.slow
def test_one_failing_process_ends_the_job(start: Any, small_recipe: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FAILS_ON_ONE_RANK)
    arguments = ("processes=2", "objective.name=fails_on_rank_1", "--import", "mine.py", "--name", "two")
    process = start("train", small_recipe, *arguments)
    output, errors = process.communicate(timeout=90)
    assert process.returncode == 5, (output, errors)
    assert "rank 1 has had enough" in output + errors
    assert errors.splitlines()[-1].startswith("spatialvision: rank 1 ended with exit code 1")
    assert Run(tmp_path / "runs/small/two").status["state"] != "done"


@pytest.mark.parametrize(("number", "kind"), [(signal.SIGTERM, Stopped), (signal.SIGINT, Interrupted)])
def test_a_signal_before_the_start_starts_nothing(number: int, kind: type[Stopped]) -> None:
    stop = StopSignal()
    stop.received = number
    with pytest.raises(kind, match="no process had been started"):
        launch(2, ["train", "nothing"], stop)
