"""What has to be written: the classes of an archive, and where in it their images lie.

The archive of training images is a tar of class tars; only the outer headers are read, the class tars are opened where
they lie. That of validation images is flat; its classes come from a list of labels.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from spatialvision.data.preparation.names import CLASS_ARCHIVE, VALIDATION_IMAGE, named, training_image
from spatialvision.data.preparation.tar import Member, members
from spatialvision.errors import DataError


class ClassSource(Protocol):
    """One class in an archive."""

    @property
    def wnid(self) -> str:
        """The class's WordNet identifier, the name of its folder."""

    @property
    def size(self) -> int:
        """Bytes that its images take in the archive."""

    def images(self, descriptor: int) -> Iterator[Member]:
        """The images, and with their oddity what else lies there, from the open archive."""


@dataclass(frozen=True)
class ClassArchive:
    """A class that is a tar inside the archive.

    Attributes:
        wnid: the class.
        start: where the tar begins in the archive.
        size: of the tar, in bytes.
    """

    wnid: str
    start: int
    size: int

    def images(self, descriptor: int) -> Iterator[Member]:
        """The class tar's members; its headers are read only here."""
        pattern = training_image(self.wnid)
        return (named(member, pattern) for member in members(descriptor, self.start, self.start + self.size))


@dataclass(frozen=True)
class ClassImages:
    """A class whose images lie among those of others.

    Attributes:
        wnid: the class.
        found: its images.
    """

    wnid: str
    found: tuple[Member, ...]

    @property
    def size(self) -> int:
        """Bytes of all its images."""
        return sum(member.size for member in self.found)

    def images(self, descriptor: int) -> Iterator[Member]:
        """The images, in the archive's order."""
        return iter(self.found)


@dataclass(frozen=True)
class Plan:
    """What one archive holds.

    Attributes:
        archive: its path.
        classes: in the archive's order.
        refused: what of it will not be written, and why.
    """

    archive: Path
    classes: tuple[ClassSource, ...]
    refused: tuple[str, ...]

    def fingerprint(self) -> str:
        """Tells plans apart by classes, places and sizes, not by the archive's path."""
        return hashlib.sha256(repr(self.classes).encode()).hexdigest()


def plan_training(archive: Path) -> Plan:
    """Index a tar of class tars.

    Raises:
        DataError: the file is missing, truncated or no tar.
    """
    found, refused = _sort([named(member, CLASS_ARCHIVE) for member in _outer_members(archive)])
    classes = tuple(
        ClassArchive(member.name.removesuffix(".tar"), member.start, member.size) for member in found
    )
    return Plan(archive, classes, refused)


def plan_validation(archive: Path, labels: Sequence[str]) -> Plan:
    """Index a flat tar of images, ``labels[n - 1]`` being the class of image number n.

    Raises:
        DataError: the file is missing, truncated or no tar, or an image has no label.
    """
    found, refused = _sort([named(member, VALIDATION_IMAGE) for member in _outer_members(archive)])
    classes: dict[str, list[Member]] = defaultdict(list)
    for member in found:
        number = int(member.name[-13:-5])
        if not 1 <= number <= len(labels):
            raise DataError(f"{archive}: {member.name} has no label; there are {len(labels):,} labels")
        classes[labels[number - 1]].append(member)
    return Plan(archive, tuple(ClassImages(wnid, tuple(of)) for wnid, of in sorted(classes.items())), refused)


def _outer_members(archive: Path) -> list[Member]:
    try:
        with archive.open("rb") as file:
            found = list(members(file.fileno(), 0, os.fstat(file.fileno()).st_size))
    except OSError as error:
        raise DataError(f"cannot read {archive}: {error.strerror}") from error
    except DataError as error:
        raise DataError(f"{archive} is no whole tar: {error}; fetch it again") from error
    if not found:
        raise DataError(f"{archive} is no whole tar: it has no members; fetch it again")
    return [member for member in found if member.name.strip("./") or not member.oddity]


def _sort(found: list[Member]) -> tuple[list[Member], tuple[str, ...]]:
    """Members to write, and lines on the others; of several with one name the first is written."""
    seen: set[str] = set()
    good, refused = [], []
    for member in found:
        checked = replace(member, oddity="a second member of this name") if member.name in seen else member
        seen.add(member.name)
        if checked.oddity:
            refused.append(refusal(checked))
        else:
            good.append(checked)
    return good, tuple(refused)


def refusal(member: Member) -> str:
    """The line that says why a member is not written; its name is shown with escapes."""
    return f"{member.name!a}: {member.oddity}"
