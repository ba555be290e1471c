"""Five convolutions in three stages, for images of about 30 pixels; with a global average, or below an encoder.

BatchNorm and ReLU after each: Ioffe, Szegedy, "Batch Normalization", 2015, https://arxiv.org/abs/1502.03167
"""

from torch import Tensor, nn

from spatialvision.models.patch_encoder import encoder_on
from spatialvision.registry import register_model


def convolutional_stages(in_channels: int, width: int) -> nn.Sequential:
    """Images (B, in_channels, H, W) to maps (B, width, ⌈H / 4⌉, ⌈W / 4⌉), in three stages of 3×3 convolutions.

    Args:
        in_channels: channels of the images.
        width: channels of the last map, a multiple of 4; the stages before have a quarter and half of them.

    Raises:
        ValueError: the width is not a multiple of 4.
    """
    if width < 4 or width % 4:
        raise ValueError(f"width: expected a multiple of 4, got {width}")
    quarter, half = width // 4, width // 2
    return nn.Sequential(
        _convolution(in_channels, quarter, 1),
        nn.Sequential(_convolution(quarter, half, 2), _convolution(half, half, 1)),
        nn.Sequential(_convolution(half, width, 2), _convolution(width, width, 1)),
    )


def _convolution(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(convolution, nn.BatchNorm2d(out_channels), nn.ReLU())


class SmallCNN(nn.Module):
    """The stages, a global average, a linear layer.

    Args:
        stages: images to maps (B, width, H', W').
        width: channels of the last map.
        num_classes: width of the logits.
    """

    def __init__(self, stages: nn.Sequential, width: int, num_classes: int):
        super().__init__()
        self.stages = stages
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(width, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, num_classes) of images (B, in_channels, H, W) of any size."""
        return self.head(self.pool(self.stages(images)).flatten(1))


@register_model
def small_cnn(num_classes: int, in_channels: int, width: int = 32) -> nn.Module:
    """Five 3×3 convolutions with BatchNorm, a quarter as high and wide at the end, and a global average.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the images.
        width: channels of the last map, a multiple of 4.

    Raises:
        ValueError: the width is not a multiple of 4.
    """
    return SmallCNN(convolutional_stages(in_channels, width), width, num_classes)


@register_model
def small_cnn_encoder(
    num_classes: int,
    in_channels: int,
    size_hw: tuple[int, int],
    width: int = 32,
    layers: int = 3,
    heads: int = 2,
    dropout: float = 0.1,
) -> nn.Module:
    """The convolutions of ``small_cnn`` below the encoder and the head of ``patch_encoder``.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels; a token stands for 4×4 of them.
        width: of the last map and of the tokens, a multiple of 4 and of ``heads``.
        layers: number of encoder layers.
        heads: attentions side by side in each layer.
        dropout: probability of the layers' dropouts, that on the attention weights included.

    Returns:
        ``PatchEncoder``.

    Raises:
        ValueError: the width is no multiple of 4 or of the heads.
    """
    trunk = nn.Sequential(convolutional_stages(in_channels, width), MapRows())
    grid_hw = (-(-size_hw[0] // 4), -(-size_hw[1] // 4))
    return encoder_on(trunk, width, grid_hw, size_hw, num_classes, layers, heads, dropout)


class MapRows(nn.Module):
    """A map as tokens, one for each place, row by row."""

    def forward(self, maps: Tensor) -> Tensor:
        """Tokens (B, h·w, width) of maps (B, width, h, w)."""
        return maps.flatten(2).transpose(1, 2)
