"""Pictures of just two runs, with the images at hand or without."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spatialvision.errors import DataError, RecipeError
from spatialvision.report.groups import group_records
from spatialvision.report.records import find_records
from spatialvision.report.two_runs import draw_two_runs, two_runs
from spatialvision.runs.directory import Run


def black(run: Run, split: str, positions: np.ndarray) -> np.ndarray:
    return np.zeros((len(positions), 3, 4, 4), dtype=np.uint8)


def test_the_baseline_is_the_first_of_two(make_run: Callable, runs_dir: Path) -> None:
    make_run("made/a", 4, [0.5])
    make_run("made/b", 5, [0.5])
    groups = group_records(find_records([], runs_dir))
    for baseline, expected in ((groups[0], "ab"), (groups[1], "ba")):
        records, names = two_runs(groups, baseline)
        assert [record.recipe for record in records] == [f"made/{letter}" for letter in expected]
        assert names == tuple(f"{letter}, seed {'ab'.index(letter) + 4}" for letter in expected)
    assert two_runs(groups[:1], groups[0]) is None


def test_two_seeds_of_one_group_are_two_runs(make_run: Callable, runs_dir: Path) -> None:
    for seed in range(2):
        make_run("made/a", seed, [0.5])
    groups = group_records(find_records([], runs_dir))
    assert two_runs(groups, groups[0])[1] == ("a, seed 0", "a, seed 1")
    make_run("made/a", 2, [0.5])
    groups = group_records(find_records([], runs_dir))
    assert two_runs(groups, groups[0]) is None


@pytest.mark.parametrize("error", [None, DataError("no such files"), RecipeError("unknown dataset")])
def test_missing_images_leave_out_their_pictures_only(
    error: Exception | None, answered_run: Callable, runs_dir: Path, tmp_path: Path
) -> None:
    answered_run("made/a", 0, np.array([True, True, False]))
    answered_run("made/b", 0, np.array([True, False, True]))

    def images(run: Run, split: str, positions: np.ndarray) -> np.ndarray:
        if error is not None:
            raise error
        return black(run, split, positions)

    groups = group_records(find_records([], runs_dir))
    paths, left_out = draw_two_runs(*two_runs(groups, groups[0]), "test", tmp_path, images)
    if error is None:
        assert [path.name for path in paths] == ["disagreement.npz", "disagreement.png"]
        assert left_out == []
    else:
        assert paths == []
        assert left_out == [f"pictures of the images on which one run alone is right: {error}"]
