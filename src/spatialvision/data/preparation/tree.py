"""An extracted tree: is it whole, and may it be linked instead of extracted again?"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spatialvision.data.preparation.names import CLASS
from spatialvision.errors import DataError

SHOWN = 5


@dataclass(frozen=True)
class Expected:
    """What a split must have.

    Attributes:
        classes: number of folders.
        images: number of files in them.
        md5: of the archive it comes from.
    """

    classes: int
    images: int
    md5: str = ""


@dataclass(frozen=True)
class Count:
    """What a split has.

    Attributes:
        classes: number of folders.
        images: number of files in them.
    """

    classes: int
    images: int

    def __str__(self) -> str:
        return f"{self.classes:,} classes, {self.images:,} images"


def check_split(folder: Path, expected: Expected | None) -> Count:
    """Count a split's classes and images; only names are read.

    Args:
        folder: with a folder for each class, which holds nothing but files called ``.JPEG``.
        expected: what it must have; None accepts any number.

    Raises:
        DataError: the folder is missing, holds something else, or other numbers.
    """
    if not folder.is_dir():
        raise DataError(
            f"{folder}: no such folder; expected one with a folder for each class, such as n01440764"
        )
    entries = _entries(folder)
    classes = [entry for entry in entries if CLASS.fullmatch(entry.name) and entry.is_dir()]
    strange = sorted(entry.path for entry in entries if entry not in classes)
    images = 0
    for each in classes:
        found = _entries(Path(each.path))
        others = [entry.path for entry in found if not (entry.name.endswith(".JPEG") and entry.is_file())]
        images += len(found) - len(others)
        strange += sorted(others) or ([] if found else [f"{each.path} (empty)"])
    count = Count(len(classes), images)
    _judge(folder, count, expected, strange)
    return count


def link_tree(tree: Path, target: Path, expected: Mapping[str, Expected | None]) -> dict[str, Count]:
    """Check an extracted tree and link its splits into the target; the tree itself stays as it is.

    Args:
        tree: holds a folder for each split.
        target: gets a symbolic link for each; created if need be.
        expected: what each split must have, by its name.

    Raises:
        DataError: a split is not whole, or something else has its place in the target already.
    """
    counts = {split: check_split(tree / split, numbers) for split, numbers in expected.items()}
    target.mkdir(parents=True, exist_ok=True)
    for split in expected:
        source, link = (tree / split).resolve(), target / split
        if link.resolve() == source:
            continue
        if link.exists() or link.is_symlink():
            raise DataError(f"{link} is there already; move it away, or name another folder with --to")
        link.symlink_to(source, target_is_directory=True)
    return counts


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not entry.name.startswith(".")]


def _judge(folder: Path, count: Count, expected: Expected | None, strange: list[str]) -> None:
    problems = []
    if expected is not None and (count.classes, count.images) != (expected.classes, expected.images):
        problems.append(f"expected {Count(expected.classes, expected.images)}, found {count}")
    if strange:
        more = f" and {len(strange) - SHOWN:,} more" if len(strange) > SHOWN else ""
        problems.append(f"what does not belong there: {', '.join(strange[:SHOWN])}{more}")
    if problems:
        raise DataError(f"{folder}: {'; '.join(problems)}")
