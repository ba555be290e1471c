"""Grids of real, tiny runs, several at a time."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvision import Run, load_recipe, train
from spatialvision.data.preparation.cores import available_cores
from spatialvision.distributed.descendants import descendants
from spatialvision.errors import DataError, RecipeError
from spatialvision.training.sweep import closing_lines, load_grid
from spatialvision.training.sweep_parallel import sweep_in_processes

TINY = ("steps=4", "log.tensorboard=false")
LONG = ("epochs=2000", "checkpoint.every.epochs=1", "seed=0,1")


@pytest.mark.timeout(180)
def test_runs_share_the_machine_and_a_failing_one_touches_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    last = ["seed=1", "threads=1"]
    combinations = [["seed=0"], ["seed=2", "data.name=mnist"], last, last]
    grid = load_grid(["quickstart/plain-cnn"], [[*TINY, *each] for each in combinations])
    outcomes = sweep_in_processes(grid, 2, runs_dir=tmp_path, data_root=tmp_path, offline=True, quiet=True)
    assert [outcome.state for outcome in outcomes] == ["done", "failed", "done", "skipped"]
    assert [outcome.path.name for outcome in outcomes] == [recipe.run_name for recipe in grid]
    assert outcomes[1].exit_code == DataError.exit_code
    first, *failed = closing_lines(outcomes)
    assert first == "sweep: 2 done, 1 skipped, 1 failed"
    assert "the files of 'mnist' are not here" in failed[0]
    shared, given = (
        Run(outcome.path).read_json("environment.json")["threads"] for outcome in (outcomes[0], outcomes[2])
    )
    assert (shared, given) == (max(1, available_cores() // 2), 1)
    alone = train(load_recipe("quickstart/plain-cnn", *TINY, *last), runs_dir=tmp_path / "alone", quiet=True)
    assert alone.path.name == outcomes[2].path.name
    weights = [path / "model.safetensors" for path in (alone.path, outcomes[2].path)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_a_folder_that_holds_something_else_fails_without_a_process(tmp_path: Path) -> None:
    (recipe,) = load_grid(["quickstart/plain-cnn"], [TINY])
    folder = tmp_path / recipe.recipe / recipe.run_name
    folder.mkdir(parents=True)
    (folder / "mine.txt").touch()
    (outcome,) = sweep_in_processes([recipe], 2, runs_dir=tmp_path, quiet=True)
    assert (outcome.state, outcome.exit_code) == ("failed", RecipeError.exit_code)
    assert "exists and is not a run directory" in outcome.words


def test_runs_of_several_processes_are_refused() -> None:
    grid = load_grid(["quickstart/plain-cnn"], [TINY, [*TINY, "processes=2"]])
    message = r"--jobs 2: expected runs of one process each, got processes=2 in quickstart/plain-cnn"
    with pytest.raises(RecipeError, match=message):
        sweep_in_processes(grid, 2)


def wait_until(condition: Callable[[], object], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def states(runs_dir: Path) -> list[str]:
    return [Run(path.parent).status["state"] for path in runs_dir.glob("*/*/status.json")]


@pytest.fixture
def two_runs(
    start: Callable[..., subprocess.Popen[str]], small_recipe: str, tmp_path: Path
) -> subprocess.Popen[str]:
    """A sweep that is in the middle of two long runs."""
    process = start("sweep", small_recipe, *LONG, "--jobs", 2)
    wait_until(lambda: len(list(tmp_path.glob("runs/*/*/checkpoints/step-*"))) >= 2)
    wait_until(lambda: states(tmp_path / "runs") == ["running"] * 2)
    return process


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 75), (signal.SIGINT, 130)])
def test_a_signal_stops_and_saves_all_runs(
    two_runs: subprocess.Popen[str], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    children = descendants(two_runs.pid)
    two_runs.send_signal(number)
    output, errors = two_runs.communicate(timeout=60)
    assert two_runs.returncode == code
    assert errors.count("\n") == 1
    assert f"stopped by {number.name}; 2 runs are saved; run the same command again to continue" in errors
    assert output.count("stopped: stopped by") == 2
    assert states(tmp_path / "runs") == ["stopped"] * 2
    assert len(children) >= 2
    assert not any(Path(f"/proc/{child}").exists() for child in children)


@pytest.mark.slow
def test_no_run_outlives_a_killed_sweep(two_runs: subprocess.Popen[str], tmp_path: Path) -> None:
    children = descendants(two_runs.pid)
    assert len(children) >= 2
    two_runs.kill()
    wait_until(lambda: states(tmp_path / "runs") == ["stopped"] * 2)
    wait_until(lambda: not any(is_alive(child) for child in children))


def is_alive(process: int) -> bool:
    """Whether it still does something; nobody may be there to ask a dead one how it ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
def test_a_killed_run_is_told_and_the_other_goes_on(two_runs: subprocess.Popen[str], tmp_path: Path) -> None:
    child = min(descendants(two_runs.pid))
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: sorted(states(tmp_path / "runs")) == ["failed", "running"])
    two_runs.terminate()
    output, _ = two_runs.communicate(timeout=60)
    assert f"failed: process {child} was ended by SIGKILL" in output
    assert sorted(states(tmp_path / "runs")) == ["failed", "stopped"]
