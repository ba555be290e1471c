"""The picture of what a model looks at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from spatialvision.report.attention import caption, draw_attention, draw_class_attention, draw_part
from spatialvision.runs.directory import Run


def make_arrays(images: int, mistakes: int, channels: int = 1, **more: np.ndarray) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    count = images + mistakes
    return {
        "inputs": generator.random((count, channels, 6, 9), dtype=np.float32),
        "label": np.arange(count) % 10,
        "prediction": (np.arange(count) + (np.arange(count) >= images)) % 10,
        "confidence": np.linspace(0.3, 0.99, count),
        "mistake": np.arange(count) >= images,
        "attribution": generator.normal(size=(count, 6, 9)).astype(np.float32),
        **more,
    }


def points(count: int) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, 9), np.linspace(-0.5, 0.5, 6))
    return np.broadcast_to(np.stack([x, y], axis=-1), (count, 6, 9, 2))


@pytest.fixture
def write(run: Run) -> Callable[[dict[str, np.ndarray]], Path]:
    def write(arrays: dict[str, np.ndarray]) -> Path:
        path = run.path / "evaluation" / "test" / "attention.npz"
        path.parent.mkdir(parents=True)
        np.savez(path, **arrays)
        return path

    return write


@pytest.mark.parametrize(
    ("images", "mistakes", "more", "height"),
    [
        (8, 8, {}, 1020),
        (8, 0, {}, 552),
        (8, 3, {"class_attention": np.ones((11, 2, 4, 2, 3))}, 1416),
        (2, 8, {"points": points(10)}, 1020),
    ],
)
def test_it_is_drawn_beside_its_arrays(
    run: Run,
    write: Callable,
    png_size: Callable,
    images: int,
    mistakes: int,
    more: dict[str, np.ndarray],
    height: int,
) -> None:
    path = write(make_arrays(images, mistakes, **more))
    assert draw_attention(run, "test") == path.with_suffix(".png")
    assert png_size(path.with_suffix(".png")) == (1560, height)


def test_nothing_is_drawn_where_nothing_was_evaluated(run: Run) -> None:
    assert draw_attention(run, "test") is None


def part(arrays: dict[str, np.ndarray], columns: int) -> Any:
    figure = Figure()
    names = [f"class {number}" for number in range(10)]
    draw_part(
        figure,
        arrays,
        columns,
        [names[number] for number in arrays["label"]],
        [names[number] for number in arrays["prediction"]],
    )
    return figure.axes


def test_titles_tell_class_answer_and_confidence_and_colour_mistakes() -> None:
    axes = part(make_arrays(1, 1, channels=3), columns=2)
    assert [one.get_title() for one in axes[:2]] == [
        "class 0\ntaken for class 0, 30 %",
        "class 1\ntaken for class 2, 99 %",
    ]
    right, wrong = (one.title.get_color() for one in axes[:2])
    assert right != wrong


def test_rows_are_what_the_arrays_hold() -> None:
    assert len(part(make_arrays(3, 0), columns=3)) == 6
    axes = part(make_arrays(3, 0, points=points(3), class_attention=np.ones((3, 1, 1, 2, 3))), columns=4)
    assert len(axes) == 12
    assert [len(one.lines) for one in axes[:4]] == [3, 3, 3, 0]
    assert not axes[3].axison
    assert len({one.get_xlim() for one in axes if one.axison}) == 1


def test_the_last_layers_mean_lies_over_the_whole_image() -> None:
    weights = np.stack([np.full((2, 2, 3), 9.0), np.stack([np.zeros((2, 3)), np.arange(6).reshape(2, 3)])])
    arrays = make_arrays(1, 0, class_attention=weights[None])
    row = np.array([Figure().subplots()])
    draw_class_attention(row, arrays)
    image, shown = row[0].images
    assert shown.get_array().tolist() == [[0, 0.5, 1], [1.5, 2, 2.5]]
    assert shown.get_extent() == image.get_extent() == [-0.5, 8.5, 5.5, -0.5]


def test_the_caption_speaks_of_what_there_is() -> None:
    assert "frame" not in caption({})
    assert "Attention" not in caption({})
    assert "frame" in caption({"points": points(1)})
    assert "Attention" in caption({"class_attention": np.ones(1)})
