"""Small pictures, each inside the page as a PNG."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from spatialvision.report.sampler import OUTLINE, TOP

LONGEST_SIDE = 96
FRAMED_SIDE = 200
OUTSIDE = (128, 128, 128, 70)


def picture(pixels: np.ndarray) -> str:
    """An image (C, H, W) in [0, 1] as a data address, at most 96 pixels a side."""
    image = make_image(pixels)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return data_address(image)


def framed(
    pixels: np.ndarray, outline_xy: np.ndarray, top_length: int, view: tuple[np.ndarray, np.ndarray]
) -> str:
    """An image with the outline of where a spatial transformer looks on it, as a data address.

    Args:
        pixels: (C, H, W) in [0, 1].
        outline_xy: (corners, 2) in pixels of the image, the first ``top_length`` of them its top edge.
        view: the lowest and the highest (x, y) that are shown; outside the image it is grey.
    """
    low, high = view
    scale = FRAMED_SIDE / float((high - low).max())
    canvas = Image.new("RGBA", tuple(((high - low) * scale).round().astype(int).tolist()), OUTSIDE)
    image = make_image(pixels).convert("RGBA")
    corner, end = (
        np.round((np.array(place) - 0.5 - low) * scale).astype(int) for place in ((0, 0), image.size)
    )
    canvas.paste(
        image.resize(tuple((end - corner).tolist()), Image.Resampling.NEAREST), tuple(corner.tolist())
    )
    draw, spots = ImageDraw.Draw(canvas), [tuple(spot) for spot in ((outline_xy - low) * scale).tolist()]
    draw.line(spots, fill=OUTLINE, width=3, joint="curve")
    draw.line(spots[:top_length], fill=TOP, width=4, joint="curve")
    draw.circle(spots[0], 6, fill=TOP)
    return data_address(canvas.quantize(64))


def make_image(pixels: np.ndarray) -> Image.Image:
    """Three channels in colour, otherwise the channels' mean in grey."""
    levels = (255 * np.clip(pixels, 0, 1)).round().astype(np.uint8)
    if len(levels) == 3:
        return Image.fromarray(np.ascontiguousarray(levels.transpose(1, 2, 0)))
    return Image.fromarray(levels.mean(axis=0).round().astype(np.uint8))


def data_address(image: Image.Image) -> str:
    """``data:image/png;base64,…``."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def shared_view(frames: np.ndarray, size_hw: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Room for all outlines (n, 2), the same on every image, up to half an image's size beyond the border."""
    size_xy = np.array(size_hw[::-1])
    margin = 0.06 * size_xy
    low = np.clip(frames.min(axis=0) - margin, -0.5 * size_xy, -0.5 - margin)
    high = np.clip(frames.max(axis=0) + margin, size_xy - 0.5 + margin, 1.5 * size_xy)
    return low, high
