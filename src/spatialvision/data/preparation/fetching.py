"""Get one large file: go on where it broke off, check it, and only then give it its name."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from spatialvision.data.preparation.aria2 import fetch_with_aria2
from spatialvision.data.preparation.digest import watched_md5
from spatialvision.data.preparation.resuming import fetch_with_http, remote_size
from spatialvision.data.preparation.space import check_space
from spatialvision.errors import DataError, RecipeError
from spatialvision.runs.lock import take_file_lock
from spatialvision.runs.storage import disk_errors, sync_folder
from spatialvision.signals import StopSignal

STAT_BLOCK = 512


def fetch(link: str, path: Path, *, md5: str = "", console: Console, stop: StopSignal) -> Path:
    """Fetch a link's file; until it is whole and checked it is called ``<path>.part``.

    By aria2c over several connections where that is installed, else over one.

    Args:
        link: http or https.
        path: the file.
        md5: 32 hexadecimal digits; empty accepts any content.
        console: where progress is shown.
        stop: asked again and again.

    Returns:
        The path.

    Raises:
        RecipeError: the link is none, the path is a folder's, the MD5 is none, or another process fetches the file.
        DataError: the server refuses, the network fails, or the content has another MD5.
        StorageError: the disk is read-only, full, or too small for what is still to come; what came stays.
        Stopped: on a signal; what came stays.
    """
    _check_arguments(link, path, md5)
    with disk_errors(path):
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with _hold(path):
                # Another call may have ended just before this one came to hold it.
                if not path.exists():
                    _fetch(link, path, md5, console, stop)
                    return path
        _check(path, md5, f"move {path} away and run again", console, stop)
    return path


@contextmanager
def _hold(path: Path) -> Iterator[None]:
    """Keep other calls away from a file and its part; the lock's file goes before it is let go."""
    lock_path = path.with_name(f".{path.name}.lock")
    with take_file_lock(lock_path, path, "name another file"):
        try:
            yield
        finally:
            lock_path.unlink(missing_ok=True)


def _fetch(link: str, path: Path, md5: str, console: Console, stop: StopSignal) -> None:
    part = _part(path)
    program = shutil.which("aria2c")
    if program is not None:
        check_space(path.parent, remote_size(link) - arrived(path))
        fetch_with_aria2(program, link, part, console, stop)
    else:
        fetch_with_http(link, part, console, stop)
    try:
        hint = "it was deleted; run again to fetch it anew, or ask for another MD5"
        _check(part, md5, hint, console, stop)
    except DataError:
        part.unlink()
        raise
    _sync(part)
    os.replace(part, path)
    sync_folder(path.parent)


def arrived(path: Path) -> int:
    """Bytes on the disk of a file that is being fetched; aria2c leaves holes where it has not been yet."""
    part = _part(path)
    return part.stat().st_blocks * STAT_BLOCK if part.exists() else 0


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _check_arguments(link: str, path: Path, md5: str) -> None:
    parts = urlsplit(link)
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        raise RecipeError(f"expected a link such as https://example.org/file.tar, got {link!r}")
    if path.is_dir():
        raise RecipeError(f"expected the name of a file to write, got the folder {path}")
    if md5 and (len(md5) != 32 or set(md5.lower()) - set("0123456789abcdef")):
        raise RecipeError(f"expected an MD5 of 32 hexadecimal digits, got {md5!r}")


def _check(path: Path, md5: str, hint: str, console: Console, stop: StopSignal) -> None:
    if md5 and (found := watched_md5(path, console, stop)) != md5.lower():
        raise DataError(f"{path} has the MD5 {found}, expected {md5.lower()}; {hint}")


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
