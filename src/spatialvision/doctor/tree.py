"""Are the folders of classes what a training expects? Only names are read."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spatialvision.data.folder import EXTENSIONS
from spatialvision.data.preparation.listing import listed
from spatialvision.doctor.finding import Finding, fine, warning, wrong

MEASURED = ("val", "test")


@dataclass(frozen=True)
class SplitFolder:
    """What lies in a split's folder.

    Attributes:
        images: number of images by class.
        strange: paths of files that no loader reads, in class folders or beside them.
    """

    images: dict[str, int]
    strange: tuple[str, ...]


def check_tree(folder: Path) -> Iterator[Finding]:
    """Findings on ``train``, and on ``val`` and ``test`` as far as they are there."""
    present = [split for split in ("train", *MEASURED) if (folder / split).is_dir()]
    if "train" not in present:
        yield wrong(f"{folder}: no folder train in it; expected train/<class>/… and val/<class>/…")
        return
    if len(present) == 1:
        yield wrong(f"{folder}: no folder val or test beside train; expected one with the same classes")
    splits = {split: survey(folder / split) for split in present}
    for split, found in splits.items():
        yield from _on_split(folder / split, found)
        if missing := sorted(splits["train"].images.keys() - found.images.keys()):
            yield wrong(f"{folder / split}: {listed('classes of train are missing', missing)}")
        if more := sorted(found.images.keys() - splits["train"].images.keys()):
            yield wrong(f"{folder / split}: {listed('classes are not in train', more)}")


def survey(folder: Path) -> SplitFolder:
    """Count a split's images class by class."""
    images: dict[str, int] = {}
    strange: list[str] = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        if not entry.is_dir():
            strange.append(entry.name)
            continue
        images[entry.name] = 0
        for path in _files(entry.path):
            if path.lower().endswith(EXTENSIONS):
                images[entry.name] += 1
            else:
                strange.append(os.path.relpath(path, folder))
    return SplitFolder(images, tuple(strange))


def _files(folder: str) -> Iterator[str]:
    for below, _, names in os.walk(folder, followlinks=True):
        yield from (os.path.join(below, name) for name in sorted(names) if not name.startswith("."))


def _on_split(folder: Path, found: SplitFolder) -> Iterator[Finding]:
    total = sum(found.images.values())
    if not total:
        yield wrong(f"{folder}: no images in {len(found.images):,} class folders")
        return
    counts = found.images.values()
    yield fine(
        f"{folder}: {len(counts):,} classes, {total:,} images, {min(counts):,} to {max(counts):,} a class"
    )
    if empty := [name for name, count in found.images.items() if not count]:
        yield wrong(f"{folder}: {listed('classes without images', empty)}")
    if found.strange:
        yield warning(f"{folder}: {listed('files that are not read', found.strange)}")
