"""How image files become pictures of one size: the settings, all of them part of the recipe."""

from dataclasses import dataclass
from typing import Literal

Policy = Literal["error", "skip", "replace"]


@dataclass(frozen=True)
class Reading:
    """Settings of an image folder.

    Args:
        size: height and width of every picture, in pixels.
        resize: for measuring, the shorter side is resized to this before the centre is cut out; at least ``size``.
        crop_scale: for training, least and largest share of the area that is shown.
        crop_ratio: for training, least and largest width / height of what is shown.
        decoder: the name of one that is installed, see ``data/decoders.py``.
        workers: processes that decode ahead, for each training process; 0 decodes in the training process.
        broken: what is done about images that cannot be read, see ``data/broken.py``.
        most_broken: how many broken images are put up with.

    Raises:
        ValueError: a setting is out of range.
    """

    size: int
    resize: int
    crop_scale: tuple[float, float]
    crop_ratio: tuple[float, float]
    decoder: str
    workers: int
    broken: Policy
    most_broken: int

    def __post_init__(self) -> None:
        if self.size < 1 or self.resize < self.size:
            raise ValueError(
                f"expected size of at least 1 and resize of at least size, got {self.size} and {self.resize}"
            )
        for name, (low, high), most in (
            ("crop_scale", self.crop_scale, 1.0),
            ("crop_ratio", self.crop_ratio, float("inf")),
        ):
            if not 0 < low <= high <= most:
                raise ValueError(f"{name}: expected 0 < least ≤ largest ≤ {most:g}, got ({low:g}, {high:g})")
        for name, value in (("workers", self.workers), ("most_broken", self.most_broken)):
            if value < 0:
                raise ValueError(f"{name}: expected at least 0, got {value}")
