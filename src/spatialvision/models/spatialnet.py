"""SpatialNet:n, which is EfficientNet:n with spatial excitation in place of squeeze and excitation.

See ``nn/spatial_excitation.py`` and ``models/efficientnet.py``, with their papers.
"""

from torch import Tensor

from spatialvision.models.efficientnet import LEVELS, EfficientNet
from spatialvision.nn import SpatialExcitation
from spatialvision.nn.image_size import check_size
from spatialvision.registry import register_model


class SpatialNet(EfficientNet):
    """An EfficientNet whose excitations know places, and so one image size.

    Args:
        level: 0 to 7; the higher, the wider and deeper.
        num_classes: width of the logits.
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels.

    Raises:
        ValueError: there is no such level, or the images are too small.
    """

    def __init__(self, level: int, num_classes: int, in_channels: int, size_hw: tuple[int, int] = (224, 224)):
        super().__init__(level, num_classes, in_channels, size_hw, SpatialExcitation)
        self.size_hw = tuple(size_hw)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, num_classes) of images (B, in_channels, H, W).

        Raises:
            ValueError: the images have another size than the model was built for.
        """
        check_size(images, self.size_hw)
        return super().forward(images)


def _register(level: int) -> None:
    def build(num_classes: int, in_channels: int, size_hw: tuple[int, int] = (224, 224)) -> SpatialNet:
        return SpatialNet(level, num_classes, in_channels, size_hw)

    build.__name__ = build.__qualname__ = f"spatialnet_{level}"
    build.__doc__ = f"""SpatialNet:{level}, for images of one size.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the images.
        size_hw: height and width of the images in pixels.

    Raises:
        ValueError: the images are too small.
    """
    register_model(build)


for _level in LEVELS:
    _register(_level)
