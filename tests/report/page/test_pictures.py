"""Small pictures inside the page."""

import base64
import io

import numpy as np
from PIL import Image

from spatialvision.report.page.pictures import framed, picture, shared_view


def opened(address: str) -> Image.Image:
    head, _, content = address.partition(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(content)))


def test_a_small_image_is_kept_to_the_pixel() -> None:
    levels = np.arange(48, dtype=np.uint8).reshape(3, 4, 4)
    assert np.array_equal(np.asarray(opened(picture(levels / 255))), levels.transpose(1, 2, 0))
    assert np.array_equal(np.asarray(opened(picture(levels[:1] / 255))), levels[0])


def test_a_large_image_is_made_smaller() -> None:
    assert opened(picture(np.zeros((3, 100, 400)))).size == (96, 24)


def test_the_outline_lies_on_the_image() -> None:
    """A white image of 10×10 pixels in a view of 20×20: its border is drawn, grey surrounds it."""
    corners = np.array([[-0.5, -0.5], [9.5, -0.5], [9.5, 9.5], [-0.5, 9.5], [-0.5, -0.5]])
    view = (np.array([-5.5, -5.5]), np.array([14.5, 14.5]))
    shown = np.asarray(opened(framed(np.ones((1, 10, 10)), corners, 2, view)).convert("RGBA"))
    assert shown.shape == (200, 200, 4)
    assert shown[100, 100].tolist() == [255, 255, 255, 255]
    assert 0 < shown[10, 10, 3] < 255
    red, _, blue, _ = shown[50, 100].tolist()
    assert red > 200 > blue  # the top edge
    red, _, blue, _ = shown[149, 100].tolist()
    assert blue > 200 > red


def test_the_view_holds_the_image_and_ends_half_an_image_beyond() -> None:
    low, high = shared_view(np.array([[3.0, 3.0], [4.0, 100.0]]), (10, 20))
    assert low[0] < -0.5
    assert low[1] < -0.5
    assert high[0] > 19.5
    assert high[1] == 15
