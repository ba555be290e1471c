"""The MD5 of an archive, which says whether it is the one that its makers published.

It guards against damage, not against forgery: MD5 collisions can be made.
"""

import hashlib
from pathlib import Path

from spatialvision.errors import DataError


class WrongArchiveError(DataError):
    """An archive has another MD5 than the one expected."""


def file_md5(path: Path) -> str:
    """The MD5 of a file's content, as 32 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def check_md5(archive: Path, found: str, expected: str) -> None:
    """Compare an archive's MD5 with the expected one; an empty one accepts any.

    Raises:
        WrongArchiveError: they differ.
    """
    if expected and found != expected:
        raise WrongArchiveError(
            f"{archive} has the MD5 {found}, expected {expected}: it is damaged, or not the official one. "
            "Nothing of it was kept; fetch it again, or accept any archive with --subset"
        )
