import gzip
import hashlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from spatialvision.data import ImageDataset, load_dataset, mnist
from spatialvision.errors import DataError

FOLDERS = {"mnist": "MNIST/raw", "fashion_mnist": "FashionMNIST/raw"}
NAMES = pytest.mark.parametrize("name", list(FOLDERS))
WriteTree = Callable[[Path, bool], Path]


@pytest.fixture(autouse=True)
def _no_installed_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mnist, "DEBIAN_FASHION_MNIST", tmp_path / "package")


def load(name: str, data_root: Path, offline: bool = True) -> ImageDataset:
    return load_dataset(name, {}, data_root, offline)


def expect_content(dataset: ImageDataset, content: dict[str, bytes]) -> None:
    assert dataset.train.images.numpy().tobytes() == content["train-images-idx3-ubyte"][16:]
    assert dataset.test.images.numpy().tobytes() == content["t10k-images-idx3-ubyte"][16:]
    assert bytes(dataset.train.labels.tolist()) == content["train-labels-idx1-ubyte"][8:]
    assert bytes(dataset.test.labels.tolist()) == content["t10k-labels-idx1-ubyte"][8:]


@NAMES
@pytest.mark.parametrize("compressed", [True, False])
def test_a_tree_in_the_official_format_is_read(
    name: str, compressed: bool, tmp_path: Path, write_tree: WriteTree, mnist_content: dict[str, bytes]
) -> None:
    write_tree(tmp_path / FOLDERS[name], compressed)
    dataset = load(name, tmp_path)
    assert dataset.train.images.shape == (20, 1, 28, 28)
    assert (dataset.name, dataset.num_classes) == (name, 10)
    expect_content(dataset, mnist_content)


def test_torchvision_reads_the_same_from_the_tree(tmp_path: Path, write_tree: WriteTree) -> None:
    from torchvision.datasets import FashionMNIST

    write_tree(tmp_path / FOLDERS["fashion_mnist"], False)
    ours = load("fashion_mnist", tmp_path)
    for split, theirs in (
        (ours.train, FashionMNIST(tmp_path)),
        (ours.test, FashionMNIST(tmp_path, train=False)),
    ):
        assert torch.equal(split.images[:, 0], theirs.data)
        assert torch.equal(split.labels, theirs.targets)
    assert list(ours.class_names) == theirs.classes


def test_compressed_files_are_preferred_because_they_carry_a_checksum(
    tmp_path: Path, write_tree: WriteTree, mnist_content: dict[str, bytes]
) -> None:
    folder = write_tree(tmp_path / FOLDERS["mnist"], True)
    (folder / "train-images-idx3-ubyte").write_bytes(b"half extracted")
    expect_content(load("mnist", tmp_path), mnist_content)


def test_the_installed_package_is_found(
    tmp_path: Path, write_tree: WriteTree, mnist_content: dict[str, bytes]
) -> None:
    write_tree(tmp_path / "package", True)
    expect_content(load("fashion_mnist", tmp_path / "root"), mnist_content)
    with pytest.raises(DataError, match="'mnist' are not here"):
        load("mnist", tmp_path / "root")


@NAMES
@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("damage", ["truncate", "flip", "empty"])
def test_each_damaged_file_is_refused_by_name(
    name: str,
    compressed: bool,
    damage: str,
    tmp_path: Path,
    write_tree: WriteTree,
    mnist_content: dict[str, bytes],
) -> None:
    folder = write_tree(tmp_path / FOLDERS[name], compressed)
    for path in sorted(folder.iterdir()):
        intact = path.read_bytes()
        place = len(intact) // 2 if compressed else 3  # a raw file has no checksum, only its header is safe
        flipped = intact[:place] + bytes([intact[place] ^ 0xFF]) + intact[place + 1 :]
        path.write_bytes({"truncate": intact[:-5], "flip": flipped, "empty": b""}[damage])
        with pytest.raises(DataError, match=r"is corrupt: .* Delete it and run again") as caught:
            load(name, tmp_path)
        assert str(path) in str(caught.value)
        path.write_bytes(intact)
    expect_content(load(name, tmp_path), mnist_content)


def test_images_and_labels_must_be_equally_many(tmp_path: Path, write_tree: WriteTree) -> None:
    folder = write_tree(tmp_path / FOLDERS["mnist"], False)
    (folder / "train-labels-idx1-ubyte").write_bytes((folder / "t10k-labels-idx1-ubyte").read_bytes())
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte: expected 20 labels.* got 10"):
        load("mnist", tmp_path)


@NAMES
@pytest.mark.fault("download")
def test_missing_and_offline_says_what_where_and_how(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load(name, tmp_path / "root")
    message = str(caught.value)
    for file in mnist._FILES:
        assert file in message
    assert f"Looked in:\n  {tmp_path / 'root' / FOLDERS[name]}\n" in message
    assert "--offline forbids a download" in message
    assert "run again without --offline" in message
    assert f"put the files into {tmp_path / 'root' / FOLDERS[name]}" in message
    assert "--data-root or SPATIALVISION_DATA" in message
    assert ("apt install dataset-fashion-mnist" in message) == (name == "fashion_mnist")
    assert (f"  {tmp_path / 'package'}\n" in message) == (name == "fashion_mnist")
    assert not (tmp_path / "root").exists()


def point_to(monkeypatch: pytest.MonkeyPatch, mirror: str) -> None:
    from torchvision import datasets

    for dataset_class in (datasets.MNIST, datasets.FashionMNIST):
        monkeypatch.setattr(dataset_class, "mirrors", [mirror])


@NAMES
@pytest.mark.fault("download")
def test_a_dead_address_gives_the_one_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    point_to(monkeypatch, "http://127.0.0.1:9/")
    with pytest.raises(DataError) as caught:
        load(name, tmp_path, offline=False)
    assert "the download failed (" in str(caught.value)
    assert "Connection refused" in str(caught.value)
    assert "run again with network access" in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def mirror(tmp_path: Path, write_tree: WriteTree, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server on this machine with the four files, whose checksums torchvision is told."""
    from torchvision import datasets

    folder = write_tree(tmp_path / "mirror", True)
    resources = [(file, hashlib.md5((folder / file).read_bytes()).hexdigest()) for file in mnist._FILES]
    monkeypatch.setattr(datasets.MNIST, "resources", resources)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        point_to(monkeypatch, f"http://127.0.0.1:{server.server_port}/")
        yield folder
        server.shutdown()


def test_a_download_is_silent_and_found_again(
    mirror: Path, tmp_path: Path, mnist_content: dict[str, bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    expect_content(load("mnist", root, offline=False), mnist_content)
    assert sorted(path.name for path in (root / FOLDERS["mnist"]).iterdir()) == sorted(mnist._FILES)
    assert [path.name for path in root.iterdir()] == ["MNIST"]
    assert capfd.readouterr() == ("", "")
    expect_content(load("mnist", root, offline=True), mnist_content)


@pytest.mark.fault("download")
def test_a_damaged_download_leaves_nothing_behind(mirror: Path, tmp_path: Path) -> None:
    last = mirror / mnist._FILES[-1]
    last.write_bytes(gzip.compress(b"something else"))
    with pytest.raises(DataError, match=r"the download failed .*corrupted"):
        load("mnist", tmp_path / "root", offline=False)
    assert list((tmp_path / "root").iterdir()) == []


@pytest.mark.fault("download")
def test_a_download_keeps_the_files_that_are_there(mirror: Path, tmp_path: Path) -> None:
    folder = tmp_path / "root" / FOLDERS["mnist"]
    folder.mkdir(parents=True)
    own = gzip.compress((mirror / mnist._FILES[0]).read_bytes(), mtime=1)
    (folder / mnist._FILES[0]).write_bytes(own)
    with pytest.raises(DataError, match="is corrupt"):  # compressed twice: kept, and refused by name
        load("mnist", tmp_path / "root", offline=False)
    assert (folder / mnist._FILES[0]).read_bytes() == own


def test_real_images(fashion_mnist: ImageDataset) -> None:
    assert fashion_mnist.train.images.shape == (60_000, 1, 28, 28)
    assert fashion_mnist.test.images.shape == (10_000, 1, 28, 28)
    assert torch.bincount(fashion_mnist.train.labels).tolist() == [6000] * 10
    assert torch.bincount(fashion_mnist.test.labels).tolist() == [1000] * 10
