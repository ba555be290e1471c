"""The images on which one of two runs alone is right."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvision.report.disagreement import SHOWN, draw_disagreement, one_sided, write_disagreement
from spatialvision.report.outcomes import make_outcomes
from spatialvision.report.records import Record
from spatialvision.runs.directory import Run

SIDE = 6


def images_of(run: Run, split: str, positions: np.ndarray) -> np.ndarray:
    """Images whose every pixel is their position."""
    return np.broadcast_to(positions[:, None, None, None], (len(positions), 1, SIDE, SIDE)).astype(np.uint8)


@pytest.fixture
def two(answered_run: Callable) -> Callable[[np.ndarray, np.ndarray], tuple[Record, Record]]:
    """Two runs that are right on these images."""

    def make(first: np.ndarray, second: np.ndarray) -> tuple[Record, Record]:
        return Record(answered_run("made/a", 0, first)), Record(answered_run("made/b", 0, second))

    return make


def test_what_is_written_are_the_images_that_tell_two_runs_apart(two: Callable, tmp_path: Path) -> None:
    first, second = np.ones(50, dtype=bool), np.ones(50, dtype=bool)
    first[[3, 8]], second[10:40], first[45], second[45] = False, False, False, False
    path = write_disagreement(two(first, second), "test", images_of, tmp_path / "disagreement.npz")
    with np.load(path) as found:
        assert found["counts"].tolist() == [30, 2]
        assert found["right"].tolist() == [0] * SHOWN + [1, 1]
        assert found["index"].tolist() == [*range(10, 10 + SHOWN), 3, 8]
        assert found["images"][:, 0, 0, 0].tolist() == found["index"].tolist()
        rows = np.arange(len(found["right"]))
        assert (found["prediction"][rows, found["right"]] == found["label"]).all()
        assert (found["prediction"][rows, 1 - found["right"]] != found["label"]).all()
        sure = np.exp(2) / (np.exp(2) + 2)
        assert found["confidence"] == pytest.approx(np.full((SHOWN + 2, 2), sure))


def test_the_widest_margin_comes_first() -> None:
    label = np.zeros(3, dtype=int)
    ours = make_outcomes(np.arange(3), label, np.array([[1.0, 0], [3.0, 0], [2.0, 0]]))
    other = make_outcomes(np.arange(3), label, np.array([[0, 1.0], [0, 1.0], [0, 1.0]]))
    assert one_sided(ours, other).tolist() == [1, 2, 0]
    assert one_sided(other, ours).tolist() == []


@pytest.mark.parametrize("which", ["agree", "missing", "other images"])
def test_without_such_images_there_is_no_file(
    which: str, two: Callable, write_answers: Callable, tmp_path: Path
) -> None:
    right = np.array([True, False, True])
    records = two(right, right if which == "agree" else ~right)
    if which == "missing":
        (records[1].path / "evaluation/test/predictions.npz").unlink()
    elif which == "other images":
        write_answers(records[1].run, ~right, first=1)
    assert write_disagreement(records, "test", images_of, tmp_path / "disagreement.npz") is None
    assert not (tmp_path / "disagreement.npz").exists()


@pytest.mark.parametrize(("wrong_first", "wrong_second"), [(2, 30), (0, 1), (9, 0)])
@pytest.mark.parametrize("names", [[], ["trouser", "a very long name of a class", "bag"]])
def test_the_picture_grows_with_what_there_is_to_show(
    wrong_first: int, wrong_second: int, names: list[str], two: Callable, tmp_path: Path, png_size: Callable
) -> None:
    first, second = np.ones(50, dtype=bool), np.ones(50, dtype=bool)
    first[:wrong_first], second[10 : 10 + wrong_second] = False, False
    source: Any = write_disagreement(two(first, second), "test", images_of, tmp_path / "disagreement.npz")
    path = draw_disagreement(source, ("a, seed 0", "b, seed 0"), names, tmp_path / "disagreement.png")
    rows = sum(-(-min(count, SHOWN) // 8) for count in (wrong_first, wrong_second))
    width, height = png_size(path)
    assert width > 1000
    assert rows * 200 < height < rows * 250 + 300
