"""A small run directory with the real files that the figures are drawn from."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvision.runs.directory import METRICS, RESULTS, Run
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


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    """A folder for made runs, where the commands look for them."""
    return tmp_path / "runs"


@pytest.fixture
def make_run(runs_dir: Path) -> Callable[..., Run]:
    """Make ``runs/<recipe>/<name>`` with a row of metrics a step; done unless told otherwise.

    ``accuracies`` are those on the test split after steps 10, 20, …; the last is the final one, of 1,000
    images, and the validation split's are 0.1 lower.
    """

    def make(
        recipe: str,
        seed: int,
        accuracies: Sequence[float],
        *,
        name: str = "",
        state: str = "done",
        about: dict[str, Any] | None = None,
        images: int = 1000,
        seconds: float = 2.0,
        fields: dict[str, Any] | None = None,
    ) -> Run:
        experiment = {"about": about or {}, "seed": seed, "data": {"name": "made"}, **(fields or {})}
        run = Run.create(runs_dir / recipe / (name or f"s{seed}"), recipe, experiment)
        rows = [
            {"step": 10 * number, "epoch": number / 2, "split": split, "loss": 1 - accuracy, "accuracy": accuracy - gap}
            for number, accuracy in enumerate(accuracies, start=1)
            for split, gap in (("validation", 0.1), ("test", 0.0))
        ]  # fmt: skip
        write_text(run.path / METRICS, "".join(json.dumps(row) + "\n" for row in rows))
        if state == "done":
            final = {"test": accuracies[-1], "validation": accuracies[-1] - 0.1}
            splits = {split: {"accuracy": value, "images": images} for split, value in final.items()}
            write_json(run.path / RESULTS, {"splits": splits, "parameters": 1234, "train_seconds": seconds})
        run.set_status(state, f"made {state}")
        return run

    return make


@pytest.fixture
def write_angles() -> Callable[[Run, np.ndarray, np.ndarray], None]:
    """Write a sampler.npz with pictures of up to 32 images and the angles (N,) of all."""

    def write(run: Run, true_deg: np.ndarray, theta_deg: np.ndarray) -> None:
        count = min(32, len(true_deg))
        theta = np.deg2rad(theta_deg[:count])
        turn = np.array([[np.cos(theta), np.sin(theta)], [-np.sin(theta), np.cos(theta)]]).transpose(2, 0, 1)
        line = (np.arange(8) + 0.5) / 4 - 1
        grid = np.stack(np.meshgrid(line, line), axis=-1)
        path = run.path / "evaluation" / "test" / "sampler.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        images = np.broadcast_to(np.linspace(0, 1, 8, dtype=np.float32), (count, 1, 8, 8))
        np.savez(
            path, inputs=images, warped=images, points=np.einsum("bij,hwj->bhwi", turn, grid),
            label=np.arange(count) % 10, angle_deg=theta_deg, true_angle_deg=true_deg,
        )  # fmt: skip

    return write


@pytest.fixture
def write_answers() -> Callable[..., None]:
    """Write a predictions.npz of images that are right or wrong, sure to the degree of ``margin``."""

    def write(run: Run, correct: np.ndarray, *, first: int = 0, margin: float = 2.0) -> None:
        label = np.arange(len(correct)) % 3
        logits = np.zeros((len(correct), 3), dtype=np.float32)
        answer = np.where(correct, label, (label + 1) % 3)
        logits[np.arange(len(correct)), answer] = margin
        path = run.path / "evaluation" / "test" / "predictions.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, index=np.arange(first, first + len(correct)), label=label, logits=logits)

    return write


@pytest.fixture
def answered_run(make_run: Callable[..., Run], write_answers: Callable[..., None]) -> Callable[..., Run]:
    """Make a run whose test accuracy is that of its answers, right (true) or wrong by image."""

    def make(recipe: str, seed: int, correct: np.ndarray, **options: Any) -> Run:
        run = make_run(recipe, seed, [float(np.mean(correct))], images=len(correct), **options)
        write_answers(run, np.asarray(correct, dtype=bool))
        return run

    return make
