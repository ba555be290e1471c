import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spatialvision import Run
from spatialvision.errors import RecipeError
from spatialvision.evaluate.four_answers import ask, shuffling
from spatialvision.evaluate.puzzle import displaced_curve, distance_curve, puzzle
from spatialvision.models.puzzle import four_answers
from spatialvision.nn import cut_patches, unshuffle_patches


class BrightAtTheLeft(nn.Module):
    """Sums the light of patches by their positions' column: 1 where more of it is said to lie on the right half.

    Sure of it where the light is on one side; it does not know where both have as much.
    """

    size_hw, grid_hw = (4, 8), (2, 4)

    def tokens(self, images: Tensor) -> Tensor:
        return cut_patches(images, self.grid_hw).flatten(2).mean(dim=2, keepdim=True)

    def patch_positions(self) -> Tensor:
        return (torch.arange(8) % 4 // 2 * 2.0 - 1)[:, None]  # −1 in the left half, 1 in the right one

    def classify(self, tokens: Tensor, positions: Tensor) -> Tensor:
        side = (tokens * positions).sum(dim=(1, 2))
        return torch.stack([-side, side], dim=1) * 40

    def forward(self, images: Tensor) -> Tensor:
        return self.classify(self.tokens(images), self.patch_positions())


class HeedlessOfPlace(BrightAtTheLeft):
    """Classifies by the light alone, wherever it is."""

    def patch_positions(self) -> Tensor:
        return torch.ones(8, 1)


def halves(count: int = 40) -> tuple[Tensor, Tensor]:
    """Images (N, 1, 4, 8) with one half lit, 0 the left and 1 the right."""
    labels = torch.arange(count) % 2
    images = torch.zeros(count, 1, 4, 8)
    images[labels == 0, :, :, :4] = 1
    images[labels == 1, :, :, 4:] = 1
    return images, labels


def read(path: Any) -> dict[str, Any]:
    return json.loads(path.read_text())


@pytest.fixture
def placed(made_subject: Any) -> Any:
    return made_subject(*halves(), BrightAtTheLeft())


def test_a_model_that_lives_by_positions(placed: Any) -> None:
    found = read(puzzle(placed))
    rows = found["answers"]
    assert (rows["nn"]["accuracy"], rows["ss"]["accuracy"]) == (1, 1)
    assert rows["nn"]["loss"] == pytest.approx(math.log(1 + math.exp(-320)), abs=1e-6)
    assert rows["ns"]["accuracy"] < 0.9
    assert rows["ns"]["changed"] == pytest.approx(1 - rows["ns"]["accuracy"])
    assert (rows["nn"]["changed"], rows["ss"]["changed"]) == (0, 0)
    assert found["largest_entropy"] == pytest.approx(math.log(2))
    assert rows["nn"]["entropy"] < 1e-6 < rows["ns"]["entropy"] < math.log(2)
    assert found["grid_hw"] == [2, 4]
    percent = f"{100 * rows['ns']['changed']:.1f} %"
    assert found["summary"].startswith("nn 100.00 %, ss 100.00 %, ns ")
    assert f"shuffled positions alone change {percent} of the answers" in found["summary"]


def test_the_numbers_are_those_of_the_answers_counted_by_hand(placed: Any) -> None:
    images, labels = halves()
    positions = torch.arange(40)
    logits = torch.stack(
        four_answers(placed.model, images, shuffling(placed, positions, (2, 4)), (2, 4))
    ).double()
    found = read(puzzle(placed))["answers"]
    log_p = logits.log_softmax(2)
    for number, name in enumerate(("nn", "ss", "ns", "sn")):
        row = found[name]
        assert row["correct"] == int((logits[number].argmax(1) == labels).sum())
        truth = log_p[number, positions, labels] if name in ("nn", "ss") else log_p[number].mean(1)
        assert row["loss"] == pytest.approx(-truth.mean().item(), abs=1e-9)
        entropy = -(log_p[number].exp() * log_p[number]).sum(1).mean().item()
        assert row["entropy"] == pytest.approx(entropy, abs=1e-9)


def test_a_model_that_does_not_use_positions_is_found_out(made_subject: Any) -> None:
    found = read(puzzle(made_subject(*halves(), HeedlessOfPlace())))
    rows = found["answers"]
    assert rows["ns"] == rows["nn"]
    assert rows["sn"] == rows["ss"]
    assert {point["ns"] for point in found["displaced"]} == {rows["nn"]["accuracy"]}
    assert "shuffled positions alone change 0.0 % of the answers" in found["summary"]


def test_accuracy_falls_as_more_patches_move_and_as_they_move_across(placed: Any) -> None:
    positions = torch.arange(40)
    displaced = displaced_curve(placed, positions, (2, 4))
    assert [point["patches"] for point in displaced] == [0, 2, 4, 8]
    assert [displaced[0][name] for name in ("nn", "ss", "ns", "sn")] == [1, 1, 1, 1]
    assert {point["ss"] for point in displaced} == {1}
    assert displaced[-1]["sn"] < displaced[1]["sn"]
    # The further patches go, the more light crosses over to the other half.
    distance = distance_curve(placed, positions, (2, 4))
    assert [point["reach"] for point in distance] == [0, 1, 2, 3]
    assert {point["ss"] for point in distance} == {1}
    assert (distance[0]["sn"], distance[0]["moved"]) == (1, 0)
    assert distance[3]["sn"] < distance[1]["sn"]
    assert 0.2 < distance[1]["moved"] < distance[3]["moved"] < 1


@pytest.mark.parametrize("batch_size", [3, 100])
def test_batches_and_other_images_do_not_matter(placed: Any, batch_size: int) -> None:
    positions = torch.arange(1, 40, 3)
    orders = shuffling(placed, torch.arange(40), (2, 4))
    assert torch.equal(shuffling(placed, positions, (2, 4)), orders[positions])
    whole = ask(placed, torch.arange(40), orders, (2, 4), "test")
    some = ask(replace(placed, batch_size=batch_size), positions, orders[positions], (2, 4), "test")
    for ours, all_of_them in zip(some[:4], whole[:4], strict=True):
        torch.testing.assert_close(ours, all_of_them[:, positions])
    assert some.outputs == 2


def test_the_pictures_hold_the_images_and_their_answers(placed: Any) -> None:
    puzzle(placed)
    with np.load(placed.folder / "puzzle.npz") as file:
        arrays = {name: torch.tensor(value) for name, value in file.items()}
    images, labels = halves()
    assert torch.equal(arrays["inputs"], images[:8])
    assert torch.equal(unshuffle_patches(arrays["shuffled"], arrays["permutation"], (2, 4)), images[:8])
    assert torch.equal(arrays["label"], labels[:8])
    expected = ask(placed, torch.arange(8), arrays["permutation"], (2, 4), "test")
    assert torch.equal(arrays["prediction"], expected.prediction)
    assert torch.equal(arrays["confidence"], expected.confidence)


def test_fewer_images_and_another_grid(placed: Any) -> None:
    found = read(puzzle(placed, images=10, curve_images=4, grid_hw=(1, 2)))
    assert found["answers"]["nn"]["images"] == 10
    assert (found["curve_images"], found["grid_hw"]) == (4, [1, 2])
    assert [point["patches"] for point in found["displaced"]] == [0, 2]
    # Halves that change places: the patches alone, and the positions alone, say the contrary.
    assert (found["displaced"][1]["sn"], found["displaced"][1]["ns"]) == (0, 0)


def test_wrong_options_are_named(placed: Any) -> None:
    with pytest.raises(
        RecipeError, match=r"evaluator puzzle: grid_hw: expected rows .* 2 × 4 tokens, got 3 × 3"
    ):
        puzzle(placed, grid_hw=(3, 3))
    with pytest.raises(RecipeError, match=r"puzzle.images: expected at least 1, got 0"):
        puzzle(placed, images=0)


def test_it_does_not_apply_to_models_without_tokens_to_shuffle(subject: Any, made_subject: Any) -> None:
    assert puzzle(subject("test")) is None
    single = BrightAtTheLeft()
    single.grid_hw = (1, 1)
    assert puzzle(made_subject(*halves(), single)) is None


def test_the_model_keeps_its_mode(placed: Any) -> None:
    placed.model.train()
    puzzle(placed, images=4, curve_images=4)
    assert placed.model.training


def test_a_run_with_a_transformer_over_patches_leaves_file_and_pictures(
    command: Any, small_recipe: str, tmp_path: Any
) -> None:
    model = "model={name: vit_pre_norm, patch: 4, layers: 1, width: 16, heads: 2}"
    code, _, errors = command("train", small_recipe, model, "epochs=1", "--name", "vit", "--quiet")
    assert (code, errors) == (0, "")
    run = Run(tmp_path / "runs/small/vit")
    options = ("puzzle.images=50", "puzzle.curve_images=20", "puzzle.grid_hw=[2,2]", "--split", "test")
    code, output, errors = command("evaluate", run.path, *options)
    assert (code, errors) == (0, "")
    for name in ("evaluation/test/puzzle.json", "evaluation/test/puzzle.png", "figures/puzzle-test.png"):
        assert name in output
        assert (run.path / name).is_file()
    found = run.read_json("evaluation/test/puzzle.json")
    assert found is not None
    assert (found["grid_hw"], found["answers"]["nn"]["images"]) == ([2, 2], 50)
