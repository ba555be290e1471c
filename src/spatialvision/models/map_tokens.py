"""The last map of a convolutional network, or of any other timm model that has maps, as a sequence of tokens."""

from typing import Any

import torch
from torch import Tensor, nn


class MapTokens(nn.Module):
    """A backbone whose last map is read as tokens, one for each place, row by row.

    Args:
        backbone: as ``timm.create_model(..., features_only=True)`` makes it.

    Attributes:
        width: channels of the map.
    """

    def __init__(self, backbone: nn.Module):
        super().__init__()
        information: Any = backbone.feature_info
        self.backbone = backbone
        self.width = int(information.channels()[-1])
        # Some of timm's models, such as Swin, have their channels last.
        self.row_dimension = 1 if str(getattr(backbone, "output_fmt", "")).endswith("NHWC") else 2

    def forward(self, images: Tensor) -> Tensor:
        """Tokens (B, h·w, width) of images (B, C, H, W)."""
        tokens = self.backbone(images)[-1].flatten(self.row_dimension, self.row_dimension + 1)
        return tokens if self.row_dimension == 1 else tokens.transpose(1, 2)

    def grid_hw(self, in_channels: int, size_hw: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of the map of images of this size, found from shapes alone."""
        tensors = [*self.backbone.named_parameters(), *self.backbone.named_buffers()]
        state = {name: tensor.to("meta") for name, tensor in tensors}
        # Two images, as batch normalisation in training asks for more than one value a channel.
        images = torch.empty(2, in_channels, *size_hw, device="meta")
        shape = torch.func.functional_call(self.backbone, state, (images,))[-1].shape
        return shape[self.row_dimension], shape[self.row_dimension + 1]
