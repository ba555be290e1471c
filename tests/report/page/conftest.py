"""Made runs with everything that the page can show, and the page's parts as a reader of HTML finds them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvision.report.page.report import Sources, write_report
from spatialvision.runs.directory import Run
from spatialvision.runs.storage import write_json

CLASSES = 3
WARPS = {"rotation": ("degrees", 0, (-90, 0, 90)), "scale": ("factor", 1, (0.5, 1, 2))}


@dataclass
class Parsed(HTMLParser):
    """Elements with their attributes, and the texts directly inside each kind of element."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    around: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.around.append(tag)
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        while self.around and self.around.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.around and self.around[-1] in self.texts:
            self.texts[self.around[-1]][-1] += data

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        """Of all elements of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def parse() -> Callable[[Path], Parsed]:
    def read(path: Path) -> Parsed:
        parsed = Parsed()
        parsed.feed(path.read_text("utf-8"))
        return parsed

    return read


@pytest.fixture
def measured_run(
    make_run: Callable[..., Run], write_answers: Callable[..., None], write_angles: Callable[..., None]
) -> Callable[..., Run]:
    """Make a run that was measured in every way: answers, confusions, robustness, sampler, environment."""

    def make(
        recipe: str,
        seed: int,
        share: float,
        *,
        classes: tuple[str, ...] = ("cat", "dog", "owl"),
        **options: Any,
    ) -> Run:
        correct = np.random.default_rng(seed).permutation(300) < round(300 * share)
        run = make_run(recipe, seed, [share / 2, share], images=300, **options)
        write_answers(run, correct)
        write_confusion(run, "test", correct, classes)
        write_robustness(run, share)
        write_angles(run, np.linspace(-60, 60, 40), np.linspace(-50, 50, 40) + seed)
        packages = {"torch": "2.15.0"}
        environment = {
            "command": ["/home/me/.venv/bin/spatialvision", "sweep", recipe, "seed=0,1"], "commit": "0123456789abcdef",
            "packages": packages, "processor": "AMD EPYC", "gpu": None, "threads": 1, "host": "secret-host",
            "data_root": "/home/me/data",
        }  # fmt: skip
        write_json(run.path / "environment.json", environment)
        return run

    return make


def write_confusion(run: Run, split: str, correct: np.ndarray, classes: tuple[str, ...]) -> None:
    """An accuracy.json that agrees with answers of `write_answers`."""
    label = np.arange(len(correct)) % CLASSES
    answer = np.where(correct, label, (label + 1) % CLASSES)
    counts = np.zeros((CLASSES, CLASSES), dtype=int)
    np.add.at(counts, (label, answer), 1)
    by_class = {name: float(correct[label == number].mean()) for number, name in enumerate(classes)}
    document = {
        "images": len(correct), "correct": int(correct.sum()), "accuracy": float(correct.mean()),
        "by_class": by_class, "confusion": counts.tolist(),
    }  # fmt: skip
    write_json(run.path / "evaluation" / split / "accuracy.json", document)


def write_robustness(run: Run, share: float) -> None:
    """A robustness.json in which accuracy falls on either side of the neutral value."""

    def counted(accuracy: float) -> dict[str, Any]:
        return {"correct": round(300 * accuracy), "images": 300, "accuracy": accuracy}

    curves = {
        name: {
            "parameter": parameter,
            "neutral": neutral,
            "fit": 1.0,
            "points": [
                {"value": value, **counted(share if value == neutral else share / 2)} for value in values
            ],
        }
        for name, (parameter, neutral, values) in WARPS.items()
    }
    attack = {
        "random": counted(share - 0.1),
        "worst_of_10": counted(share - 0.2),
        "worst_of_grid": counted(share - 0.3),
    }
    document = {
        "natural": counted(share), "curves": curves, "engstrom": attack,
        "consistency": {"mean": 0.9, "all": 0.8}, "seconds": 1.0,
    }  # fmt: skip
    write_json(run.path / "evaluation" / "test" / "robustness.json", document)


@pytest.fixture
def sources() -> Sources:
    """Grey images that show their position, and a command for every run."""

    def images(run: Run, split: str, positions: np.ndarray) -> np.ndarray:
        return np.broadcast_to(positions[:, None, None, None] % 256, (len(positions), 1, 8, 8)).astype(
            np.uint8
        )

    return Sources(images, lambda record: f"spatialvision train {record.recipe} seed={record.seed}")


@pytest.fixture
def written(tmp_path: Path, runs_dir: Path, sources: Sources) -> Callable[..., Path]:
    """Write the page of all made runs."""

    def write(*places: str, **options: Any) -> Path:
        options = {"sources": sources, "out": tmp_path / "report.html", **options}
        return write_report(places or ("made",), runs_dir, **options)

    return write


@pytest.fixture
def drawn(parse: Callable[[Path], Parsed]) -> Callable[[Path], list[dict[str, Any]]]:
    """The charts' data in a page."""

    def read(path: Path) -> list[dict[str, Any]]:
        parsed = parse(path)
        number = [each.get("id") for each in parsed.attributes("script")].index("charts")
        return json.loads(parsed.texts["script"][number])

    return read
