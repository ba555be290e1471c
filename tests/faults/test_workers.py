"""Two real processes read photographs, and a worker of one of them is killed, hangs or raises an error."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RECIPE = """
epochs: 1000
batch_size: 6
threads: 1
processes: 2
timeout_seconds: 5
data: {{name: imagenet, path: {path}, size: 32, decoder: pillow, workers: 1, validation: 0.25}}
model: {{name: stn_cnn, localisation: none}}
optimizer: {{name: sgd, lr: 0.01}}
evaluation: {{every: {{epochs: 1000}}}}
"""

# The workers are those of the second process, in the third epoch.
FAULTS = """
import multiprocessing, os, signal, time
from pathlib import Path
from spatialvision.data import reader

read, read_picture = reader.Reader.__getitem__, reader.read_picture

def is_met(request):
    if os.environ.get("RANK") != "1" or multiprocessing.parent_process() is None or request.epoch < 2:
        return False
    Path("happened").touch()
    return True

def kill(self, request):
    if is_met(request):
        os.kill(os.getpid(), signal.SIGKILL)
    return read(self, request)

def hang(self, request):
    if is_met(request):
        time.sleep(1000)
    return read(self, request)

def raise_error(self, request):
    if is_met(request):
        raise KeyError("a drawer that is not there")
    return read(self, request)

def refuse_file(self, request):
    if is_met(request):
        def refuse(content, decode):
            raise MemoryError("not for this file")
        reader.read_picture = refuse
    return read(self, request)

reader.Reader.__getitem__ = globals()[os.environ["FAULT"]]
"""
FAILED = "rank 1: a process that decodes images failed: "
CASES = {
    "kill": (5, FAILED, 10),
    "hang": (5, "rank 1", 5 + 2),
    "raise_error": (5, FAILED + "KeyError: 'a drawer that is not there'", 10),
    "refuse_file": (3, ".JPEG cannot be read: MemoryError: not for this file", 10),
}
# Seconds that the machine may be busy with other things; benchmarks/detection.py times the like without.
BESIDE_OTHERS = 40


@pytest.mark.slow
@pytest.mark.fault("process")
@pytest.mark.parametrize("fault", CASES)
def test_the_job_ends_and_names_the_process_or_the_file(
    fault: str, start: Callable[..., Any], photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, says, seconds = CASES[fault]
    (tmp_path / "mine.py").write_text(FAULTS)
    (tmp_path / "folders.yaml").write_text(RECIPE.format(path=photographs))
    monkeypatch.setenv("FAULT", fault)
    process = start("train", "folders.yaml", "--import", "mine.py", "--name", "mine")
    _, errors = process.communicate(timeout=200)
    assert time.time() - (tmp_path / "happened").stat().st_mtime < seconds + BESIDE_OTHERS
    assert process.returncode == code, errors
    last = [line for line in errors.splitlines() if line.startswith("spatialvision: ")]
    assert len(last) == 1, errors
    assert says in last[0]
