"""A real process, ended in every way there is at random moments, over and over."""

import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from spatialvision import Run, load_recipe, train

LONG = (
    "model.localisation=plain",
    "data.size=28",
    "epochs=30",
    "evaluation.every.epochs=3",
    "log.every.epochs=2",
)
EXIT_CODES = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 75, signal.SIGUSR1: 75, signal.SIGINT: 130}
ENDINGS = [
    signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGKILL, signal.SIGUSR1,
    signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGKILL,
]  # fmt: skip


def saved_steps(runs_dir: Path) -> int:
    return max((int(path.name[5:13]) for path in runs_dir.glob("*/*/checkpoints/step-*")), default=0)


@pytest.mark.fault("stop")
@pytest.mark.slow
@pytest.mark.timeout(280)
def test_whatever_ends_the_process_the_result_is_the_same(
    start: Any, small_recipe: str, tmp_path: Path, contents_of: Any, times: Any
) -> None:
    times(len(ENDINGS), len(ENDINGS))
    reference = train(load_recipe(small_recipe, *LONG), runs_dir=tmp_path / "reference", quiet=True)
    moments = random.Random(0)
    command = ["train", small_recipe, *LONG, "checkpoint.every.steps=1", "--name", "mine"]
    run_path, hits, unfinished_writes = tmp_path / "runs/small/mine", 0, 0
    for ending in ENDINGS:
        before = saved_steps(tmp_path / "runs")
        process = start(*command)
        while saved_steps(tmp_path / "runs") == before and process.poll() is None:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.6))
        process.send_signal(ending)
        output, errors = process.communicate(timeout=30)
        assert process.returncode == EXIT_CODES[ending], (output, errors)
        if ending == signal.SIGKILL:
            hits += before < saved_steps(tmp_path / "runs") < 330
            unfinished_writes += bool(list(run_path.rglob("*.tmp")))
            assert Run(run_path).status["state"] == "running"
        else:
            assert f"stopped by {ending.name}; saved at step" in errors
            assert "run the same command again" in errors
            assert errors.count("\n") == 1
            assert Run(run_path).status["state"] == "stopped"
    assert hits >= 5
    process = start(*command)
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    assert "continuing from step" in output
    assert contents_of(Run(run_path)) == contents_of(reference)
    assert not list(run_path.rglob("*.tmp"))
    print(f"{hits} kills while training, {unfinished_writes} of them in the middle of a write")
