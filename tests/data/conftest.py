"""Trees in the official file formats, small enough to make anew for every test."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch


def idx_bytes(magic: int, values: torch.Tensor) -> bytes:
    """An IDX file: magic number and sizes as big-endian 32-bit integers, then one byte per value."""
    header = struct.pack(f">{1 + values.ndim}I", magic, *values.shape)
    return header + values.to(torch.uint8).numpy().tobytes()


@pytest.fixture
def mnist_content() -> dict[str, bytes]:
    """The four files of MNIST's format, uncompressed: 20 training and 10 test images."""
    generator = torch.Generator().manual_seed(0)
    content = {}
    for split, size in (("train", 20), ("t10k", 10)):
        images = torch.randint(256, (size, 28, 28), generator=generator)
        content[f"{split}-images-idx3-ubyte"] = idx_bytes(0x803, images)
        content[f"{split}-labels-idx1-ubyte"] = idx_bytes(0x801, torch.arange(size) % 10)
    return content


@pytest.fixture
def write_tree(mnist_content: dict[str, bytes]) -> Callable[[Path, bool], Path]:
    """Write the four files into a folder, compressed or not."""

    def write(folder: Path, compressed: bool) -> Path:
        folder.mkdir(parents=True)
        for name, content in mnist_content.items():
            if compressed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content))
            else:
                (folder / name).write_bytes(content)
        return folder

    return write
