"""A trained model ready for images as they come: what normalises them is part of it."""

import torch
from torch import Tensor, nn

from spatialvision.data.normalisation import Normalisation
from spatialvision.evaluate.inputs import Inputs
from spatialvision.inference.preprocessing import Preprocessing


class Classifier(nn.Module):
    """Images (B, C, H, W) to logits (B, outputs), uint8 or floating-point in [0, 1], of the size of ``size_hw``.

    Convention: channels are red, green, blue, or one of grey; row 0 is the top. The images are normalised inside.

    Args:
        network: normalised images to logits.
        inputs: what its images are.
        mean, std: per channel, what images in [0, 1] are normalised with; 0 and 1 where they stay as they are.

    Raises:
        ValueError: mean or std do not have one entry per channel, or a std is not positive.
    """

    scale: Tensor
    scale_of_bytes: Tensor
    offset: Tensor

    def __init__(self, network: nn.Module, inputs: Inputs, mean: tuple[float, ...], std: tuple[float, ...]):
        super().__init__()
        self.network = network
        self.inputs = inputs
        self.mean = mean
        self.std = std
        self.preprocess = Preprocessing(inputs)
        normalisation = Normalisation(mean, std, inputs.in_channels, "cpu")
        for name in ("scale", "scale_of_bytes", "offset"):
            self.register_buffer(name, getattr(normalisation, name), persistent=False)
        self.eval()

    @property
    def class_names(self) -> tuple[str, ...]:
        """One for each class, in the order of the logits."""
        return self.inputs.class_names

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of its images in pixels."""
        return self.inputs.size_hw

    @property
    def in_channels(self) -> int:
        """Channels of its images."""
        return self.inputs.in_channels

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, outputs) of images (B, C, H, W).

        Raises:
            ValueError: the images have another shape, or a type that is neither uint8 nor floating-point.
        """
        self._check(images)
        scale = self.scale_of_bytes if images.dtype == torch.uint8 else self.scale
        return self.network(images.to(scale.dtype) * scale + self.offset)

    def _check(self, images: Tensor) -> None:
        expected = (self.in_channels, *self.size_hw)
        if images.ndim != 4 or images.shape[1:] != expected:
            shape = ", ".join(map(str, expected))
            raise ValueError(f"images: expected shape (B, {shape}), got {tuple(images.shape)}")
        if images.dtype != torch.uint8 and not images.is_floating_point():
            raise ValueError(f"images: expected uint8, or floats in [0, 1], got {images.dtype}")
