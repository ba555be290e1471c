from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from spatialvision.evaluate.engstrom import random_matrices
from spatialvision.evaluate.warped import is_identity, predict_warped, warp
from spatialvision.evaluate.warps import rotation, shift_x_pixels


class BrightestColumn(nn.Module):
    """Says in which column the most light is."""

    def forward(self, images: Tensor) -> Tensor:
        return images.sum(dim=(1, 2))


def points_of_light(columns: list[int], width: int = 8) -> Tensor:
    """One lit pixel an image (N, 1, 8, width), half way down."""
    images = torch.zeros(len(columns), 1, 8, width)
    images[torch.arange(len(columns)), 0, 4, torch.tensor(columns)] = 1
    return images


def test_answers_follow_the_content(made_subject: Any) -> None:
    columns = torch.tensor([1, 2, 3, 4, 5])
    subject = made_subject(points_of_light(columns.tolist()), columns, BrightestColumn())
    matrices = [shift_x_pixels(pixels, (8, 8)) for pixels in (-1, 0, 2)]
    found = predict_warped(subject, torch.arange(5), matrices, "test")
    assert found.dtype == torch.int32
    assert found.tolist() == [(columns + pixels).tolist() for pixels in (-1, 0, 2)]


def test_each_image_may_have_a_warp_of_its_own(made_subject: Any) -> None:
    columns = torch.tensor([1, 2, 3, 4, 5])
    subject = made_subject(points_of_light(columns.tolist()), columns, BrightestColumn(), batch_size=2)
    own = torch.stack([shift_x_pixels(pixels, (8, 8)) for pixels in (2, 1, 0, -1, -2)])
    assert predict_warped(subject, torch.arange(5), [own], "test").tolist() == [[3, 3, 3, 3, 3]]
    some = torch.tensor([4, 0])
    assert predict_warped(subject, some, [own[some]], "test").tolist() == [[3, 3]]


def test_under_the_identity_the_answers_are_the_models_own(subject: Any) -> None:
    made = subject("test")
    found = predict_warped(made, torch.arange(len(made.split)), [torch.eye(3)], "test")
    assert found[0].tolist() == made.logits.argmax(1).tolist()


@pytest.mark.parametrize("batch_size", [1, 50, 1000])
def test_batches_do_not_matter(subject: Any, batch_size: int) -> None:
    made = subject("test")
    positions = torch.arange(0, len(made.split), 3)
    matrices = [
        rotation(20, (28, 28)),
        torch.eye(3),
        *random_matrices(made.split.indices[positions], (28, 28)),
    ]
    expected = predict_warped(made, positions, matrices, "test")
    found = predict_warped(replace(made, batch_size=batch_size), positions, matrices, "test")
    assert torch.equal(found, expected)


def test_the_model_is_asked_in_evaluation_mode_and_keeps_its_own(subject: Any) -> None:
    made = subject("test")
    expected = predict_warped(made, torch.arange(40), [rotation(20, (28, 28))], "test")
    made.model.train()
    assert torch.equal(predict_warped(made, torch.arange(40), [rotation(20, (28, 28))], "test"), expected)
    assert made.model.training


def test_one_grid_for_all_is_the_same_as_a_grid_each() -> None:
    images = torch.rand(4, 2, 9, 7, generator=torch.Generator().manual_seed(0))
    matrix = rotation(33, (9, 7)).float()
    assert torch.equal(warp(images, matrix), warp(images, matrix.expand(4, 3, 3)))


def test_only_the_identity_is_one() -> None:
    assert is_identity(torch.eye(3))
    assert is_identity(rotation(0, (5, 9)))
    assert not is_identity(rotation(1e-6, (5, 9)))
    assert not is_identity(torch.eye(3).expand(2, 3, 3))
