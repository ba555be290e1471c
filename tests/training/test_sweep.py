"""Grids of real, tiny runs."""

from pathlib import Path

import pytest

from spatialvision.config.grid import expand
from spatialvision.errors import DataError, RecipeError
from spatialvision.runs.directory import Run
from spatialvision.training import sweep as sweeping

TINY = ("steps=4", "log.tensorboard=false")


@pytest.fixture
def grid() -> list:
    overrides = [*TINY, "seed=0,1", "optimizer.lr=1e-3,3e-3"]
    return sweeping.load_grid(["quickstart/plain-cnn"], expand(overrides))


def test_every_combination_is_run_once_and_skipped_afterwards(grid: list, tmp_path: Path) -> None:
    outcomes = sweeping.sweep(grid, runs_dir=tmp_path, quiet=True)
    assert [outcome.state for outcome in outcomes] == ["done"] * 4
    assert len({outcome.path for outcome in outcomes}) == 4
    assert {Run(outcome.path).experiment["optimizer"]["lr"] for outcome in outcomes} == {1e-3, 3e-3}
    assert {Run(outcome.path).experiment["seed"] for outcome in outcomes} == {0, 1}
    weights = [outcome.path / "model.safetensors" for outcome in outcomes]
    times = [path.stat().st_mtime_ns for path in weights]
    again = sweeping.sweep(grid, runs_dir=tmp_path, quiet=True)
    assert [outcome.state for outcome in again] == ["skipped"] * 4
    assert [path.stat().st_mtime_ns for path in weights] == times


def test_a_failed_run_does_not_keep_the_others_from_running(tmp_path: Path) -> None:
    combinations = [[*TINY, "seed=0"], [*TINY, "seed=1", "data.name=mnist"], [*TINY, "seed=2"]]
    grid = sweeping.load_grid(["quickstart/plain-cnn"], combinations)
    outcomes = sweeping.sweep(grid, runs_dir=tmp_path, data_root=tmp_path, offline=True, quiet=True)
    assert [outcome.state for outcome in outcomes] == ["done", "failed", "done"]
    assert outcomes[1].exit_code == DataError.exit_code
    lines = sweeping.closing_lines(outcomes)
    assert lines[0] == "sweep: 2 done, 0 skipped, 1 failed"
    assert "the files of 'mnist' are not here" in lines[1]


def test_a_begun_run_is_continued(tmp_path: Path) -> None:
    combinations = [["steps=6", "checkpoint.every.steps=3", "log.tensorboard=false"]]
    (recipe,) = sweeping.load_grid(["quickstart/plain-cnn"], combinations)
    whole = sweeping.sweep([recipe], runs_dir=tmp_path / "whole", quiet=True)[0].path
    part = sweeping.sweep([recipe], runs_dir=tmp_path / "part", quiet=True)[0].path
    expected = (whole / "model.safetensors").read_bytes()
    # As a kill after the checkpoint of step 3 leaves it.
    (part / "checkpoints" / "step-00000006").rename(tmp_path / "lost")
    (part / "model.safetensors").unlink()
    Run(part).set_status("running", "training")
    outcome = sweeping.sweep([recipe], runs_dir=tmp_path / "part", quiet=True)[0]
    assert outcome.state == "done"
    assert "continuing from step 3 of 6" in (part / "train.log").read_text()
    assert (part / "model.safetensors").read_bytes() == expected


def test_all_problems_are_told_before_the_first_run(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        sweeping.load_grid(["quickstart/plain-cnn"], expand(["batch_sice=1,2", "optimizer.lr=0.1,many"]))
    assert "batch_sice: unknown field; did you mean 'batch_size'?" in str(caught.value)
    assert "optimizer.lr: expected" in str(caught.value)
