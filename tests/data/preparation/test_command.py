"""The commands: what they print, how they end, and signals in real processes."""

import shutil
import signal
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

PREPARE = ("data", "prepare", "imagenet")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def link(tmp_path: Path) -> Iterator[str]:
    """Where the test's folder is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_both_splits_with_a_list_of_labels(archives: Any, command: Any, tmp_path: Path) -> None:
    training, files = archives.training()
    validation, labels, images = archives.validation()
    archives.write("labels.txt", "\n".join(labels).encode())
    code, output, errors = command(
        *PREPARE,
        "--train",
        training,
        "--val",
        validation,
        "--labels",
        "labels.txt",
        "--subset",
        "--to",
        "out",
    )
    assert (code, output) == (0, "out/train: 3 classes, 12 images\nout/val: 3 classes, 10 images\n")
    assert errors.startswith("train: ")
    assert archives.contents(tmp_path / "out" / "train") == files
    assert archives.contents(tmp_path / "out" / "val") == images


def test_the_default_place_is_the_folder_of_the_datasets(
    archives: Any, command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPATIALVISION_DATA", str(tmp_path / "data"))
    path, files = archives.training()
    code, _, errors = command(*PREPARE, "--train", path, "--subset", "--quiet", "--processes", 1)
    assert (code, errors) == (0, "")
    assert archives.contents(tmp_path / "data" / "imagenet" / "train") == files


def test_a_link_is_fetched_first_and_kept(archives: Any, command: Any, tmp_path: Path, link: str) -> None:
    path, files = archives.training()
    code, _, errors = command(*PREPARE, "--train", f"{link}/train.tar", "--subset", "--to", "out", "--quiet")
    assert (code, errors) == (0, "")
    assert archives.contents(tmp_path / "out" / "train") == files
    assert (tmp_path / "out" / "archives" / "train" / "train.tar").read_bytes() == path.read_bytes()


def test_a_split_that_is_there_needs_neither_archive_nor_labels(
    archives: Any, command: Any, tmp_path: Path, link: str
) -> None:
    path, labels, _ = archives.validation()
    archives.write("labels.txt", "\n".join(labels).encode())
    line = [*PREPARE, "--val", f"{link}/val.tar", "--subset", "--to", "out", "--quiet"]
    first = command(*line, "--labels", "labels.txt")
    shutil.rmtree(tmp_path / "out" / "archives")
    path.unlink()
    assert first == command(*line) == (0, "out/val: 3 classes, 10 images\n", "")
    assert not (tmp_path / "out" / "archives").exists()


def test_links_with_one_name_are_two_files(archives: Any, command: Any, tmp_path: Path, link: str) -> None:
    for split, path in (("train", archives.training()[0]), ("val", archives.validation()[0])):
        (tmp_path / split).mkdir()
        path.rename(tmp_path / split / "a.tar")
    archives.write("labels.txt", "\n".join(archives.validation()[1]).encode())
    line = [
        *PREPARE,
        "--train",
        f"{link}/train/a.tar",
        "--val",
        f"{link}/val/a.tar",
        "--labels",
        "labels.txt",
    ]
    assert command(*line, "--subset", "--to", "out", "--quiet")[0] == 0
    assert {path.name for path in (tmp_path / "out").glob("[!.]*")} == {"archives", "train", "val"}


def test_room_for_archive_and_images_is_checked_before_the_first_byte(
    archives: Any, command: Any, small_disk: Any, link: str
) -> None:
    """The archive alone would fit."""
    archives.training(classes=2, images=40)
    disk = small_disk("size=400k")
    code, _, errors = command(*PREPARE, "--train", f"{link}/train.tar", "--subset", "--to", disk / "out")
    assert code == 6
    assert "MB needed" in errors or "kB needed" in errors
    assert not (disk / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "nothing to prepare: give --train and --val, the two archives, or --tree"),
        (
            ["--val", "val.tar"],
            2,
            "the archive of validation images does not tell their classes: give --devkit",
        ),
        (["--train", "none.tar"], 3, "cannot read none.tar: No such file or directory"),
        (["--train", "train.tar"], 3, "train.tar: expected 1,000 classes, found 3; --subset accepts any"),
        (["--val", "val.tar", "--devkit", "train.tar"], 3, "train.tar is not the development kit"),
        (["--tree", "nowhere"], 3, "nowhere/train: no such folder"),
        (["--train", "train.tar", "--processes", "0"], 2, "--processes"),
        (
            ["--tree", "x", "--train", "train.tar"],
            2,
            "expected --tree or --train, got both; leave one of them out",
        ),
        (
            ["--train", "https://host/"],
            2,
            "--train: expected a link that ends in a file's name, got 'https://host/'",
        ),
        (["--tree", "x", "--val", "val.tar"], 2, "expected --tree or --val, got both"),
        (
            ["--val", "val.tar", "--devkit", "x", "--labels", "y"],
            2,
            "expected --devkit or --labels, got both",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line(
    archives: Any, command: Any, arguments: list[str], code: int, message: str
) -> None:
    archives.training(), archives.validation()
    found, output, errors = command(*PREPARE, *arguments, "--to", "out")
    assert (found, output) == (code, "")
    assert message in errors
    assert "Traceback" not in errors


def test_a_tree_is_linked(archives: Any, command: Any, tmp_path: Path) -> None:
    for split in ("train", "val"):
        folder = tmp_path / "tree" / split / "n01440764"
        folder.mkdir(parents=True)
        (folder / "n01440764_1.JPEG").touch()
    code, output, _ = command(*PREPARE, "--tree", "tree", "--to", "out", "--subset")
    assert (code, output) == (0, "out/train: 1 classes, 1 images\nout/val: 1 classes, 1 images\n")
    assert (tmp_path / "out" / "val").resolve() == tmp_path / "tree" / "val"
    code, _, errors = command(*PREPARE, "--tree", "tree", "--to", "other")
    assert code == 3
    assert "expected 1,000 classes, 1,281,167 images, found 1 classes, 1 images" in errors


def test_a_tilde_is_the_home_folder(
    archives: Any, command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    """Also where the shell leaves it alone, as in --to=~/out."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    path, _ = archives.training()
    line = [*PREPARE, "--subset", "--quiet"]
    assert command(*line, "--train", path, "--to=~/out")[0] == 0
    assert (tmp_path / "home" / "out" / "train").is_dir()
    for split in ("train", "val"):
        (tmp_path / "home" / "tree" / split).mkdir(parents=True)
    assert command(*line, "--tree=~/tree", "--to=~/linked")[0] == 0
    assert (tmp_path / "home" / "linked" / "val").resolve() == tmp_path / "home" / "tree" / "val"
    assert command("data", "fetch", f"{link}/train.tar", "--to=~/a.tar", "--quiet")[0] == 0
    assert (tmp_path / "home" / "a.tar").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 75), (signal.SIGINT, 130)])
def test_a_signal_ends_it_with_one_line_and_the_same_command_goes_on(
    archives: Any, start: Any, command: Any, tmp_path: Path, number: int, code: int
) -> None:
    path, files = archives.training(classes=200, images=30)
    line = [*PREPARE, "--train", path, "--subset", "--to", "out", "--quiet", "--processes", 1]
    process, staged = start(*line), tmp_path / "out" / ".preparation" / "train"
    deadline = time.monotonic() + 60
    while not staged.exists() and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code, errors
    assert errors.count("\n") == 1
    assert f"stopped by {signal.Signals(number).name}; " in errors
    assert "of 200 classes of 'train' are extracted; run the same command again to continue" in errors
    assert command(*line) == (0, "out/train: 200 classes, 6,000 images\n", "")
    assert archives.contents(tmp_path / "out" / "train") == files


def test_verify_lists_broken_images(command: Any, tmp_path: Path) -> None:
    (tmp_path / "tree" / "a").mkdir(parents=True)
    for name in ("1.jpg", "2.jpg", "3.jpg"):
        Image.new("RGB", (8, 8)).save(tmp_path / "tree" / "a" / name)
    code, output, _ = command("data", "verify", "tree", "--quiet")
    assert code == 0
    assert output.startswith("tree: 3 images, 0 broken (decoded by Pillow")
    (tmp_path / "tree" / "a" / "2.jpg").write_bytes(b"\xff\xd8\xff broken")
    code, output, errors = command("data", "verify", "tree", "--quiet", "--processes", 1)
    assert (code, errors) == (3, "")
    broken, summary = output.splitlines()
    assert broken.startswith("tree/a/2.jpg: ")
    assert summary.startswith("tree: 3 images, 1 broken")


def test_fetch_prints_the_file(archives: Any, command: Any, tmp_path: Path, link: str) -> None:
    archives.write("source", b"content")
    line = ["data", "fetch", f"{link}/source", "--to", "deep/file", "--quiet"]
    assert command(*line, "--md5", archives.md5(tmp_path / "source")) == (0, "deep/file\n", "")
    assert (tmp_path / "deep" / "file").read_bytes() == b"content"
    code, _, errors = command("data", "fetch", "file:///etc/passwd", "--to", "file")
    assert code == 2
    assert "expected a link such as https://" in errors


@pytest.mark.parametrize(
    "arguments", [["data"], ["data", "prepare"], [*PREPARE], ["data", "verify"], ["data", "fetch"]]
)
def test_every_command_explains_itself(command: Any, arguments: list[str]) -> None:
    code, output, errors = command(*arguments, "--help")
    assert (code, errors) == (0, "")
    assert f"spatialvision {' '.join(arguments)}" in output
