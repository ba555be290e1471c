"""Which groups are shown where there is no room for all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvision.report.compare import judged
from spatialvision.report.page.leading import leading, left_out_note


@pytest.mark.parametrize(("most", "kept"), [(2, "ad"), (3, "acd"), (4, "abcd"), (9, "abcd")])
def test_the_baseline_and_the_best_in_the_order_of_the_groups(
    make_run: Callable, runs_dir: Path, most: int, kept: str
) -> None:
    for name, accuracy in {"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.4}.items():
        make_run(f"made/{name}", 0, [accuracy])
    groups, _, table = judged(["made"], runs_dir, "test", "a", False)
    shown = leading(groups, table.rows, "a", most)
    assert "".join(group.label for group in shown) == kept
    assert bool(left_out_note(groups, shown)) == (kept != "abcd")


def test_it_is_told_how_many_are_missing() -> None:
    assert left_out_note([None] * 1200, [None] * 40) == (
        "Shown: the baseline and the 39 most accurate of 1,199 others.",
    )
