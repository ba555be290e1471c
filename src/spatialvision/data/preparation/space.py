"""Is there room on the disk, before hours of work?"""

import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from spatialvision.data.preparation.amounts import size_text
from spatialvision.errors import StorageError

# Files end in half-filled blocks, and folders and names take room too: 2 % for images of 110 kB in blocks of 4 kB.
MARGIN = 1.03


def check_spaces(needs: Iterable[tuple[Path, int]]) -> None:
    """`check_space` for several folders; what comes to the same disk must fit together.

    Raises:
        StorageError: it does not; the message names the first folder on that disk.
    """
    by_disk: dict[int, list[tuple[Path, int]]] = defaultdict(list)
    for folder, size in needs:
        by_disk[_existing(folder).stat().st_dev].append((folder, size))
    for together in by_disk.values():
        check_space(together[0][0], sum(size for _, size in together))


def check_space(folder: Path, size: int) -> None:
    """Make sure that files of ``size`` bytes altogether fit onto the disk of a folder, which need not exist yet.

    Raises:
        StorageError: they do not.
    """
    free, needed = shutil.disk_usage(_existing(folder)).free, int(size * MARGIN)
    if free < needed:
        raise StorageError(
            f"{folder}: {size_text(needed)} needed, {size_text(free)} free; free some space there, "
            "or name another folder with --to, and run again"
        )


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above that exists."""
    return next(place for place in [folder.absolute(), *folder.absolute().parents] if place.exists())
