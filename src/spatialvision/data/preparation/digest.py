"""The MD5 of an archive, which says whether it is the one that its makers published.

It guards against damage, not against forgery: MD5 collisions can be made.
"""

import hashlib
from pathlib import Path

from rich.console import Console

from spatialvision.data.preparation.amounts import size_text
from spatialvision.data.preparation.progress import ProgressReport
from spatialvision.errors import DataError
from spatialvision.signals import StopSignal

PIECE = 1 << 20


class WrongArchiveError(DataError):
    """An archive has another MD5 than the one expected."""


def file_md5(path: Path) -> str:
    """The MD5 of a file's content, as 32 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def watched_md5(path: Path, console: Console, stop: StopSignal) -> str:
    """`file_md5`, with its progress shown.

    Raises:
        Stopped: on a signal.
    """
    digest = hashlib.md5(usedforsecurity=False)
    name = f"MD5 of {path.name.removesuffix('.part')}"
    with path.open("rb") as file, ProgressReport(name, path.stat().st_size, size_text, console) as report:
        while piece := file.read(PIECE):
            digest.update(piece)
            report.advance(len(piece))
            if stop.received:
                raise stop.error(stop.received, f"{path} is there, its MD5 is not known yet")
    return digest.hexdigest()


def check_md5(archive: Path, found: str, expected: str) -> None:
    """Compare an archive's MD5 with the expected one; an empty one accepts any.

    Raises:
        WrongArchiveError: they differ.
    """
    if expected and found != expected:
        raise WrongArchiveError(
            f"{archive} has the MD5 {found}, expected {expected}: it is damaged, or not the official one. "
            "Nothing of it was extracted; move it away and fetch it again, or accept any archive with --subset"
        )
