"""Is an image whole? Every pixel is decoded to find out.

Pillow says when an image cannot be read, ends early or is suspiciously large. It does not say when bytes in the middle
of a JPEG are damaged: libjpeg fills the hole with grey and goes on. simplejpeg's strict mode does say so, and is asked
as well where it is installed.
"""

import importlib.util
import warnings
from dataclasses import dataclass
from pathlib import Path

from spatialvision.data.picture import FORMATS

STRICT = "simplejpeg"
JPEG_BEGINNING = b"\xff\xd8\xff"


@dataclass(frozen=True)
class Finding:
    """Something wrong with an image.

    Attributes:
        path: the file.
        reason: what it is.
        readable: whether it can be decoded all the same.
    """

    path: Path
    reason: str
    readable: bool

    def __str__(self) -> str:
        """A line for a list; the reason is kept to one line."""
        path = str(self.path).encode(errors="replace").decode()
        return f"{path}: {' '.join(self.reason.split())}"


def strict_decoder_is_here() -> bool:
    """Whether damage in the middle of a JPEG can be found."""
    return importlib.util.find_spec(STRICT) is not None


def decoder_names() -> str:
    """What is asked, as a phrase for the user."""
    if strict_decoder_is_here():
        return "decoded by Pillow, and strictly by simplejpeg"
    return "decoded by Pillow; damage in the middle of a JPEG is found only with simplejpeg, which is not installed"


def examine(path: Path) -> Finding | None:
    """What is wrong with an image; None if nothing is."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # Half of what is refused as a bomb is only warned about, and damaged EXIF data is no damaged image.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                image.load()
    except Exception as error:  # a damaged file can make a decoder raise anything
        return Finding(
            path, str(error).replace(f" {str(path)!r}", "") or type(error).__name__, readable=False
        )
    return _examine_strictly(path) if strict_decoder_is_here() else None


def _examine_strictly(path: Path) -> Finding | None:
    import simplejpeg

    content = path.read_bytes()
    if not content.startswith(JPEG_BEGINNING):
        return None
    try:
        simplejpeg.decode_jpeg(content, colorspace="GRAY", strict=True)
    except ValueError as error:
        return Finding(path, f"can be decoded, but is damaged: {error}", readable=True)
    return None
