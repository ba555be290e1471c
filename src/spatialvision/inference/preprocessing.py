"""From an image file to what a model was measured on: the same size, padding and colours."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from spatialvision.data.decoders import DECODERS, choose_decoder
from spatialvision.data.framing import CentreCrop, Framing, show
from spatialvision.data.padding import pad_images
from spatialvision.data.picture import Decode, from_pillow, read_picture
from spatialvision.evaluate.inputs import Inputs

GREY = (19595, 38470, 7471)
"""Shares of red, green and blue in grey, of 65,536: ITU-R BT.601 as Pillow rounds it, so that grey stays what it is."""

Source = str | Path | Image.Image | np.ndarray


class Preprocessing:
    """Does to any picture what measuring did to those of the dataset.

    For a dataset in folders that is: the shorter side resized, the centre cut out. For one in memory: the largest
    centred part of the images' shape, resized to their size, which leaves the dataset's own images as they are; black
    padding around it where the recipe asks for that. Pictures turn grey where the dataset is. A recipe's distortion is
    not repeated. Resizing is bilinear with antialiasing.

    Not promised: that the picture looks like the dataset's. Fashion-MNIST's clothes, say, are white on black.

    Args:
        inputs: what the model's images are.
    """

    def __init__(self, inputs: Inputs):
        self.inputs = inputs
        self.decode = decode_like(inputs.decoder)

    def __call__(self, source: Source) -> Tensor:
        """A model's image of a picture.

        Args:
            source: the path of an image file, one of Pillow's images, or uint8 (H, W) grey or (H, W, 3) RGB.

        Returns:
            uint8 (C, H, W).

        Raises:
            OSError: there is no such file.
            ValueError: an array of another type or shape, too many pixels, or a model whose images have neither 1 nor 3
                channels. A damaged file can raise anything.
        """
        if self.inputs.in_channels not in (1, 3):
            raise ValueError(
                f"expected a model of images of 1 or 3 channels, this one takes {self.inputs.in_channels}"
            )
        # torch takes neither negative strides, as those of a turned picture may be, nor memory that is read only.
        picture = torch.from_numpy(np.require(self._read(source), requirements=["C", "W"]))
        image = show(picture, self._framing(picture), max(self.inputs.content_hw))
        if self.inputs.in_channels == 1:
            image = grey(image)
        return pad_images(image.permute(2, 0, 1), self.inputs.size_hw).contiguous()

    def _read(self, source: Source) -> np.ndarray:
        if isinstance(source, np.ndarray):
            return _rgb(source)
        if isinstance(source, Image.Image):
            return from_pillow(source)
        return read_picture(Path(source).read_bytes(), self.decode)

    def _framing(self, picture: Tensor) -> Framing:
        height, width = picture.shape[:2]
        if self.inputs.resize is not None:
            return CentreCrop(self.inputs.resize)((height, width), max(self.inputs.size_hw), ())
        return largest_centre((height, width), self.inputs.content_hw)


def largest_centre(size_hw: tuple[int, int], content_hw: tuple[int, int]) -> Framing:
    """The largest box of the content's shape about a picture's centre, resized to the content's size."""
    scale = min(size_hw[0] / content_hw[0], size_hw[1] / content_hw[1])
    box_hw = max(1, round(scale * content_hw[0])), max(1, round(scale * content_hw[1]))
    corner = (size_hw[0] - box_hw[0]) // 2, (size_hw[1] - box_hw[1]) // 2
    return Framing(corner, box_hw, content_hw)


def grey(picture: Tensor) -> Tensor:
    """uint8 (H, W, 3) of red, green and blue as grey (H, W, 1)."""
    weighed = (picture.int() * torch.tensor(GREY, dtype=torch.int32)).sum(2, keepdim=True)
    return ((weighed + (1 << 15)) >> 16).to(torch.uint8)


def decode_like(name: str | None) -> Decode:
    """The decoder of that name where it is installed, else the fastest that is."""
    if name in DECODERS and DECODERS[name].is_usable:
        return DECODERS[name].decode
    return choose_decoder("auto").decode


def _rgb(pixels: np.ndarray) -> np.ndarray:
    is_grey = pixels.ndim == 2
    if pixels.dtype != np.uint8 or not (is_grey or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise ValueError(
            f"picture: expected uint8 (H, W) or (H, W, 3), got {pixels.dtype} {tuple(pixels.shape)}"
        )
    return np.repeat(pixels[:, :, None], 3, axis=2) if is_grey else pixels
