"""Fixtures that several parts of the tests need."""

import os
from pathlib import Path

import pytest

from spatialvision.data import ImageDataset, load_dataset
from spatialvision.data.mnist import DEBIAN_FASHION_MNIST


@pytest.fixture(scope="session")
def fashion_mnist(tmp_path_factory: pytest.TempPathFactory) -> ImageDataset:
    """The real Fashion-MNIST of Debian's package; without it the test is skipped, under CI it fails."""
    if not Path(DEBIAN_FASHION_MNIST).is_dir():
        reason = f"needs real images in {DEBIAN_FASHION_MNIST}: apt install dataset-fashion-mnist"
        if "CI" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    return load_dataset("fashion_mnist", {}, tmp_path_factory.mktemp("empty"), offline=True)
