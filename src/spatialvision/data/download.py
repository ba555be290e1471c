"""Downloads through torchvision's dataset classes, which know the addresses and the checksums.

A download goes to a folder of its own and is moved when it is whole: nothing half-downloaded is ever found
by a later run, and two runs that download at once do not disturb each other.
"""

import contextlib
import errno
import http.client
import io
import logging
import os
import socket
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from spatialvision.errors import DataError, StorageError

_SILENCE_SECONDS = 30
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
_log = logging.getLogger(__name__)


class DownloadFailedError(Exception):
    """The files could not be fetched; the message is the reason, in one line."""


def download(fetch: Callable[[Path], object], data_root: Path, folder: str, files: Sequence[str]) -> None:
    """Fetch files into ``data_root/folder``; files that are there already stay.

    Args:
        fetch: called with an empty folder, leaves the files in its sub-folder ``folder``.
        data_root: the data root; created if need be.
        folder: where below the data root the files belong.
        files: their names.

    Raises:
        DownloadFailedError: the network or the server failed, or what came has the wrong checksum.
        StorageError: the data root cannot be written to.
    """
    _log.info("downloading %s into %s", folder, data_root)
    with _staging(data_root) as staging:
        try:
            with _quiet(), _impatient():
                fetch(staging)
        except (OSError, RuntimeError, EOFError, http.client.HTTPException, tarfile.TarError) as error:
            if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
                raise _storage_error(data_root, error) from error
            raise DownloadFailedError(" ".join(str(error).split())) from error
        _move(staging / folder, data_root / folder, files)


def missing_error(
    name: str,
    reason: str,
    files: Sequence[str],
    folders: Sequence[Path],
    offline: bool,
    other_ways: Sequence[str] = (),
) -> DataError:
    """The one message for a dataset that is neither here nor to be had: what, where, and how to get it.

    Args:
        name: the dataset's registered name.
        reason: why it was not downloaded.
        files: the files needed.
        folders: where they were looked for; the first is the one to put them into.
        offline: whether downloads were forbidden.
        other_ways: further ways to get them, each a phrase in the imperative.
    """
    again = "run again without --offline, on a machine with network access"
    ways = [
        again if offline else "run again with network access",
        f"put the files into {folders[0]}",
        *other_ways,
        "name the folder that has them already with --data-root or SPATIALVISION_DATA",
    ]
    looked = "\n".join(f"  {folder}" for folder in folders)
    return DataError(
        f"the files of {name!r} are not here, and {reason}.\nNeeded: {', '.join(files)}\n"
        f"Looked in:\n{looked}\nTo get them, either\n" + "\n".join(f"  - {way}" for way in ways)
    )


@contextlib.contextmanager
def _staging(data_root: Path) -> Iterator[Path]:
    try:
        data_root.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=".download-", dir=data_root, ignore_cleanup_errors=True)
    except OSError as error:
        raise _storage_error(data_root, error) from error
    with folder as path:
        yield Path(path)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # The progress bars of the download would end up in log files and between our own lines.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    # The dataset classes set no timeout: a connection that falls silent would hang for ever.
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SILENCE_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _move(source: Path, target: Path, files: Sequence[str]) -> None:
    try:
        target.mkdir(parents=True, exist_ok=True)
        for file in files:
            if not (target / file).exists():
                os.replace(source / file, target / file)
    except OSError as error:
        raise _storage_error(target, error) from error


def _storage_error(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"cannot write to {folder}: {error.strerror or error}; free space there, or name another folder "
        "with --data-root or SPATIALVISION_DATA"
    )
