"""Trees with something missing, something more, something empty."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvision.doctor.finding import Level
from spatialvision.doctor.tree import check_tree, survey


def texts(folder: Path, level: Level) -> list[str]:
    return [finding.text for finding in check_tree(folder) if finding.level is level]


def empty(folder: Path) -> None:
    for path in (folder / "train/n00000001").iterdir():
        path.unlink()


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no train": (lambda folder: shutil.rmtree(folder / "train"), "no folder train in it"),
    "no val": (lambda folder: shutil.rmtree(folder / "val"), "no folder val or test beside train"),
    "a class less": (
        lambda folder: shutil.rmtree(folder / "val/n00000002"),
        "/val: 1 classes of train are missing:\n  n00000002",
    ),
    "a class more": (
        lambda folder: (folder / "val/n00000002").rename(folder / "val/n00000009"),
        "/val: 1 classes are not in train:\n  n00000009",
    ),
    "an empty class": (empty, "/train: 1 classes without images:\n  n00000001"),
    "flat": (
        lambda folder: [shutil.rmtree(path) for path in (folder / "val").iterdir()],
        "/val: no images in 0 class folders",
    ),
}


def test_a_whole_tree_is_fine(photographs: Path) -> None:
    found = list(check_tree(photographs))
    assert [finding.level for finding in found] == [Level.FINE, Level.FINE]
    assert found[0].text == f"{photographs / 'train'}: 3 classes, 24 images, 8 to 8 a class"


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_broken_is_named(name: str, photographs: Path) -> None:
    damage, message = DAMAGES[name]
    damage(photographs)
    assert any(message in text for text in texts(photographs, Level.WRONG)), list(check_tree(photographs))


def test_files_that_no_loader_reads_are_listed(photographs: Path) -> None:
    (photographs / "train/readme.txt").write_text("")
    (photographs / "train/n00000001/deeper").mkdir()
    (photographs / "train/n00000001/deeper/0.gif").write_text("")
    (photographs / "train/n00000001/deeper/0.png").write_text("")
    (photographs / "train/.hidden").write_text("")
    assert survey(photographs / "train").images["n00000001"] == 9
    (text,) = texts(photographs, Level.WARNING)
    assert "2 files that are not read" in text
    assert "n00000001/deeper/0.gif" in text
    assert texts(photographs, Level.WRONG) == []
