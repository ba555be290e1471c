"""Experiments on image files: trained, stopped, continued, shared among processes, and with broken files."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvision import Run, load_recipe, train
from spatialvision.data import reader
from spatialvision.errors import Stopped

RECIPE = """
epochs: 2
batch_size: 6
threads: 1
data: {{name: imagenet, path: {path}, size: 32, decoder: pillow, workers: 1, validation: 0.25}}
augmentation: {{horizontal_flip: true, colour_jitter: [0.3, 0.3, 0.3]}}
model: {{name: stn_cnn, localisation: none}}
optimizer: {{name: sgd, lr: 0.01, momentum: 0.9}}
evaluation: {{batch_size: 5, evaluators: [accuracy, predictions]}}
"""


@pytest.fixture
def recipe(photographs: Path, tmp_path: Path) -> str:
    """Six steps on 18 photographs, with dropout; 6 for validation and 9 for testing."""
    path = tmp_path / "folders.yaml"
    path.write_text(RECIPE.format(path=photographs))
    return str(path)


def weights(run: Run) -> bytes:
    return (run.path / "model.safetensors").read_bytes()


def test_photographs_are_trained_on_and_every_one_is_judged_once(recipe: str, tmp_path: Path) -> None:
    run = train(load_recipe(recipe), runs_dir=tmp_path / "runs", quiet=True)
    assert run.results["splits"]["test"]["images"] == 9
    found = np.load(run.path / "evaluation/test/predictions.npz")
    assert found["index"].tolist() == list(range(9))
    assert found["label"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    (last,) = [row for row in run.metrics("test") if row["step"] == 6]
    assert last["correct"] == run.results["splits"]["test"]["correct"]
    assert run.read_json("environment.json")["decoder"].startswith("pillow ")
    (told,) = re.findall("decoding JPEG files with pillow.*", (run.path / "train.log").read_text())
    assert told.endswith("; it notices no damage in a file's middle, simplejpeg notices most")


@pytest.mark.fault("workers")
def test_workers_change_nothing_not_even_the_name(recipe: str, tmp_path: Path, contents_of: Any) -> None:
    runs = [
        train(load_recipe(recipe, f"data.workers={workers}"), runs_dir=tmp_path / str(workers), quiet=True)
        for workers in (0, 1, 2)
    ]
    assert {run.path.name for run in runs} == {"s0"}
    first = contents_of(runs[0])
    assert all(contents_of(run) == first for run in runs[1:])


@pytest.mark.fault("stop")
@pytest.mark.parametrize(("moment", "workers", "then"), [(2, 1, 2), (5, 0, 2), (5, 2, 0)])
def test_stopped_in_an_epoch_and_continued_with_other_workers_it_ends_the_same(
    recipe: str, tmp_path: Path, contents_of: Any, stop_when_asked: Any, moment: int, workers: int, then: int
) -> None:
    options = ("data.repeats=3", "checkpoint.every.steps=2", f"data.workers={workers}")
    whole = train(load_recipe(recipe, *options), runs_dir=tmp_path / "whole", quiet=True)
    with pytest.raises(Stopped):
        train(
            load_recipe(recipe, *options),
            runs_dir=tmp_path / "parts",
            quiet=True,
            stop=stop_when_asked(moment),
        )
    again = train(
        load_recipe(recipe, *options, f"data.workers={then}"), runs_dir=tmp_path / "parts", quiet=True
    )
    assert contents_of(again) == contents_of(whole)


def test_workers_read_all_but_the_pictures_for_the_log(
    recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, asked, read = os.getpid(), [], reader.Reader.__getitem__

    def noting(self: reader.Reader, request: reader.Request) -> reader.Chunk:
        if os.getpid() == here:
            asked.append((request.positions, request.epoch))
        return read(self, request)

    monkeypatch.setattr(reader.Reader, "__getitem__", noting)
    train(load_recipe(recipe, "accumulate=2"), runs_dir=tmp_path / "runs", quiet=True)
    assert asked == [(list(range(8)), 0), (list(range(8)), 1)]


@pytest.mark.fault("processes")
@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("data.repeats=3", "data.epoch_images=20")], ids=["once", "repeated"])
def test_two_processes_train_as_one(
    recipe: str, tmp_path: Path, start: Any, largest_difference: Any, more: tuple[str, ...]
) -> None:
    options = ("model.dropout=0", "epochs=1", "timeout_seconds=120", *more)
    one = train(load_recipe(recipe, *options), runs_dir=tmp_path / "one", quiet=True)
    process = start("train", recipe, *options, "processes=2", "--name", "two")
    output, errors = process.communicate(timeout=200)
    assert process.returncode == 0, (output, errors)
    two = Run(tmp_path / "runs/folders/two")
    assert largest_difference(one, two) <= 1e-6
    assert [row["images"] for row in two.metrics("test")] == [9]


@pytest.fixture
def fail_in_worker(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let every process but this one die of the next picture that it reads; workers inherit it."""
    here, read = os.getpid(), reader.read_picture

    def arrange() -> None:
        def read_or_die(content: bytes, decode: Any) -> np.ndarray:
            if os.getpid() != here:
                os.kill(os.getpid(), signal.SIGKILL)
            return read(content, decode)

        monkeypatch.setattr(reader, "read_picture", read_or_die)

    return arrange


@pytest.mark.fault("process")
def test_a_worker_that_is_killed_ends_the_run_with_exit_code_5(
    recipe: str, command: Any, fail_in_worker: Callable[[], None]
) -> None:
    fail_in_worker()
    code, _, errors = command("train", recipe, "--quiet")
    assert code == 5, errors
    assert "a process that decodes images failed" in errors


def test_a_broken_image_ends_the_run_with_exit_code_3_unless_it_is_skipped(
    recipe: str, command: Any, photographs: Path, tmp_path: Path
) -> None:
    broken = photographs / "train/n00000001/3.JPEG"
    broken.write_bytes(broken.read_bytes()[:400])
    (photographs / "val/n00000001/1.JPEG").write_bytes(b"not a picture")
    code, _, errors = command("train", recipe, "data.validation=0")
    assert code == 3, errors
    assert f"{broken} cannot be read" in errors
    code, output, _ = command("train", recipe, "data.validation=0", "data.broken=skip")
    assert code == 0, output
    (run,) = (tmp_path / "runs/folders").glob("*skip*")
    log = (run / "train.log").read_text()
    assert f"broken image 1 of at most 100, left out: {broken}" in log
    assert "replaced by a plain picture" in log
    assert Run(run).results["splits"]["test"]["images"] == 9
    assert {row["images"] for row in Run(run).metrics("test")} == {9}
    code, _, errors = command("train", recipe, "data.validation=0", "data.broken=skip", "data.most_broken=0")
    assert code == 3, errors
    assert "more than data.most_broken=0 images" in errors


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("data.smallest_size=32", "data.smallest_size is for images in memory"),
        ("distortion={name: rotated}", "distortion is for images in memory"),
        ("data.crop_scale=[0.5,2]", "crop_scale: expected 0 < least ≤ largest ≤ 1"),
        ("data.colour=true", "data.colour: unknown field"),
        ("augmentation.colour_jitter=[0.3,0.3,2]", "augmentation.colour_jitter.2"),
    ],
)
def test_what_cannot_be_is_said_before_the_training(
    recipe: str, command: Any, override: str, problem: str
) -> None:
    code, _, errors = command("train", recipe, override)
    assert code == 2, errors
    assert problem in errors
