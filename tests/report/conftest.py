"""A small run directory with the real files that the figures are drawn from."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spatialvision.runs.directory import METRICS, Run
from spatialvision.runs.storage import write_json, write_text


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with nothing in it but its experiment and status."""
    return Run.create(tmp_path / "run", "made/by-test", {"seed": 0})


@pytest.fixture
def write_metrics(run: Run) -> Callable[[int], None]:
    """Write rows of two splits for a number of epochs, with a torn line at the end."""

    def write(epochs: int) -> None:
        rows = "".join(
            f'{{"step": {9 * epoch}, "epoch": {epoch}.0, "split": "{split}", '
            f'"loss": {high / epoch}, "accuracy": {1 - 0.2 * high / epoch}}}\n'
            for epoch in range(1, epochs + 1)
            for split, high in (("train", 2.0), ("test", 1.5))
        )
        write_text(run.path / METRICS, rows + '{"step": 99, "epo')

    return write


@pytest.fixture
def write_accuracy(run: Run) -> Callable[[str, int], np.ndarray]:
    """Write an accuracy.json for a number of classes and return its confusion matrix."""

    def write(split: str, classes: int) -> np.ndarray:
        generator = np.random.default_rng(0)
        counts = generator.poisson(30 / classes, (classes, classes)) + np.diag(np.full(classes, 90))
        result = {
            "images": int(counts.sum()),
            "correct": int(counts.trace()),
            "accuracy": counts.trace() / counts.sum(),
            "by_class": {f"class {number}": 0.9 for number in range(classes)},
            "confusion": counts.tolist(),
        }
        write_json(run.path / "evaluation" / split / "accuracy.json", result)
        return counts

    return write


@pytest.fixture
def write_sampler(run: Run) -> Callable[[str, int, np.ndarray], None]:
    """Write a sampler.npz of images with a number of channels and the given points (n, H, W, 2)."""

    def write(split: str, channels: int, points: np.ndarray) -> None:
        images, height, width = points.shape[:3]
        ramp = np.linspace(0, 1, height * width, dtype=np.float32).reshape(height, width)
        inputs = np.broadcast_to(ramp, (images, channels, height, width))
        path = run.path / "evaluation" / split / "sampler.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, inputs=inputs, warped=inputs, points=points, label=np.arange(images) % 10)

    return write


@pytest.fixture
def png_size() -> Callable[[Path], tuple[int, int]]:
    """Width and height as a complete PNG file's header has them."""

    def read(path: Path) -> tuple[int, int]:
        content = path.read_bytes()
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        assert content.endswith(b"IEND\xaeB`\x82")
        return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])

    return read
