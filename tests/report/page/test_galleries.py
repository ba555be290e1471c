"""Pictures side by side."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spatialvision.errors import DataError
from spatialvision.report.groups import Group, group_records
from spatialvision.report.page.galleries import (
    MOST_TILES,
    answer_galleries,
    sampler_galleries,
    surest_mistakes,
)
from spatialvision.report.page.report import Sources
from spatialvision.report.records import find_records


@pytest.fixture
def groups(answered_run: Callable, runs_dir: Path) -> tuple[Group, Group]:
    """One is right on the images 0 to 59 of 100, the other on 40 to 99."""
    answered_run("made/first", 0, np.arange(100) < 60)
    answered_run("made/second", 0, np.arange(100) >= 40)
    first, second = group_records(find_records(["made"], runs_dir))
    return first, second


def test_each_picture_stands_with_its_answers(groups: tuple[Group, Group], sources: Sources) -> None:
    first, second = groups
    asked = []

    def images(run: object, split: str, positions: np.ndarray) -> np.ndarray:
        asked.append(positions.tolist())
        return sources.images(run, split, positions)

    disagreed, mistaken, missing = answer_galleries(groups, (first, second), "test", images)
    assert (len(asked), missing) == (1, [])
    assert asked[0] == sorted(set(asked[0]))
    assert [gallery.heading for gallery in disagreed] == [
        "Only second (seed 0) is right, not first (seed 0): 40 images",
        "Only first (seed 0) is right, not second (seed 0): 40 images",
    ]
    assert [gallery.heading for gallery in mistaken] == ["first, seed 0", "second, seed 0"]
    assert {len(gallery.tiles) for gallery in (*disagreed, *mistaken)} == {MOST_TILES}
    sure = round(100 * np.exp(2) / (np.exp(2) + 2))
    assert disagreed[0].tiles[0].lines == (
        f"right: 0, {sure} %",
        f"wrong: 1, {sure} %",
    )  # image 60, of class 0
    assert mistaken[1].tiles[1].lines == ("is 1", f"taken for 2, {sure} %")


def test_the_surest_mistakes_go_first(groups: tuple[Group, Group], write_answers: Callable) -> None:
    outcomes = groups[0].records[0].outcomes("test")
    outcomes.confidence[[70, 90]] = (0.99, 0.95)
    assert surest_mistakes(outcomes)[:3].tolist() == [70, 90, 60]
    assert len(surest_mistakes(outcomes)) == MOST_TILES


def test_answers_to_other_images_are_passed_over(
    groups: tuple[Group, Group], sources: Sources, write_answers: Callable
) -> None:
    write_answers(groups[1].records[0].run, np.arange(100) >= 40, first=5)
    disagreed, mistaken, _ = answer_galleries(groups, groups, "test", sources.images)
    assert disagreed == []
    assert [gallery.heading for gallery in mistaken] == ["first, seed 0"]


def test_missing_data_are_told(groups: tuple[Group, Group]) -> None:
    def images(*_: object) -> np.ndarray:
        raise DataError("gone")

    assert answer_galleries(groups, groups, "test", images) == (
        [], [], ["Left out: pictures of single images: gone"],
    )  # fmt: skip


def test_without_answers_there_is_nothing(groups: tuple[Group, Group], sources: Sources) -> None:
    assert answer_galleries(groups, groups, "validation", sources.images) == ([], [], [])
    assert sampler_galleries(groups, "test") == []


def test_transformers_are_shown_before_and_after(groups: tuple[Group, Group], write_angles: Callable) -> None:
    angles = np.linspace(-60, 60, 32)
    write_angles(groups[1].records[0].run, angles, angles - 10)
    (gallery,) = sampler_galleries(groups, "test")
    assert gallery.heading == "second, seed 0"
    assert len(gallery.tiles) == 8
    assert gallery.tiles[0].lines == ("0", "turned -60°, now +10°")
    assert all(len(tile.pictures) == 2 for tile in gallery.tiles)
