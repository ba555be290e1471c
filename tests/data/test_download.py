import contextlib
import os
import socket
import sys
from pathlib import Path

import pytest

from spatialvision.data.download import DownloadFailedError, download
from spatialvision.errors import StorageError


@pytest.mark.fault("download")
def test_files_arrive_whole_and_alone(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "root"

    def fetch(staging: Path) -> None:
        (staging / "set").mkdir()
        (staging / "set" / "a").write_text("new")
        (staging / "set" / "b").write_text("new")
        (staging / "archive").write_text("not asked for")
        assert list((root / "set").glob("*")) == [root / "set" / "a"]

    (root / "set").mkdir(parents=True)
    (root / "set" / "a").write_text("old")
    download(fetch, root, "set", ["a", "b"])
    assert {path.name: path.read_text() for path in (root / "set").iterdir()} == {"a": "old", "b": "new"}
    assert list(root.iterdir()) == [root / "set"]


@pytest.mark.parametrize(
    "error", [ConnectionResetError("gone"), RuntimeError("gone\nfor good"), TimeoutError()]
)
@pytest.mark.fault("download")
def test_a_broken_download_is_one_line_and_leaves_nothing(tmp_path: Path, error: Exception) -> None:
    def fetch(staging: Path) -> None:
        (staging / "half").write_text("hal")
        raise error

    with pytest.raises(DownloadFailedError) as caught:
        download(fetch, tmp_path, "set", ["half"])
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    def fetch(staging: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(fetch, tmp_path, "set", ["a"])
    assert list(tmp_path.iterdir()) == []


def test_progress_is_not_printed_and_silence_is_not_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = []

    def fetch(staging: Path) -> None:
        seen.append(socket.getdefaulttimeout())
        print("50 %")
        print("99 %", file=sys.stderr)

    download(fetch, tmp_path, "set", [])
    assert capsys.readouterr() == ("", "")
    assert seen == [30]
    assert socket.getdefaulttimeout() is None


def test_a_data_root_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot write to .*file/root.*--data-root"):
        download(lambda staging: None, tmp_path / "file" / "root", "set", ["a"])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_a_storage_error(tmp_path: Path) -> None:
    def fetch(staging: Path) -> None:
        with contextlib.closing(open("/dev/full", "wb", buffering=0)) as file:
            file.write(b"x")

    with pytest.raises(StorageError, match="No space left on device"):
        download(fetch, tmp_path, "set", ["a"])
