"""Decoders of JPEG files, and which of them is taken: the fastest that there is, by ``benchmarks/loading.py``.

Where a hole of zeros or odd bytes in a file's middle throws the decoding out of step, only simplejpeg, in its strict
mode, notices; the others deliver a picture whose rest is grey or shifted. Damage that happens to decode is noticed by
none.
"""

import importlib
import importlib.metadata
import io
from dataclasses import dataclass

import numpy as np

from spatialvision.data.jpeg_header import JpegHeader
from spatialvision.data.picture import Decode, upright
from spatialvision.errors import RecipeError


@dataclass(frozen=True)
class Decoder:
    """A way to decode.

    Args:
        name: as recipes and package indexes call it.
        package: as it is imported.
        is_strict: whether it notices that the bytes in a file's middle do not add up.
        decode: from an ordinary JPEG's bytes and header to its upright picture, uint8 (H, W, 3).
    """

    name: str
    package: str
    is_strict: bool
    decode: Decode

    @property
    def described(self) -> str:
        """Its name and version."""
        return f"{self.name} {importlib.metadata.version(self.name)}"

    @property
    def is_usable(self) -> bool:
        """Whether its package is installed and fits this machine."""
        try:
            importlib.import_module(self.package)
        except (ImportError, OSError, RuntimeError):  # the latter two where a library is missing
            return False
        return True


def choose_decoder(name: str) -> Decoder:
    """The decoder of a name; "auto" is the fastest that can be used.

    Raises:
        RecipeError: its package is missing or does not work here.
    """
    if name == "auto":
        return next(decoder for decoder in DECODERS.values() if decoder.is_usable)
    decoder = DECODERS[name]
    if not decoder.is_usable:
        raise RecipeError(
            f"data.decoder {name}: {decoder.package} cannot be imported; pip install 'spatialvision[jpeg]', or take "
            "data.decoder=auto"
        )
    return decoder


def _with_simplejpeg(content: bytes, header: JpegHeader) -> np.ndarray:
    from simplejpeg import decode_jpeg

    return upright(decode_jpeg(content, strict=True), header.orientation)


def _with_torchcodec(content: bytes, header: JpegHeader) -> np.ndarray:
    from torchcodec.decoders import decode_jpeg

    image = decode_jpeg(content)
    assert not isinstance(image, list)  # which is for several files
    return image.permute(1, 2, 0).numpy()  # upright already


def _with_pillow(content: bytes, header: JpegHeader) -> np.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
        return upright(np.array(image.convert("RGB")), header.orientation)


DECODERS = {
    decoder.name: decoder
    for decoder in (
        Decoder("simplejpeg", "simplejpeg", True, _with_simplejpeg),
        Decoder("torchcodec", "torchcodec.decoders", False, _with_torchcodec),
        Decoder("pillow", "PIL", False, _with_pillow),
    )
}
"""By name, the fastest first."""
