"""timm's ResNet behind an input normaliser. Imports timm: import it where a model is built, not before."""

from typing import Any

from timm.models.resnet import ResNet
from torch import Tensor, nn


class NormalisedResNet(ResNet):
    """timm's ResNet, its names and methods, with images normalised before the first convolution.

    timm's ``forward_intermediates`` does not go through the normaliser: it takes normalised images.

    Args:
        block: timm's ``BasicBlock`` or ``Bottleneck``.
        layers: blocks in each of the four stages.
        num_classes: width of the logits.
        in_channels: channels of the images.
        normaliser: images to images of the same shape.
    """

    def __init__(
        self, block: Any, layers: tuple[int, ...], num_classes: int, in_channels: int, normaliser: nn.Module
    ):
        super().__init__(block, layers, num_classes, in_channels, zero_init_last=False)
        self.normaliser = normaliser
        # It runs first, so it stands first, for those who go through the modules in order.
        for name in [name for name in self._modules if name != "normaliser"]:
            self._modules[name] = self._modules.pop(name)

    def forward_features(self, x: Tensor) -> Tensor:
        """The last map (B, channels, H', W') of images (B, in_channels, H, W)."""
        return super().forward_features(self.normaliser(x))
