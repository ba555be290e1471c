import subprocess
import sys
from pathlib import Path

import pytest
import torch

from spatialvision.data import ImageDataset, Split, load_dataset
from spatialvision.errors import DataError, RecipeError
from spatialvision.registry import DATASETS, register_dataset


@register_dataset
def made_for_test_load(data_root: Path, brightness: int = 7) -> ImageDataset:
    split = Split(torch.full((3, 1, 4, 4), brightness, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64))
    return ImageDataset(str(data_root), split, split, ("one",))


@register_dataset
def wrong_for_test_load() -> int:
    return 3


def test_builders_get_their_options_and_what_they_ask_for(tmp_path: Path) -> None:
    dataset = load_dataset("made_for_test_load", {"brightness": 9}, tmp_path, offline=True)
    assert dataset.name == str(tmp_path)
    assert int(dataset.train.images[0, 0, 0, 0]) == 9
    assert int(load_dataset("made_for_test_load", {}, tmp_path, offline=True).train.images.max()) == 7


def test_the_data_root_may_start_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert load_dataset("made_for_test_load", {}, Path("~/data"), offline=True).name == "/home/someone/data"


def test_an_unknown_name_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="did you mean 'fashion_mnist'"):
        load_dataset("fashion-mnist", {}, tmp_path, offline=True)


def test_a_builder_must_return_a_dataset(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"wrong_for_test_load.*ImageDataset or a FolderDataset, got <class 'int'>"
    ):
        load_dataset("wrong_for_test_load", {}, tmp_path, offline=True)


def test_the_shipped_datasets_are_registered() -> None:
    assert {"mnist", "fashion_mnist", "cifar10", "cifar100", "digits"} <= set(DATASETS)


def test_registering_does_not_import_what_takes_seconds() -> None:
    program = (
        "import sys, spatialvision.data; print([m for m in ('torchvision', 'sklearn') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
