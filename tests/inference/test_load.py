"""A loaded model answers as it did when it was measured, whether its data are there or not."""

import copy as copying
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from spatialvision import Run, load_model, load_recipe, train
from spatialvision.config.experiment import Experiment
from spatialvision.errors import DataError, RecipeError
from spatialvision.evaluate.load import load_data
from spatialvision.inference import Classifier


def measured(run: Run) -> torch.Tensor:
    return torch.from_numpy(np.load(run.path / "evaluation/test/predictions.npz")["logits"])


def images_of(run: Run, folder: Path) -> torch.Tensor:
    return load_data(Experiment.model_validate(run.experiment), folder, offline=True).splits["test"].images


@torch.no_grad()
def test_images_in_memory_get_the_logits_that_they_were_measured_with(
    digits_run: Run, tmp_path: Path
) -> None:
    model, images = load_model(digits_run.path), images_of(digits_run, tmp_path)
    assert not model.training
    assert (model(images) - measured(digits_run)).abs().max() <= 1e-6
    assert (model(images / 255) - measured(digits_run)).abs().max() <= 1e-4
    assert model(images[:0]).shape == (0, 10)


def test_a_run_of_another_version_is_refused_with_the_field(digits_run: Run, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", "made/by-test", {**digits_run.experiment, "unheard_of": 1})
    with pytest.raises(RecipeError, match=r"cannot be read by this version .*\(unheard_of: .*train it anew"):
        load_model(run)


@torch.no_grad()
def test_files_get_the_logits_that_they_were_measured_with(folder_run: Run, shared_photographs: Path) -> None:
    model = load_model(str(folder_run.path))
    images = torch.stack([model.preprocess(path) for path in sorted(shared_photographs.glob("val/*/*"))])
    assert (model(images) - measured(folder_run)).abs().max() <= 1e-6


@torch.no_grad()
def test_the_dataset_need_not_be_there(folder_run: Run, tmp_path: Path) -> None:
    moved = Run(shutil.copytree(folder_run.path, tmp_path / "moved"))
    text = (moved.path / "experiment.yaml").read_text()
    (moved.path / "experiment.yaml").write_text(text.replace("photographs", "gone"))
    image = torch.rand(1, 3, 32, 32)
    assert torch.equal(load_model(moved)(image), load_model(folder_run)(image))
    (moved.path / "inputs.json").unlink()
    with pytest.raises(DataError, match="gone"):
        load_model(moved)


def test_a_run_from_before_is_read_off_its_dataset(copy: Run, tmp_path: Path) -> None:
    written = load_model(copy).inputs
    (copy.path / "inputs.json").unlink()
    assert load_model(copy).inputs == load_model(copy, data_root=str(tmp_path)).inputs == written
    assert (written.size_hw, written.content_hw, written.in_channels) == ((21, 21), (16, 16), 1)


def test_it_tells_what_it_was_trained_on(digits_run: Run, tmp_path: Path) -> None:
    model = load_model(digits_run)
    data = load_data(Experiment.model_validate(digits_run.experiment), tmp_path, offline=True)
    assert model.class_names == data.dataset.class_names
    assert (model.size_hw, model.in_channels) == ((21, 21), 1)
    assert (model.mean, model.std) == (data.dataset.mean, data.dataset.std)


def test_a_model_that_normalises_itself_gets_images_as_they_are(small_recipe: str, tmp_path: Path) -> None:
    run = train(load_recipe(small_recipe, "data.normalise=false"), runs_dir=tmp_path, quiet=True)
    model, images = load_model(run), images_of(run, tmp_path)
    assert (model.mean, model.std) == ((0.0,), (1.0,))
    with torch.no_grad():
        assert (model(images) - measured(run)).abs().max() <= 1e-6
        assert torch.equal(model(images / 255), model.network(images / 255))


def test_other_images_are_refused(digits_run: Run) -> None:
    model = load_model(digits_run)
    for shape in ((2, 3, 21, 21), (1, 21, 21), (2, 1, 16, 16)):
        with pytest.raises(ValueError, match=r"images: expected shape \(B, 1, 21, 21\), got"):
            model(torch.rand(*shape))
    with pytest.raises(ValueError, match=r"expected uint8, or floats in \[0, 1\], got torch.int64"):
        model(torch.zeros(1, 1, 21, 21, dtype=torch.int64))


@torch.no_grad()
def test_copies_and_graphs_answer_alike(digits_run: Run) -> None:
    model, images = load_model(digits_run), torch.rand(3, 1, 21, 21)
    assert torch.equal(copying.deepcopy(model)(images), model(images))
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(images), model(images))
    with torch.autocast("cpu", torch.bfloat16):
        assert model(images).isfinite().all()


def test_what_holds_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="is not a run directory"):
        load_model(tmp_path)
    with pytest.raises(RecipeError, match="no such file; expected a run's folder or an exported"):
        load_model(tmp_path / "none.safetensors")
    save_file({"weight": torch.zeros(1)}, tmp_path / "bare.safetensors")
    with pytest.raises(RecipeError, match=r"bare.safetensors holds weights alone"):
        load_model(tmp_path / "bare.safetensors")
    save_file({"weight": torch.zeros(1)}, tmp_path / "other.safetensors", {"spatialvision": '{"inputs": {}}'})
    with pytest.raises(DataError, match=r"other.safetensors does not fit this version of spatialvision"):
        load_model(tmp_path / "other.safetensors")
    (tmp_path / "torn.safetensors").write_bytes(b"torn")
    with pytest.raises(DataError, match=r"torn.safetensors is not a readable .safetensors file"):
        load_model(tmp_path / "torn.safetensors")


def test_an_own_model_comes_along_with_its_run(tmp_path: Path, start: Any) -> None:
    (tmp_path / "own.py").write_text(
        "from torch import nn\nfrom spatialvision import register_model\n\n\n@register_model\n"
        "def own_linear(num_classes: int, in_channels: int) -> nn.Module:\n"
        "    return nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(16 * in_channels, num_classes))\n"
    )
    (tmp_path / "own.yaml").write_text(
        "steps: 1\ndata: {name: digits}\nmodel: {name: own_linear}\noptimizer: {lr: 0.1}\n"
    )
    process = start("train", "own.yaml", "--import", "own.py", "--quiet")
    assert process.wait(100) == 0, process.stderr.read()
    model = load_model(tmp_path / "runs/own/s0")
    assert isinstance(model, Classifier)
    assert model(torch.rand(2, 1, *model.size_hw)).shape == (2, 10)
