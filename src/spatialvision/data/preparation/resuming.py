"""Fetch a file over one connection, and go on where it broke off: RFC 9110, section 14, https://httpwg.org/specs/rfc9110.html

The server's mark of the file's version (ETag, else Last-Modified), where it gives one, is kept beside the part, so that
the rest of another version is never appended to it.
"""

import http
import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

from rich.console import Console

from spatialvision.data.preparation.amounts import size_text
from spatialvision.data.preparation.progress import ProgressReport
from spatialvision.data.preparation.space import check_space
from spatialvision.errors import DataError
from spatialvision.signals import StopSignal

PIECE = 1 << 20
SILENCE_SECONDS = 30
ATTEMPTS = 5
PAUSE_SECONDS = 0.5
NOT_SATISFIABLE = 416
HEADERS = {"User-Agent": "spatialvision", "Accept-Encoding": "identity"}


class BrokenConnectionError(Exception):
    """The connection ended before the file did."""


def fetch_with_http(link: str, part: Path, console: Console, stop: StopSignal) -> None:
    """Fetch into ``part``, or go on with it; a broken connection is renewed, unless several in a row bring nothing.

    Raises:
        DataError: the server refuses, or several connections in a row brought nothing.
        OSError: the disk refuses; what came stays.
        StorageError: the rest does not fit onto the disk.
        Stopped: on a signal; what came stays.
    """
    _forget_holes(part)
    failures = 0
    while True:
        before = _size(part)
        try:
            _fetch_rest(link, part, console, stop)
            break
        except BrokenConnectionError as error:
            failures = 0 if _size(part) > before else failures + 1
            if failures == ATTEMPTS:
                came = f"{size_text(_size(part))} are in {part}; run the same command again to continue"
                raise DataError(f"{link}: {error}; {came}") from error
            _check_stop(part, stop)
            time.sleep(failures * PAUSE_SECONDS)
    version_path(part).unlink(missing_ok=True)


def remote_size(link: str) -> int:
    """The size of a link's file, in bytes; 0 if the server does not say. Nothing of it is fetched."""
    request = urllib.request.Request(link, headers=HEADERS)
    try:
        with urllib.request.urlopen(request, timeout=SILENCE_SECONDS) as response:
            return int(response.headers.get("Content-Length") or 0)
    except (OSError, ValueError, http.client.HTTPException):
        # Fetching will say what is wrong.
        return 0


def _fetch_rest(link: str, part: Path, console: Console, stop: StopSignal) -> None:
    done = _size(part)
    response = _ask(link, part, done)
    if response is None:
        return
    with response:
        begin, total = _extent(response, done)
        if begin == 0:
            version_path(part).write_text(_version(response.headers))
        check_space(part.parent, total - _size(part))
        with part.open("r+b" if begin else "wb") as file, _report(part, total, begin, console) as report:
            file.seek(begin)
            for piece in _pieces(response):
                file.write(piece)
                report.advance(len(piece))
                _check_stop(part, stop)
    if total and _size(part) != total:
        raise BrokenConnectionError(f"the connection ended {size_text(total - _size(part))} before the end")


def _ask(link: str, part: Path, done: int) -> http.client.HTTPResponse | None:
    """The server's answer; None where there is nothing left to ask for."""
    request = urllib.request.Request(link, headers=_headers(part, done))
    try:
        return urllib.request.urlopen(request, timeout=SILENCE_SECONDS)
    except urllib.error.HTTPError as error:
        reason = f"the server answers {error.code} {error.reason}"
        if error.code == NOT_SATISFIABLE and done:
            if error.headers.get("Content-Range") == f"bytes */{done}":
                return None
            # The part is longer than the file: it is of another one.
            part.unlink()
            raise BrokenConnectionError(reason) from error
        raise (
            BrokenConnectionError(reason) if error.code >= 500 else DataError(f"{link}: {reason}")
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise BrokenConnectionError(f"no connection ({error})") from error


def _version(headers: Message) -> str:
    """The server's mark of the file's version; a weak ETag is none that a range may be asked for with."""
    strong = headers.get("ETag", "")
    return strong if strong and not strong.startswith("W/") else headers.get("Last-Modified", "")


def _headers(part: Path, done: int) -> dict[str, str]:
    headers = dict(HEADERS)
    if done:
        headers["Range"] = f"bytes={done}-"
        path = version_path(part)
        if path.exists() and (version := path.read_text()):
            headers["If-Range"] = version
    return headers


def _extent(response: http.client.HTTPResponse, done: int) -> tuple[int, int]:
    """Where in the file the answer begins, and the file's size; 0 if the server does not say."""
    length = int(response.headers.get("Content-Length") or 0)
    if response.status != http.HTTPStatus.PARTIAL_CONTENT:
        return 0, length
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range") or "")
    if found is None or int(found[1]) != done:
        raise DataError(f"{response.url}: asked for the bytes from {done:,} on, the server sends others")
    return done, int(found[2])


def _pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    try:
        # `read1` returns what has arrived, so that a slow connection is shown, and stopped, at once.
        while piece := response.read1(PIECE):
            yield piece
    except (OSError, http.client.HTTPException) as error:
        raise BrokenConnectionError(f"the connection broke ({error})") from error


def _report(part: Path, total: int, done: int, console: Console) -> ProgressReport:
    return ProgressReport(part.name.removesuffix(".part"), total, size_text, console, done)


def _check_stop(part: Path, stop: StopSignal) -> None:
    if stop.received:
        raise stop.error(stop.received, f"{size_text(_size(part))} are in {part}")


def _forget_holes(part: Path) -> None:
    """Start over where aria2c was at work: what it left has holes, which only aria2c knows."""
    control = part.with_name(f"{part.name}.aria2")
    if control.exists():
        part.unlink(missing_ok=True)
        control.unlink()


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def version_path(part: Path) -> Path:
    """Where the server's mark of a part's version is kept."""
    return part.with_name(f"{part.name}.version")
