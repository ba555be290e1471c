"""A loss or a gradient that is not finite in one of two real processes ends both after the same step."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spatialvision import Run
from spatialvision.training.checkpoint import Checkpoints

# The second process's loss, or what its backward pass begins with, at the seventh step.
SPOILT = """
import os
from spatialvision import register_objective
from spatialvision.training.objectives import cross_entropy

@register_objective
def spoilt(what: str = "loss"):
    good, steps = cross_entropy(), 0
    def objective(model, batch):
        nonlocal steps
        steps += model.training
        values = good(model, batch)
        if steps == 7 and os.environ["RANK"] == "1":
            if what == "loss":
                values["loss"] = values["loss"] + float("inf")
            else:
                values["loss"].register_hook(lambda gradient: gradient * float("nan"))
        return values
    return objective
"""
CASES = [
    ("loss", 3, "the loss is inf at step 7"),
    ("gradient", 3, "the loss is nan at step 8"),
    ("gradient", 1, "a weight is not finite at step 7"),
]


@pytest.mark.slow
@pytest.mark.fault("non-finite")
@pytest.mark.parametrize(("what", "every", "says"), CASES)
def test_all_stop_at_one_step_and_the_last_good_checkpoint_is_kept(
    what: str, every: int, says: str, start: Callable[..., Any], small_recipe: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(SPOILT)
    settings = ("processes=2", f"objective={{name: spoilt, what: {what}}}", f"checkpoint.every.steps={every}")
    process = start("train", small_recipe, *settings, "--import", "mine.py", "--name", "mine")
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 4, errors
    assert re.search(rf"^spatialvision: rank [01]: {says}; the checkpoint of step 6 is good", errors, re.M), (
        errors
    )
    run = Run(tmp_path / "runs/small/mine")
    for log in ("train.log", "logs/rank-1.log"):
        assert f"ERROR failed: {says}; the checkpoint of step 6 is good" in (run.path / log).read_text()
    found = Checkpoints(run.path / "checkpoints").newest()
    assert found is not None
    tensors, state, warnings = found
    assert (state["step"], warnings) == (6, [])
    assert all(value.isfinite().all() for group in tensors.values() for value in group.values())
    assert run.status["state"] == "failed"
