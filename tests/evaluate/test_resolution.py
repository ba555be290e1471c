"""Runs on image folders, measured at another resolution than they were trained on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvision import load_recipe, train
from spatialvision.errors import RecipeError
from spatialvision.evaluate.resolution import split_arguments

RECIPE = """
steps: 2
batch_size: 6
threads: 1
data: {{name: imagenet, path: {path}, size: 32, decoder: pillow, workers: 0, validation: 0}}
model: {model}
optimizer: {{name: sgd, lr: 0.01}}
evaluation: {{evaluators: [accuracy, predictions]}}
"""
ANY_SIZE, ONE_SIZE = "{name: small_cnn, width: 8}", "{name: spatialnet_0}"


def trained(photographs: Path, model: str) -> Path:
    recipe = photographs.parent / "small.yaml"
    recipe.write_text(RECIPE.format(path=photographs, model=model))
    return train(load_recipe(str(recipe)), runs_dir=photographs.parent / "runs", quiet=True).path


def test_another_size_is_a_split_of_its_own(command: Any, photographs: Path) -> None:
    run = trained(photographs, ANY_SIZE)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    line = ("evaluate", run, "accuracy", "predictions")
    code, output, errors = command(*line, "data.size=48")
    assert (code, errors) == (0, "")
    assert "evaluation/test-size-48/accuracy.json" in output
    assert command(*line, "data.size=32", "data.resize=37")[0] == 0
    assert {path: path.read_bytes() for path in before} == before
    logits = {}
    for split in ("test", "test-size-48", "test-size-32-resize-37"):
        assert json.loads((run / "evaluation" / split / "accuracy.json").read_text())["images"] == 9
        logits[split] = np.load(run / "evaluation" / split / "predictions.npz")["logits"]
    assert np.array_equal(logits["test"], logits["test-size-32-resize-37"]), "the very same images"
    assert not np.allclose(logits["test"], logits["test-size-48"])
    code, output, _ = command("compare", run, "--split", "test-size-48", "--out", run / "comparison")
    assert code == 0


def test_a_model_for_one_size_says_so(command: Any, photographs: Path) -> None:
    run = trained(photographs, ONE_SIZE)
    code, _, errors = command("evaluate", run, "accuracy", "data.size=64")
    assert code == 2, errors
    assert "model.safetensors does not fit spatialnet_0 for images of 64 × 64 pixels: size mismatch" in errors
    assert errors.count("\n") == 1
    assert not (run / "evaluation/test-size-64").exists()
    code, _, errors = command("evaluate", run, "accuracy", "data.size=64", "data.resize=60")
    assert code == 2
    assert "expected size of at least 1 and resize of at least size, got 64 and 60" in errors
    code, _, errors = command("evaluate", run, "accuracy", "data.size=large")
    assert code == 2
    assert "data.size" in errors
    assert "'large'" in errors


def test_it_is_for_images_in_folders(command: Any, small_recipe: str, tmp_path: Path) -> None:
    run = train(load_recipe(small_recipe, "steps=1"), runs_dir=tmp_path, quiet=True)
    for change in ("data.size=20", "data.resize=20"):
        code, _, errors = command("evaluate", run.path, "accuracy", change)
        assert code == 2
        assert "expected a run on images in folders" in errors


@pytest.mark.parametrize("argument", ["data.path=elsewhere", "data.size", "data.mean=[0,0,0]"])
def test_nothing_else_of_the_data_can_be_changed(argument: str) -> None:
    with pytest.raises(RecipeError, match=r"expected data\.size=PIXELS or data\.resize=PIXELS"):
        split_arguments([argument])
    assert split_arguments(["accuracy", "data.size=8"]) == ({"size": "8"}, ["accuracy"])
