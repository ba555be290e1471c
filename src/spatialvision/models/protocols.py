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

    def warp(self, images: Tensor, points_xy: Tensor) -> Tensor:
        """What it makes of the images (B, C, H, W) by these points, with its own fill beyond the images."""


@runtime_checkable
class HasHeads(Protocol):
    """A model that answers several times on the way through, as deep supervision needs it."""

    def heads(self, images: Tensor) -> tuple[Tensor, ...]:
        """Logits (B, num_classes) of each head for images (B, C, H, W); the last is the model's answer."""


@runtime_checkable
class HasTokens(Protocol):
    """A model that cuts an image into tokens and then classifies the tokens by what they are and where."""

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of its images in pixels."""

    @property
    def grid_hw(self) -> tuple[int, int]:
        """Rows and columns of tokens, h and w; they follow each other row by row."""

    def tokens(self, images: Tensor) -> Tensor:
        """One token for each place of the grid, row by row: (B, h·w, width) of images (B, C, H, W)."""

    def patch_positions(self) -> Tensor:
        """The positions (h·w, width) of these tokens when they lie in order."""

    def classify(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Logits (B, num_classes) of tokens (B, h·w, width) at positions (h·w, width) or (B, h·w, width)."""


@runtime_checkable
class HasAttention(Protocol):
    """A model that classifies by a class token, which attends to the patches of a grid."""

    @property
    def grid_hw(self) -> tuple[int, int]:
        """Rows and columns of patches; their tokens follow each other row by row."""

    @property
    def class_token_place(self) -> int:
        """Where the class token stands in the sequence: 0 before the patches, −1 behind them."""

    def attention(self, images: Tensor) -> tuple[Tensor, ...]:
        """Each layer's attention weights (B, heads, 1 + h·w, 1 + h·w) for images (B, C, H, W); rows sum to 1."""


@runtime_checkable
class HasStageNames(Protocol):
    """A model whose maps come out of stages that are not simply the children of its ``stages``."""

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Dotted names of the modules that end the stages, in order."""
