import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from spatialvision.data.idx import read_images, read_labels
from spatialvision.errors import DataError

IMAGES = "train-images-idx3-ubyte"
LABELS = "train-labels-idx1-ubyte"


def test_raw_and_compressed_files_hold_the_same(tmp_path: Path, mnist_content: dict[str, bytes]) -> None:
    raw, compressed = tmp_path / "images", tmp_path / "images.gz"
    raw.write_bytes(mnist_content[IMAGES])
    compressed.write_bytes(gzip.compress(mnist_content[IMAGES]))
    images = read_images(raw, (28, 28))
    assert images.shape == (20, 1, 28, 28)
    assert images.numpy().tobytes() == mnist_content[IMAGES][16:]
    assert torch.equal(read_images(compressed, (28, 28)), images)
    raw.write_bytes(mnist_content[LABELS])
    assert read_labels(raw, 10).tolist() == [*range(10), *range(10)]


def flip(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: b"", "header of 16 bytes, got a file of 0"),
        (lambda content: content[:9], "header of 16 bytes, got a file of 9"),
        (lambda content: content[:-1], "expected 15696 bytes .* got 15695"),
        (lambda content: content + b"0", "expected 15696 bytes .* got 15697"),
        (lambda content: flip(content, 2), "expected magic number 0x00000803, got 0x0000f703"),
        (lambda content: flip(content, 7), "expected .* bytes for the sizes"),
        (lambda content: content[:4] + bytes(12), "sizes"),
    ],
)
def test_damaged_raw_files_are_refused_by_name(
    tmp_path: Path, mnist_content: dict[str, bytes], damage: Callable[[bytes], bytes], message: str
) -> None:
    path = tmp_path / IMAGES
    path.write_bytes(damage(mnist_content[IMAGES]))
    with pytest.raises(DataError, match=message) as caught:
        read_images(path, (28, 28))
    assert str(path) in str(caught.value)
    assert "Delete it and run again" in str(caught.value)


def test_every_damaged_byte_of_a_compressed_file_is_noticed(
    tmp_path: Path, mnist_content: dict[str, bytes]
) -> None:
    path = tmp_path / f"{LABELS}.gz"
    intact = gzip.compress(mnist_content[LABELS], mtime=0)
    expected = read_labels_from(path, intact)
    for position in range(len(intact)):
        damaged = flip(intact, position)
        if 4 <= position < 10:  # time, compression level and system do not touch the content
            assert torch.equal(read_labels_from(path, damaged), expected)
        else:
            with pytest.raises(DataError, match=str(path)):
                read_labels_from(path, damaged)
    for length in range(len(intact)):
        with pytest.raises(DataError, match=str(path)):
            read_labels_from(path, intact[:length])


def read_labels_from(path: Path, content: bytes) -> torch.Tensor:
    path.write_bytes(content)
    return read_labels(path, 10)


def test_wrong_content_is_refused(tmp_path: Path, mnist_content: dict[str, bytes]) -> None:
    path = tmp_path / "file"
    path.write_bytes(mnist_content[IMAGES])
    with pytest.raises(DataError, match=r"images of \(32, 32\), got \(28, 28\)"):
        read_images(path, (32, 32))
    with pytest.raises(DataError, match="magic number 0x00000801, got 0x00000803"):
        read_labels(path, 10)
    path.write_bytes(mnist_content[LABELS])
    with pytest.raises(DataError, match="labels below 9, got 9"):
        read_labels(path, 9)
    with pytest.raises(DataError, match="cannot read"):
        read_labels(tmp_path / "absent", 10)
