import errno
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvision.errors import StorageError
from spatialvision.runs.storage import disk_errors, replacing, write_bytes, write_json, write_text

MOUNT = Callable[[str], Path]
TWO_MEGABYTES = b"x" * 2_000_000


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_bytes(path, b"old")
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert [item.name for item in path.parent.iterdir()] == ["file"]


def test_text_is_utf8(tmp_path: Path) -> None:
    write_text(tmp_path / "file", "θ")
    assert (tmp_path / "file").read_bytes() == b"\xce\xb8"


def test_json_is_readable_and_finite(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, {"loss": 0.5, "name": "θ"})
    assert path.read_text("utf-8") == '{\n  "loss": 0.5,\n  "name": "θ"\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"loss": float("nan")})
    assert json.loads(path.read_text("utf-8"))["loss"] == 0.5


@pytest.mark.fault("disk")
def test_a_full_disk_leaves_the_old_file(small_disk: MOUNT) -> None:
    path = small_disk("size=1m") / "file"
    write_bytes(path, b"old")
    with pytest.raises(StorageError) as caught:
        write_bytes(path, TWO_MEGABYTES)
    assert str(caught.value) == (
        f"cannot write {path} (2,000,000 bytes needed): No space left on device; free some space and run again"
    )
    assert caught.value.exit_code == 6
    assert path.read_bytes() == b"old"
    assert [item.name for item in path.parent.iterdir()] == ["file"], "no half-written file stays"
    write_bytes(path, b"newer")
    assert path.read_bytes() == b"newer"


@pytest.mark.fault("disk")
def test_a_read_only_folder_leaves_the_old_file(small_disk: MOUNT) -> None:
    folder = small_disk("size=1m")
    path = folder / "file"
    write_bytes(path, b"old")
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    for target in (path, folder / "new" / "file"):
        with pytest.raises(StorageError) as caught:
            write_bytes(target, b"four")
        assert str(caught.value) == (
            f"cannot write {target} (4 bytes needed): Read-only file system; choose a writable folder and run again"
        )
    assert path.read_bytes() == b"old"


@pytest.mark.fault("disk")
def test_the_largest_allowed_file_leaves_the_old_file(tmp_path: Path) -> None:
    """The system's limit on the size of files is one that needs no rights to set."""
    path = tmp_path / "file"
    write_bytes(path, b"old")
    code = "import pathlib, sys; from spatialvision.runs.storage import write_bytes;"
    code += "write_bytes(pathlib.Path(sys.argv[1]), b'x' * 200_000)"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    line = [sys.executable, "-c", code, str(path)]
    process = subprocess.run(line, preexec_fn=limit, capture_output=True, text=True)
    assert f"StorageError: cannot write {path} (200,000 bytes needed): File too large" in process.stderr
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_other_errors_are_none_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), disk_errors(tmp_path):
        (tmp_path / "none").read_text()
    with pytest.raises(StorageError, match=f"^cannot write {tmp_path}: gone; choose"), disk_errors(tmp_path):
        raise OSError(errno.EACCES, "gone")


def write_half(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(b"half")
        raise KeyError


def test_a_file_written_piece_by_piece_replaces_the_old_one_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "model.pt2"
    with replacing(path) as temporary:
        assert temporary.name == "model.pt2"
        temporary.write_bytes(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    with pytest.raises(KeyError):
        write_half(path)
    assert path.read_bytes() == b"whole"
    assert [item.name for item in path.parent.iterdir()] == ["model.pt2"]


@pytest.mark.fault("disk")
def test_a_full_disk_leaves_the_old_file_that_was_to_be_replaced(small_disk: MOUNT) -> None:
    path = small_disk("size=1m") / "file"
    write_bytes(path, b"old")
    with pytest.raises(StorageError, match="No space left on device"), replacing(path) as temporary:
        temporary.write_bytes(TWO_MEGABYTES)
    assert path.read_bytes() == b"old"
    assert [item.name for item in path.parent.iterdir()] == ["file"], "no half-written file stays"
