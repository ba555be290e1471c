"""Brightness, contrast and saturation changed at random, for a whole batch at once, each image its own draw.

Howard, "Some Improvements on Deep Convolutional Neural Network Based Image Classification",
https://arxiv.org/abs/1312.5402, section 2.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from spatialvision.data.randomness import uniform

# Of red, green and blue in what the eye calls bright, ITU-R BT.601, section 2.5.1.
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class ColourJitter:
    """Changes each image by factors of its own, in this order, cutting off below 0 and above 1 after each.

    Brightness: the image times its factor. Contrast: away from, or towards, the mean of its grey values. Saturation:
    away from, or towards, its grey values. A factor of 1 changes nothing. Grey images have no saturation to change.

    Args:
        brightness: the factor is uniform in 1 ± brightness, 0 to 1.
        contrast: likewise.
        saturation: likewise.

    Raises:
        ValueError: a setting is out of range.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("brightness", "contrast", "saturation"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected 0 to 1, got {getattr(self, name)}")

    @property
    def is_identity(self) -> bool:
        """Whether these settings leave every image as it is."""
        return not (self.brightness or self.contrast or self.saturation)

    def __call__(self, images: Tensor, keys: Tensor) -> Tensor:
        """Change a batch.

        Args:
            images: float (B, 1, H, W) or (B, 3, H, W) in [0, 1].
            keys: int64 (B,), see ``randomness.sample_keys``; an image's draw depends on its key alone.

        Returns:
            Float, of the same shape, in [0, 1]; the same tensor when :attr:`is_identity`.

        Raises:
            ValueError: the images have neither one channel nor three.
        """
        if self.is_identity:
            return images
        images = (images * self._factor(keys, "brightness")).clamp_(0, 1)
        mean = grey(images).mean(dim=(1, 2, 3), keepdim=True)
        images = mean.lerp(images, self._factor(keys, "contrast")).clamp_(0, 1)
        return grey(images).lerp(images, self._factor(keys, "saturation")).clamp_(0, 1)

    def _factor(self, keys: Tensor, what: str) -> Tensor:
        reach = getattr(self, what)
        draws = uniform(keys, 1, f"colour jitter/{what}")
        return (1 - reach + 2 * reach * draws).view(-1, 1, 1, 1)


def grey(images: Tensor) -> Tensor:
    """The grey values (B, 1, H, W) of images (B, 3, H, W), or of images that are grey already.

    Raises:
        ValueError: the images have neither one channel nor three.
    """
    if images.shape[1] == 1:
        return images
    if images.shape[1] != 3:
        raise ValueError(
            f"images: expected one channel or red, green and blue, got {images.shape[1]} channels"
        )
    weights = torch.tensor(_LUMA, dtype=images.dtype, device=images.device).view(3, 1, 1)
    return (images * weights).sum(dim=1, keepdim=True)
