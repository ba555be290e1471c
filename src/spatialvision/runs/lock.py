"""One process at a time writes a run directory."""

import fcntl
import os
import socket
from pathlib import Path
from typing import IO

from spatialvision.errors import RecipeError
from spatialvision.runs.storage import disk_errors

LOCK_FILE = ".lock"


def take_lock(folder: Path, way_out: str = "give this run another --name") -> IO[str]:
    """Hold the folder until the returned file is closed or the process ends, however it ends.

    The operating system drops the lock with the process, so a killed run leaves no stale one behind.

    Args:
        folder: what is to be held.
        way_out: what else the user may do when it is held already, in the imperative.

    Raises:
        RecipeError: another process holds it; the message names process and host.
    """
    return take_file_lock(folder / LOCK_FILE, folder, way_out)


def take_file_lock(path: Path, held: Path, way_out: str) -> IO[str]:
    """`take_lock`, for something other than a folder.

    Args:
        path: the file that is locked; created if need be.
        held: what is to be held, for the message.
        way_out: what else the user may do when it is held already, in the imperative.

    Raises:
        RecipeError: another process holds it; the message names process and host.
    """
    with disk_errors(path):
        file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip() or "another process"
        file.close()
        raise RecipeError(f"{held} is in use by {holder}; wait for it, stop it, or {way_out}") from error
    with disk_errors(path):
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
    return file
