import os
from pathlib import Path

import pytest
import torch

from spatialvision.data.folder import EXTENSIONS, find_classes, find_images
from spatialvision.data.load import load_dataset
from spatialvision.errors import DataError


def test_files_are_listed_class_by_class_and_by_name(tmp_path: Path) -> None:
    images = ("b/2.JPG", "b/1.png", "b/deep/0.jpeg", "a/ü.webp", "c/1.jpg")
    for name in (*images, "a/notes.txt", "a/._1.jpg", ".git/1.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    names = find_classes(tmp_path)
    assert names == ("a", "b", "c")
    split = find_images(tmp_path, names)
    listed = [str(split.path(position).relative_to(tmp_path)) for position in range(len(split))]
    assert listed == ["a/ü.webp", "b/1.png", "b/2.JPG", "b/deep/0.jpeg", "c/1.jpg"]
    assert split.labels.tolist() == [0, 1, 1, 1, 2]
    assert split.indices.tolist() == [0, 1, 2, 3, 4]
    assert all(extension == extension.lower() for extension in EXTENSIONS)


def test_a_selection_keeps_the_original_indices(photographs: Path) -> None:
    split = find_images(photographs / "train", find_classes(photographs / "train"))
    chosen = split.select(torch.tensor([20, 3])).select(torch.tensor([1, 0]))
    assert chosen.indices.tolist() == [3, 20]
    assert chosen.labels.tolist() == [0, 2]
    assert [chosen.path(place) for place in (0, 1)] == [split.path(3), split.path(20)]


def test_a_fingerprint_tells_names_and_sizes(photographs: Path) -> None:
    folder = photographs / "train"

    def taken() -> torch.Tensor:
        return find_images(folder, find_classes(folder)).fingerprint().images

    before, first = taken(), folder / "n00000000" / "0.JPEG"
    assert torch.equal(taken(), before)
    with first.open("ab") as file:
        file.write(b"x")
    changed = (taken() != before).flatten(1).any(dim=1)
    assert changed.tolist() == [True] + 23 * [False]
    split = find_images(folder, find_classes(folder))
    os.remove(first)
    with pytest.raises(DataError, match=r"0\.JPEG: No such file.*restore"):
        split.fingerprint()


def test_missing_parts_are_named(photographs: Path, tmp_path: Path) -> None:
    def load(**options: object) -> object:
        return load_dataset("folder", {"path": str(photographs), **options}, tmp_path, True)

    assert load()
    (photographs / "val" / "strange").mkdir()
    with pytest.raises(DataError, match=r"val: expected the classes of the training split, got strange"):
        load()
    (photographs / "val" / "strange").rename(photographs / "val" / "\udcff")
    with pytest.raises(DataError, match=r"val: expected folders whose names are UTF-8, got b'\\xff'"):
        load()
    (photographs / "val" / "\udcff").rmdir()
    (photographs / "val" / "strange").mkdir()
    (photographs / "val").rename(photographs / "elsewhere")
    with pytest.raises(DataError, match="expected a folder val or test beside train"):
        load()
    with pytest.raises(
        DataError, match=r"nowhere/train is missing: expected a folder with one folder of images"
    ):
        load_dataset("folder", {"path": "nowhere"}, tmp_path, True)
    (tmp_path / "none" / "train").mkdir(parents=True)
    with pytest.raises(DataError, match="is empty: expected one folder of images for each class"):
        load_dataset("folder", {"path": "none"}, tmp_path, True)
    (tmp_path / "none" / "train" / "cat").mkdir()
    (tmp_path / "none" / "test").symlink_to("train")
    with pytest.raises(DataError, match="expected images in its folders"):
        load_dataset("folder", {"path": "none"}, tmp_path, True)


def test_both_val_and_test_are_validation_and_test(photographs: Path, tmp_path: Path) -> None:
    for name in find_classes(photographs / "val"):
        (photographs / "test" / name).mkdir(parents=True)
        (photographs / "val" / name / "0.JPEG").rename(photographs / "test" / name / "0.JPEG")
    splits = load_dataset("imagenet", {"path": str(photographs)}, tmp_path, True).splits(0.25)
    assert {name: len(split) for name, split in splits.items()} == {"train": 24, "validation": 6, "test": 3}


def test_a_share_of_the_training_images_is_held_out(photographs: Path, tmp_path: Path) -> None:
    dataset = load_dataset("imagenet", {"path": str(photographs)}, tmp_path, True)
    splits = dataset.splits(0.25)
    assert {name: len(split) for name, split in splits.items()} == {"train": 18, "validation": 6, "test": 9}
    both = torch.cat([splits["train"].indices, splits["validation"].indices])
    assert torch.equal(both.sort().values, torch.arange(24))
    assert dataset.splits(0).keys() == {"train", "test"}
    assert dataset.size_hw == (224, 224)
    assert dataset.lit().all()


def test_other_classes_than_those_of_wordnet_are_another_dataset(photographs: Path, tmp_path: Path) -> None:
    for split in ("train", "val"):
        (photographs / split / "n00000001").rename(photographs / split / "cat")
    assert load_dataset("folder", {"path": str(photographs)}, tmp_path, True).class_names[0] == "cat"
    with pytest.raises(DataError, match=r"eight digits, such as n01440764, got cat; .* data\.name=folder"):
        load_dataset("imagenet", {"path": str(photographs)}, tmp_path, True)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"size": 0}, "expected size of at least 1"),
        ({"size": 64, "resize": 60}, "resize of at least size, got 64 and 60"),
        ({"crop_scale": (0.5, 1.5)}, r"crop_scale: expected 0 < least ≤ largest ≤ 1, got \(0.5, 1.5\)"),
        ({"crop_ratio": (2.0, 1.0)}, "crop_ratio: expected 0 < least ≤ largest"),
        ({"workers": -1}, "workers: expected at least 0, got -1"),
        ({"most_broken": -1}, "most_broken: expected at least 0, got -1"),
    ],
)
def test_settings_out_of_range_are_refused(photographs: Path, options: dict, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        load_dataset("imagenet", {"path": str(photographs), **options}, photographs, True)
