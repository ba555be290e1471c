"""Fetch a file over several connections at once, with aria2c: https://aria2.github.io/manual/en/html/aria2c.html"""

import contextlib
import subprocess
from pathlib import Path

from rich.console import Console

from spatialvision.data.preparation.resuming import version_path
from spatialvision.errors import DataError, StorageError
from spatialvision.signals import StopSignal

CONNECTIONS = 8
DISK_FULL, CANNOT_OPEN, CANNOT_CREATE, CANNOT_WRITE = 9, 15, 16, 17
MOMENT = 0.2
STANDARD_ERROR = 2


def fetch_with_aria2(program: str, link: str, part: Path, console: Console, stop: StopSignal) -> None:
    """Fetch into ``part``, or go on with it; aria2c shows its own progress and keeps ``<part>.aria2`` beside it.

    Raises:
        DataError: aria2c failed.
        StorageError: it could not write.
        Stopped: on a signal; what came stays.
    """
    _forget_single_connection(part)
    process = subprocess.Popen(
        [
            program,
            "--no-conf",
            "--continue=true",
            "--allow-overwrite=true",
            "--auto-file-renaming=false",
            "--file-allocation=none",
            f"--split={CONNECTIONS}",
            f"--max-connection-per-server={CONNECTIONS}",
            "--console-log-level=warn",
            f"--dir={part.parent}",
            f"--out={part.name}",
            "--",
            link,
        ],
        stdout=subprocess.DEVNULL if console.quiet else STANDARD_ERROR,
    )
    try:
        code = _wait(process, part, stop)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if code in (DISK_FULL, CANNOT_OPEN, CANNOT_CREATE, CANNOT_WRITE):
        raise StorageError(
            f"cannot write {part}: aria2c ended with code {code}; free some space and run again"
        )
    if code != 0:
        raise DataError(f"{link}: aria2c ended with code {code}; run the same command again to continue")


def _forget_single_connection(part: Path) -> None:
    """Start over where `fetch_with_http` was at work: aria2c would append the rest of another version unasked."""
    version = version_path(part)
    if version.exists():
        if not part.with_name(f"{part.name}.aria2").exists():
            part.unlink(missing_ok=True)
        version.unlink()


def _wait(process: "subprocess.Popen[bytes]", part: Path, stop: StopSignal) -> int:
    code = None
    while code is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(MOMENT)
        # Ctrl-C in a terminal reaches aria2c too, which then ends by itself.
        if code != 0 and stop.received:
            raise stop.error(stop.received, f"what has come is in {part}")
    return code
