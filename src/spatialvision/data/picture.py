"""From the bytes of an image file to an upright picture of red, green and blue, whatever the file holds.

One policy for all decoders: a picture is turned as its Exif orientation says, which is how viewers show it.
Ordinary JPEGs go to the chosen decoder; all else (CMYK, other formats whatever the file's name, 16 bits a sample,
palettes) is read by Pillow. What would take too much memory is refused by its header.
"""

import io
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from spatialvision.data.jpeg_header import JpegHeader, jpeg_header

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 178_956_970
"""Where Pillow refuses an image too: twice its ``MAX_IMAGE_PIXELS``, half a gigabyte of RGB."""

FORMATS = ("JPEG", "PNG", "PPM", "BMP", "GIF", "TIFF", "WEBP", "JPEG2000", "AVIF")
"""What Pillow may take a file for, whatever its name: it would have Ghostscript run what is in a PostScript file."""

Decode = Callable[[bytes, JpegHeader], np.ndarray]


def read_picture(content: bytes, decode: Decode) -> np.ndarray:
    """The picture in an image file.

    Args:
        content: of the file.
        decode: from an ordinary JPEG's bytes and header to its upright picture.

    Returns:
        uint8 (H, W, 3).

    Raises:
        ValueError: too many pixels, or pixels that do not fit the header; decoders raise what they like besides.
    """
    header = jpeg_header(content)
    if header is None:
        return read_with_pillow(content)
    check_size(header.size_hw)
    picture = decode(content, header)
    if picture.shape[0] * picture.shape[1] != header.size_hw[0] * header.size_hw[1]:
        raise ValueError(f"expected {header.size_hw} pixels, as its header says, got {picture.shape[:2]}")
    return picture


def read_with_pillow(content: bytes) -> np.ndarray:
    """The upright picture in an image file of any of :data:`FORMATS`: uint8 (H, W, 3)."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of many pixels, which are checked below, and of odd metadata
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            return from_pillow(image)


def from_pillow(image: "Image.Image") -> np.ndarray:
    """The upright picture that one of Pillow's images holds: uint8 (H, W, 3).

    Raises:
        ValueError: too many pixels.
    """
    check_size((image.height, image.width))
    orientation = _orientation(image)
    is_wide = image.mode.startswith("I")  # 16 or 32 bits, of which files use 16
    pixels = _narrowed(np.asarray(image)) if is_wide else np.array(image.convert("RGB"))
    return upright(pixels, orientation)


def check_size(size_hw: tuple[int, int]) -> None:
    """Refuse what would take too much memory.

    Raises:
        ValueError: there are more than :data:`MOST_PIXELS`.
    """
    if size_hw[0] * size_hw[1] > MOST_PIXELS:
        raise ValueError(
            f"expected at most {MOST_PIXELS / 1e6:.0f} megapixels, its header says {size_hw[0]}×{size_hw[1]}"
        )


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels (H, W, 3) as stored, turned and mirrored as their Exif orientation asks for.

    Args:
        orientation: where the stored first row and first column are: 1 top, left; 2 top, right; 3 bottom, right;
            4 bottom, left; 5 left, top; 6 right, top; 7 right, bottom; 8 left, bottom.
    """
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _orientation(image: "Image.Image") -> int:
    """What the file's Exif data state; 1, upright, where they are damaged, however."""
    try:
        value = image.getexif().get(274, 1)
    except Exception:
        return 1
    return value if value in range(1, 9) else 1


def _narrowed(pixels: np.ndarray) -> np.ndarray:
    """Grey pixels (H, W) of 16 bits as RGB of 8."""
    narrow = (pixels.astype(np.int64).clip(0, 65535) >> 8).astype(np.uint8)
    return np.repeat(narrow[:, :, None], 3, axis=2)
