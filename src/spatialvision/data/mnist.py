"""MNIST and Fashion-MNIST: 60,000 training and 10,000 test images, 28×28, one channel, ten classes.

LeCun et al., "Gradient-based learning applied to document recognition", 1998.
Xiao, Rasul, Vollgraf, "Fashion-MNIST", 2017, https://arxiv.org/abs/1708.07747.
"""

from pathlib import Path

from spatialvision.data.dataset import ImageDataset, Split
from spatialvision.data.download import DownloadFailedError, download, missing_error
from spatialvision.data.idx import read_images, read_labels
from spatialvision.errors import DataError
from spatialvision.registry import register_dataset

# Where Debian's package dataset-fashion-mnist puts its files.
DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")

_FILES = tuple(
    f"{split}-{content}-ubyte.gz" for split in ("train", "t10k") for content in ("images-idx3", "labels-idx1")
)
_SIZE_HW = (28, 28)
_DIGITS = tuple("0123456789")
_CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


@register_dataset
def mnist(data_root: Path, offline: bool) -> ImageDataset:
    """Handwritten digits; looked for, and downloaded to, ``data_root/MNIST/raw``.

    Args:
        data_root: the folder of all datasets.
        offline: never connect to a network.

    Raises:
        DataError: the files are missing and cannot be downloaded, or one of them is corrupt.
    """
    folder = data_root / "MNIST" / "raw"
    if not _complete(folder):
        _download("mnist", "MNIST", [folder], data_root, offline)
    return _read("mnist", folder, _DIGITS)


@register_dataset
def fashion_mnist(data_root: Path, offline: bool) -> ImageDataset:
    """Articles of clothing; looked for in ``data_root/FashionMNIST/raw`` and in Debian's package.

    Args:
        data_root: the folder of all datasets; a download goes to ``FashionMNIST/raw`` in it.
        offline: never connect to a network.

    Raises:
        DataError: the files are missing and cannot be downloaded, or one of them is corrupt.
    """
    folders = [data_root / "FashionMNIST" / "raw", DEBIAN_FASHION_MNIST]
    found = next((folder for folder in folders if _complete(folder)), None)
    if found is None:
        install = "on Debian and Ubuntu, apt install dataset-fashion-mnist"
        _download("fashion_mnist", "FashionMNIST", folders, data_root, offline, (install,))
    return _read("fashion_mnist", found or folders[0], _CLOTHES)


def _download(
    name: str,
    class_name: str,
    folders: list[Path],
    data_root: Path,
    offline: bool,
    other_ways: tuple[str, ...] = (),
) -> None:
    if offline:
        raise missing_error(name, "--offline forbids a download", _FILES, folders, offline, other_ways)
    from torchvision import datasets  # seconds to import: only for a download

    dataset_class = getattr(datasets, class_name)
    try:
        download(lambda root: dataset_class(root, download=True), data_root, f"{class_name}/raw", _FILES)
    except DownloadFailedError as error:
        reason = f"the download failed ({error})"
        raise missing_error(name, reason, _FILES, folders, offline, other_ways) from error


def _complete(folder: Path) -> bool:
    return all(_existing(folder, file).is_file() for file in _FILES)


def _existing(folder: Path, file: str) -> Path:
    # Compressed first: gzip's checksum catches a damaged file, which an extracted one cannot.
    compressed = folder / file
    return compressed if compressed.exists() else folder / file.removesuffix(".gz")


def _read(name: str, folder: Path, class_names: tuple[str, ...]) -> ImageDataset:
    train_images, train_labels, test_images, test_labels = (_existing(folder, file) for file in _FILES)
    train = _read_split(train_images, train_labels, len(class_names))
    test = _read_split(test_images, test_labels, len(class_names))
    return ImageDataset(name, train, test, class_names)


def _read_split(images_path: Path, labels_path: Path, num_classes: int) -> Split:
    images, labels = read_images(images_path, _SIZE_HW), read_labels(labels_path, num_classes)
    if len(images) != len(labels):
        raise DataError(
            f"{labels_path}: expected {len(images)} labels, as {images_path.name} has images, "
            f"got {len(labels)}. Delete both and run again."
        )
    return Split(images, labels)
