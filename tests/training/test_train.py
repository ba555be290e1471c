"""What a training command does with the folder it finds."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from spatialvision import Run, load_recipe, train
from spatialvision.errors import DivergedError, RecipeError, Stopped
from spatialvision.runs.lock import take_lock
from spatialvision.training.checkpoint import Checkpoints

QUICK = ("steps=2", "epochs=null", "evaluation.splits=[test]", "log.tensorboard=false")


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_finished_run_is_left_alone(command: Any, small_recipe: str, tmp_path: Path) -> None:
    assert command("train", small_recipe, *QUICK)[0] == 0
    before = snapshot(tmp_path)
    code, output, errors = command("train", small_recipe, *QUICK)
    assert (code, errors) == (0, "")
    assert "is finished: test accuracy" in output
    assert "nothing to do (--overwrite trains it anew)" in output
    assert snapshot(tmp_path) == before


def test_another_experiment_of_the_same_name_is_an_error_with_the_differences(
    command: Any, small_recipe: str, tmp_path: Path
) -> None:
    assert command("train", small_recipe, *QUICK, "--name", "mine")[0] == 0
    before = snapshot(tmp_path)
    changed = ["optimizer.lr=0.1", "model.dropout=0.2", "data.validation=0"]
    code, _, errors = command("train", small_recipe, *QUICK, *changed, "--name", "mine")
    assert code == 2
    assert "  data.validation: 0.1 → 0.0\n  model.dropout: 0.5 → 0.2\n  optimizer.lr: 0.05 → 0.1\n" in errors
    assert "--name" in errors
    assert "--overwrite" in errors
    assert snapshot(tmp_path) == before
    code, _, errors = command("train", small_recipe, *QUICK, *changed, "--name", "mine", "--overwrite")
    assert (code, errors) == (0, "")
    assert Run(tmp_path / "runs/small/mine").experiment["optimizer"]["lr"] == 0.1
    assert before.keys() == snapshot(tmp_path).keys()


@pytest.mark.parametrize("change", ["device=cpu", "log.every.steps=1", "about.question=Why?"])
def test_what_may_change_may_change(
    change: str, small_recipe: str, tmp_path: Path, stop_when_asked: Any
) -> None:
    with pytest.raises(Stopped):
        train(load_recipe(small_recipe, *QUICK), runs_dir=tmp_path, quiet=True, stop=stop_when_asked(2))
    run = train(load_recipe(small_recipe, *QUICK, change), runs_dir=tmp_path, quiet=True)
    assert run.status["state"] == "done"
    assert len(list((tmp_path / "small").iterdir())) == 1


@pytest.mark.parametrize("flags", [[], ["--overwrite"]])
def test_a_folder_with_other_things_in_it_is_not_touched(
    command: Any, small_recipe: str, tmp_path: Path, flags: list[str]
) -> None:
    folder = tmp_path / "runs/small/thesis"
    folder.mkdir(parents=True)
    (folder / "chapter.tex").write_text("years of work")
    code, _, errors = command("train", small_recipe, *QUICK, "--name", "thesis", *flags)
    assert code == 2
    assert "is not a run directory; choose another --name" in errors
    assert os.listdir(folder) == ["chapter.tex"]
    assert (folder / "chapter.tex").read_text() == "years of work"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("batch_size=5000", "drop_last leaves no batch of 5000"),
        ("optimizer={name: adam, lr: 1, betas: [0.9, 1.5]}", "Invalid beta parameter"),
        ("model.channels=[4, 4, 4, 4]", "model stn_cnn on digits: "),
        ("data.size=4", "data digits: "),
        ("objective={name: deep_supervision, weight: -1}", "weight: expected 0 or more, got -1.0"),
        (
            "objective.name=deep_supervision",
            "objective deep_supervision needs a model with heads(), see HasHeads; "
            "model stn_cnn (ConvolutionalClassifier) has no such method",
        ),
    ],
)
def test_settings_that_cannot_work_are_found_before_anything_is_written(
    command: Any, small_recipe: str, tmp_path: Path, override: str, message: str
) -> None:
    code, _, errors = command("train", small_recipe, "drop_last=true", override)
    assert code == 2
    assert errors.startswith("spatialvision: ")
    assert message in errors
    assert not (tmp_path / "runs").exists()


@pytest.mark.fault("non-finite")
def test_a_run_that_diverges_names_the_step_and_the_last_good_checkpoint(
    command: Any, small_recipe: str, tmp_path: Path
) -> None:
    code, _, errors = command("train", small_recipe, "optimizer.lr=1e30", "checkpoint.every.steps=1")
    run = Run(next(tmp_path.glob("runs/small/*")))
    found = Checkpoints(run.path / "checkpoints").newest()
    assert found is not None
    saved = found[1]["step"]
    assert code == 4
    assert f"is nan at step {saved + 1}; the checkpoint of step {saved} is good" in errors
    assert "Traceback" not in errors
    assert run.status["state"] == "failed"
    assert run.status["reason"] in errors
    for path in run.path.glob("checkpoints/*/model.safetensors"):
        assert all(value.isfinite().all() for value in load_file(path).values())


@pytest.mark.fault("non-finite")
def test_a_last_step_that_diverges_is_noticed_too(small_recipe: str, tmp_path: Path) -> None:
    recipe = load_recipe(small_recipe, "optimizer.lr=1e30", "steps=1", "epochs=null")
    with pytest.raises(DivergedError, match="at step 1; no checkpoint had been due"):
        train(recipe, runs_dir=tmp_path, quiet=True)
    assert not list(tmp_path.rglob("step-*"))


def test_init_from_takes_the_weights_and_nothing_else(
    small_recipe: str, tmp_path: Path, stop_when_asked: Any
) -> None:
    first = train(load_recipe(small_recipe, *QUICK), runs_dir=tmp_path / "a", quiet=True)
    recipe = load_recipe(small_recipe, *QUICK, "seed=7")
    for source in (first.path, first.path / "model.safetensors"):
        with pytest.raises(Stopped):
            train(
                recipe, runs_dir=tmp_path / "b", quiet=True, init_from=source, overwrite=True,
                stop=stop_when_asked(1),
            )  # fmt: skip
        found = Checkpoints(next(tmp_path.glob("b/small/*s7/checkpoints"))).newest()
        assert found is not None
        tensors, state, _ = found
        assert state["step"] == 0
        assert tensors["optimizer"] == {}
        expected = load_file(first.path / "model.safetensors")
        assert all(torch.equal(tensors["model"][name], value) for name, value in expected.items())


@pytest.mark.fault("lock")
def test_a_run_that_another_process_holds_is_refused(small_recipe: str, tmp_path: Path) -> None:
    folder = tmp_path / "small" / "s0"
    folder.mkdir(parents=True)
    with take_lock(folder), pytest.raises(RecipeError, match=f"in use by process {os.getpid()} on"):
        train(load_recipe(small_recipe), runs_dir=tmp_path, quiet=True)
    assert os.listdir(folder) == [".lock"]
