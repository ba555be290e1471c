import json
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from spatialvision import Run
from spatialvision.errors import RecipeError
from spatialvision.evaluate import engstrom
from spatialvision.evaluate.robustness import NEIGHBOURS, attack, consistency, curves, robustness, spread
from spatialvision.evaluate.warped import predict_warped


class BrightestPlace(nn.Module):
    """Right in one of the image's halves only: 0 where the light is on the left, 1 on the right."""

    def forward(self, images: Tensor) -> Tensor:
        columns = images.sum(dim=(1, 2))
        half = columns.shape[1] // 2
        return torch.stack([columns[:, :half].sum(1), columns[:, half:].sum(1)], dim=1)


class TotalLight(nn.Module):
    """Looks at nothing but the sum of all pixels: over 12, class 1."""

    def forward(self, images: Tensor) -> Tensor:
        total = images.sum(dim=(1, 2, 3))
        return torch.stack([torch.zeros_like(total), total - 12], dim=1)


def discs(radii: list[float], size: int = 28) -> Tensor:
    """White discs (N, 1, size, size) in the middle of the image, their edges smooth."""
    line = torch.arange(size) - (size - 1) / 2
    distance = (line[:, None] ** 2 + line**2).sqrt()
    return torch.stack([((radius - distance) / 2 + 0.5).clamp(0, 1)[None] for radius in radii])


def lights(columns: list[int]) -> Tensor:
    """A lit pixel in the given column of each image (N, 1, 16, 16)."""
    images = torch.zeros(len(columns), 1, 16, 16)
    images[torch.arange(len(columns)), 0, 8, torch.tensor(columns)] = 1
    return images


def test_an_invariant_model_is_flat(made_subject: Any) -> None:
    """The discs' sums are 3 and 79, or less by the square of what they are shrunk by; none comes near 12."""
    labels = torch.tensor([0, 1] * 5)
    subject = made_subject(discs([0.5, 5.0] * 5), labels, TotalLight())
    positions = torch.arange(10)
    found = curves(subject, positions, labels)
    for name in ("rotation", "shift_x_pixels", "shift_y_pixels", "shear", "perspective"):
        assert {point["correct"] for point in found[name]["points"]} == {10}, name
    natural = predict_warped(subject, positions, [torch.eye(3)], "test")[0]
    attacked, stable = attack(subject, positions, labels), consistency(subject, positions, natural)
    assert [attacked[key]["accuracy"] for key in ("random", "worst_of_10", "worst_of_grid")] == [1, 1, 1]
    assert (stable["mean"], stable["all"]) == (1, 1)


def test_known_shifts_give_counted_answers(made_subject: Any) -> None:
    """Lights in columns 5 to 7 belong to the left: one in column c leaves it after 8 − c pixels to the right."""
    positions, labels = torch.arange(3), torch.tensor([0, 0, 0, 1])
    subject = made_subject(lights([5, 6, 7, 8]), labels, BrightestPlace())
    found = curves(subject, positions, labels[:3])
    assert found["shift_x_pixels"]["fit"] == 1
    assert {point["value"]: point["correct"] for point in found["shift_x_pixels"]["points"]} == {
        -4: 3, -3: 3, -2: 3, -1: 3, 0: 3, 1: 2, 2: 1, 3: 0, 4: 0,
    }  # fmt: skip
    assert all(point["images"] == 3 for point in found["shift_x_pixels"]["points"])
    assert {point["correct"] for point in found["shift_y_pixels"]["points"]} == {3}
    # Of the 8 neighbours 3 lie to the right; they make the light in column 7 cross over, and no other.
    natural = predict_warped(subject, positions, [torch.eye(3)], "test")[0]
    stable = consistency(subject, positions, natural)
    assert stable["mean"] == (3 * 8 - 3) / (3 * 8)
    assert stable["all"] == 2 / 3
    assert [row["stays"] for row in stable["directions"]] == [2 if x > 0 else 3 for x, _ in NEIGHBOURS]


def test_the_worst_of_the_grid_is_the_worst_of_its_points(made_subject: Any) -> None:
    """±2 pixels on 16: without a turn, the light in column 7 is lost at 1 and at 2, that in column 6 at 2 only."""
    labels = torch.tensor([0, 0, 0, 1])
    subject = made_subject(lights([5, 6, 7, 11]), labels, BrightestPlace())
    found = attack(subject, torch.arange(4), labels)
    assert found["shift_xy_pixels"] == (2, 2)
    assert found["grid"]["shift_x_pixels"] == [-2, -1, 0, 1, 2]
    upright = found["grid"]["angle_deg"].index(0)
    by_shift = [row[2] for row in found["grid"]["correct"][upright]]
    assert by_shift == [4, 4, 4, 3, 2]
    assert found["worst_of_grid"]["correct"] <= 2
    counts = [number for block in found["grid"]["correct"] for row in block for number in row]
    assert len(counts) == 775
    assert found["worst_of_grid"]["correct"] <= min(counts)


def test_a_subset_of_the_grid_is_no_worse_than_the_grid(subject: Any) -> None:
    made, grid = subject("test"), engstrom.grid_matrices((28, 28))
    positions = torch.arange(0, len(made.split), 20)
    right = predict_warped(made, positions, grid, "test") == made.split.labels[positions]
    some = right[torch.randperm(775, generator=torch.Generator().manual_seed(0))[:10]]
    assert right.all(0).sum() <= some.all(0).sum() <= some.sum() / 10
    assert right.all(0).sum() < right[387].sum()  # this small network is no match for the attack


@pytest.fixture
def measured(subject: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The evaluator's file on 60 test images, with a grid of 9 points."""
    monkeypatch.setattr(engstrom, "GRID_ANGLES", 1)
    monkeypatch.setattr(engstrom, "GRID_SHIFTS", 3)
    return json.loads(robustness(subject("test"), images=60).read_text())


def test_the_file_holds_together(measured: dict[str, Any], subject: Any) -> None:
    made = subject("test")
    positions = spread(len(made.split), 60)
    right = made.logits.argmax(1)[positions] == made.split.labels[positions]
    natural = {"correct": int(right.sum()), "images": 60, "accuracy": int(right.sum()) / 60}
    assert measured["natural"] == natural
    assert measured["engstrom"]["worst_of_10"]["accuracy"] <= measured["engstrom"]["random"]["accuracy"]
    assert measured["engstrom"]["random"]["images"] == 600
    for curve in measured["curves"].values():
        values = [point["value"] for point in curve["points"]]
        assert curve["neutral"] in values
        neutral = curve["points"][values.index(curve["neutral"])]
        if curve["fit"] == 1:
            assert {key: neutral[key] for key in natural} == natural
        for point in curve["points"]:
            assert point["images"] == 60
            assert point["accuracy"] == point["correct"] / 60
    assert measured["curves"]["perspective"]["fit"] == 1
    assert measured["seconds"] > 0


def test_two_curves_of_one_warp_agree(measured: dict[str, Any]) -> None:
    rotation = measured["curves"]["rotation"]["points"]
    assert rotation[0]["value"] == -rotation[-1]["value"] == -180
    assert rotation[0]["correct"] == rotation[-1]["correct"]


@pytest.mark.parametrize("batch_size", [7, 60])
def test_batches_do_not_matter(measured: dict[str, Any], subject: Any, batch_size: int) -> None:
    made = replace(subject("test"), batch_size=batch_size)
    again = json.loads(robustness(made, images=60).read_text())
    assert {**again, "seconds": 0} == {**measured, "seconds": 0}


def test_images_are_spread_over_the_split() -> None:
    assert spread(10, None).tolist() == list(range(10))
    assert spread(10, 20).tolist() == list(range(10))
    assert spread(10, 4).tolist() == [0, 2, 5, 7]
    with pytest.raises(RecipeError, match="expected at least 1, got 0"):
        spread(10, 0)


def test_it_is_asked_for_by_name_and_with_options(command: Any, finished: Run, tmp_path: Any) -> None:
    import shutil

    copy = shutil.copytree(finished.path, tmp_path / "copy")
    code, output, errors = command("evaluate", copy, "robustness.images=2", "--split", "test")
    assert (code, errors) == (0, "")
    assert "evaluation/test/robustness.json" in output
    assert Run(copy).read_json("evaluation/test/robustness.json")["natural"]["images"] == 2
    assert not (finished.path / "evaluation/test/robustness.json").exists()
