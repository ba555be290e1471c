import pytest
import torch

from spatialvision.data.distortions.placement import Anywhere, Fitted, InPlace

NUMBERS = torch.tensor([[0.0, 0.5], [0.25, 0.75]])
CENTRE_AND_CORNER = torch.tensor([[0.0, 0.0], [1.0, 1.0]])


def test_in_place_nothing_moves() -> None:
    assert InPlace().canvas_hw((3, 5)) == (3, 5)
    assert InPlace().shift_xy(NUMBERS, torch.ones(2), (3, 5)).abs().max() == 0
    assert torch.equal(InPlace().onto_image(CENTRE_AND_CORNER, (3, 5)), CENTRE_AND_CORNER)


def test_fitted_is_a_share_of_the_canvas() -> None:
    placement = Fitted(canvas=40, fit=0.5, shift=0.1)
    assert placement.canvas_hw((10, 20)) == (40, 40)
    # The canvas is twice the image's width and four times its height.
    torch.testing.assert_close(
        placement.onto_image(CENTRE_AND_CORNER, (10, 20)), torch.tensor([[0.0, 0.0], [2.0, 4.0]])
    )
    expected = torch.tensor([[-0.2, 0.0], [-0.1, 0.1]])
    torch.testing.assert_close(placement.shift_xy(NUMBERS, torch.ones(2), (10, 20)), expected)


def test_anywhere_reaches_the_canvas_edges() -> None:
    placement = Anywhere(canvas=40, largest_scale=2.0)
    torch.testing.assert_close(
        placement.onto_image(CENTRE_AND_CORNER, (10, 20)), torch.tensor([[0.0, 0.0], [2.0, 4.0]])
    )
    corners = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    moved_px = 20 * placement.shift_xy(corners, torch.tensor([1.0, 2.0]), (10, 20))
    torch.testing.assert_close(moved_px, torch.tensor([[-10.0, -15.0], [0.0, 10.0]]))


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="canvas and fit: expected positive, got 4 and 0"):
        Fitted(canvas=4, fit=0, shift=0)
    with pytest.raises(ValueError, match="shift: expected 0 to 1"):
        Fitted(canvas=4, fit=1, shift=1.5)
    with pytest.raises(ValueError, match="canvas: expected at least 20 pixels for images of 10×20"):
        Anywhere(canvas=19, largest_scale=1.0).canvas_hw((10, 20))
