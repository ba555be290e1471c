"""From what a command line names to image files."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from spatialvision.data.folder import EXTENSIONS
from spatialvision.errors import DataError


def image_files(arguments: Iterable[str]) -> list[Path]:
    """The files that are named, those below the folders that are named, and "-" for paths on standard input.

    The order is that of the arguments; a folder's files come in the order of their paths. In folders files count by
    their ending, and names that begin with a dot do not; a file that is named counts whatever its ending.

    Raises:
        DataError: a folder holds no image.
    """
    return [file for path in _named(arguments) for file in (_below(path) if path.is_dir() else [path])]


def _named(arguments: Iterable[str]) -> Iterator[Path]:
    for argument in arguments:
        if argument == "-":
            lines = (line.rstrip(b"\n") for line in sys.stdin.buffer)
            yield from (Path(os.fsdecode(line)) for line in lines if line)
        else:
            yield Path(argument)


def _below(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.name.lower().endswith(EXTENSIONS))
    shown = [
        path
        for path in found
        if path.is_file() and not any(part[0] == "." for part in path.relative_to(folder).parts)
    ]
    if not shown:
        raise DataError(f"{folder}: expected images in it ({', '.join(EXTENSIONS)}), found none")
    return shown
