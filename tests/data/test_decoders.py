import io
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
from PIL import Image, ImageOps

from spatialvision.data.decoders import DECODERS, choose_decoder
from spatialvision.data.picture import MOST_PIXELS, read_picture
from spatialvision.errors import RecipeError

MakePhotograph = Callable[[int, tuple[int, int]], Image.Image]

DECODER = pytest.mark.parametrize(
    "decode",
    [
        pytest.param(
            decoder.decode,
            marks=pytest.mark.skipif(not decoder.is_usable, reason=f"needs {name}"),
            id=name,
        )
        for name, decoder in DECODERS.items()
    ],
)


def saved(image: Image.Image, format_name: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def difference(picture: np.ndarray, image: Image.Image) -> float:
    expected = np.asarray(image.convert("RGB")).astype(int)
    assert picture.shape == expected.shape
    assert picture.dtype == np.uint8
    return np.abs(picture - expected).mean()


@DECODER
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_a_jpeg_is_read_as_pillow_reads_it(decode, options: dict, make_photograph: MakePhotograph) -> None:
    content = saved(make_photograph(0, (67, 91)), **options)
    assert difference(read_picture(content, decode), Image.open(io.BytesIO(content))) <= 0.5


@DECODER
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_name", ["JPEG", "PNG"])
@pytest.mark.fault("images")
def test_a_picture_is_turned_as_its_exif_data_say(
    decode, orientation: int, format_name: str, make_photograph: MakePhotograph
) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    content = saved(make_photograph(0, (30, 44)), format_name, exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    assert difference(read_picture(content, decode), expected) <= 0.5


@DECODER
@pytest.mark.parametrize(
    ("mode", "format_name"),
    [("CMYK", "JPEG"), ("L", "JPEG"), ("RGB", "PNG"), ("RGBA", "PNG"), ("P", "PNG"), ("1", "PNG"), ("LA", "PNG"),
     ("RGB", "WEBP"), ("RGB", "BMP"), ("CMYK", "TIFF")],
)  # fmt: skip
@pytest.mark.fault("images")
def test_odd_files_are_read_whatever_their_name(
    decode, mode: str, format_name: str, make_photograph: MakePhotograph
) -> None:
    content = saved(make_photograph(3, (40, 50)).convert(mode), format_name)
    assert difference(read_picture(content, decode), Image.open(io.BytesIO(content))) <= 0.5


@DECODER
@pytest.mark.fault("images")
def test_sixteen_bits_keep_their_upper_eight(decode) -> None:
    grey = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64)
    picture = read_picture(saved(Image.fromarray(grey), "PNG"), decode)
    assert np.array_equal(picture, np.repeat((grey // 256).astype(np.uint8)[:, :, None], 3, axis=2))


@DECODER
@pytest.mark.fault("images")
def test_a_damaged_file_is_an_error(decode, make_photograph: MakePhotograph) -> None:
    content = saved(make_photograph(0, (200, 300)))
    for damaged in (content[: len(content) // 2], content[:300], b"", b"no picture", b"\xff\xd8\xff"):
        with pytest.raises(Exception, match=r".+"):
            read_picture(damaged, decode)


@pytest.mark.skipif(not DECODERS["simplejpeg"].is_usable, reason="needs simplejpeg")
@pytest.mark.fault("images")
def test_holes_of_zeros_are_noticed_where_they_throw_the_decoding_out_of_step(
    make_photograph: MakePhotograph,
) -> None:
    content = saved(make_photograph(0, (375, 500)), subsampling=0)
    caught = 0
    for place in np.linspace(0.1, 0.9, 20):
        holed = bytearray(content)
        start = int(place * len(content))
        holed[start : start + 40] = bytes(40)
        read_picture(bytes(holed), DECODERS["pillow"].decode)  # notices nothing
        try:
            read_picture(bytes(holed), DECODERS["simplejpeg"].decode)
        except ValueError:
            caught += 1
    assert caught >= 10


@DECODER
@pytest.mark.parametrize("format_name", ["JPEG", "PNG"])
@pytest.mark.fault("images")
def test_too_many_pixels_are_refused_by_the_header(decode, format_name: str) -> None:
    content = saved(Image.new("L", (64, 64)), format_name)
    if format_name == "JPEG":
        place = content.index(b"\xff\xc0") + 5
        bomb = content[:place] + b"\x4e\x20\x4e\x20" + content[place + 4 :]
    else:
        head = content[12:16] + (20000).to_bytes(4, "big") * 2 + content[24:29]
        bomb = content[:12] + head + zlib.crc32(head).to_bytes(4, "big") + content[33:]
    assert MOST_PIXELS < 20000 * 20000
    tracemalloc.start()
    with pytest.raises(Exception, match=r"20000|400000000"):
        read_picture(bomb, decode)
    assert tracemalloc.get_traced_memory()[1] < 10e6
    tracemalloc.stop()


def test_the_first_that_can_be_used_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "simplejpeg", None)
    monkeypatch.setitem(sys.modules, "torchcodec", ModuleType("torchcodec"))
    monkeypatch.setitem(sys.modules, "torchcodec.decoders", ModuleType("torchcodec.decoders"))
    assert choose_decoder("auto").name == "torchcodec"
    monkeypatch.setitem(sys.modules, "torchcodec.decoders", None)
    assert choose_decoder("auto").name == "pillow"
    with pytest.raises(
        RecipeError, match=r"data\.decoder simplejpeg: .* pip install 'spatialvision\[jpeg\]'"
    ):
        choose_decoder("simplejpeg")
    monkeypatch.setitem(sys.modules, "simplejpeg", ModuleType("simplejpeg"))
    assert choose_decoder("auto").name == "simplejpeg"
