"""Is there room on the disk, before hours of work?"""

import shutil
from pathlib import Path

from spatialvision.data.preparation.amounts import size_text
from spatialvision.errors import StorageError

# Files end in half-filled blocks, and folders and names take room too: 2 % for images of 110 kB in blocks of 4 kB.
MARGIN = 1.03


def check_space(folder: Path, size: int) -> None:
    """Make sure that files of ``size`` bytes altogether fit onto the disk of a folder, which need not exist yet.

    Raises:
        StorageError: they do not.
    """
    there = next(place for place in [folder.absolute(), *folder.absolute().parents] if place.exists())
    free, needed = shutil.disk_usage(there).free, int(size * MARGIN)
    if free < needed:
        raise StorageError(
            f"{folder}: {size_text(needed)} needed, {size_text(free)} free; free some space there, "
            "or name another folder with --to, and run again"
        )
