"""Datasets from a server that cuts, lies, refuses, and is asked twice at once; and none at all."""

import gzip
import hashlib
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from spatialvision.data import load_dataset
from spatialvision.errors import DataError

Command = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.fault("download")

IMAGES = struct.pack(">IIII", 0x803, 20, 28, 28) + bytes(range(256)) * 61 + bytes(64)
LABELS = struct.pack(">II", 0x801, 20) + bytes([*range(10)] * 2)
FILES = {
    f"{split}-{what}-ubyte.gz": gzip.compress(content, mtime=0)
    for split in ("train", "t10k")
    for what, content in (("images-idx3", IMAGES), ("labels-idx1", LABELS))
}
MD5S = [(name, hashlib.md5(content).hexdigest()) for name, content in FILES.items()]


class Server(ThreadingHTTPServer):
    """Serves the files; what it does wrong is set from outside."""

    status, cut, wrong = 200, 0, False
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        pass


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        content = FILES[self.path.rpartition("/")[2]]
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        sent = bytes(len(content)) if self.server.wrong else content
        self.wfile.write(sent[: len(content) - self.server.cut])

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    from torchvision import datasets

    with Server(("127.0.0.1", 0), Handler) as served:
        monkeypatch.setattr(datasets.MNIST, "mirrors", [f"http://127.0.0.1:{served.server_port}/"])
        monkeypatch.setattr(datasets.MNIST, "resources", MD5S)
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        served.shutdown()
        thread.join()


@pytest.mark.parametrize("faults", [{"cut": 5}, {"wrong": True}, {"status": 503}, {"status": 404}], ids=str)
def test_what_goes_wrong_is_told_and_the_next_call_begins_anew(
    server: Server, tmp_path: Path, faults: dict[str, Any]
) -> None:
    root = tmp_path / "root"
    for name, value in faults.items():
        setattr(server, name, value)
    with pytest.raises(DataError, match="the download failed"):
        load_dataset("mnist", {}, root, offline=False)
    assert list(root.iterdir()) == []
    server.cut, server.wrong, server.status = 0, False, 200
    assert len(load_dataset("mnist", {}, root, offline=False).train.images) == 20
    assert_whole(root)


def assert_whole(root: Path) -> None:
    assert {path.name: path.read_bytes() for path in root.rglob("*") if path.is_file()} == FILES


BOTH = """
import sys
from pathlib import Path
from torchvision import datasets
from spatialvision.data import load_dataset

datasets.MNIST.mirrors, datasets.MNIST.resources = [sys.argv[1]], eval(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
load_dataset("mnist", {}, Path(sys.argv[3]), offline=False)
"""


@pytest.mark.slow
def test_two_at_once_leave_whole_files(server: Server, tmp_path: Path) -> None:
    from torchvision import datasets

    line = [sys.executable, "-c", BOTH, datasets.MNIST.mirrors[0], repr(MD5S), str(tmp_path / "root")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(line, **pipes) for _ in range(2)]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    ends = [process.communicate("go\n") for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    assert_whole(tmp_path / "root")


@pytest.mark.parametrize("dataset", ["mnist", "cifar10", "cifar100"])
def test_offline_it_is_exit_code_3_and_no_request(
    command: Command, small_recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dataset: str
) -> None:
    def connected(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was attempted")

    monkeypatch.setattr("socket.create_connection", connected)
    code, _, errors = command(
        "train", small_recipe, f"data={{name: {dataset}}}", "--offline", "--data-root", tmp_path / "empty"
    )
    assert code == 3
    assert f"the files of {dataset!r} are not here, and --offline forbids a download" in errors
    assert not (tmp_path / "empty").exists()


@pytest.mark.parametrize("link", ["https://127.0.0.1:1/file.tar", "http://127.0.0.1:1/file.tar"])
def test_a_file_that_cannot_be_fetched_is_exit_code_3(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    monkeypatch.setattr("spatialvision.data.preparation.resuming.PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("spatialvision.data.preparation.fetching.shutil.which", lambda program: None)
    code, _, errors = command("data", "fetch", link, "--to", "file.tar")
    assert code == 3
    assert "no connection" in errors
    assert not (tmp_path / "file.tar").exists()
