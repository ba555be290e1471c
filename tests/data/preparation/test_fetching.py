"""Against a real server that cuts connections, changes its file, refuses, or knows no ranges."""

import hashlib
import os
import random
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from spatialvision.data.preparation import fetching, resuming
from spatialvision.data.preparation.fetching import fetch
from spatialvision.errors import DataError, RecipeError, Stopped, StorageError
from spatialvision.signals import StopSignal

CONTENT = random.Random(0).randbytes(3_000_000)
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves one content, with ranges; what it does wrong is set from outside."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.version, self.knows_ranges, self.status = CONTENT, '"one"', True, 200
        self.cuts: list[int] = []  # bytes after which the next connections break
        self.asked: list[str | None] = []  # ranges of all requests
        self.conditions: list[str | None] = []  # and on which version they depend

    @property
    def link(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/folder/file.tar?token=1"

    def handle_error(self, *_: Any) -> None:
        pass


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server, wanted = self.server, self.headers.get("Range")
        server.asked.append(wanted)
        server.conditions.append(self.headers.get("If-Range"))
        if server.status != 200:
            self.send_error(server.status)
            return
        fresh = self.headers.get("If-Range") in (None, server.version)
        ranged = wanted is not None and fresh and server.knows_ranges
        begin, end = self.span(wanted or "") if ranged else (0, len(server.content))
        if begin >= len(server.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(server.content)}")
            self.end_headers()
            return
        self.send_response(206 if ranged else 200)
        if ranged:
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(server.content)}")
        self.send_header("Content-Length", str(end - begin))
        self.send_header("ETag", server.version)
        self.end_headers()
        cut = server.cuts.pop(0) if server.cuts else len(server.content)
        self.wfile.write(server.content[begin : min(end, begin + cut)])

    def span(self, wanted: str) -> tuple[int, int]:
        """First byte, and the one after the last."""
        first, last = wanted.removeprefix("bytes=").split("-")
        return int(first), int(last) + 1 if last else len(self.server.content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(fetching.shutil, "which", lambda program: None)
    monkeypatch.setattr(resuming, "PAUSE_SECONDS", 0.0)
    with Server() as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        served.shutdown()
        thread.join()


@pytest.fixture
def get(server: Server, tmp_path: Path, console: Any, calm: Any) -> Any:
    def call(md5: str = MD5, stop: Any = calm) -> Path:
        return fetch(server.link, tmp_path / "deep" / "file.tar", md5=md5, console=console, stop=stop)

    return call


def names(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "deep").iterdir())


def test_a_file_arrives_whole_and_alone(server: Server, get: Any, tmp_path: Path) -> None:
    assert get().read_bytes() == CONTENT
    assert names(tmp_path) == ["file.tar"]
    assert server.asked == [None]


def test_a_file_that_is_there_is_only_checked(server: Server, get: Any) -> None:
    path = get()
    assert get(md5=MD5.upper()) == path
    assert len(server.asked) == 1
    with pytest.raises(DataError, match=f"has the MD5 {MD5}, expected 0{{32}}; move .* away and run again"):
        get(md5="0" * 32)
    assert path.read_bytes() == CONTENT


@pytest.mark.fault("download")
def test_broken_connections_are_renewed_where_they_broke(server: Server, get: Any, tmp_path: Path) -> None:
    server.cuts = [1_000_000, 500_000]
    assert get().read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000000-", "bytes=1500000-"]
    assert names(tmp_path) == ["file.tar"]


@pytest.mark.fault("download")
def test_connections_that_bring_nothing_end_the_work_and_the_next_call_goes_on(
    server: Server, get: Any, tmp_path: Path
) -> None:
    server.cuts = [1_000_000, *[0] * 5]
    with pytest.raises(
        DataError, match=r"file\.tar\?token=1: .*; 1\.00 MB are in .*file\.tar\.part; run the same"
    ) as caught:
        get()
    assert caught.value.exit_code == 3
    assert names(tmp_path) == ["file.tar.part", "file.tar.part.version"]
    assert get().read_bytes() == CONTENT
    assert server.asked[-1] == "bytes=1000000-"


@pytest.mark.fault("download")
def test_the_rest_of_another_version_is_not_appended(server: Server, get: Any) -> None:
    server.cuts = [1_000_000, *[0] * 5]
    with pytest.raises(DataError):
        get()
    server.content, server.version = CONTENT[::-1], '"two"'
    assert get(md5="").read_bytes() == CONTENT[::-1]


@pytest.mark.fault("download")
def test_a_server_without_ranges_sends_all_again(server: Server, get: Any) -> None:
    server.cuts, server.knows_ranges = [1_000_000], False
    assert get().read_bytes() == CONTENT


@pytest.mark.fault("download")
def test_a_part_that_is_whole_already_is_taken(server: Server, get: Any, tmp_path: Path) -> None:
    """Killed between the last byte and the new name."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file.tar.part").write_bytes(CONTENT)
    assert get().read_bytes() == CONTENT


@pytest.mark.fault("download")
def test_a_part_of_a_longer_file_is_begun_anew(server: Server, get: Any, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file.tar.part").write_bytes(bytes(len(CONTENT) + 1))
    assert get().read_bytes() == CONTENT


def test_a_weak_version_is_not_asked_for(server: Server, get: Any) -> None:
    """Servers send all of the file again when it is."""
    server.version, server.cuts = 'W/"one"', [1_000_000]
    assert get().read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000000-"]
    assert server.conditions == [None, None]


def test_what_aria2c_left_has_holes_and_is_not_gone_on_with(server: Server, get: Any, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file.tar.part").write_bytes(bytes(2_000_000))
    (tmp_path / "deep" / "file.tar.part.aria2").write_bytes(b"")
    assert get(md5="").read_bytes() == CONTENT
    assert names(tmp_path) == ["file.tar"]


@pytest.mark.fault("download")
def test_two_calls_for_one_file_do_not_write_into_each_other(
    server: Server, get: Any, tmp_path: Path
) -> None:
    """The second, in the middle of the first, is told who is at work."""

    class Second(StopSignal):
        refusal = ""

        @property
        def received(self) -> int:
            with pytest.raises(RecipeError) as caught:
                get()
            self.refusal = str(caught.value)
            return 0

        @received.setter
        def received(self, number: int) -> None:
            pass

    second = Second()
    assert get(stop=second).read_bytes() == CONTENT
    file, holder = tmp_path / "deep" / "file.tar", f"process {os.getpid()} on {socket.gethostname()}"
    assert second.refusal == f"{file} is in use by {holder}; wait for it, stop it, or name another file"
    assert server.asked == [None]
    assert names(tmp_path) == ["file.tar"]


@pytest.mark.fault("download")
def test_a_wrong_md5_keeps_nothing(server: Server, get: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"has the MD5 {MD5}, expected 0{{32}}; it was deleted"):
        get(md5="0" * 32)
    assert names(tmp_path) == []


@pytest.mark.parametrize(("status", "requests"), [(404, 1), (403, 1), (503, 5)])
@pytest.mark.fault("download")
def test_a_refusal_is_told(server: Server, get: Any, status: int, requests: int) -> None:
    server.status = status
    with pytest.raises(DataError, match=f"the server answers {status}"):
        get()
    assert len(server.asked) == requests


@pytest.mark.fault("download")
def test_no_server_is_told(server: Server, tmp_path: Path, console: Any, calm: Any) -> None:
    with pytest.raises(DataError, match=r"no connection .*refused"):
        fetch("http://127.0.0.1:1/file", tmp_path / "file", console=console, stop=calm)


def test_a_signal_keeps_what_came(server: Server, get: Any, tmp_path: Path, stopped_after: Any) -> None:
    with pytest.raises(
        Stopped, match=r"stopped by SIGTERM; .* are in .*file\.tar\.part; run the same command"
    ):
        get(stop=stopped_after(0, signal.SIGTERM))
    assert (tmp_path / "deep" / "file.tar.part").stat().st_size > 0
    assert get().read_bytes() == CONTENT


def test_a_signal_while_the_md5_is_computed_keeps_the_whole_part(
    server: Server, get: Any, tmp_path: Path, stopped_after: Any
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file.tar.part").write_bytes(CONTENT)
    with pytest.raises(Stopped, match=r"file\.tar\.part is there, its MD5 is not known yet"):
        get(stop=stopped_after(0, signal.SIGTERM))
    assert get().read_bytes() == CONTENT
    assert server.asked == [f"bytes={len(CONTENT)}-"] * 2


def test_a_full_disk_is_told(
    server: Server, small_disk: Any, console: Any, calm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small_disk("size=1m") / "file"
    monkeypatch.setattr(resuming, "check_space", lambda folder, size: None)
    with pytest.raises(StorageError, match=f"cannot write {path}: No space left on device"):
        fetch(server.link, path, console=console, stop=calm)


def test_a_disk_that_is_too_small_is_told_before_the_first_byte(
    server: Server, small_disk: Any, console: Any, calm: Any
) -> None:
    disk = small_disk("size=1m")
    with pytest.raises(StorageError, match=r"3\.09 MB needed, 1\.0. MB free"):
        fetch(server.link, disk / "file", console=console, stop=calm)
    assert not (disk / "file.part").exists()


def test_only_what_is_still_to_come_needs_room(
    server: Server, small_disk: Any, console: Any, calm: Any
) -> None:
    disk = small_disk("size=4m")
    (disk / "file.part").write_bytes(CONTENT[:2_000_000])
    assert fetch(server.link, disk / "file", console=console, stop=calm).read_bytes() == CONTENT
    assert server.asked == ["bytes=2000000-"]


def test_the_size_is_asked_for_without_fetching(server: Server) -> None:
    assert resuming.remote_size(server.link) == len(CONTENT)
    assert resuming.remote_size("http://127.0.0.1:1/file") == 0


@pytest.mark.parametrize(
    ("link", "md5", "message"),
    [
        ("file:///etc/passwd", "", "expected a link such as https://.*, got 'file:///etc/passwd'"),
        ("--conf-path=/etc/passwd", "", "expected a link"),
        ("http://", "", "expected a link"),
        ("http://127.0.0.1/x", "abc", "expected an MD5 of 32 hexadecimal digits, got 'abc'"),
    ],
)
def test_what_is_no_link_or_no_md5_is_refused(
    tmp_path: Path, console: Any, calm: Any, link: str, md5: str, message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        fetch(link, tmp_path / "file", md5=md5, console=console, stop=calm)


@pytest.mark.parametrize("md5", ["", MD5])
def test_a_folder_is_no_file_to_write(tmp_path: Path, console: Any, calm: Any, md5: str) -> None:
    with pytest.raises(RecipeError, match=f"expected the name of a file to write, got the folder {tmp_path}"):
        fetch("http://127.0.0.1:1/file", tmp_path, md5=md5, console=console, stop=calm)


def test_the_real_aria2c_goes_on(
    server: Server, get: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()
    if shutil.which("aria2c") is None:
        pytest.skip("needs aria2c")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file.tar.part").write_bytes(CONTENT[:1_000_000])
    assert get().read_bytes() == CONTENT
    assert names(tmp_path) == ["file.tar"]
