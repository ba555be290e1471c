"""Evaluating a run again, from the command line."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from spatialvision import Run, load_recipe, train
from spatialvision.errors import Stopped
from spatialvision.training.signals import StopSignal

FILES = ("accuracy.json", "predictions.npz", "sampler.npz")


@pytest.fixture
def copy(finished: Run, tmp_path: Path) -> Path:
    return shutil.copytree(finished.path, tmp_path / "copy")


def test_it_reproduces_the_runs_files_to_the_byte(command: Any, finished: Run, copy: Path) -> None:
    shutil.rmtree(copy / "evaluation")
    torch.set_num_threads(2)  # the run's own number must be used
    code, output, errors = command("evaluate", copy)
    assert (code, errors) == (0, "")
    for split in ("validation", "test"):
        for name in FILES:
            expected = (finished.path / "evaluation" / split / name).read_bytes()
            assert (copy / "evaluation" / split / name).read_bytes() == expected
            assert f"evaluation/{split}/{name}" in output
    assert not (copy / "evaluation/train").exists()


def test_named_evaluators_and_splits_are_all_that_is_written(command: Any, copy: Path) -> None:
    shutil.rmtree(copy / "evaluation")
    assert command("evaluate", copy, "accuracy", "--split", "train")[0] == 0
    written = [path.relative_to(copy) for path in (copy / "evaluation").rglob("*") if path.is_file()]
    assert written == [Path("evaluation/train/accuracy.json")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predictions", "acuracy"], "unknown evaluator 'acuracy'; did you mean 'accuracy'?"),
        (["--split", "test", "--split", "extra"], "has no split 'extra'; it has train, validation, test"),
    ],
)
def test_what_does_not_exist_is_refused_before_anything_is_written(
    command: Any, copy: Path, arguments: list[str], message: str
) -> None:
    shutil.rmtree(copy / "evaluation")
    code, _, errors = command("evaluate", copy, *arguments)
    assert code == 2
    assert message in errors
    assert not (copy / "evaluation").exists()


def test_the_sampler_does_not_apply_to_a_plain_network(
    command: Any, small_recipe: str, tmp_path: Path
) -> None:
    run = train(load_recipe(small_recipe, "epochs=1"), runs_dir=tmp_path, quiet=True)
    code, _, errors = command("evaluate", run.path, "sampler")
    assert code == 2
    assert "evaluator 'sampler' does not apply to this model (ConvolutionalClassifier)" in errors
    assert command("evaluate", run.path)[0] == 0
    assert not list(run.path.rglob("sampler*"))


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_weights_are_refused(command: Any, copy: Path, damage: str) -> None:
    path = copy / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content if damage == "flipped" else content[:-1])
    code, _, errors = command("evaluate", copy)
    assert code == 3
    assert f"{path} is damaged" in errors


def test_an_unfinished_run_is_refused(command: Any, small_recipe: str, tmp_path: Path) -> None:
    stop = StopSignal()
    stop.received = 15
    with pytest.raises(Stopped):
        train(load_recipe(small_recipe), runs_dir=tmp_path, quiet=True, stop=stop)
    code, _, errors = command("evaluate", tmp_path / "small/s0")
    assert code == 2
    assert "is not finished (stopped); train it to its end first" in errors


def test_what_is_no_run_is_refused(command: Any, tmp_path: Path) -> None:
    code, _, errors = command("evaluate", tmp_path)
    assert code == 2
    assert "is not a run directory" in errors
