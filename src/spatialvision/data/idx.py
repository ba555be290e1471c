"""The IDX file format of MNIST: a big-endian header (magic number, sizes), then one byte per value.

LeCun, Cortes, Burges, "The MNIST database of handwritten digits", section "File formats".
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import torch

from spatialvision.errors import DataError

_IMAGES_MAGIC = 0x00000803  # unsigned bytes, three dimensions
_LABELS_MAGIC = 0x00000801  # unsigned bytes, one dimension


def read_images(path: Path, size_hw: tuple[int, int]) -> torch.Tensor:
    """Read an image file, compressed if its name ends in ``.gz``.

    Returns:
        uint8 (N, 1, H, W).

    Raises:
        DataError: the file cannot be read, is truncated or corrupt, or holds images of another size.
    """
    values = _read(path, _IMAGES_MAGIC, dimensions=3)
    if tuple(values.shape[1:]) != size_hw:
        raise _corrupt(path, f"expected images of {size_hw}, got {tuple(values.shape[1:])}")
    return values[:, None]


def read_labels(path: Path, num_classes: int) -> torch.Tensor:
    """Read a label file, compressed if its name ends in ``.gz``.

    Returns:
        int64 (N,), each below ``num_classes``.

    Raises:
        DataError: the file cannot be read, is truncated or corrupt, or holds a label out of range.
    """
    values = _read(path, _LABELS_MAGIC, dimensions=1)
    if (largest := int(values.max())) >= num_classes:
        raise _corrupt(path, f"expected labels below {num_classes}, got {largest}")
    return values.long()


def _read(path: Path, magic: int, dimensions: int) -> torch.Tensor:
    content = _content(path)
    header = 4 + 4 * dimensions
    if len(content) < header:
        raise _corrupt(path, f"expected a header of {header} bytes, got a file of {len(content)}")
    found, *sizes = struct.unpack(f">{1 + dimensions}I", content[:header])
    if found != magic:
        raise _corrupt(path, f"expected magic number {magic:#010x}, got {found:#010x}")
    expected = header + math.prod(sizes)
    if len(content) != expected or not all(sizes):
        raise _corrupt(path, f"expected {expected} bytes for the sizes {tuple(sizes)}, got {len(content)}")
    return torch.frombuffer(content, dtype=torch.uint8, offset=header).view(sizes)


def _content(path: Path) -> bytearray:
    try:
        if path.suffix != ".gz":
            return bytearray(path.read_bytes())
        with gzip.open(path) as file:
            return bytearray(file.read())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _corrupt(path, f"not a whole gzip file ({error})") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error


def _corrupt(path: Path, reason: str) -> DataError:
    return DataError(f"{path} is corrupt: {reason}. Delete it and run again, or put an intact file there.")
