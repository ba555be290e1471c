"""Where an image lies on the canvas that shows it once it is magnified and turned.

The canvas is the frame of the distorted image. Shifts are in halves of the canvas, as ``similarity_matrix``
takes them; sizes in pixels.
"""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


class Placement(Protocol):
    """The canvas for images of a size, and each image's place on it."""

    def canvas_hw(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the canvas for images of this size.

        Raises:
            ValueError: the images do not fit.
        """

    def onto_image(self, points_xy: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """Points of the canvas (..., 2) as points of an image in its middle, neither magnified nor turned."""

    def shift_xy(self, numbers: Tensor, scale: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """From numbers (B, 2) in [0, 1) and magnifications (B,), how far the image moves from the middle: (B, 2)."""


@dataclass(frozen=True)
class InPlace:
    """The canvas has the image's size, and the image stays in its middle."""

    def canvas_hw(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """The size of the images."""
        return size_hw

    def onto_image(self, points_xy: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """The points as they are."""
        return points_xy

    def shift_xy(self, numbers: Tensor, scale: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """Nothing is moved: zeros (B, 2)."""
        return numbers * 0


@dataclass(frozen=True)
class Fitted:
    """A square canvas of which the image's longer side takes a share.

    Args:
        canvas: side in pixels.
        fit: the share, over 0.
        shift: share of the canvas; x and y are uniform in ± this, 0 to 1.
    """

    canvas: int
    fit: float
    shift: float

    def __post_init__(self) -> None:
        if self.canvas < 1 or not self.fit > 0:
            raise ValueError(f"canvas and fit: expected positive, got {self.canvas} and {self.fit}")
        if not 0 <= self.shift <= 1:
            raise ValueError(f"shift: expected 0 to 1, a share of the canvas, got {self.shift}")

    def canvas_hw(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """A square of ``canvas`` pixels a side, whatever the images' size."""
        return self.canvas, self.canvas

    def onto_image(self, points_xy: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """Points (..., 2) of the image that takes its share of the canvas."""
        (height, width), longer = size_hw, max(size_hw)
        return points_xy * (points_xy.new_tensor([longer / width, longer / height]) / self.fit)

    def shift_xy(self, numbers: Tensor, scale: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """Uniform in ± the share, whatever the magnification: (B, 2)."""
        return (2 * numbers - 1) * 2 * self.shift


@dataclass(frozen=True)
class Anywhere:
    """A square canvas on which the magnified image's upright box lies anywhere that it fits.

    Args:
        canvas: side in pixels.
        largest_scale: the highest magnification that will be drawn.
    """

    canvas: int
    largest_scale: float

    def canvas_hw(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """A square of ``canvas`` pixels a side.

        Raises:
            ValueError: images of this size, magnified as far as will be drawn, do not fit.
        """
        if self.largest_scale * max(size_hw) > self.canvas:
            raise ValueError(
                f"canvas: expected at least {self.largest_scale * max(size_hw):g} pixels for images of "
                f"{size_hw[0]}×{size_hw[1]} magnified by {self.largest_scale:g}, got {self.canvas}"
            )
        return self.canvas, self.canvas

    def onto_image(self, points_xy: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """Points (..., 2) of the image in its own size, pixel on pixel."""
        height, width = size_hw
        return points_xy * points_xy.new_tensor([self.canvas / width, self.canvas / height])

    def shift_xy(self, numbers: Tensor, scale: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """As far to either side as the magnified box stays on the canvas: (B, 2)."""
        height, width = size_hw
        share = scale[:, None] * scale.new_tensor([width / self.canvas, height / self.canvas])
        return (2 * numbers - 1) * (1 - share)
