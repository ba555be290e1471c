"""What is written down of a model's images is what its data say."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from spatialvision import load_recipe
from spatialvision.evaluate.inputs import Inputs
from spatialvision.evaluate.load import load_data, untrained_model


@pytest.mark.parametrize(
    ("overrides", "size_hw", "content_hw"),
    [
        ((), (16, 16), (16, 16)),
        (("data.smallest_size=21",), (21, 21), (16, 16)),
        (("data.smallest_size=10",), (16, 16), (16, 16)),
        # What is distorted fills the canvas; a picture is not distorted once more.
        (("distortion={name: translated, canvas: 30}",), (30, 30), (30, 30)),
        (("data.smallest_size=20", "distortion={name: translated, canvas: 30}"), (30, 30), (30, 30)),
    ],
)
def test_size_and_content(
    small_recipe: str, tmp_path: Path, overrides: tuple[str, ...], size_hw: tuple, content_hw: tuple
) -> None:
    data = load_data(load_recipe(small_recipe, *overrides).experiment, tmp_path, offline=True)
    assert data.inputs.size_hw == data.dataset.size_hw == size_hw
    assert data.inputs.content_hw == content_hw
    assert (data.inputs.mean, data.inputs.std) == (data.dataset.mean, data.dataset.std)
    assert (data.inputs.resize, data.inputs.decoder) == (None, None)


def test_images_in_folders_tell_how_they_are_read(shared_photographs: Path, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        f"data: {{name: imagenet, path: {shared_photographs}, size: 32, resize: 40, decoder: pillow}}\n"
        "steps: 1\nmodel: {name: small_cnn}\noptimizer: {lr: 0.1}\n"
    )
    inputs = load_data(load_recipe(str(tmp_path / "own.yaml")).experiment, tmp_path, offline=True).inputs
    assert (inputs.size_hw, inputs.content_hw, inputs.resize, inputs.decoder) == (
        (32, 32),
        (32, 32),
        40,
        "pillow",
    )
    assert inputs.class_names == tuple(f"n0000000{label}" for label in range(3))


def test_a_model_is_built_from_them_as_from_the_dataset(small_recipe: str, tmp_path: Path) -> None:
    asked = ("model.localisation=plain", "model.fill=black", "data.size=28")
    experiment = load_recipe(small_recipe, *asked).experiment
    data = load_data(experiment, tmp_path, offline=True)
    written = json.loads(json.dumps(dataclasses.asdict(data.inputs)))
    models = []
    for images in (data.dataset, Inputs.from_json(written)):
        torch.manual_seed(0)
        models.append(untrained_model(experiment, images, "cpu").state_dict())
    assert models[0].keys() == models[1].keys()
    assert "transformer.black" in models[0]
    assert all(torch.equal(value, models[1][name]) for name, value in models[0].items())
