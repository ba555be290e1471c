"""Accuracies are comparable on the same terms only; what does no harm is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvision.errors import RecipeError
from spatialvision.report.differences import harmless_differences, refuse, refused_differences
from spatialvision.report.groups import Group, group_records
from spatialvision.report.records import find_records
from spatialvision.runs.directory import Run
from spatialvision.runs.storage import write_json


def groups(runs_dir: Path) -> list[Group]:
    return group_records(find_records([], runs_dir))


def write_environment(run: Run, **changed: Any) -> None:
    packages = {"torch": "2.15.0", "timm": "1.0.22", "pydantic": "2.14", **changed.pop("packages", {})}
    machine = {"commit": 40 * "a", "gpu": None, "processor": "Some CPU", "threads": 2, "python": "3.11"}
    write_json(run.path / "environment.json", {**machine, **changed, "packages": packages})


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({}, {"images": 500}, "images: made, 1,000 images (a) / made, 500 images (b)"),
        (
            {},
            {"fields": {"data": {"name": "other"}}},
            "images: made, 1,000 images (a) / other, 1,000 images (b)",
        ),
        (
            {"fields": {"distortion": None}},
            {"fields": {"distortion": {"name": "similarity", "scale": [0.5, 1.0]}}},
            "images: made, 1,000 images (a) / made, 1,000 images, distorted: name=similarity scale=0.5,1 (b)",
        ),
        (
            {"fields": {"data": {"name": "made", "validation": 0.1}}},
            {"fields": {"data": {"name": "made", "validation": 0}}},
            "held out for validation: 0.1 (a) / 0 (b)",
        ),
        (
            {"fields": {"precision": "float32"}},
            {"fields": {"precision": "bfloat16"}},
            "precision: float32 (a) / bfloat16 (b)",
        ),
    ],
)
def test_what_differs_is_listed(
    first: dict[str, Any], second: dict[str, Any], expected: str, make_run: Callable, runs_dir: Path
) -> None:
    make_run("made/a", 0, [0.5], **first)
    make_run("made/b", 0, [0.5], **second)
    assert refused_differences(groups(runs_dir), "test") == [expected]


def test_they_are_refused_in_one_message() -> None:
    with pytest.raises(
        RecipeError, match=r"different terms \(test\):\n  torch: 1\n  images: 2\n.*--allow-differences"
    ):
        refuse(["torch: 1", "images: 2"], "test")
    refuse([], "test")


def test_other_images_of_the_same_number_are_noticed(
    answered_run: Callable, write_answers: Callable, runs_dir: Path
) -> None:
    right = np.array([True, False])
    for recipe in ("made/a", "made/b"):
        answered_run(recipe, 0, right)
    assert refused_differences(groups(runs_dir), "test") == []
    write_answers(answered_run("made/c", 0, right), right, first=1)
    (line,) = refused_differences(groups(runs_dir), "test")
    assert line.startswith("choice of images: ")
    assert line.count("(a, b)") == line.count("(c)") == 1


def test_a_difference_within_a_group_counts_too(make_run: Callable, runs_dir: Path) -> None:
    for seed, version in enumerate(("2.11.0", "2.15.0")):
        write_environment(make_run("made/a", seed, [0.5]), packages={"torch": version})
    assert refused_differences(groups(runs_dir), "test") == ["torch: 2.11.0 (a) / 2.15.0 (a)"]


def test_code_and_hardware_are_told_and_not_refused(make_run: Callable, runs_dir: Path) -> None:
    write_environment(make_run("made/a", 0, [0.5]))
    other = {"commit": 40 * "b" + "+changes", "threads": 8, "packages": {"pydantic": "2.15"}}
    write_environment(make_run("made/b", 0, [0.5]), **other)
    found = groups(runs_dir)
    assert refused_differences(found, "test") == []
    assert sorted(harmless_differences(found)) == [
        "commit: aaaaaaaaaaaa (a) / bbbbbbbbbbbb+changes (b)",
        "pydantic: 2.14 (a) / 2.15 (b)",
        "threads: 2 (a) / 8 (b)",
    ]


def test_what_was_not_written_down_differs_from_nothing(
    make_run: Callable, answered_run: Callable, runs_dir: Path
) -> None:
    write_environment(make_run("made/a", 0, [0.5], images=2))
    answered_run("made/b", 0, np.array([True, False]), fields={"precision": "float32"})
    assert refused_differences(groups(runs_dir), "test") == []
    assert harmless_differences(groups(runs_dir)) == []


def test_what_is_being_compared_may_differ(make_run: Callable, runs_dir: Path) -> None:
    for number, fields in enumerate(
        ({"data": {"name": "made", "size": 28}}, {"lr": 1}, {"model": {"name": "b"}})
    ):
        make_run("made/a", number, [0.5], fields=fields)
    assert refused_differences(groups(runs_dir), "test") == []


def test_distorted_by_other_options_is_another_question(answered_run: Callable, runs_dir: Path) -> None:
    for name, angle in (("a", 90.0), ("b", 30.0)):
        run = answered_run(f"made/{name}", 0, np.array([True, False]))
        write_json(run.path / "evaluation/test/distortion.json", {"name": "rotated", "rotation_deg": angle})
    (line,) = refused_differences(groups(runs_dir), "test")
    assert line == (
        "distorted for measuring: name=rotated rotation_deg=90 (a) / name=rotated rotation_deg=30 (b)"
    )
