"""Wait until a whole file system has reached the disk: one wait for any number of new files."""

import ctypes
import os
from pathlib import Path


def sync_file_system(folder: Path) -> None:
    """Write out everything that is not on the disk yet, of the file system that the folder lies on.

    Linux does that for one file system (syncfs); elsewhere it is done for all.

    Raises:
        OSError: something could not be written.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "syncfs"):
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if library.syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)
