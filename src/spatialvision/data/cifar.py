"""CIFAR-10 and CIFAR-100: 50,000 training and 10,000 test images, 32×32, three channels.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
The files are pickles: none is opened before its checksum has been verified.
"""

from pathlib import Path
from typing import Any

import torch

from spatialvision.data.dataset import ImageDataset, Split
from spatialvision.data.download import DownloadFailedError, download, missing_error
from spatialvision.errors import DataError
from spatialvision.registry import register_dataset


@register_dataset
def cifar10(data_root: Path, offline: bool) -> ImageDataset:
    """Ten classes of animals and vehicles, from ``data_root/cifar-10-batches-py``.

    Args:
        data_root: the folder of all datasets; a ``cifar-10-python.tar.gz`` in it is unpacked.
        offline: never connect to a network.

    Raises:
        DataError: the files are missing and cannot be downloaded, or one of them is corrupt.
    """
    from torchvision.datasets import CIFAR10  # seconds to import: only when needed

    return _load("cifar10", CIFAR10, data_root, offline)


@register_dataset
def cifar100(data_root: Path, offline: bool) -> ImageDataset:
    """A hundred classes of things, from ``data_root/cifar-100-python``.

    Args:
        data_root: the folder of all datasets; a ``cifar-100-python.tar.gz`` in it is unpacked.
        offline: never connect to a network.

    Raises:
        DataError: the files are missing and cannot be downloaded, or one of them is corrupt.
    """
    from torchvision.datasets import CIFAR100  # seconds to import: only when needed

    return _load("cifar100", CIFAR100, data_root, offline)


def _load(name: str, dataset_class: Any, data_root: Path, offline: bool) -> ImageDataset:
    checksums = _checksums(dataset_class)
    folder = data_root / dataset_class.base_folder
    if not all((folder / file).is_file() for file in checksums):
        _fetch(name, dataset_class, data_root, offline)
    for file, checksum in checksums.items():
        _verify(folder / file, checksum)
    train, test = dataset_class(data_root, train=True), dataset_class(data_root, train=False)
    return ImageDataset(name, _split(train), _split(test), tuple(train.classes))


def _fetch(name: str, dataset_class: Any, data_root: Path, offline: bool) -> None:
    archive = data_root / dataset_class.filename
    if archive.is_file():
        _verify(archive, dataset_class.tgz_md5)
    elif offline:
        raise _missing(name, dataset_class, data_root, "--offline forbids a download", offline)

    def unpack(root: Path) -> None:
        if archive.is_file():
            (root / archive.name).symlink_to(archive.resolve())
        dataset_class(root, download=True)

    try:
        download(unpack, data_root, dataset_class.base_folder, list(_checksums(dataset_class)))
    except DownloadFailedError as error:
        raise _missing(name, dataset_class, data_root, f"the download failed ({error})", offline) from error


def _missing(name: str, dataset_class: Any, data_root: Path, reason: str, offline: bool) -> DataError:
    folder = data_root / dataset_class.base_folder
    archive = f"put {dataset_class.filename} into {data_root}"
    return missing_error(
        name, reason, list(_checksums(dataset_class)), [folder, data_root], offline, (archive,)
    )


def _checksums(dataset_class: Any) -> dict[str, str]:
    meta = dataset_class.meta
    return {**dict(dataset_class.train_list + dataset_class.test_list), meta["filename"]: meta["md5"]}


def _verify(path: Path, checksum: str) -> None:
    from torchvision.datasets.utils import check_integrity

    if not check_integrity(path, checksum):
        raise DataError(f"{path} is corrupt: its MD5 checksum is not {checksum}. Delete it and run again.")


def _split(dataset: Any) -> Split:
    # torchvision delivers (N, H, W, C).
    images = torch.from_numpy(dataset.data).permute(0, 3, 1, 2).contiguous()
    return Split(images, torch.tensor(dataset.targets, dtype=torch.int64))
