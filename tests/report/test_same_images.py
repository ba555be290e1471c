"""Accuracies are comparable on the very same images only."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvision.errors import RecipeError
from spatialvision.report.groups import group_records
from spatialvision.report.records import find_records
from spatialvision.report.same_images import check_same_images
from spatialvision.runs.directory import Run


def write_predictions(run: Run, index: list[int]) -> None:
    path = run.path / "evaluation" / "test" / "predictions.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, index=np.array(index), label=np.zeros(len(index), dtype=np.int64))


def check(runs_dir: Path) -> None:
    check_same_images(group_records(find_records([], runs_dir)), "test")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({}, {"images": 500}, "made, 1,000 images: a\n  made, 500 images: b"),
        ({}, {"fields": {"data": {"name": "other"}}}, "made, 1,000 images: a\n  other, 1,000 images: b"),
        (
            {"fields": {"distortion": None}},
            {"fields": {"distortion": {"name": "similarity", "scale": [0.5, 1.0]}}},
            "made, 1,000 images: a\n  made, 1,000 images, distorted: name=similarity scale=0.5,1: b",
        ),
    ],
)
def test_what_differs_is_listed(
    first: dict[str, Any], second: dict[str, Any], expected: str, make_run: Callable, runs_dir: Path
) -> None:
    make_run("made/a", 0, [0.5], **first)
    make_run("made/b", 0, [0.5], **second)
    with pytest.raises(RecipeError, match=re.escape(expected)):
        check(runs_dir)


def test_other_images_of_the_same_number_are_noticed(make_run: Callable, runs_dir: Path) -> None:
    write_predictions(make_run("made/a", 0, [0.5]), [1, 2])
    write_predictions(make_run("made/b", 0, [0.5]), [1, 2])
    check(runs_dir)
    write_predictions(make_run("made/c", 0, [0.5]), [1, 3])
    with pytest.raises(RecipeError, match=r"choice [0-9a-f]{8}: a, b\n.*choice [0-9a-f]{8}: c"):
        check(runs_dir)


def test_what_leaves_the_images_alone_may_differ(make_run: Callable, runs_dir: Path) -> None:
    for number, data in enumerate(({"validation": 0.0}, {"validation": 0.2}, {"size": 28})):
        make_run("made/a", number, [0.5], fields={"data": {"name": "made", **data}})
    check(runs_dir)
