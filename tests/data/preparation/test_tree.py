import time
from pathlib import Path

import pytest

from spatialvision.data.preparation.tree import Count, Expected, check_split, link_tree
from spatialvision.errors import DataError


def make_tree(folder: Path, split: str, classes: int = 2, images: int = 3) -> Path:
    for number in range(classes):
        wnid = f"n{number:08}"
        (folder / split / wnid).mkdir(parents=True)
        for image in range(images):
            (folder / split / wnid / f"{wnid}_{image}.JPEG").write_bytes(b"x")
    return folder / split


def test_a_split_is_counted(tmp_path: Path) -> None:
    split = make_tree(tmp_path, "train")
    (split / ".hidden").mkdir()
    assert check_split(split, Expected(2, 6)) == check_split(split, None) == Count(2, 6)


def test_other_numbers_are_told(tmp_path: Path) -> None:
    split = make_tree(tmp_path, "train")
    with pytest.raises(
        DataError, match="expected 1,000 classes, 1,281,167 images, found 2 classes, 6 images"
    ):
        check_split(split, Expected(1000, 1_281_167))


def test_what_does_not_belong_there_is_named(tmp_path: Path) -> None:
    split = make_tree(tmp_path, "val")
    (split / "n00000009").mkdir()
    (split / "readme.txt").write_text("")
    (split / "n00000000" / "note.txt").write_text("")
    (split / "n00000001" / "deeper.JPEG").mkdir()
    with pytest.raises(DataError) as caught:
        check_split(split, None)
    for name in ("n00000009 (empty)", "readme.txt", "n00000000/note.txt", "n00000001/deeper.JPEG"):
        assert f"{split}/{name}" in str(caught.value)


def test_a_flat_folder_is_told_from_classes_in_short(tmp_path: Path) -> None:
    (tmp_path / "val").mkdir()
    for number in range(3000):
        (tmp_path / "val" / f"ILSVRC2012_val_{number:08}.JPEG").touch()
    begin = time.monotonic()
    with pytest.raises(DataError, match="and 2,995 more") as caught:
        check_split(tmp_path / "val", None)
    assert len(str(caught.value)) < 1000
    assert time.monotonic() - begin < 10


def test_a_tree_is_linked_and_stays(tmp_path: Path) -> None:
    make_tree(tmp_path / "tree", "train")
    make_tree(tmp_path / "tree", "val", images=1)
    expected = {"train": Expected(2, 6), "val": Expected(2, 2)}
    counts = {"train": Count(2, 6), "val": Count(2, 2)}
    for _ in range(2):
        assert link_tree(tmp_path / "tree", tmp_path / "deep" / "out", expected) == counts
    assert (tmp_path / "deep" / "out" / "train").resolve() == tmp_path / "tree" / "train"
    assert check_split(tmp_path / "deep" / "out" / "val", expected["val"]) == Count(2, 2)


def test_a_tree_that_is_not_whole_is_not_linked(tmp_path: Path) -> None:
    make_tree(tmp_path / "tree", "train")
    with pytest.raises(DataError, match=r"tree/val: no such folder"):
        link_tree(tmp_path / "tree", tmp_path / "out", {"train": None, "val": None})
    assert not (tmp_path / "out").exists()


def test_nothing_is_replaced(tmp_path: Path) -> None:
    make_tree(tmp_path / "tree", "train")
    make_tree(tmp_path / "out", "train", images=1)
    with pytest.raises(DataError, match="out/train is there already; move it away"):
        link_tree(tmp_path / "tree", tmp_path / "out", {"train": None})
    assert check_split(tmp_path / "out" / "train", None) == Count(2, 2)
