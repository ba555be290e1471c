"""Evaluating a run again, from the command line."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from spatialvision import Run, load_recipe, train
from spatialvision.errors import RecipeError, Stopped
from spatialvision.registry import EVALUATORS
from spatialvision.signals import StopSignal

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


def test_training_ends_with_the_evaluators_that_the_recipe_names(small_recipe: str, tmp_path: Path) -> None:
    names = "evaluation.evaluators=[accuracy,cost]"
    run = train(load_recipe(small_recipe, "epochs=1", names), runs_dir=tmp_path, quiet=True)
    written = {str(path.relative_to(run.path)) for path in (run.path / "evaluation").rglob("*.*")}
    assert written == {
        "evaluation/cost.json",
        *(f"evaluation/{split}/accuracy.json" for split in ("test", "validation")),
    }


def test_without_names_a_run_gets_its_own_list_and_an_old_run_the_default(
    command: Any, finished: Run, copy: Path
) -> None:
    path = copy / "experiment.yaml"
    text = path.read_text()
    assert finished.experiment["evaluation"]["evaluators"] == ["accuracy", "predictions", "sampler"]
    for listed, expected in (
        ("  evaluators: [accuracy, predictions]\n", {"accuracy.json", "predictions.npz"}),
        ("", set(FILES)),
    ):
        shutil.rmtree(copy / "evaluation")
        path.write_text(text.replace("  evaluators:\n  - accuracy\n  - predictions\n  - sampler\n", listed))
        assert command("evaluate", copy, "--split", "test")[0] == 0
        assert {each.name for each in (copy / "evaluation/test").iterdir()} == expected


def test_an_unknown_evaluator_or_one_without_accuracy_fails_before_training(small_recipe: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(small_recipe, "evaluation.evaluators=[accuracy,robustnes]", "epochs=x")
    assert (
        "evaluation.evaluators: unknown evaluator 'robustnes'; did you mean 'robustness'? (override)"
        in str(caught.value)
    )
    assert "epochs: expected" in str(caught.value)
    with pytest.raises(RecipeError, match=r"evaluation\.evaluators: expected 'accuracy' among them"):
        load_recipe(small_recipe, "evaluation.evaluators=[predictions]")


def test_the_device_is_checked(command: Any, copy: Path) -> None:
    code, _, errors = command("evaluate", copy, "--device", "tpu")
    assert code == 2
    assert "device: expected auto, cpu or cuda, got 'tpu'" in errors


def test_the_evaluators_are_listed_with_their_options(command: Any) -> None:
    code, output, errors = command("evaluators")
    assert (code, errors) == (0, "")
    assert "\naccuracy  Writes" in f"\n{output}"
    assert "\nrobustness  Accuracy under rotation" in output
    assert "\n    images: whole number or null = null\n" in output
    assert "subject" not in output.lower()


def test_a_signal_stops_between_evaluators(
    small_recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = StopSignal()

    def evaluator(subject: Any) -> None:
        with subject.track("long work", 3) as advance:
            stop.received = 15
            advance()
            raise AssertionError("went on")

    monkeypatch.setitem(EVALUATORS._builders, "sampler", evaluator)
    with pytest.raises(Stopped, match="training is over and saved"):
        train(load_recipe(small_recipe, "epochs=1"), runs_dir=tmp_path, quiet=True, stop=stop)
    monkeypatch.undo()
    assert (
        train(load_recipe(small_recipe, "epochs=1"), runs_dir=tmp_path, quiet=True).status["state"] == "done"
    )


def test_distorted_images_are_a_split_of_their_own(command: Any, copy: Path) -> None:
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    line = ("accuracy", "predictions", "--split", "test")
    assert command("evaluate", copy, *line, "--distortion", "{name: rotated, rotation_deg: 90}")[0] == 0
    assert (
        command(
            "evaluate", copy, *line, "--distortion", "{name: displaced_patches, patches: 0, grid_hw: [2, 2]}"
        )[0]
        == 0
    )
    folder = copy / "evaluation"
    clean, turned, still = (
        json.loads((folder / name / "accuracy.json").read_text())
        for name in ("test", "test-rotated", "test-displaced_patches")
    )
    assert clean == still
    assert turned["images"] == clean["images"]
    assert turned["accuracy"] < clean["accuracy"]
    assert {path: path.read_bytes() for path in before} == before
    code, output, _ = command("compare", copy, "--split", "test-rotated", "--out", copy / "comparison")
    assert code == 0
    assert f"{100 * turned['accuracy']:.2f}" in output


@pytest.mark.parametrize(
    ("distortion", "message"),
    [
        ("rotatet", "unknown distortion 'rotatet'; did you mean 'rotated'?"),
        ("{name: rotated, angle: 3}", "angle"),
        ("{rotation_deg: 3}", "expected a name such as rotated"),
        ("[1]", "expected a name such as rotated"),
        ("null", "expected a name such as rotated"),
        ("{name: displaced_patches, grid_hw: [5, 5]}", "expected divisors of 28 × 28 pixels, got 5 × 5"),
        ("translated", "expected images of (28, 28), as the model was trained on, got (60, 60)"),
    ],
)
def test_a_distortion_that_cannot_be_is_refused(
    command: Any, copy: Path, distortion: str, message: str
) -> None:
    code, _, errors = command("evaluate", copy, "accuracy", "--distortion", distortion)
    assert code == 2
    assert message in errors


def test_one_name_never_means_two_kinds_of_images(command: Any, copy: Path) -> None:
    line = ("evaluate", copy, "accuracy", "--split", "test", "--distortion")
    assert command(*line, "rotated")[0] == command(*line, "{name: rotated, rotation_deg: 90}")[0] == 0
    record = json.loads((copy / "evaluation" / "test-rotated" / "distortion.json").read_text())
    assert record == {"name": "rotated", "rotation_deg": 90.0, "seed": 0}
    before = (copy / "evaluation" / "test-rotated" / "accuracy.json").read_bytes()
    code, _, errors = command(*line, "{name: rotated, rotation_deg: 30}")
    assert code == 2
    assert "remove evaluation/test-rotated first, or keep to these options" in errors
    assert (copy / "evaluation" / "test-rotated" / "accuracy.json").read_bytes() == before


def test_distorted_images_are_not_distorted_again(command: Any, small_recipe: str, tmp_path: Path) -> None:
    recipe = load_recipe(small_recipe, "steps=1", "epochs=null", "distortion.name=rotated")
    run = train(recipe, runs_dir=tmp_path / "turned", quiet=True)
    code, _, errors = command("evaluate", run.path, "accuracy", "--distortion", "rotated")
    assert code == 2
    assert "expected a run on undistorted images; this one's are distorted" in errors
