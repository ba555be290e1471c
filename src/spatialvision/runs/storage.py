"""Files that are either complete or absent: a new name, fsync, rename."""

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spatialvision.errors import RecipeError, StorageError

DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG}


@contextlib.contextmanager
def disk_errors(path: Path, size: int | None = None) -> Iterator[None]:
    """Turn the disk's refusals into one line that names the path and, if known, the bytes needed.

    Raises:
        StorageError: the disk is full, or the folder read-only.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        needed = f" ({size:,} bytes needed)" if size is not None else ""
        hint = (
            "free some space"
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            else "choose a writable folder"
        )
        raise StorageError(f"cannot write {path}{needed}: {error.strerror}; {hint} and run again") from error


def refuse_existing(path: Path, overwrite: bool, option: str) -> None:
    """Let a file pass that is not there yet, or may be replaced.

    Args:
        option: the one by which the user may name another file.

    Raises:
        RecipeError: it is there.
    """
    if path.exists() and not overwrite:
        raise RecipeError(
            f"{path} is there already; replace it with --overwrite, or name another file with {option}"
        )


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that any moment of failure leaves the old one or the new one, never a mixture.

    Raises:
        StorageError: the disk is full, or the folder read-only; the old file is intact.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with disk_errors(path, len(content)):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_synced(temporary, content)
            os.replace(temporary, path)
            sync_folder(path.parent)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def append(path: Path, content: bytes) -> None:
    """Add to the end of a file, made if need be: all of it, or nothing.

    Raises:
        StorageError: the disk is full, or the folder read-only; the file is as it was.
    """
    with disk_errors(path, len(content)), path.open("ab", buffering=0) as file:
        before = file.seek(0, os.SEEK_END)
        try:
            while content:  # a disk that becomes full takes a part, and says so at the next attempt
                content = content[file.write(content) :]
        except OSError:
            file.truncate(before)
            raise


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path of the same name to write to; its file takes the place of ``path`` once the block has ended well.

    Raises:
        StorageError: the disk is full, or the folder read-only; the old file is intact.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            temporary = Path(folder) / path.name
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(temporary, path)
        sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """`write_bytes` for UTF-8 text."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """`write_bytes` for JSON, indented for readers; NaN and infinity are refused with a ValueError."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file and wait until it has reached the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until a folder's entries (new names, renames) have reached the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
