"""Fields of a recipe that change how, not what, is computed; and recipes on other images than their own."""

from pathlib import Path

import pytest
from safetensors.torch import load_file

from spatialvision import load_recipe, train

QUICK = ("log.tensorboard=false", "evaluation.splits=[test]")


@pytest.mark.slow
def test_a_compiled_step_trains_to_the_same_weights(tmp_path: Path) -> None:
    settings = (*QUICK, "steps=6")
    runs = [
        train(
            load_recipe("quickstart/plain-cnn", *settings, f"compile={value}"), runs_dir=tmp_path, quiet=True
        )
        for value in ("false", "true")
    ]
    eager, compiled = (load_file(run.path / "model.safetensors") for run in runs)
    assert eager.keys() == compiled.keys()
    for name, value in eager.items():
        assert (value - compiled[name]).abs().max() < 1e-4, name


@pytest.mark.parametrize("recipe", ["stn-cifar10/baseline", "stn-mnist/exp07-coordconv-both"])
def test_a_recipe_takes_images_of_another_size_and_channels(recipe: str, tmp_path: Path) -> None:
    settings = (*QUICK, "data.name=digits", "data.size=35", "steps=2")
    run = train(load_recipe(recipe, *settings), runs_dir=tmp_path, quiet=True)
    assert run.results["splits"]["test"]["images"] == 364
    assert (run.path / "figures" / "sampler-test.png").is_file()
