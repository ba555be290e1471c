"""An image as a sequence: a token for each patch, and one more for the class.

Dosovitskiy et al., "An Image is Worth 16×16 Words", 2020, https://arxiv.org/abs/2010.11929 (section 3.1), here with
fixed positions, and for the patches only.
"""

import torch
from torch import Tensor, nn

from spatialvision.nn.image_size import check_size
from spatialvision.nn.sinusoid import grid_sinusoid
from spatialvision.nn.token_shapes import check_tokens


class PatchEmbedding(nn.Module):
    """Projects each patch to a token, adds its place's sinusoid, and puts a learned class token first.

    Convention: patches lie side by side and follow each other in row order, from the top left. The class token
    has no position; it starts as N(0, 1).

    Args:
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels, multiples of ``patch``.
        patch: height and width of a patch in pixels.
        width: of the tokens, even.

    Attributes:
        grid_hw: rows and columns of patches.
        tokens: length of the sequence, the class token included.

    Raises:
        ValueError: the patches do not fill the images exactly.
    """

    positions: Tensor

    def __init__(self, in_channels: int, size_hw: tuple[int, int], patch: int, width: int):
        super().__init__()
        if patch < 1 or size_hw[0] % patch or size_hw[1] % patch or min(size_hw) < 1:
            raise ValueError(
                f"size_hw: expected a height and width that are multiples of the patch's {patch} pixels, "
                f"got {size_hw[0]} × {size_hw[1]}"
            )
        grid_hw = (size_hw[0] // patch, size_hw[1] // patch)
        self.size_hw = tuple(size_hw)
        self.grid_hw = grid_hw
        self.projection = nn.Conv2d(in_channels, width, patch, stride=patch)
        self.class_token = nn.Parameter(torch.randn(width))
        self.register_buffer("positions", grid_sinusoid(grid_hw, width), persistent=False)
        self.tokens = 1 + grid_hw[0] * grid_hw[1]

    def forward(self, images: Tensor) -> Tensor:
        """Tokens (B, 1 + patches, width) of images (B, in_channels, H, W).

        Raises:
            ValueError: the images have another size than the module was built for.
        """
        return self.place(self.patches(images), self.positions)

    def patches(self, images: Tensor) -> Tensor:
        """What the patches hold, wherever they lie: (B, patches, width) of images (B, in_channels, H, W).

        Raises:
            ValueError: the images have another size than the module was built for.
        """
        check_size(images, self.size_hw)
        return self.projection(images).flatten(2).transpose(1, 2)

    def place(self, patches: Tensor, positions: Tensor) -> Tensor:
        """Patches (B, patches, width) at their positions, behind the class token: (B, 1 + patches, width).

        Args:
            positions: (patches, width) for all images, or (B, patches, width) for each its own.

        Raises:
            ValueError: patches or positions of another number or width.
        """
        check_tokens(patches, positions, self.positions.shape)
        class_token = self.class_token.expand(patches.shape[0], 1, -1)
        return torch.cat([class_token, patches + positions], dim=1)
