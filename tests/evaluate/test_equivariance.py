import json
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from spatialvision import Run, load_recipe, train
from spatialvision.evaluate.equivariance import CURVES, MEASURES, equivariance
from spatialvision.nn.grid import affine_points, sample

EXACT = {"angle_deg": 0.0, "factor": 1.0, "pixels": 0.0, "straightened": 0.0, "inputs": 0.0}


class TwoLights(nn.Module):
    """Looks along the line from the light in the first channel to that in the second, which it shows 10 pixels long.

    The centres of light move as the content does, so θ follows every turn, magnification and shift.
    """

    def theta(self, images: Tensor) -> Tensor:
        line = torch.arange(images.shape[3]) - (images.shape[3] - 1) / 2
        weight = images / images.sum(dim=(2, 3), keepdim=True)
        x, y = (weight.sum(2) * line).sum(2), (weight.sum(3) * line).sum(2)  # (B, 2), a light each
        across, middle = (
            torch.stack([x[:, 1] - x[:, 0], y[:, 1] - y[:, 0]], 1),
            torch.stack([x, y], 2).mean(1),
        )
        axis, down = across / 10, torch.stack([-across[:, 1], across[:, 0]], 1) / 10
        return torch.stack([axis, down, middle / (images.shape[3] / 2)], dim=2)

    def points(self, images: Tensor) -> Tensor:
        return affine_points(self.theta(images), (images.shape[2], images.shape[3]))

    def warp(self, images: Tensor, points_xy: Tensor) -> Tensor:
        return sample(images, points_xy)

    def forward(self, images: Tensor) -> Tensor:
        return sample(images, self.points(images)).sum(dim=(2, 3))


class Still(TwoLights):
    """Never moves."""

    def theta(self, images: Tensor) -> Tensor:
        return torch.eye(2, 3).expand(len(images), 2, 3)


def two_lights(count: int, size: int = 64) -> Tensor:
    """Smooth lights (count, 2, size, size), one a channel, in the middle of the image."""
    line = torch.arange(size) - (size - 1) / 2
    images = []
    for number in range(count):
        angle = 0.7 * number
        centres = [(-6 * math.cos(angle), 5 * math.sin(angle)), (4 * math.cos(angle), 2 + math.sin(angle))]
        images.append(
            torch.stack(
                [torch.exp(-((line - x) ** 2 + (line[:, None] - y) ** 2) / (2 * 3.0**2)) for x, y in centres]
            )
        )
    return torch.stack(images) * (torch.stack(images) > 0.004)


@pytest.fixture
def measured(made_subject: Any) -> Any:
    """Medians of a model's measures: curve, then value, then measure."""

    def measure(model: nn.Module) -> dict[str, dict[float, dict[str, float]]]:
        subject = made_subject(two_lights(9), torch.zeros(9, dtype=torch.int64), model, batch_size=4)
        path = equivariance(subject)
        assert path is not None
        document = json.loads(path.read_text())
        assert document["images"] == 9
        assert list(document["curves"]) == list(CURVES)
        found: dict[str, dict[float, dict[str, float]]] = {}
        for name, curve in document["curves"].items():
            for point in curve["points"]:
                medians = {measure: point[measure]["median"] for measure in MEASURES}
                found.setdefault(name, {})[point["value"]] = medians
                for each in MEASURES:
                    assert point[each]["lower"] <= point[each]["median"] <= point[each]["upper"]
        return found

    return measure


def test_a_transformer_that_follows_has_no_error(measured: Any) -> None:
    for curve in measured(TwoLights()).values():
        for medians in curve.values():
            assert medians["angle_deg"] < 0.5
            assert medians["factor"] < 1.01
            assert medians["pixels"] < 0.1
            assert medians["straightened"] < 0.005
    turned = measured(TwoLights())["rotation"][90.0]
    assert turned["inputs"] > 10 * turned["straightened"]


def test_a_transformer_that_stays_errs_by_all_that_was_moved(measured: Any) -> None:
    found = measured(Still())
    for value, medians in found["rotation"].items():
        assert medians["angle_deg"] == pytest.approx(abs(value), abs=1e-3)
        assert medians["factor"] == pytest.approx(1, abs=1e-5)
        assert medians["pixels"] == pytest.approx(0, abs=1e-3)
    for value, medians in found["scale"].items():
        assert medians["factor"] == pytest.approx(max(value, 1 / value), rel=1e-5)
        assert medians["angle_deg"] == pytest.approx(0, abs=1e-3)
    for name in ("shift_x_pixels", "shift_y_pixels"):
        for value, medians in found[name].items():
            assert medians["pixels"] == pytest.approx(abs(value), abs=1e-3)
    for curve in found.values():
        for medians in curve.values():
            assert medians["straightened"] == pytest.approx(medians["inputs"], abs=1e-6)


@pytest.mark.parametrize("model", [TwoLights(), Still()])
def test_nothing_changes_at_the_neutral_value(measured: Any, model: nn.Module) -> None:
    found = measured(model)
    for name in CURVES:
        assert found[name][1.0 if name == "scale" else 0.0] == pytest.approx(EXACT, abs=1e-4)


def test_it_runs_on_a_trained_transformer(command: Any, finished: Run, tmp_path: Any) -> None:
    import shutil

    copy = shutil.copytree(finished.path, tmp_path / "copy")
    code, output, errors = command("evaluate", copy, "equivariance", "--split", "test")
    assert (code, errors) == (0, "")
    assert "evaluation/test/equivariance.json" in output


def test_it_does_not_apply_to_a_model_without_one(command: Any, small_recipe: str, tmp_path: Any) -> None:
    recipe = load_recipe(
        small_recipe, "epochs=1", "evaluation.evaluators=[accuracy,equivariance]", "evaluation.splits=[test]"
    )
    run = train(recipe, runs_dir=tmp_path, quiet=True)
    assert [path.name for path in (run.path / "evaluation/test").iterdir()] == ["accuracy.json"]
    code, _, errors = command("evaluate", run.path, "equivariance")
    assert code == 2
    assert "evaluator 'equivariance' does not apply to this model (ConvolutionalClassifier)" in errors
