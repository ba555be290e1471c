"""Fixtures that several parts of the tests need."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from spatialvision import Run
from spatialvision.cli import main
from spatialvision.data import ImageDataset, load_dataset
from spatialvision.data.mnist import DEBIAN_FASHION_MNIST

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SMALL_RECIPE = """
epochs: 2
batch_size: 128
threads: 1
data: {name: digits, size: 16}
model: {name: stn_cnn, localisation: none}
optimizer: {name: sgd, lr: 0.05, momentum: 0.9}
evaluation: {batch_size: 150}
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full-counts", action="store_true", help="bring each fault about as often as is promised"
    )


@pytest.fixture(autouse=True)
def _fault(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Write down which fault a test brings about, for benchmarks/faults.py."""
    if marker := request.node.get_closest_marker("fault"):
        record_property("fault", marker.args[0])


@pytest.fixture
def times(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Callable[[int, int], int]:
    """How often a fault is brought about: a few times, or with ``--full-counts`` so often; it is written down."""

    def choose(few: int, full: int) -> int:
        chosen = full if request.config.getoption("--full-counts") else few
        record_property("times", chosen)
        return chosen

    return choose


@pytest.fixture(scope="session")
def fashion_mnist(tmp_path_factory: pytest.TempPathFactory) -> ImageDataset:
    """The real Fashion-MNIST of Debian's package; without it the test is skipped, under CI it fails."""
    if not Path(DEBIAN_FASHION_MNIST).is_dir():
        reason = f"needs real images in {DEBIAN_FASHION_MNIST}: apt install dataset-fashion-mnist"
        if "CI" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    return load_dataset("fashion_mnist", {}, tmp_path_factory.mktemp("empty"), offline=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window; where there is none the tests are skipped, under CI they fail."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        reason = "needs a browser: apt install chromium"
        if "CI" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as session:
        # As root Chromium starts without its sandbox only.
        browser = session.chromium.launch(
            executable_path=found, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def small_recipe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A recipe that trains in a fraction of a second: 22 steps, the last of an epoch smaller; dropout."""
    path = tmp_path_factory.mktemp("recipes") / "small.yaml"
    path.write_text(SMALL_RECIPE)
    return str(path)


def photograph(seed: int, size_hw: tuple[int, int]) -> Image.Image:
    """Something like a photograph: shading, shapes, writing and noise."""
    random, (height, width) = np.random.default_rng(seed), size_hw
    rows, columns = np.mgrid[0:height, 0:width]
    shades = [np.sin(columns / random.uniform(9, 40)), np.cos(rows / random.uniform(9, 40)), rows / height]
    pixels = 128 + 90 * np.stack(shades, axis=2) + random.normal(0, 6, (height, width, 3))
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    drawing = ImageDraw.Draw(image)
    for _ in range(4):
        x, y = random.integers(0, width), random.integers(0, height)
        colour = tuple(map(int, random.integers(0, 256, 3)))
        drawing.ellipse((x, y, x + width // 4, y + height // 4), fill=colour)
    drawing.text((width // 4, height // 3), f"photograph {seed}", fill=(255, 255, 255))
    return image


@pytest.fixture(scope="session")
def make_photograph() -> Callable[[int, tuple[int, int]], Image.Image]:
    return photograph


def save_photographs(folder: Path) -> Path:
    """JPEG files of various sizes in ImageNet's layout: 3 classes, 8 training and 3 validation images each."""
    random = np.random.default_rng(0)
    for split, count in (("train", 8), ("val", 3)):
        for label in range(3):
            below = folder / split / f"n0000000{label}"
            below.mkdir(parents=True)
            for number in range(count):
                height, width = map(int, random.integers(60, 120, 2))
                photograph(random.integers(1000), (height, width)).save(below / f"{number}.JPEG", quality=90)
    return folder


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A folder of JPEG files in ImageNet's layout, which the test may damage."""
    return save_photographs(tmp_path / "photographs")


@pytest.fixture(scope="session")
def shared_photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for many tests. Not to be written to."""
    return save_photographs(tmp_path_factory.mktemp("photographs"))


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run ``spatialvision …`` inside this process, in an empty folder: exit code, output, errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["spatialvision", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        return int(end.value.code or 0), *capsys.readouterr()

    return run


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``spatialvision …`` as a process of its own, in an empty folder; killed when the test ends."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: object) -> subprocess.Popen[str]:
        line = [sys.executable, "-m", "spatialvision", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen(line, cwd=tmp_path, text=True, **pipes))
        return started[-1]

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def newest_state(run: Run) -> dict[str, bytes]:
    """Weights, optimizer and moving average; whether the last rows were written before or after them is free."""
    newest = max((run.path / "checkpoints").glob("step-*"))
    return {path.name: path.read_bytes() for path in newest.glob("*.safetensors") if path.stem != "sums"}


def contents(run: Run) -> dict[str, Any]:
    """All that must not depend on when a run was stopped: everything but the clock."""
    events = EventAccumulator(str(run.path / "tensorboard"))
    events.Reload()
    tags = events.Tags()
    return {
        "weights": (run.path / "model.safetensors").read_bytes(),
        "state": newest_state(run),
        "metrics": [list(without(row, "seconds").items()) for row in run.metrics()],
        "results": without(run.results, "train_seconds"),
        "layers": (run.path / "layers.txt").read_text(),
        "scalars": {
            (tag, event.step, event.value) for tag in tags["scalars"] for event in events.Scalars(tag)
        },
        "images": {tag: [event.step for event in events.Images(tag)] for tag in tags["images"]},
        **{
            str(path.relative_to(run.path)): path.read_bytes()
            for path in sorted((run.path / "evaluation").rglob("*.*"))
        },
    }


@pytest.fixture(scope="session")
def contents_of() -> Callable[[Run], dict[str, Any]]:
    return contents


@pytest.fixture(scope="session")
def largest_difference() -> Callable[[Run, Run], float]:
    """Largest absolute difference between two runs' weights."""

    def compare(one: Run, other: Run) -> float:
        weights = [load_file(run.path / "model.safetensors") for run in (one, other)]
        assert weights[0].keys() == weights[1].keys()
        return max((weights[0][name] - weights[1][name]).abs().max().item() for name in weights[0])

    return compare


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a file system in memory with options such as ``size=1m``; needs root, under CI a must."""
    mounted: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"disk-{len(mounted)}"
        folder.mkdir()
        line = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(line, capture_output=True).returncode != 0:
            reason = "needs root and the right to mount a file system of a certain size"
            if "CI" in os.environ:
                pytest.fail(reason)
            pytest.skip(reason)
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
