"""What a model can tell beyond its logits, as small protocols that a run checks when it starts."""

from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class HasTheta(Protocol):
    """A model that warps its images before it classifies them."""

    def theta(self, images: Tensor) -> Tensor:
        """The transform chosen for each image (B, C, H, W): (B, 2, 3) for affine ones."""

    def points(self, images: Tensor) -> Tensor:
        """Where each output pixel looks on the input: points_xy (B, H, W, 2), see ``nn/grid.py``."""
