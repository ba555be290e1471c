import math

import pytest
import torch

from spatialvision.nn import (
    AttentionTransform,
    SimilarityTransform,
    TranslationTransform,
    similarity_matrix,
)


def test_translation_looks_elsewhere():
    theta = TranslationTransform().theta(torch.tensor([[0.5, -0.25]]))
    assert theta.tolist() == [[[1, 0, 0.5], [0, 1, -0.25]]]


def test_attention_is_the_papers_matrix():
    theta = AttentionTransform().theta(torch.tensor([[0.5, 0.1, 0.2]]))
    torch.testing.assert_close(theta, torch.tensor([[[0.5, 0, 0.1], [0, 0.5, 0.2]]]))


@pytest.mark.parametrize("size_hw", [(20, 20), (20, 50)])
def test_similarity_turns_as_the_matrix_of_a_turn_in_pixels(size_hw):
    """The content turned by an angle and magnified: looking with scale 1 / magnification, turned as far."""
    angle, magnification = 0.3, 2.0
    transform = SimilarityTransform(size_hw[1] / size_hw[0])
    parameters = torch.tensor([[math.cos(angle) / magnification, math.sin(angle) / magnification, 0.0, 0.0]])
    expected = similarity_matrix(
        torch.tensor([angle]), torch.tensor([magnification]), torch.zeros(1, 2), size_hw
    )
    torch.testing.assert_close(transform.theta(parameters).abs(), expected.abs())
    torch.testing.assert_close(transform.theta(parameters), expected)


def test_an_impossible_aspect_ratio_is_named():
    with pytest.raises(ValueError, match="aspect_ratio: expected width over height, over 0, got 0"):
        SimilarityTransform(0)
