"""Two real processes train what one would."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spatialvision import Run, load_recipe, train
from spatialvision.distributed.launch import launch
from spatialvision.errors import Interrupted, Stopped
from spatialvision.signals import StopSignal

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

# Four losses of images, each with a permutation and a turn of its own; a transformer has no batch statistics.
FOUR = (
    "model={name: vit_pre_norm, layers: 1, width: 16, heads: 2, patch: 4, dropout: 0}",
    "objective={name: puzzle, rotation: 0.5}", "optimizer.momentum=0", "epochs=null", "steps=11",
    "evaluation.every.steps=11", "log.every.steps=11",
)  # fmt: skip


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
def test_two_processes_give_the_four_losses_of_one(
    start: Any, small_recipe: str, tmp_path: Path, largest_difference: Any
) -> None:
    one = train(load_recipe(small_recipe, *FOUR), runs_dir=tmp_path / "one", quiet=True)
    process = start("train", small_recipe, *FOUR, "processes=2", "--name", "two")
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, (output, errors)
    two = Run(tmp_path / "runs/small/two")
    assert largest_difference(one, two) <= 1e-6
    ((row,), (other,)) = (run.metrics("train") for run in (one, two))
    names = [f"{what}_{name}" for what in ("loss", "accuracy") for name in ("nn", "ss", "ns", "sn")]
    assert [other[name] for name in names] == pytest.approx([row[name] for name in names], abs=1e-6)


@pytest.mark.slow
def test_torchrun_on_two_machines_is_the_same_program(
    start: Any, small_recipe: str, tmp_path: Path, contents_of: Any, free_port: int
) -> None:
    ours = start("train", small_recipe, *TWENTY, "processes=2", "--name", "ours")
    output, errors = ours.communicate(timeout=120)
    assert ours.returncode == 0, (output, errors)
    # Two launchers, each as if on a machine of its own, that find each other at one address.
    meeting = (
        "--nnodes=2",
        "--nproc-per-node=1",
        "--rdzv-backend=c10d",
        f"--rdzv-endpoint=localhost:{free_port}",
    )
    command = [
        *meeting,
        "--rdzv-id=one",
        "-m",
        "spatialvision",
        "train",
        small_recipe,
        *TWENTY,
        "--name",
        "two",
    ]
    line = [sys.executable, "-m", "torch.distributed.run", *command]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    launchers = [subprocess.Popen(line, cwd=tmp_path, **pipes) for _ in range(2)]
    outputs = [launcher.communicate(timeout=120) for launcher in launchers]
    assert [launcher.returncode for launcher in launchers] == [0, 0], outputs
    runs = [Run(tmp_path / "runs/small" / name) for name in ("ours", "two")]
    assert contents_of(runs[0]) == contents_of(runs[1])
    # Only the first process writes the run's files and shows how it goes; each has a log.
    assert sorted(bool(output) for output, _ in outputs) == [False, True]
    for run in runs:
        assert [path.name for path in (run.path / "logs").iterdir()] == ["rank-1.log"]
        assert "rank 1 of 2: process" in (run.path / "logs/rank-1.log").read_text()
        assert "rank 0 of 2: process" in (run.path / "train.log").read_text()
        assert run.read_json("environment.json")["processes"] == 2


@pytest.mark.parametrize(("number", "kind"), [(signal.SIGTERM, Stopped), (signal.SIGINT, Interrupted)])
def test_a_signal_before_the_start_starts_nothing(number: int, kind: type[Stopped]) -> None:
    stop = StopSignal()
    stop.received = number
    with pytest.raises(kind, match="no process had been started"):
        launch(2, ["train", "nothing"], stop=stop)
