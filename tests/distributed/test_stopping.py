"""Two real processes, told to stop in every way and at every moment, end in agreement and go on exactly."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spatialvision import Run

# Marks what it is doing, and does it slowly enough to be met there.
SLOW = """
import contextlib, os, time
from pathlib import Path
from spatialvision import register_model, register_objective
from spatialvision.models.stn import stn_cnn
from spatialvision.training.checkpoint import Checkpoints
from spatialvision.training.objectives import cross_entropy

def met(moment):
    Path(f"{moment}-{os.environ.get('RANK')}").touch()
    if "SLOW" in os.environ:
        time.sleep(0.1)

@register_objective
def slow_objective():
    good = cross_entropy()
    def objective(model, batch):
        met("step")
        return good(model, batch)
    return objective

@register_model
def slow_in_evaluation(num_classes: int, in_channels: int, size_hw: tuple[int, int]):
    model = stn_cnn(num_classes=num_classes, in_channels=in_channels, size_hw=size_hw, localisation="none")
    model.register_forward_pre_hook(lambda model, images: None if model.training else met("evaluation"))
    return model

save = Checkpoints.save
def slow_save(self, *values):
    met("checkpoint")
    save(self, *values)
    met("checkpoint")
Checkpoints.save = slow_save
"""
SETTINGS = (
    "processes=2", "model={name: slow_in_evaluation}", "objective.name=slow_objective", "epochs=null", "steps=90",
    "evaluation={every: {steps: 4}, batch_size: 60}", "checkpoint.every.steps=3", "log.every.steps=4",
    "--import", "mine.py",
)  # fmt: skip
SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT)
TARGETS = ("one rank", "all ranks", "launcher")
MOMENTS = ("step", "evaluation", "checkpoint")
# Seconds that the machine may be busy with other tests.
BESIDE_OTHER_TESTS = 5
# Every signal to every target; every moment with each of them.
CASES = [
    (number, target, MOMENTS[(place + shift) % 3])
    for place, number in enumerate(SIGNALS)
    for shift, target in enumerate(TARGETS)
]


def ranks_of(launcher: int) -> dict[int, int]:
    """Rank to process."""
    found = {}
    for pid in Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split():
        values = Path(f"/proc/{pid}/environ").read_text().split("\0")
        found |= {int(value[5:]): int(pid) for value in values if value.startswith("RANK=")}
    return found


def tell(process: subprocess.Popen[str], number: int, target: str) -> None:
    ranks = ranks_of(process.pid)
    pids = {"one rank": [ranks[1]], "all ranks": list(ranks.values()), "launcher": [process.pid]}[target]
    for pid in pids:
        os.kill(pid, number)


def wait_until_met(folder: Path, moment: str, process: subprocess.Popen[str]) -> None:
    """Until the first process is at the moment once more, training having begun."""
    marker, deadline = folder / f"{moment}-0", time.monotonic() + 60
    for path in (marker, folder / "step-0"):
        path.unlink(missing_ok=True)
    while not (marker.exists() and (folder / "step-0").exists()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    marker.unlink()
    while not marker.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)


@pytest.mark.fault("stop")
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_signal_to_everyone_at_every_moment(
    start: Callable[..., subprocess.Popen[str]], small_recipe: str, tmp_path: Path, contents_of: Any,
    monkeypatch: pytest.MonkeyPatch, times: Any,
) -> None:  # fmt: skip
    times(len(CASES), len(CASES))
    (tmp_path / "mine.py").write_text(SLOW)
    reference = start("train", small_recipe, *SETTINGS, "--name", "whole")
    assert reference.wait(timeout=120) == 0
    monkeypatch.setenv("SLOW", "1")
    stopped = Run(tmp_path / "runs/small/whole").path.with_name("stopped")
    for number, target, moment in CASES:
        process = start("train", small_recipe, *SETTINGS, "--name", "stopped")
        wait_until_met(tmp_path, moment, process)
        tell(process, number, target)
        begin = time.monotonic()
        output, errors = process.communicate(timeout=30)
        seconds = time.monotonic() - begin
        assert process.returncode == (130 if number == signal.SIGINT else 75), (
            target,
            moment,
            output,
            errors,
        )
        last = errors.splitlines()[-1]
        assert last.startswith(f"spatialvision: stopped by {number.name}; saved at step "), errors
        assert last.endswith("run the same command again to continue")
        assert errors.count("stopped by") == 1
        assert seconds < 5 + BESIDE_OTHER_TESTS, (number, target, moment)
        assert Run(stopped).status["state"] == "stopped"
    monkeypatch.delenv("SLOW")
    process = start("train", small_recipe, *SETTINGS, "--name", "stopped")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert contents_of(Run(stopped)) == contents_of(Run(stopped.with_name("whole")))


@pytest.mark.slow
def test_a_second_ctrl_c_ends_all_at_once(
    start: Callable[..., subprocess.Popen[str]], small_recipe: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text("import time\n" + SLOW.replace("time.sleep(0.1)", "time.sleep(100)"))
    environment = pytest.MonkeyPatch()
    environment.setenv("SLOW", "1")
    process = start("train", small_recipe, *SETTINGS, "--name", "stuck")
    environment.undo()
    deadline = time.monotonic() + 60
    while not (tmp_path / "step-1").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    ranks = ranks_of(process.pid)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=3) == 130
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}/environ").exists() for pid in ranks.values()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
