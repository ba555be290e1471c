import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from spatialvision.data.preparation.labels import labels_from_devkit, labels_from_list
from spatialvision.errors import DataError

TRUTH = "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt"
META = "ILSVRC2012_devkit_t12/data/meta.mat"


def meta(wnids: list[str]) -> bytes:
    """As in the real kit: a column of records, first the classes, then their ancestors."""
    fields = [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("num_children", "O")]
    synsets = np.empty((len(wnids), 1), dtype=fields)
    for row, wnid in enumerate(wnids):
        synsets[row, 0] = (np.uint16(row + 1), wnid, f"word {row}", np.uint8(row // 3))
    return matrix(synsets)


def matrix(synsets: Any) -> bytes:
    """A MATLAB file."""
    buffer = io.BytesIO()
    savemat(buffer, {"synsets": synsets})
    return buffer.getvalue()


def crashing() -> bytes:
    """A MATLAB file of which one byte is wrong, which ends a process that reads it with SciPy 1.17."""
    classes = [(1, "n01440764"), (2, "n01443537")]
    content = bytearray(matrix(np.array(classes, dtype=[("ILSVRC2012_ID", int), ("WNID", object)])))
    content[280] = 67
    return bytes(content)


def kit(archives: Any, files: dict[str, bytes]) -> Path:
    path = archives.folder / "devkit.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info, _ = archives.regular(name, content)
            archive.addfile(info, io.BytesIO(content))
    return path


def test_a_list_has_a_class_a_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("n01440764\nn02105855\r\nn01440764\n\n")
    assert labels_from_list(path) == ["n01440764", "n02105855", "n01440764"]


@pytest.mark.parametrize("content", ["n01440764\n\nn01440764\n", "n01440764\ntench\n", "1\n../../etc\n"])
def test_another_line_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "labels.txt").write_text(content)
    with pytest.raises(DataError, match=r"labels.txt, line [12]: expected a class such as n01440764, got '"):
        labels_from_list(tmp_path / "labels.txt")


def test_a_list_that_is_no_text_or_missing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_bytes(b"\xff\xfe\x00")
    for name in ("labels.txt", "none.txt"):
        with pytest.raises(DataError, match=f"cannot read the labels in .*{name}"):
            labels_from_list(tmp_path / name)


@pytest.mark.parametrize("order", [(TRUTH, META), (META, TRUTH)])
def test_the_kit_tells_classes_by_their_numbers(archives: Any, order: tuple[str, str]) -> None:
    content = {TRUTH: b"3\n1\n3\n2\n", META: meta(["n01440764", "n01443537", "n02105855", "n00001740"])}
    path = kit(archives, {name: content[name] for name in order})
    assert labels_from_devkit(path) == ["n02105855", "n01440764", "n02105855", "n01443537"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({META: b""}, "it has no file data/ILSVRC2012_validation_ground_truth.txt"),
        ({TRUTH: b"1\n"}, r"it has no file data/meta\.mat"),
        ({TRUTH: b"1\n", META: b"no matrix"}, "is not the development kit"),
        ({TRUTH: b"1\n", META: matrix([1.0, 2.0])}, r"data/meta\.mat cannot be read"),
        ({TRUTH: b"1\n", META: crashing()}, r"data/meta\.mat cannot be read"),
        (
            {TRUTH: b"7\n", META: meta(["n01440764"])},
            "is not the development kit.*: no class has the number 7",
        ),
        ({TRUTH: b"one\n", META: meta(["n01440764"])}, "invalid literal"),
        (
            {TRUTH: b"1\n", META: meta(["../../evil"])},
            r"expected a class such as n01440764, got '\.\./\.\./evil'",
        ),
    ],
)
def test_another_kit_is_an_error(archives: Any, files: dict[str, bytes], message: str) -> None:
    with pytest.raises(DataError, match=message):
        labels_from_devkit(kit(archives, files))


def test_a_cut_or_missing_kit_is_an_error(archives: Any, tmp_path: Path) -> None:
    path = kit(archives, {TRUTH: b"1\n", META: meta(["n01440764"])})
    path.write_bytes(path.read_bytes()[:150])
    for each in (path, tmp_path / "none.tar.gz"):
        with pytest.raises(DataError, match="is not the development kit"):
            labels_from_devkit(each)
