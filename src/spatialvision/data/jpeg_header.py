"""What a JPEG says of itself before its pixels: size, colours, orientation; read in microseconds, nothing decoded.

ITU-T T.81, annex B.2, https://www.w3.org/Graphics/JPEG/itu-t81.pdf; the orientation from Exif (CIPA DC-008),
section 4.6.4, tag 274.
"""

import struct
from dataclasses import dataclass

# Start of frame, 8 bits a sample in practice: baseline, extended, progressive, and the rare rest.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_ORIENTATION = 274


@dataclass(frozen=True)
class JpegHeader:
    """Of a JPEG in grey or YCbCr with 8 bits, which every decoder reads alike.

    Args:
        size_hw: as stored, in pixels, before it is turned upright.
        orientation: 1 to 8, see :func:`upright <spatialvision.data.picture.upright>`; 1 is upright.
    """

    size_hw: tuple[int, int]
    orientation: int


def jpeg_header(content: bytes) -> JpegHeader | None:
    """The header of an ordinary JPEG; None for anything else: CMYK, RGB or 12 bits inside, another format, damage."""
    place, orientation, adobe = 2, 1, 1
    if content[:2] != b"\xff\xd8":
        return None
    while place + 4 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF or marker in _WITHOUT_LENGTH:
            place += 1 if marker == 0xFF else 2
            continue
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        segment = content[place + 4 : end]
        if marker in _FRAMES:
            return _ordinary(segment, orientation) if adobe == 1 else None
        if marker == 0xDA:
            return None
        if marker == 0xE1 and segment[:6] == b"Exif\0\0":
            orientation = exif_orientation(segment[6:])
        elif marker == 0xEE and segment[:5] == b"Adobe" and len(segment) >= 12:
            adobe = segment[11]
        place = end
    return None


def exif_orientation(tiff: bytes) -> int:
    """The orientation (1 to 8) that Exif data state; 1 where they state none, or are damaged."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(entries):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def _ordinary(frame: bytes, orientation: int) -> JpegHeader | None:
    if len(frame) < 6:
        return None
    bits, height, width, components = struct.unpack_from(">BHHB", frame)
    is_ordinary = bits == 8 and components in (1, 3) and height > 0 and width > 0
    return JpegHeader((height, width), orientation) if is_ordinary else None
