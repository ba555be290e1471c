"""The command as its users run it: real processes, outside the repository."""

import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from spatialvision import Run

IDEA = '''
from pathlib import Path

import torch
from torch import nn

from spatialvision import register_dataset, register_model, register_objective
from spatialvision.data.dataset import ImageDataset, Split


@register_dataset
def bright_corners(images: int = 200) -> ImageDataset:
    """Which corner is bright?"""
    labels = torch.arange(images) % 4
    pixels = torch.randint(60, (images, 1, 12, 12), generator=torch.Generator().manual_seed(0))
    for image, label in zip(pixels, labels):
        image[0, 8 * (label // 2):, :4 if label % 2 else 12] += 150
    split = Split(pixels.to(torch.uint8), labels)
    return ImageDataset("bright_corners", split, split, ("a", "b", "c", "d"))


@register_model
def one_layer(num_classes: int, in_channels: int, size_hw: tuple[int, int], bias: bool = True) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(in_channels * size_hw[0] * size_hw[1], num_classes, bias=bias))


@register_objective
def squared(scale: float = 1.0):
    def objective(model, batch):
        logits = model(batch.images)
        wanted = nn.functional.one_hot(batch.labels, logits.shape[1])
        return {"loss": scale * (logits - wanted).square().sum(1)}
    return objective
'''

RECIPE = """
epochs: 2
batch_size: 32
threads: 1
data: {name: bright_corners, images: 120}
model: {name: one_layer, bias: false}
objective: {name: squared, scale: 0.5}
optimizer: {lr: 0.001}
"""

SCRIPT = """
import runpy
runpy.run_path("my_model.py")
from spatialvision import load_recipe, train

if __name__ == "__main__":
    run = train(load_recipe("my.yaml", "seed=0"), runs_dir="from_script", quiet=True)
    print(run.results["splits"]["test"]["accuracy"])
"""

FILES = """
checkpoints/step-00000011/manifest.json checkpoints/step-00000011/model.safetensors
checkpoints/step-00000011/optimizer.safetensors checkpoints/step-00000011/state.json
checkpoints/step-00000011/sums.safetensors checkpoints/step-00000022/manifest.json
checkpoints/step-00000022/model.safetensors checkpoints/step-00000022/optimizer.safetensors
checkpoints/step-00000022/state.json checkpoints/step-00000022/sums.safetensors
diagram.json environment.json evaluation/test/accuracy.json evaluation/test/predictions.npz evaluation/test/sampler.npz
evaluation/validation/accuracy.json evaluation/validation/predictions.npz evaluation/validation/sampler.npz
experiment.yaml figures/confusion-test.png figures/confusion-validation.png figures/learning_curve.png
figures/diagram.png figures/sampler-test.png figures/sampler-validation.png layers.txt metrics.jsonl model.safetensors
inputs.json results.json status.json train.log
""".split()  # noqa: SIM905


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors


def test_an_idea_of_ones_own_needs_no_fork(start: Any, tmp_path: Path) -> None:
    (tmp_path / "my_model.py").write_text(IDEA)
    (tmp_path / "my.yaml").write_text(RECIPE)
    (tmp_path / "script.py").write_text(SCRIPT)
    code, output, errors = finish(start("train", "my.yaml", "--import", "my_model.py"))
    assert (code, errors) == (0, "")
    run = Run(tmp_path / "runs/my/s0")
    assert run.experiment["data"]["images"] == 120
    assert run.results["parameters"] == 4 * 144
    predictions = run.path / "evaluation/test/predictions.npz"
    before = predictions.read_bytes()

    script = subprocess.Popen(
        [sys.executable, "script.py"], cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    code, output, errors = finish(script)
    assert (code, errors) == (0, "")
    assert float(output) == run.results["splits"]["test"]["accuracy"]
    assert (tmp_path / "from_script/my/s0/evaluation/test/predictions.npz").read_bytes() == before

    # The run keeps its own copy of the file: the original may go.
    (tmp_path / "my_model.py").unlink()
    predictions.unlink()
    code, output, errors = finish(start("evaluate", run.path))
    assert (code, errors) == (0, "")
    assert predictions.read_bytes() == before


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ('{"loss": loss.mean()}', "expected 'loss' by image, shape (32,), got ()"),
        ('{"error": loss}', "the objective must return 'loss'; it returned ['error']"),
    ],
)
def test_an_objective_of_the_wrong_form_is_one_clear_message(
    command: Callable[..., tuple[int, str, str]], tmp_path: Path, returned: str, message: str
) -> None:
    name = f"wrong_{len(returned)}"
    (tmp_path / "wrong.py").write_text(
        "from spatialvision import register_objective\n"
        f"@register_objective\ndef {name}():\n"
        "    def objective(model, batch):\n        loss = model(batch.images).sum(1)\n"
        f"        return {returned}\n    return objective\n"
    )
    recipe = "quickstart/spatial-transformer"
    code, _, errors = command(
        "train", recipe, f"objective={{name: {name}}}", "batch_size=32", "--import", "wrong.py"
    )
    assert code == 2
    assert message in errors
    assert "Traceback" not in errors


@pytest.fixture(scope="module")
def on_a_terminal(small_recipe: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, str]:
    """A run with a spatial transformer, trained on a terminal, and what that showed."""
    folder, (controller, terminal) = tmp_path_factory.mktemp("terminal"), pty.openpty()
    arguments = ["train", small_recipe, "model.localisation=plain", "data.size=28", "--name", "mine"]
    process = subprocess.Popen(
        [sys.executable, "-m", "spatialvision", *arguments],
        cwd=folder,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "MY_TOKEN": "s3cr3t-value", "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            shown += os.read(controller, 4096)
        except OSError:  # how Linux says that the other side has closed
            break
    os.close(controller)
    assert process.wait() == 0, shown.decode()
    return Run(folder / "runs/small/mine"), re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


def test_a_terminal_shows_a_bar(on_a_terminal: tuple[Run, str]) -> None:
    shown = on_a_terminal[1]
    assert re.search(
        r"epoch \d\.\d.*\d+ %.*loss \d\.\d{3} · accuracy \d+ % · [\d,]+ images/s.*\d:\d\d", shown
    )
    assert "step 22 · epoch 2 · train loss" in shown


def test_a_run_directory_is_complete(on_a_terminal: tuple[Run, str]) -> None:
    run = on_a_terminal[0]
    files = {str(path.relative_to(run.path)): path for path in run.path.rglob("*") if path.is_file()}
    (events,) = (name for name in files if name.startswith("tensorboard/events.out.tfevents."))
    assert sorted(files) == sorted([".lock", events, *FILES])
    assert not [name for name, path in files.items() if b"s3cr3t-value" in path.read_bytes()]
    assert run.status["state"] == "done"
    assert run.recipe == "small"
    environment = run.read_json("environment.json")
    assert environment["threads"] == 1
    assert environment["command"][1:3] == ["train", environment["command"][2]]
    assert {"torch", "torchvision", "timm", "numpy"} <= environment["packages"].keys()
    assert {"commit", "python", "platform", "processor", "device", "host"} <= environment.keys()
    log = (run.path / "train.log").read_text()
    assert len(re.findall(r"INFO step \d+ · epoch \d · train loss .* · test loss .* accuracy", log)) == 2


def test_rows_and_events_say_the_same(on_a_terminal: tuple[Run, str]) -> None:
    run = on_a_terminal[0]
    events = EventAccumulator(str(run.path / "tensorboard"))
    events.Reload()
    for name in ("loss", "accuracy"):
        for split in ("train", "validation", "test"):
            rows = [(row["step"], row[name]) for row in run.metrics(split)]
            assert [step for step, _ in rows] == [11, 22]
            scalars = [(event.step, event.value) for event in events.Scalars(f"{name}/{split}")]
            assert scalars == [(step, pytest.approx(value)) for step, value in rows]
    assert set(events.Tags()["images"]) == {"inputs/train", "sampler/validation", "sampler/test"}


def test_layers_and_results_count_the_same_parameters(on_a_terminal: tuple[Run, str]) -> None:
    run = on_a_terminal[0]
    with np.load(run.path / "evaluation/test/predictions.npz") as found:
        assert len(found["index"]) == run.results["splits"]["test"]["images"]
    assert f"{run.results['parameters']:,}" in (run.path / "layers.txt").read_text()
    assert run.results["steps"] == 22
    assert run.results["epochs"] == 2


def test_piped_output_is_plain_lines(command: Any, small_recipe: str) -> None:
    code, output, errors = command("train", small_recipe)
    assert (code, errors) == (0, "")
    assert "\x1b" not in output
    assert "\r" not in output
    lines = output.splitlines()
    assert [line.split(" · ")[0] for line in lines[:2]] == ["step 11", "step 22"]
    assert re.fullmatch(r"runs/small/s0: validation accuracy [\d.]+ %, test accuracy [\d.]+ %", lines[2])
    assert len(lines) == 3


@pytest.mark.fault("lock")
def test_two_processes_do_not_share_a_run(start: Any, small_recipe: str, tmp_path: Path) -> None:
    arguments = ("train", small_recipe, "epochs=1000", "--name", "mine")
    first = start(*arguments)
    while not list(tmp_path.rglob("checkpoints/step-*")) and first.poll() is None:
        time.sleep(0.02)
    code, _, errors = finish(start(*arguments))
    assert code == 2
    assert f"runs/small/mine is in use by process {first.pid} on " in errors
    assert errors.count("\n") == 1
    assert first.poll() is None
    assert Run(tmp_path / "runs/small/mine").status["state"] == "running"


@pytest.mark.fault("disk")
@pytest.mark.parametrize("options", ["size=24k", "size=100k", "ro"])
def test_a_disk_that_takes_no_more_is_one_line(
    start: Any, command: Any, small_recipe: str, small_disk: Callable[[str], Path], options: str
) -> None:
    folder = small_disk(options)
    arguments = ("train", small_recipe, "--runs-dir", folder, "checkpoint.keep=9")
    code, _, errors = finish(start(*arguments)) if options == "size=24k" else command(*arguments)
    assert code == 6, errors
    reason = "Read-only file system" if options == "ro" else "No space left on device"
    assert re.fullmatch(rf"spatialvision: cannot write {folder}\S* .*{reason}.*\n", errors), errors
