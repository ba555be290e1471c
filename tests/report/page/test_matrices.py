"""Confusion matrices as charts."""

import numpy as np
import pytest

from spatialvision.report.page.matrices import categories, heatmap, shown


def test_rows_are_shares_of_a_class() -> None:
    trace = heatmap(np.array([[3, 1], [0, 0]]), ["a", "b"])
    assert trace["z"] == [[75, 25], [0, 0]]
    assert trace["customdata"] == [[3, 1], [0, 0]]
    assert trace["text"] == [["75", "25"], ["", ""]]
    assert (trace["x"], trace["y"]) == (["a", "b"], ["a", "b"])


def test_many_classes_carry_no_numbers() -> None:
    assert "text" not in heatmap(np.eye(13, dtype=int), [str(number) for number in range(13)])


def test_names_that_look_alike_are_numbered() -> None:
    assert categories(["a", "b<"]) == ["a", "b&lt;"]
    assert categories(["a\x00", "a\x01"]) == ["0: a�", "1: a�"]


@pytest.mark.parametrize(("percent", "text"), [(0.49, ""), (0.5, "0"), (1.5, "2"), (99.6, "100")])
def test_what_stands_in_a_cell(percent: float, text: str) -> None:
    assert shown(percent) == text
