"""A folder with an image of every kind of damage and oddity: read, or counted as the policy says."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from spatialvision.data.broken import BrokenImages
from spatialvision.data.decoders import DECODERS
from spatialvision.data.folder import find_classes, find_images
from spatialvision.data.framing import CentreCrop
from spatialvision.data.jpeg_loader import JpegLoader
from spatialvision.data.reader import Reader
from spatialvision.errors import DataError

Command = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.fault("images")


def saved(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def bomb(content: bytes) -> bytes:
    """A small image whose header says 20,000 × 20,000."""
    if content.startswith(b"\x89PNG"):
        head = content[12:16] + (20000).to_bytes(4, "big") * 2 + content[24:29]
        return content[:12] + head + zlib.crc32(head).to_bytes(4, "big") + content[33:]
    place = content.index(b"\xff\xc0") + 5
    return content[:place] + (20000).to_bytes(2, "big") * 2 + content[place + 4 :]


def holed(content: bytes) -> bytes:
    """Zeros in the middle of the pixels."""
    middle = len(content) // 2
    return content[:middle] + bytes(200) + content[middle + 200 :]


@pytest.fixture
def kinds(make_photograph: Callable[..., Image.Image]) -> dict[str, tuple[bytes, bool]]:
    """Contents by what they are, and whether they can be read."""
    image, exif = make_photograph(0, (120, 90)), Image.Exif()
    exif[274] = 6
    plain = saved(image)
    return {
        "plain": (plain, True),
        "cmyk": (saved(image.convert("CMYK")), True),
        "grey": (saved(image.convert("L")), True),
        "png": (saved(image, "PNG"), True),
        "turned": (saved(image, exif=exif), True),
        "empty": (b"", False),
        "html": (b"<html><body>404 Not Found</body></html>", False),
        "truncated": (plain[: len(plain) // 2], False),
        "head": (plain[:200], False),
        "corrupt": (plain[:2] + bytes(len(plain) - 2), False),
        "bomb": (bomb(plain), False),
        "png-bomb": (bomb(saved(image, "PNG")), False),
        "png-truncated": (saved(image, "PNG")[:-2000], False),
        "postscript": (saved(image, "EPS"), False),
    }


@pytest.fixture
def folder(kinds: dict[str, tuple[bytes, bool]], tmp_path: Path) -> Path:
    """Of one class, training and validation."""
    for split in ("train", "val"):
        (tmp_path / "images" / split / "n00000000").mkdir(parents=True)
        for name, (content, _) in kinds.items():
            (tmp_path / "images" / split / "n00000000" / f"{name}.JPEG").write_bytes(content)
    return tmp_path / "images"


def loader(folder: Path, decoder: str, policy: Any, most: int = 100) -> JpegLoader:
    split = find_images(folder / "train", find_classes(folder / "train"))
    reader = Reader(split, CentreCrop(36), 32, decoder, 0)
    return JpegLoader(reader, (0.5,) * 3, (0.25,) * 3, "cpu", BrokenImages(policy, most))


USABLE = [name for name, decoder in DECODERS.items() if decoder.is_usable]


@pytest.mark.parametrize("decoder", USABLE)
def test_what_cannot_be_read_is_counted_and_the_rest_is_read(
    folder: Path, kinds: dict[str, tuple[bytes, bool]], decoder: str
) -> None:
    skipping = loader(folder, decoder, "skip")
    batch = skipping.batch(torch.arange(len(kinds)), 0)
    assert {path.stem for path in skipping.broken.found} == {
        name for name, (_, good) in kinds.items() if not good
    }
    assert len(batch.images) == sum(good for _, good in kinds.values())
    reasons = {path.stem: reason for path, reason in skipping.broken.found.items()}
    for name in ("bomb", "png-bomb"):
        assert "megapixels" in reasons[name] or "exceeds limit" in reasons[name]
    assert "cannot identify" in reasons["postscript"]  # which Pillow would have Ghostscript run


def test_too_many_end_the_run(folder: Path, kinds: dict[str, tuple[bytes, bool]]) -> None:
    broken = sum(not good for _, good in kinds.values())
    loader(folder, "pillow", "replace", broken).batch(torch.arange(len(kinds)), 0)
    with pytest.raises(DataError, match=rf"more than data\.most_broken={broken - 1} images cannot be read"):
        loader(folder, "pillow", "replace", broken - 1).batch(torch.arange(len(kinds)), 0)


@pytest.mark.skipif(not DECODERS["simplejpeg"].is_usable, reason="needs simplejpeg")
def test_a_hole_of_zeros_is_noticed_by_the_strict_decoder(
    folder: Path, kinds: dict[str, tuple[bytes, bool]]
) -> None:
    for path in (folder / "train" / "n00000000").iterdir():
        path.unlink()
    (folder / "train" / "n00000000" / "holed.JPEG").write_bytes(holed(kinds["plain"][0]))
    with pytest.raises(DataError, match=r"holed\.JPEG cannot be read"):
        loader(folder, "simplejpeg", "error").batch(torch.arange(1), 0)


def test_verify_lists_them(command: Command, folder: Path, kinds: dict[str, tuple[bytes, bool]]) -> None:
    code, output, errors = command("data", "verify", folder / "train")
    assert code == 3, errors
    for name, (_, good) in kinds.items():
        assert (f"/{name}.JPEG: " in output + errors) is not good, name


@pytest.mark.slow
def test_a_training_ends_at_the_first_or_goes_on_without_them(
    command: Command, folder: Path, small_recipe: str
) -> None:
    more = ("epochs=1", "batch_size=4")
    data = f"name: folder, path: '{folder}', size: 16, workers: 0, decoder: pillow"
    code, _, errors = command("train", small_recipe, f"data={{{data}}}", *more, "--name", "ends")
    assert code == 3
    assert "cannot be read" in errors
    code, _, errors = command(
        "train", small_recipe, f"data={{{data}, broken: skip}}", *more, "--name", "goes-on"
    )
    assert code == 0, errors
