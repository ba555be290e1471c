"""The confusion matrix's picture."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from spatialvision.report.confusion import draw_confusion, draw_matrix
from spatialvision.runs.directory import Run


@pytest.mark.parametrize(("classes", "least"), [(2, 500), (10, 600), (100, 1400), (150, 1400)])
def test_it_is_drawn(
    run: Run, write_accuracy: Callable, png_size: Callable, classes: int, least: int
) -> None:
    write_accuracy("test", classes)
    path = draw_confusion(run, "test")
    assert path == run.path / "figures" / "confusion-test.png"
    assert least < png_size(path)[1] < least + 400


def test_nothing_is_drawn_for_a_split_that_was_not_evaluated(run: Run, write_accuracy: Callable) -> None:
    write_accuracy("test", 10)
    assert draw_confusion(run, "validation") is None
    assert not (run.path / "figures").exists()


def test_ten_classes_show_every_count_but_zero(write_accuracy: Callable) -> None:
    counts = write_accuracy("test", 10)
    axes = drawn(counts)
    shown = [text.get_text() for text in axes.texts if text.get_visible()]
    assert shown == [str(count) for count in counts.flat if count]
    assert 0 < len(shown) < 100
    assert [text.get_text() for text in axes.get_yticklabels()] == [f"name {number}" for number in range(10)]


def test_a_hundred_classes_show_names_without_numbers(write_accuracy: Callable) -> None:
    axes = drawn(write_accuracy("test", 100))
    assert not axes.texts
    assert len(axes.get_xticklabels()) == 100


def test_more_classes_show_neither(write_accuracy: Callable) -> None:
    axes = drawn(write_accuracy("test", 101))
    assert not axes.texts
    assert not axes.get_xticklabels()


def drawn(counts: np.ndarray):
    axes = Figure().subplots()
    draw_matrix(axes, counts, [f"name {number}" for number in range(len(counts))])
    return axes
