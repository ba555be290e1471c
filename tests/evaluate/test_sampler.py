import math
from typing import Any

import numpy as np
import pytest
import torch

from spatialvision import Run, load_recipe, train
from spatialvision.evaluate.sampler import frame_angle_deg, look
from spatialvision.nn.grid import affine_points, sample

DISTORTED = (
    "distortion={name: similarity, canvas: 28, rotation_deg: 45}",
    "model.localisation=plain",
    "steps=2",
    "epochs=null",
    "evaluation.splits=[test]",
)


def arrays_of(run: Run) -> dict[str, torch.Tensor]:
    found = np.load(run.path / "evaluation/test/sampler.npz")
    return {name: torch.from_numpy(array) for name, array in found.items()}


def test_what_is_written_is_one_consistent_warp(finished: Run, subject: Any) -> None:
    made, found = subject("test"), arrays_of(finished)
    stored = made.split.images[:32].float() / 255
    torch.testing.assert_close(found["inputs"], stored)
    assert found["label"].tolist() == made.split.labels[:32].tolist()
    assert found["theta"].shape == (len(made.split), 2, 3)
    torch.testing.assert_close(found["points"], affine_points(found["theta"][:32], (28, 28)))
    # Outside the image the model sees normalised zeros, which are the mean as a grey level.
    mean = torch.tensor(made.dataset.mean).view(1, -1, 1, 1)
    by_hand = (sample(stored - mean, found["points"]) + mean).clamp(0, 1)
    torch.testing.assert_close(found["warped"], by_hand, rtol=0, atol=1e-5)
    assert "true_angle_deg" not in found


def test_the_angle_is_that_of_the_outputs_x_axis_counter_clockwise_on_screen() -> None:
    # With y pointing down, (cos, −sin) points up to the right for positive angles.
    angle = torch.tensor([0.0, 30.0, -100.0, 179.0]).deg2rad()
    x_axis, y_axis = (angle.cos(), -angle.sin()), (angle.sin(), angle.cos())
    theta = torch.zeros(4, 2, 3)
    for column, axis in enumerate((x_axis, y_axis)):
        theta[:, 0, column], theta[:, 1, column] = 0.7 * axis[0], 0.7 * axis[1]
    theta[:, :, 2] = 0.3
    torch.testing.assert_close(frame_angle_deg(theta), angle.rad2deg())


def test_the_true_angle_is_what_undoes_the_distortion(small_recipe: str, tmp_path: Any) -> None:
    found = arrays_of(train(load_recipe(small_recipe, *DISTORTED), runs_dir=tmp_path, quiet=True))
    true = found["true_angle_deg"]
    assert true.shape == found["angle_deg"].shape == (len(found["theta"]),)
    assert true.abs().max() <= 45
    assert true.std().item() == pytest.approx(90 / math.sqrt(12), rel=0.1)


def test_a_distortion_that_bends_has_no_true_angle(small_recipe: str, tmp_path: Any) -> None:
    bent = ("distortion={name: projective, corner_std_px: 2}", "data.size=20", *DISTORTED[1:])
    found = arrays_of(train(load_recipe(small_recipe, *bent), runs_dir=tmp_path, quiet=True))
    assert "true_angle_deg" not in found


def test_true_angles_lie_where_measured_ones_do(small_recipe: str, tmp_path: Any) -> None:
    # Half a turn and more: −160° and 200° are the same, and written as the sampler's own angles are.
    listed = ("distortion={name: grid, angles_deg: [0, 100, 200]}", "data.size=20", *DISTORTED[1:])
    found = arrays_of(train(load_recipe(small_recipe, *listed), runs_dir=tmp_path, quiet=True))
    expected = torch.tensor([0.0, 100.0, -160.0]).repeat(len(found["theta"]) // 3)
    torch.testing.assert_close(found["true_angle_deg"], expected)


def test_looking_leaves_the_model_in_its_mode(subject: Any) -> None:
    made = subject("test")
    made.model.train()
    batch = made.loader.batch(torch.arange(4), epoch=0)
    first, second = look(made.model, batch.images), look(made.model, batch.images)
    assert made.model.training
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_pictures_are_right_where_the_model_sees_black_to_white(small_recipe: str, tmp_path: Any) -> None:
    unchanged = ("data.normalise=false", "data.smallest_size=31", *DISTORTED[1:])
    found = arrays_of(train(load_recipe(small_recipe, *unchanged), runs_dir=tmp_path, quiet=True))
    assert found["inputs"].shape == (32, 1, 31, 31)
    assert found["inputs"].max() == 1
    # Nothing is added or subtracted: outside the image there is black.
    by_hand = sample(found["inputs"], found["points"])
    torch.testing.assert_close(found["warped"], by_hand, rtol=0, atol=1e-6)
