import json
from typing import Any

import pytest
import torch

from spatialvision.evaluate.cost import cost, images_of, measure_cost


def test_counts_of_a_small_network_by_hand(subject: Any) -> None:
    made = subject("test")
    result = measure_cost(made, 0.01)
    # The classifier (5×5 convolutions to 10 and 20 channels, 320 → 50 → 10) and the localisation network (7×7 to
    # 8 and 5×5 to 10 channels, 90 → 32 → 6) on 28×28 pixels.
    classifier = 24 * 24 * 10 * 25 + 8 * 8 * 20 * 250 + 320 * 50 + 50 * 10
    localisation = 22 * 22 * 8 * 49 + 7 * 7 * 10 * 200 + 90 * 32 + 32 * 6
    assert result["multiply_adds"] == classifier + localisation
    assert result["parameters"] == result["trainable_parameters"] == 27_360
    assert result["weight_bytes"] == 4 * 27_360 + sum(value.nbytes for value in made.model.buffers())


def test_time_and_memory_of_one_image_and_of_the_training_batch(subject: Any) -> None:
    result = measure_cost(subject("test"), 0.01)
    single, batch = result["forward"]
    assert (single["batch_size"], batch["batch_size"]) == (1, 128)
    for row in (single, batch):
        lower, upper = row["quartiles_seconds"]
        assert 0 < lower <= row["median_seconds"] <= upper
        assert row["images_per_second"] == pytest.approx(row["batch_size"] / row["median_seconds"])
        assert row["runs"] >= 5
    assert 100 * single["peak_tensor_bytes"] < batch["peak_tensor_bytes"] < 129 * single["peak_tensor_bytes"]
    assert result["forward_backward"]["batch_size"] == 128
    assert result["forward_backward"]["peak_tensor_bytes"] > batch["peak_tensor_bytes"]


def test_it_says_what_it_was_measured_on(subject: Any) -> None:
    result = measure_cost(subject("test"), 0.01)
    assert (result["device"], result["precision"], result["threads"]) == ("cpu", "float32", 1)
    assert result["memory_format"] == "channels_last"
    assert result["torch"] == torch.__version__
    assert result["device_name"]


def test_frozen_parameters_are_no_trainable_ones_and_need_no_gradient(subject: Any) -> None:
    made = subject("test")
    made.model.classifier.requires_grad_(False)
    result = measure_cost(made, 0.01)
    assert result["parameters"] - result["trainable_parameters"] == 21_840


def test_the_file_is_the_runs_and_measured_once_for_all_splits(subject: Any, tmp_path: Any) -> None:
    made, other = subject("test"), subject("validation")
    for number, one in enumerate((made, other)):
        object.__setattr__(one, "folder", tmp_path / "evaluation" / str(number))
    object.__setattr__(other, "model", made.model)
    path = cost(made, seconds=0.01)
    assert path == tmp_path / "evaluation/cost.json"
    assert json.loads(path.read_text())["parameters"] == 27_360
    before = path.read_bytes()
    assert cost(other, seconds=0.01).read_bytes() == before
    assert cost(other, seconds=0.02).read_bytes() != before


def test_measuring_leaves_weights_and_gradients_alone(subject: Any) -> None:
    made = subject("test")
    state = {name: value.clone() for name, value in made.model.state_dict().items()}
    measure_cost(made, 0.01)
    assert all(torch.equal(value, state[name]) for name, value in made.model.state_dict().items())
    assert all(value.grad is None for value in made.model.parameters())


def test_a_split_smaller_than_the_batch_is_gone_through_again(subject: Any) -> None:
    made = subject("validation")
    images = images_of(made, len(made.split) + 2)
    assert torch.equal(images[-2:], images[:2])
    assert images.is_contiguous(memory_format=torch.channels_last)
