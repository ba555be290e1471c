from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from spatialvision.report.puzzle import (
    draw_answers,
    draw_points,
    draw_puzzle,
    draw_puzzle_pictures,
    write_answers,
)
from spatialvision.runs.directory import Run
from spatialvision.runs.storage import write_json

NAMES = ("nn", "ss", "ns", "sn")


def point(**values: Any) -> dict[str, Any]:
    return {**values, **dict(zip(NAMES, (0.9, 0.8, 0.2, 0.1), strict=True))}


@pytest.fixture
def document() -> dict[str, Any]:
    accuracies = zip(NAMES, (0.9, 0.8, 0.2, 0.1), strict=True)
    return {
        "grid_hw": [2, 3],
        "answers": {name: {"accuracy": value, "entropy": 1.5 - value} for name, value in accuracies},
        "largest_entropy": 2.3,
        "curve_images": 40,
        "displaced": [point(patches=value) for value in (0, 2, 4, 6)],
        "distance": [point(reach=value) for value in (0, 1, 2)],
        "summary": "nn 90.00 %, and so on",
    }


def arrays(count: int) -> dict[str, np.ndarray]:
    images = np.random.default_rng(0).random((count, 1, 4, 6), dtype=np.float32)
    label = np.arange(count)
    prediction = np.stack([label, label, label + 1, np.zeros(count, dtype=int)])
    return {
        "inputs": images, "shuffled": images[:, :, ::-1], "label": label,
        "prediction": prediction, "confidence": np.full((4, count), 0.75),
    }  # fmt: skip


def test_curves_are_drawn_beside_the_other_figures(run: Run, document: Any, png_size: Callable) -> None:
    write_json(run.path / "evaluation" / "test" / "puzzle.json", document)
    path = draw_puzzle(run, "test")
    assert path == run.path / "figures" / "puzzle-test.png"
    assert png_size(path) == (1560, 552)


@pytest.mark.parametrize(("count", "width"), [(8, 1608), (2, 960)])
def test_pictures_are_drawn_beside_their_arrays(run: Run, png_size: Callable, count: int, width: int) -> None:
    path = run.path / "evaluation" / "test" / "puzzle.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, **arrays(count))
    assert draw_puzzle_pictures(run, "test") == path.with_suffix(".png")
    assert png_size(path.with_suffix(".png")) == (width, 624)


def test_nothing_is_drawn_where_nothing_was_evaluated(run: Run) -> None:
    assert draw_puzzle(run, "test") is None
    assert draw_puzzle_pictures(run, "test") is None


def test_bars_and_curves_are_percent(document: Any) -> None:
    bars, curves = Figure().subplots(1, 2)
    draw_answers(bars, document)
    assert [bar.get_height() for bar in bars.patches] == pytest.approx([90, 80, 20, 10])
    assert bars.texts[2].get_text() == "20.0 %\n1.30 nats"
    draw_points(curves, document["displaced"], "patches")
    lines = {line.get_label()[:2]: line for line in curves.lines}
    assert list(lines["sn"].get_xdata()) == [0, 2, 4, 6]
    assert list(lines["sn"].get_ydata()) == pytest.approx([10] * 4)


def test_an_answer_is_green_where_it_is_right(run: Run) -> None:
    row = Figure().subplots(1, 2)
    write_answers(row, 1, "sn", run, "test", arrays(2), 3)
    texts = [axes.texts[0] for axes in row]
    assert [text.get_text() for text in texts] == ["sn: 0, 75 %", "sn: 0, 75 %"]
    assert [text.get_color() for text in texts] == ["darkgreen", "firebrick"]
