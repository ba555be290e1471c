"""Which part of a picture is shown, and how large: random resized crops for training, centre crops for measuring.

Random resized crops: Szegedy et al., "Going Deeper with Convolutions", https://arxiv.org/abs/1409.4842, section 6.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch.nn.functional as F
from torch import Tensor

ATTEMPTS = 10
LONGEST = 8
"""A picture more than so many times as long as it is wide is first cut to that, about its centre."""


class Framing(NamedTuple):
    """A box of the picture, resized, of which a window is kept, mirrored or not; pixels, rows first.

    Args:
        corner: top and left of the box.
        box_hw: its height and width.
        resized_hw: what the box is resized to.
        window: top and left of what is kept of that.
        mirrored: whether left and right are exchanged in the end.
    """

    corner: tuple[int, int]
    box_hw: tuple[int, int]
    resized_hw: tuple[int, int]
    window: tuple[int, int] = (0, 0)
    mirrored: bool = False


class Crop(Protocol):
    """Chooses a framing."""

    @property
    def draws(self) -> int:
        """How many random numbers a framing takes."""

    def __call__(self, size_hw: tuple[int, int], size: int, draws: Sequence[float]) -> Framing:
        """The framing of a picture that gives size × size pixels, from uniform random numbers in [0, 1)."""


@dataclass(frozen=True)
class CentreCrop:
    """The shorter side is resized to so many pixels; of that, the centre is kept."""

    resize: int

    @property
    def draws(self) -> int:
        """None."""
        return 0

    def __call__(self, size_hw: tuple[int, int], size: int, draws: Sequence[float]) -> Framing:
        """See :class:`Crop`."""
        shorter = min(size_hw)
        box_hw = tuple(min(side, LONGEST * shorter) for side in size_hw)
        resized_hw = tuple(int(self.resize * side / shorter) for side in box_hw)
        return Framing(
            corner=tuple((side - kept) // 2 for side, kept in zip(size_hw, box_hw, strict=True)),  # type: ignore[arg-type]
            box_hw=box_hw,  # type: ignore[arg-type]
            resized_hw=resized_hw,  # type: ignore[arg-type]
            window=tuple(round((side - size) / 2) for side in resized_hw),  # type: ignore[arg-type]
        )


@dataclass(frozen=True)
class RandomCrop:
    """A box of random area, shape and place, resized to the whole output.

    Ten boxes are drawn; the first that fits into the picture counts. If none does, it is the largest box about the
    centre whose shape is allowed.

    Args:
        scale: least and largest share of the picture's area, uniform between them.
        ratio: least and largest width / height, its logarithm uniform between theirs.
        mirror_probability: of exchanging left and right.
    """

    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    mirror_probability: float = 0.0

    @property
    def draws(self) -> int:
        """Four for each attempt, one for the mirror."""
        return 4 * ATTEMPTS + 1

    def __call__(self, size_hw: tuple[int, int], size: int, draws: Sequence[float]) -> Framing:
        """See :class:`Crop`."""
        corner, box_hw = self._box(size_hw, draws)
        return Framing(corner, box_hw, (size, size), mirrored=draws[-1] < self.mirror_probability)

    def _box(
        self, size_hw: tuple[int, int], draws: Sequence[float]
    ) -> tuple[tuple[int, int], tuple[int, int]]:
        height, width = size_hw
        least, most = map(math.log, self.ratio)
        for attempt in range(ATTEMPTS):
            area_draw, ratio_draw, down, right = draws[4 * attempt : 4 * attempt + 4]
            area = height * width * (self.scale[0] + (self.scale[1] - self.scale[0]) * area_draw)
            ratio = math.exp(least + (most - least) * ratio_draw)
            rows, columns = round(math.sqrt(area / ratio)), round(math.sqrt(area * ratio))
            if 0 < rows <= height and 0 < columns <= width:
                corner = int(down * (height - rows + 1)), int(right * (width - columns + 1))
                return corner, (rows, columns)
        rows = min(height, max(1, round(width / self.ratio[0])))
        columns = min(width, max(1, round(height * self.ratio[1])))
        return ((height - rows) // 2, (width - columns) // 2), (rows, columns)


def show(picture: Tensor, framing: Framing, size: int) -> Tensor:
    """What a framing keeps of a picture.

    Convention: bilinear with antialiasing (a triangle filter as wide as the shrinking), edge to edge, within the box
    alone; as Pillow's ``resize(…, BILINEAR)`` to within rounding.

    Args:
        picture: uint8 (H, W, 3).
        size: height and width of the result.

    Returns:
        uint8 (size, size, 3).
    """
    (top, left), (height, width) = framing.corner, framing.box_hw
    # With the batch in front first, the strides are those of channels-last, which is resized without a copy.
    box = picture[None, top : top + height, left : left + width].permute(0, 3, 1, 2)
    if framing.resized_hw != framing.box_hw:
        box = F.interpolate(box, framing.resized_hw, mode="bilinear", antialias=True)
    top, left = framing.window
    shown = box[0, :, top : top + size, left : left + size].permute(1, 2, 0)
    return shown.flip(1) if framing.mirrored else shown
