import io
import struct
from collections.abc import Callable

import pytest
from PIL import Image

from spatialvision.data.jpeg_header import JpegHeader, exif_orientation, jpeg_header

MakePhotograph = Callable[[int, tuple[int, int]], Image.Image]


def saved(image: Image.Image, format_name: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"quality": 20, "subsampling": 0}, {"comment": "x"}]
)
def test_size_and_orientation_are_those_that_were_written(
    make_photograph: MakePhotograph, options: dict
) -> None:
    image = make_photograph(0, (37, 51))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[271], exif[274] = "maker", orientation
        assert jpeg_header(saved(image, exif=exif, **options)) == JpegHeader((37, 51), orientation)
    assert jpeg_header(saved(image, **options)) == JpegHeader((37, 51), 1)
    assert jpeg_header(saved(image.convert("L"), **options)) == JpegHeader((37, 51), 1)


@pytest.mark.fault("images")
def test_what_is_no_ordinary_jpeg_has_no_header(make_photograph: MakePhotograph) -> None:
    image = make_photograph(0, (37, 51))
    content = saved(image)
    for other in (
        saved(image.convert("CMYK")),
        saved(image, "PNG"),
        b"",
        b"\xff\xd8",
        content[:150],
        b"text",
    ):
        assert jpeg_header(other) is None


@pytest.mark.fault("images")
def test_a_jpeg_cut_off_anywhere_does_not_break_the_reading(make_photograph: MakePhotograph) -> None:
    content = saved(make_photograph(0, (37, 51)))
    found = {jpeg_header(content[:length]) for length in range(len(content))}
    assert found == {None, JpegHeader((37, 51), 1)}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.fault("images")
def test_damaged_exif_data_mean_upright(order: str) -> None:
    entry = struct.pack(f"{order}HHIHH", 274, 3, 1, 6, 0)
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HI", 42, 8)
    whole = head + struct.pack(f"{order}H", 1) + entry
    assert exif_orientation(whole) == 6
    assert {exif_orientation(whole[:length]) for length in range(len(whole) - 3)} == {1}
    assert exif_orientation(head + struct.pack(f"{order}H", 1) + entry.replace(b"\x06", b"\x09")) == 1
