"""Write one class's images into a new folder, from wherever they lie in the archive.

A file is opened by its bare name inside the folder, anew, and never through a link, so that nothing can be written
anywhere else, whatever an archive says.
"""

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from spatialvision.data.preparation.plan import ClassSource, refusal
from spatialvision.data.preparation.tar import Member
from spatialvision.errors import DataError

PIECE = 1 << 20
# JPEG (also in CMYK), and PNG: one of ImageNet's training images is a PNG by the name of .JPEG.
IMAGE_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Extracted:
    """What became of a class.

    Attributes:
        wnid: the class.
        size: bytes that it takes in the archive.
        images: files written.
        refused: members not written, and why.
        failure: why nothing of the class is there; empty when it is.
    """

    wnid: str
    size: int
    images: int = 0
    refused: tuple[str, ...] = ()
    failure: str = ""


def extract_class(archive: Path, source: ClassSource, folder: Path) -> Extracted:
    """Write a class's images into ``folder``, which must not exist yet; it is gone again after a failure.

    Raises:
        OSError: the disk refuses.
    """
    os.mkdir(folder)
    archive_descriptor, folder_descriptor = os.open(archive, os.O_RDONLY), os.open(folder, os.O_RDONLY)
    try:
        return _extract(source, archive_descriptor, folder_descriptor)
    except DataError as error:
        shutil.rmtree(folder)
        return Extracted(source.wnid, source.size, failure=f"{source.wnid}: {error}")
    finally:
        os.close(archive_descriptor)
        os.close(folder_descriptor)


def _extract(source: ClassSource, archive: int, folder: int) -> Extracted:
    images, refused = 0, []
    for member in source.images(archive):
        checked = member if member.oddity else _write(member, archive, folder)
        if checked.oddity:
            refused.append(f"{source.wnid}: {refusal(checked)}")
        else:
            images += 1
    return Extracted(source.wnid, source.size, images, tuple(refused))


def _write(member: Member, archive: int, folder: int) -> Member:
    piece = _read(archive, member, 0)
    if not piece.startswith(IMAGE_BEGINNINGS):
        return replace(member, oddity="no JPEG or PNG image")
    try:
        target = os.open(member.name, NEW_FILE, 0o666, dir_fd=folder)
    except FileExistsError:
        return replace(member, oddity="a second member of this name")
    try:
        written = _write_all(target, piece)
        while written < member.size:
            written += _write_all(target, _read(archive, member, written))
    finally:
        os.close(target)
    return member


def _read(archive: int, member: Member, done: int) -> bytes:
    wanted = min(PIECE, member.size - done)
    piece = os.pread(archive, wanted, member.start + done)
    if len(piece) < wanted:
        raise DataError(f"truncated: the archive ends within {member.name}")
    return piece


def _write_all(target: int, content: bytes) -> int:
    done = os.write(target, content)
    while done < len(content):
        done += os.write(target, memoryview(content)[done:])
    return done
