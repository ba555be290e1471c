"""A training killed while it writes a checkpoint, over and over: what is visible is valid, what was saved is there."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Trainings are forked off a process that has imported everything: hundreds of them in minutes.
KILLED = """
import json, os, random, signal, sys, time
from pathlib import Path
import sklearn.datasets
from spatialvision import load_recipe, train
from spatialvision.errors import DataError, Stopped
from spatialvision.signals import StopSignal
from spatialvision.training.checkpoint import Checkpoints, read_verified

folder, count, moments, longest = Path("runs"), int(sys.argv[2]), random.Random(0), 0.05
often = "epochs=100000", "checkpoint.every.steps=1", "log.every.epochs=9", "evaluation.every.epochs=90000"
recipe = load_recipe(sys.argv[1], *often, "log.tensorboard=false")

def forked(pipe):
    save = Checkpoints.save
    def told(self, step, *values):
        begin = time.monotonic()
        os.write(pipe, b"begun %d 0\\n" % step)
        save(self, step, *values)
        os.write(pipe, b"saved %d %f\\n" % (step, time.monotonic() - begin))
    Checkpoints.save = told
    train(recipe, runs_dir=folder, quiet=True)

def kill_one():
    global longest
    reader, writer = os.pipe()
    if (pid := os.fork()) == 0:
        os.close(reader)
        try:
            forked(writer)
        finally:
            os._exit(1)
    os.close(writer)
    number, saved, begun = moments.randint(1, 4), 0, 0
    with os.fdopen(reader) as lines:
        for line in lines:
            what, step, seconds = line.split()
            begun += what == "begun"
            if what == "saved":
                saved, longest = int(step), (longest + float(seconds)) / 2
            if begun == number:
                break
        time.sleep(moments.uniform(0, longest))
        os.kill(pid, signal.SIGKILL)
        saved = max([saved, *(int(line.split()[1]) for line in lines if line.startswith("saved"))])
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL, status
    return saved

def valid(path):
    try:
        return bool(read_verified(path))
    except DataError:
        return False

outcome = {"killed": 0, "in the middle of a write": 0, "invalid": 0, "lost": 0, "reached": 0}
for _ in range(count):
    saved = kill_one()
    visible = sorted(folder.glob("*/*/checkpoints/step-*"))
    newest = int(visible[-1].name[5:13]) if visible else 0
    outcome["killed"] += 1
    outcome["in the middle of a write"] += any(folder.rglob("*.tmp"))
    outcome["invalid"] += sum(not valid(path) for path in visible)
    outcome["lost"] += newest < max(saved, outcome["reached"])
    outcome["reached"] = max(saved, outcome["reached"])
told = StopSignal()
told.received = signal.SIGTERM
try:
    train(recipe, runs_dir=folder, quiet=True, stop=told)
except Stopped:
    pass
print(json.dumps({**outcome, "left over": len(list(folder.rglob("*.tmp")))}))
"""


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.fault("kill")
def test_no_invalid_checkpoint_is_visible_and_none_that_was_saved_is_lost(
    small_recipe: str, tmp_path: Path, times: Any
) -> None:
    count = times(10, 200)
    line = [sys.executable, "-c", KILLED, small_recipe, str(count)]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout.splitlines()[-1])
    print(outcome)
    assert outcome["killed"] == count
    assert outcome["in the middle of a write"] >= count // 10
    assert outcome["reached"] >= count // 2
    assert (outcome["invalid"], outcome["lost"], outcome["left over"]) == (0, 0, 0)
