"""The classes of the validation images, which their archive does not tell: from the development kit or from a list."""

import io
import multiprocessing
import tarfile
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from spatialvision.data.preparation.names import CLASS
from spatialvision.errors import DataError

GROUND_TRUTH = "data/ILSVRC2012_validation_ground_truth.txt"
SYNSETS = "data/meta.mat"
# Thousands of times what the real files take.
LARGEST = 1 << 30


def labels_from_list(path: Path) -> list[str]:
    """Classes from a text file with one WordNet identifier a line; line n is of ILSVRC2012_val_n.

    Raises:
        DataError: the file is missing, or a line is something else.
    """
    try:
        lines = path.read_text().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the labels in {path}: {error}") from error
    labels = [line.strip() for line in lines]
    while labels and not labels[-1]:
        labels.pop()
    for number, label in enumerate(labels, 1):
        if not CLASS.fullmatch(label):
            raise DataError(f"{path}, line {number}: expected a class such as n01440764, got {label!r}")
    return labels


def labels_from_devkit(path: Path) -> list[str]:
    """Classes from ``ILSVRC2012_devkit_t12.tar.gz``; item n - 1 is of ILSVRC2012_val_n.

    Raises:
        DataError: the file is missing, damaged or another one.
    """
    try:
        with tarfile.open(path) as archive:
            truth = _content(archive, GROUND_TRUTH).decode().split()
            wnids = _wnids(_content(archive, SYNSETS))
        return [_class_of(number, wnids) for number in truth]
    except (OSError, EOFError, tarfile.TarError, ValueError) as error:
        raise DataError(f"{path} is not the development kit ILSVRC2012_devkit_t12.tar.gz: {error}") from error


def _content(archive: tarfile.TarFile, ending: str) -> bytes:
    """A file's content, read as a stream; nothing of the kit is written to the disk."""
    for member in archive:
        if member.isreg() and f"/{member.name}".endswith(f"/{ending}") and member.size <= LARGEST:
            stream = archive.extractfile(member)
            assert stream is not None, "regular files have content"
            return stream.read()
    raise ValueError(f"it has no file {ending}")


def _class_of(number: str, wnids: Mapping[int, str]) -> str:
    if int(number) not in wnids:
        raise ValueError(f"no class has the number {number}")
    return wnids[int(number)]


def _wnids(content: bytes) -> dict[int, str]:
    """WordNet identifiers by the numbers that the ground truth uses; read by another process, which may crash."""
    import scipy.io  # noqa: F401 - once, before there are two processes

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as reader:
        try:
            found = reader.submit(_numbered, content).result()
        except BrokenProcessPool as error:
            raise ValueError(f"{SYNSETS} cannot be read (SciPy's reader crashed)") from error
        except Exception as error:  # SciPy has no end of ways to fail on a file that is none of MATLAB's
            raise ValueError(f"{SYNSETS} cannot be read ({error})") from error
    for wnid in found.values():
        if not CLASS.fullmatch(wnid):
            raise ValueError(f"expected a class such as n01440764, got {wnid!r}")
    return found


def _numbered(content: bytes) -> dict[int, str]:
    import numpy as np
    from scipy.io import loadmat

    synsets = np.atleast_1d(loadmat(io.BytesIO(content), squeeze_me=True)["synsets"])
    return {int(each["ILSVRC2012_ID"]): str(each["WNID"]) for each in synsets}
