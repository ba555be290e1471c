"""Watches what a spatial transformer does while it learns, so that a warp that collapses does not go unseen.

A transformer that turns its view away from the image, shrinks it to a point or folds it over gets no useful
gradient any more, and the classifier behind it learns to make do: the loss alone tells late, or never.
"""

import logging

import torch
from torch import Tensor, nn

from spatialvision.data.loader import Loader
from spatialvision.evaluate.frames import nearest_frame
from spatialvision.evaluate.sampler import frame_angle_deg, look
from spatialvision.models.protocols import HasTheta

log = logging.getLogger("spatialvision")

IMAGES = 256
MOST_OUTSIDE = 0.5
NARROWEST = 0.1
FEW = 0.01


class WarpWatch:
    """Adds what the transformer does to the rows that are written, and warns once of each kind of collapse.

    Args:
        model: any; one without a transformer is left alone.
        measured: the loaders of the measured splits, by name; the first 256 images of the first are looked at.
    """

    def __init__(self, model: nn.Module, measured: dict[str, Loader]):
        self.model = model
        self.loader = next(iter(measured.values()), None)
        self._warned: set[str] = set()

    def __call__(self, rows: list[dict]) -> None:
        """Put ``warp_scale`` and the rest of `warp_statistics` into the first row, that of the first split."""
        if not rows or self.loader is None or not isinstance(self.model, HasTheta):
            return
        positions = torch.arange(min(IMAGES, len(self.loader)))
        points, _ = look(self.model, self.loader.batch(positions, epoch=0).images)
        statistics = warp_statistics(points.float())
        rows[0].update(statistics)
        for warning in warnings(statistics):
            kind = warning.partition(":")[0]
            if kind not in self._warned:
                self._warned.add(kind)
                log.warning("%s", warning)


def warp_statistics(points_xy: Tensor) -> dict[str, float]:
    """What sampling points (B, H, W, 2) do, by the affine map nearest to each image's.

    Returns:
        Means over the images: ``warp_scale``, over 1 where more of the image is shown, smaller;
        ``warp_shift_pixels``, of the view's centre; ``warp_rotation_deg``, without its sign; ``warp_outside``,
        the share of the output that shows what lies beyond the image. ``warp_determinant`` is the smallest,
        ``warp_mirrored`` the share of images in which it is below 0, and ``warp_collapsed`` the share whose view
        is narrower, in some direction, than a tenth of the image, or is not finite.
    """
    frame = nearest_frame(points_xy)
    determinant = torch.linalg.det(frame[:, :, :2])
    outside = (points_xy.abs() > 1).any(dim=3).float()
    values = {
        "warp_scale": determinant.abs().sqrt().mean(),
        "warp_shift_pixels": torch.linalg.vector_norm(frame[:, :, 2], dim=1).mean(),
        "warp_rotation_deg": frame_angle_deg(frame).abs().mean(),
        "warp_outside": outside.mean(),
        "warp_determinant": determinant.min(),
        "warp_mirrored": (determinant < 0).float().mean(),
        "warp_collapsed": (~(smallest_stretch(frame) >= NARROWEST)).float().mean(),
    }
    return {name: round(value.item(), 6) for name, value in values.items()}


def smallest_stretch(frame: Tensor) -> Tensor:
    """The smaller singular value of each map (B, 2, 3)'s linear part: (B,)."""
    squares = frame[:, :, :2].square().sum(dim=(1, 2))
    spread = (squares.square() - 4 * torch.linalg.det(frame[:, :, :2]).square()).clamp_min(0).sqrt()
    return ((squares - spread) / 2).clamp_min(0).sqrt()


def warnings(statistics: dict[str, float]) -> list[str]:
    """A sentence for each way in which the warps look as if they collapse; its kind stands before the colon."""
    outside, collapsed, mirrored = (
        statistics[f"warp_{name}"] for name in ("outside", "collapsed", "mirrored")
    )
    found = []
    if not outside <= MOST_OUTSIDE:
        found.append(f"the transformer looks away: {outside:.0%} of what it shows lies beyond the image")
    if collapsed > FEW:
        found.append(
            f"the transformer collapses: on {collapsed:.0%} of the images its view is next to nothing"
        )
    if mirrored > FEW:
        found.append(f"the transformer mirrors: {mirrored:.0%} of the images have a determinant below 0")
    return [f"{sentence}; it may learn too fast, see optimizer.lr_factors" for sentence in found]
