import hashlib
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from spatialvision.data import ImageDataset, load_dataset
from spatialvision.errors import DataError

NAMES = pytest.mark.parametrize("name", ["cifar10", "cifar100"])
MakeTree = Callable[..., Path]
LABEL_KEY = {"cifar10": "labels", "cifar100": "fine_labels"}


def torchvision_class(name: str) -> Any:
    from torchvision import datasets

    return {"cifar10": datasets.CIFAR10, "cifar100": datasets.CIFAR100}[name]


def pickled(name: str, size: int, seed: int) -> bytes:
    """A batch as the official files have it: one row per image, all red, then green, then blue."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(256, (size, 3 * 32 * 32), generator=generator, dtype=torch.uint8)
    labels = [(seed + i) % torchvision_num_classes(name) for i in range(size)]
    return pickle.dumps({"data": rows.numpy(), LABEL_KEY[name]: labels})


def torchvision_num_classes(name: str) -> int:
    return int(name.removeprefix("cifar"))


@pytest.fixture
def make_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeTree:
    """Write the files of a dataset, 4 images in each, and tell torchvision their checksums."""

    def make(name: str, data_root: Path = tmp_path) -> Path:
        dataset_class = torchvision_class(name)
        folder = data_root / dataset_class.base_folder
        folder.mkdir(parents=True)

        def write(file: str, content: bytes) -> str:
            (folder / file).write_bytes(content)
            return hashlib.md5(content).hexdigest()

        files = [file for file, _ in dataset_class.train_list + dataset_class.test_list]
        entries = [[file, write(file, pickled(name, 4, seed))] for seed, file in enumerate(files)]
        names = [f"class {i}" for i in range(torchvision_num_classes(name))]
        meta = dataset_class.meta
        checksum = write(meta["filename"], pickle.dumps({meta["key"]: names}))
        monkeypatch.setattr(dataset_class, "train_list", entries[:-1])
        monkeypatch.setattr(dataset_class, "test_list", entries[-1:])
        monkeypatch.setattr(dataset_class, "meta", {**meta, "md5": checksum})
        return folder

    return make


def load(name: str, data_root: Path, offline: bool = True) -> ImageDataset:
    return load_dataset(name, {}, data_root, offline)


def expect_content(name: str, dataset: ImageDataset) -> None:
    batches = len(torchvision_class(name).train_list)
    assert dataset.train.images.shape == (4 * batches, 3, 32, 32)
    assert dataset.test.images.shape == (4, 3, 32, 32)
    last = pickle.loads(pickled(name, 4, batches))
    assert torch.equal(dataset.test.images, torch.from_numpy(last["data"]).view(4, 3, 32, 32))
    assert dataset.test.labels.tolist() == last[LABEL_KEY[name]]
    first = pickle.loads(pickled(name, 4, 0))
    assert torch.equal(dataset.train.images[:4], torch.from_numpy(first["data"]).view(4, 3, 32, 32))
    assert dataset.class_names[1] == "class 1"
    assert dataset.num_classes == torchvision_num_classes(name)


@NAMES
def test_a_tree_in_the_official_format_is_read(name: str, make_tree: MakeTree, tmp_path: Path) -> None:
    make_tree(name)
    expect_content(name, load(name, tmp_path))


class Bomb:
    """Unpickling it creates a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


@NAMES
@pytest.mark.fault("pickle")
def test_each_damaged_file_is_refused_by_name_and_not_opened(
    name: str, make_tree: MakeTree, tmp_path: Path
) -> None:
    folder, trace = make_tree(name), tmp_path / "unpickled"
    for path in sorted(folder.iterdir()):
        intact = path.read_bytes()
        flipped = intact[:-2] + bytes([intact[-2] ^ 1]) + intact[-1:]
        for content in (intact[:-1], flipped, b"", pickle.dumps(Bomb(trace))):
            path.write_bytes(content)
            with pytest.raises(DataError, match=r"is corrupt: .*Delete it and run again") as caught:
                load(name, tmp_path)
            assert str(path) in str(caught.value)
            assert not trace.exists()
        path.write_bytes(intact)
    expect_content(name, load(name, tmp_path))


@NAMES
@pytest.mark.fault("download")
def test_missing_and_offline_says_what_where_and_how(name: str, tmp_path: Path) -> None:
    dataset_class = torchvision_class(name)
    with pytest.raises(DataError) as caught:
        load(name, tmp_path / "root")
    message = str(caught.value)
    for file, _ in dataset_class.train_list + dataset_class.test_list:
        assert file in message
    assert dataset_class.meta["filename"] in message
    assert "--offline forbids a download" in message
    assert f"put the files into {tmp_path / 'root' / dataset_class.base_folder}" in message
    assert f"put {dataset_class.filename} into {tmp_path / 'root'}" in message
    assert not (tmp_path / "root").exists()


@NAMES
@pytest.mark.fault("download")
def test_a_dead_address_gives_the_one_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torchvision_class(name), "url", "http://127.0.0.1:9/archive.tar.gz")
    with pytest.raises(DataError, match=r"the download failed \(.*Connection refused"):
        load(name, tmp_path, offline=False)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@NAMES
@pytest.mark.fault("download")
def test_an_archive_in_the_data_root_is_unpacked_without_network(
    name: str,
    make_tree: MakeTree,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dataset_class, root = torchvision_class(name), tmp_path / "root"
    folder = make_tree(name, tmp_path / "elsewhere")
    root.mkdir()
    archive = root / dataset_class.filename
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=dataset_class.base_folder)
    monkeypatch.setattr(dataset_class, "url", "http://127.0.0.1:9/archive.tar.gz")
    monkeypatch.setattr(dataset_class, "tgz_md5", hashlib.md5(archive.read_bytes()).hexdigest())
    expect_content(name, load(name, root))
    assert {path.name for path in root.iterdir()} == {dataset_class.filename, dataset_class.base_folder}

    monkeypatch.setattr(dataset_class, "tgz_md5", "0" * 32)
    (root / dataset_class.base_folder / dataset_class.meta["filename"]).unlink()
    with pytest.raises(DataError, match=f"{archive} is corrupt"):
        load(name, root)
