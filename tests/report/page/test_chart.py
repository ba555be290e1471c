"""The parts that charts are made of."""

import pytest

from spatialvision.report.page.chart import BASELINE, PALETTE, colours_by_label, rounded, thinned, transparent


def test_the_baseline_is_grey_and_the_others_take_turns() -> None:
    labels = [f"group {number}" for number in range(12)]
    colours = colours_by_label(labels, "group 3")
    assert colours["group 3"] == BASELINE
    assert [colours[label] for label in labels if label != "group 3"] == [*PALETTE, PALETTE[0]]


def test_a_colour_becomes_transparent() -> None:
    assert transparent("#3b7dd8", 0.18) == "rgba(59, 125, 216, 0.18)"


def test_numbers_are_finite_or_absent() -> None:
    assert rounded([1 / 3, float("nan"), float("inf"), 1234567.0]) == [0.333333, None, None, 1234570.0]


@pytest.mark.parametrize("count", [1, 400, 401, 12345])
def test_the_ends_of_a_curve_are_kept(count: int) -> None:
    kept = list(thinned(count))
    assert (kept[0], kept[-1]) == (0, count - 1)
    assert kept == sorted(set(kept))
    assert len(kept) == min(count, 400)
