import io
import random
import signal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from spatialvision.data.preparation.decoding import examine, strict_decoder_is_here
from spatialvision.data.preparation.verification import image_paths, verify
from spatialvision.errors import DataError, Interrupted

strict = pytest.mark.skipif(not strict_decoder_is_here(), reason="needs simplejpeg")


def picture(mode: str = "RGB", form: str = "JPEG", size: tuple[int, int] = (60, 40)) -> bytes:
    noise = Image.frombytes("RGB", size, random.Random(0).randbytes(3 * size[0] * size[1]))
    buffer = io.BytesIO()
    noise.convert(mode).save(buffer, form)
    return buffer.getvalue()


def holed(content: bytes, holes: int = 40) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes(holes) + content[middle + holes :]


@pytest.mark.parametrize("content", [picture(), picture("L"), picture("CMYK"), picture(form="PNG")])
@pytest.mark.fault("images")
def test_images_of_all_kinds_are_whole(tmp_path: Path, content: bytes) -> None:
    """Also a PNG by the name of JPEG."""
    (tmp_path / "a.JPEG").write_bytes(content)
    assert examine(tmp_path / "a.JPEG") is None


@pytest.mark.fault("images")
def test_an_image_turned_by_its_exif_data_is_whole(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (4, 3)).save(tmp_path / "a.jpg", exif=exif)
    assert examine(tmp_path / "a.jpg") is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot identify image file"),
        (b"<html>404</html>", "cannot identify image file"),
        (picture()[:100], "cannot identify image file|Truncated File Read"),
        (picture()[:-700], "image file is truncated"),
        (picture(form="PNG")[:-700], "truncated"),
    ],
)
@pytest.mark.fault("images")
def test_broken_images_are_told_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.JPEG").write_bytes(content)
    finding = examine(tmp_path / "a.JPEG")
    assert finding is not None
    assert not finding.readable
    assert str(finding).startswith(f"{tmp_path}/a.JPEG: ")
    assert str(finding).count(str(tmp_path)) == 1
    assert "\n" not in str(finding)
    assert any(each in finding.reason for each in reason.split("|"))


@pytest.mark.fault("images")
def test_a_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    """400 megapixels in a few bytes: the size in a small image's header is changed."""
    content = bytearray(picture())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = (20000).to_bytes(2, "big") * 2
    (tmp_path / "a.JPEG").write_bytes(content)
    finding = examine(tmp_path / "a.JPEG")
    assert finding is not None
    assert "400000000 pixels" in finding.reason


@strict
@pytest.mark.fault("images")
def test_damage_in_the_middle_is_found_by_the_strict_decoder(tmp_path: Path) -> None:
    (tmp_path / "a.JPEG").write_bytes(holed(picture(size=(300, 200))))
    finding = examine(tmp_path / "a.JPEG")
    assert finding is not None
    assert finding.readable
    assert "can be decoded, but is damaged" in finding.reason


@pytest.mark.fault("images")
def test_a_tree_is_decoded_and_its_broken_images_listed(tmp_path: Path, console: Any, calm: Any) -> None:
    for number in range(150):
        folder = tmp_path / "tree" / "val" / f"n{number % 3:08}"
        folder.mkdir(parents=True, exist_ok=True)
        broken = number in (70, 5)
        (folder / f"{number}.JPEG").write_bytes(picture()[: 500 if broken else None])
    found = verify(tmp_path / "tree", processes=2, console=console, stop=calm)
    assert (found.images, found.broken) == (150, 2)
    wanted = [f"n{number % 3:08}/{number}.JPEG" for number in (70, 5)]
    assert [str(finding.path.relative_to(tmp_path / "tree" / "val")) for finding in found.findings] == wanted
    assert str(found) == "150 images, 2 broken"


def test_links_are_followed_and_hidden_files_are_not(tmp_path: Path) -> None:
    (tmp_path / "real" / "n00000001").mkdir(parents=True)
    for name in ("b.JPEG", "a.jpg", "c.PNG", "note.txt", ".d.JPEG"):
        (tmp_path / "real" / "n00000001" / name).touch()
    (tmp_path / "out" / ".preparation").mkdir(parents=True)
    (tmp_path / "out" / ".preparation" / "x.JPEG").touch()
    (tmp_path / "out" / "train").symlink_to(tmp_path / "real")
    assert [Path(path).name for path in image_paths(str(tmp_path / "out"))] == ["a.jpg", "b.JPEG", "c.PNG"]


@pytest.mark.parametrize(("name", "reason"), [("none", "no such folder"), ("", "no images in it")])
def test_nothing_to_decode_is_an_error(
    tmp_path: Path, console: Any, calm: Any, name: str, reason: str
) -> None:
    with pytest.raises(DataError, match=reason):
        verify(tmp_path / name, processes=1, console=console, stop=calm)


def test_a_signal_ends_it(tmp_path: Path, console: Any, stopped_after: Any) -> None:
    for number in range(200):
        (tmp_path / f"{number}.JPEG").write_bytes(picture())
    with pytest.raises(Interrupted, match=r"\d+ images were checked"):
        verify(tmp_path, processes=1, console=console, stop=stopped_after(0, signal.SIGINT))
