"""The command `export`: files that answer as the run does, with what must travel inside, and their cards."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open

import spatialvision
from spatialvision import Run, load_model
from spatialvision.config.experiment import Experiment
from spatialvision.errors import DataError
from spatialvision.evaluate.load import load_data
from spatialvision.inference import formats
from spatialvision.inference.export import Exported, export
from spatialvision.inference.formats import FORMATS

LOGITS = "evaluation/test/predictions.npz"


@pytest.fixture(scope="module", params=["onnx", "pt2", "safetensors"])
def form(request: pytest.FixtureRequest) -> str:
    if request.param == "onnx":
        pytest.importorskip("onnxruntime")
        pytest.importorskip("onnxscript")
    return request.param


@pytest.fixture(scope="module")
def exported(digits_run: Run, form: str, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The run on digits as a file."""
    folder = tmp_path_factory.mktemp("exported")
    return export(digits_run, form, folder / f"model.{form}", images=100, data_root=folder)


def facts_in(path: Path) -> dict[str, Any]:
    if path.suffix == ".onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return json.loads(session.get_modelmeta().custom_metadata_map["spatialvision"])
    if path.suffix == ".pt2":
        files = {"spatialvision.json": ""}
        torch.export.load(path, extra_files=files)
        return json.loads(files["spatialvision.json"])
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["spatialvision"])


@torch.no_grad()
def test_the_file_answers_as_the_run_does_whatever_the_batch(
    digits_run: Run, form: str, exported: Exported, tmp_path: Path
) -> None:
    assert exported.images == 100
    assert exported.difference <= 1e-4
    assert sorted(exported.path.parent.iterdir()) == [exported.path, exported.card]
    known = torch.from_numpy(np.load(digits_run.path / LOGITS)["logits"])
    data = load_data(Experiment.model_validate(digits_run.experiment), tmp_path, offline=True)
    answer, images = FORMATS[form].open(exported.path), data.splits["test"].images / 255
    for start, stop in ((0, 1), (1, 3), (3, 60)):
        assert (answer(images[start:stop]) - known[start:stop]).abs().max() <= 1e-4


def test_the_facts_travel_inside(digits_run: Run, exported: Exported) -> None:
    facts, model = facts_in(exported.path), load_model(digits_run)
    assert facts["recipe"] == digits_run.recipe
    assert facts["inputs"]["class_names"] == list(model.class_names)
    assert facts["inputs"]["size_hw"] == [21, 21]
    assert facts["inputs"]["mean"] == list(model.mean)
    assert facts["inputs"]["std"] == list(model.std)
    assert facts["results"] == digits_run.results
    assert facts["experiment"] == digits_run.experiment
    assert set(facts["versions"]) == {"spatialvision", "commit", "python", "packages"}
    assert facts["versions"]["spatialvision"] == spatialvision.__version__
    assert facts["versions"]["packages"]["torch"] == torch.__version__.partition("+")[0]


def test_the_card_says_what_the_run_says(digits_run: Run, exported: Exported) -> None:
    card, measured = exported.card.read_text(), digits_run.results["splits"]["test"]
    right, count, z = measured["correct"], measured["images"], 1.959964
    centre = (right + z * z / 2) / (count + z * z)
    half = z / (count + z * z) * math.sqrt(right * (count - right) / count + z * z / 4)
    interval = f"{100 * (centre - half):.2f}–{100 * (centre + half):.2f}"
    assert f"| test | {count} | {100 * right / count:.2f} | {interval} |" in card
    assert f"{digits_run.results['parameters']:,} parameters" in card
    assert "21 × 21 pixels, 10 classes" in card
    assert "The image proper is 16 × 16 pixels, with black around it." in card
    assert "was compared with the run's own model on 100 test images" in card
    assert digits_run.read_json("environment.json")["commit"] in card


def test_the_cards_lines_load_the_file(
    digits_run: Run, form: str, exported: Exported, digits_as_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = re.search(r"```python\n(.*?)```", exported.card.read_text(), re.DOTALL)
    assert script
    model = load_model(digits_run)
    images = model.preprocess(digits_as_files / "000.png")[None] / 255
    found: dict[str, Any] = {"images": images.numpy() if form == "onnx" else images}
    monkeypatch.chdir(exported.path.parent)
    script = script[1].replace("photo.jpg", str(digits_as_files / "000.png"))
    exec(script, found)
    logits = torch.as_tensor(found["logits"]).detach()
    torch.testing.assert_close(logits, model(images).detach(), atol=1e-4, rtol=0)
    assert form == "safetensors" or found["facts"]["recipe"] == digits_run.recipe


def test_the_command_tells_files_and_difference(command: Any, copy: Run) -> None:
    code, output, _ = command("export", copy.path, "--format", "pt2")
    assert code == 0
    first, second, told = output.splitlines()
    assert (first, second) == (f"{copy.path}/export/model.pt2", f"{copy.path}/export/model.pt2.md")
    found = re.fullmatch(r"largest difference of a logit on 200 test images: (\S+)", told)
    assert found
    assert float(found[1]) <= 1e-4


def test_images_in_folders_export_too(command: Any, folder_run: Run, tmp_path: Path) -> None:
    to = tmp_path / "elsewhere/birds.pt2"
    code, output, _ = command("export", folder_run.path, "--format", "pt2", "--to", to)
    assert code == 0
    assert "on 9 test images" in output
    assert "whose shorter side was 37 pixels" in to.with_name("birds.pt2.md").read_text()


@torch.no_grad()
def test_safetensors_hold_the_whole_model(
    command: Any, copy: Run, digits_as_files: Path, tmp_path: Path
) -> None:
    to = tmp_path / "model.safetensors"
    assert command("export", copy.path, "--format", "safetensors", "--to", to)[0] == 0
    original, loaded = load_model(copy), load_model(to)
    image = original.preprocess(digits_as_files / "000.png")[None]
    assert torch.equal(loaded(loaded.preprocess(digits_as_files / "000.png")[None]), original(image))
    assert loaded.class_names == original.class_names
    assert command("predict", to, digits_as_files)[1] == command("predict", copy.path, digits_as_files)[1]


def test_nothing_is_overwritten_unasked(command: Any, copy: Run) -> None:
    export = ("export", copy.path, "--format", "safetensors", "--images", 1)
    path = copy.path / "export/model.safetensors"
    path.parent.mkdir()
    for file in (path, path.with_name("model.safetensors.md")):
        file.write_text("mine")
        code, _, errors = command(*export)
        assert code == 2
        assert f"{file.name} is there already; replace it with --overwrite" in errors
        assert file.read_text() == "mine"
        assert list(path.parent.iterdir()) == [file]
        file.unlink()
    path.write_text("mine")
    assert command(*export, "--overwrite")[0] == 0
    assert load_model(path).class_names


@pytest.mark.parametrize("shift", [2e-4, math.nan])
def test_a_file_that_answers_otherwise_is_removed(
    command: Any, copy: Run, monkeypatch: pytest.MonkeyPatch, shift: float
) -> None:
    known = FORMATS["safetensors"]

    def open_(path: Path) -> Callable[[torch.Tensor], torch.Tensor]:
        model = known.open(path)
        return lambda images: model(images) + shift * (len(images) > 1)

    monkeypatch.setitem(formats.FORMATS, "safetensors", replace(known, open=open_))
    code, output, errors = command("export", copy.path, "--format", "safetensors", "--images", 9)
    assert (code, output) == (1, "")
    assert "was not written: as safetensors the model's logits differ by" in errors
    assert "on 9 test images, expected at most 0.0001" in errors
    assert not list((copy.path / "export").iterdir())


def test_a_missing_package_is_named_with_what_installs_it(
    command: Any, copy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(formats.FORMATS, "onnx", replace(FORMATS["onnx"], packages=("onnx_of_tomorrow",)))
    code, _, errors = command("export", copy.path, "--format", "onnx")
    assert code == 2
    assert "exporting to .onnx needs onnx_of_tomorrow: pip install 'spatialvision[export]'" in errors


def test_wrong_wishes_are_refused(command: Any, copy: Run, tmp_path: Path) -> None:
    code, _, errors = command("export", copy.path, "--format", "onx")
    assert (code, "unknown format 'onx'; did you mean 'onnx'?" in errors) == (2, True)
    code, _, errors = command("export", copy.path, "--format", "pt2", "--to", tmp_path / "model.pth")
    assert (code, "expected a name that ends in .pt2" in errors) == (2, True)
    with pytest.raises(ValueError, match="images: expected at least 1 to check the file on, got 0"):
        export(copy, "pt2", images=0, data_root=tmp_path)


def test_damaged_weights_are_not_exported(command: Any, copy: Run) -> None:
    weights = copy.path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    code, _, errors = command("export", copy.path, "--format", "pt2")
    assert (code, "is damaged" in errors) == (DataError.exit_code, True)
    assert not (copy.path / "export").exists()
