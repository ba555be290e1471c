"""Seed with the same seed, where there are such."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvision.report.groups import group_records
from spatialvision.report.pairing import pair
from spatialvision.report.records import find_records


@pytest.mark.parametrize(
    ("ours", "baseline", "compared", "method", "note"),
    [
        ([0, 1, 2], [0, 1, 2], ([0, 1, 2], [0, 1, 2]), "paired t, 3 seeds", ""),
        (
            [0, 1, 2, 5],
            [0, 2, 3],
            ([0, 2], [0, 2]),
            "paired t, 2 seeds",
            "only one side has seed 1, 3, 5, so seeds 0, 2 are compared",
        ),
        (
            [0, 1],
            [1, 2, 3],
            ([0, 1], [1, 2, 3]),
            "Welch's t, 2 and 3 seeds",
            "only seed 1 is on both sides, so the seeds are compared as independent ones (Welch's t)",
        ),
        (
            [0, 1],
            [2, 3],
            ([0, 1], [2, 3]),
            "Welch's t, 2 and 2 seeds",
            "no seed is on both sides, so the seeds are compared as independent ones (Welch's t)",
        ),
        ([0], [0, 1, 2], ([0], [0, 1, 2]), None, ""),
        ([0], [0], ([0], [0]), None, ""),
    ],
)
def test_which_seeds_are_compared_and_how(
    ours: list[int],
    baseline: list[int],
    compared: tuple[list[int], list[int]],
    method: str | None,
    note: str,
    make_run: Callable,
    runs_dir: Path,
) -> None:
    for recipe, seeds in (("made/ours", ours), ("made/plain", baseline)):
        for seed in seeds:
            make_run(recipe, seed, [0.5])
    groups = {group.label: group for group in group_records(find_records([], runs_dir))}
    found = pair(groups["ours"], groups["plain"])
    sides = tuple([record.seed for record in side] for side in (found.ours, found.baseline))
    assert (sides, found.method, found.note) == (compared, method, note)
    assert found.paired == (method is not None and "paired" in method)
