"""What transformers over patches share, whatever follows: images cut into tokens, with the class token first."""

from torch import Tensor, nn


class PatchTokens(nn.Module):
    """Images normalised, and cut into tokens; the half of ``HasTokens`` that comes before the encoder.

    Args:
        normaliser: images (B, C, H, W) to images of the same shape.
        embedding: images to tokens (B, T, width), the class token first; such as ``PatchEmbedding``.
    """

    def __init__(self, normaliser: nn.Module, embedding: nn.Module):
        super().__init__()
        self.normaliser = normaliser
        self.embedding = embedding

    def embedded(self, images: Tensor) -> Tensor:
        """Tokens (B, T, width) of images (B, C, H, W), the class token first, positions added."""
        return self.embedding(self.normaliser(images))

    def tokens(self, images: Tensor) -> Tensor:
        """One token for each patch, row by row: (B, n, width) of images (B, C, H, W)."""
        return self.embedding.patches(self.normaliser(images))  # type: ignore[operator]

    def patch_positions(self) -> Tensor:
        """The fixed positions of the patches in order (n, width)."""
        return self.embedding.positions  # type: ignore[return-value]

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of the images in pixels."""
        return self.embedding.size_hw  # type: ignore[return-value]

    @property
    def grid_hw(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return self.embedding.grid_hw  # type: ignore[return-value]

    @property
    def class_token_place(self) -> int:
        """The class token comes first."""
        return 0
