"""The scripts of docs/launch do what they say; that for SLURM is only read, as there is no cluster here."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from spatialvision import Run

SCRIPTS = Path(__file__).parents[2] / "docs" / "launch"
SHORT = ("epochs=null", "steps=40", "checkpoint.every.steps=1", "--name", "run")


def begin(script: str, folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    found = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.Popen(
        [str(SCRIPTS / script), *arguments], cwd=folder, env={**os.environ, "PATH": found, **environment},
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.slow
def test_on_one_machine_a_stopped_run_goes_on_by_itself(small_recipe: str, tmp_path: Path) -> None:
    process = begin("one_machine.sh", tmp_path, small_recipe, *SHORT, PROCESSES="2")
    run = tmp_path / "runs/small/run"
    while not list(run.glob("checkpoints/step-*")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    (launcher,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(launcher), signal.SIGUSR1)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "stopped by SIGUSR1; saved at step" in errors
    assert "continuing from step" in output
    assert Run(run).status["state"] == "done"


@pytest.mark.slow
def test_several_machines_meet_through_torchrun(small_recipe: str, tmp_path: Path, free_port: int) -> None:
    meeting: dict[str, Any] = {"MACHINES": "1", "MEET": f"localhost:{free_port}", "PROCESSES": "2"}
    process = begin("several_machines.sh", tmp_path, small_recipe, *SHORT, **meeting)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, (output, errors)
    assert Run(tmp_path / "runs/small/run").read_json("environment.json")["processes"] == 2


@pytest.mark.parametrize("script", ["one_machine.sh", "several_machines.sh", "slurm.sh"])
def test_a_script_is_a_script(script: str) -> None:
    assert os.access(SCRIPTS / script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(SCRIPTS / script)], check=True).returncode == 0
