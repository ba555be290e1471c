"""How aria2c is called, and what its ends mean, with a program in its place."""

import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from spatialvision.data.preparation.aria2 import fetch_with_aria2
from spatialvision.data.preparation.resuming import version_path
from spatialvision.errors import DataError, Stopped, StorageError


def program(folder: Path, body: str) -> str:
    path = folder / "aria2c"
    path.write_text(f"#!{sys.executable}\nimport pathlib, sys, time\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_it_is_told_what_to_write_and_where(tmp_path: Path, console: Any, calm: Any) -> None:
    body = f"pathlib.Path({str(tmp_path / 'arguments')!r}).write_text('\\n'.join(sys.argv[1:]))"
    fetch_with_aria2(
        program(tmp_path, body), "https://host/file", tmp_path / "deep" / "file.part", console, calm
    )
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments[-2:] == ["--", "https://host/file"]
    assert {f"--dir={tmp_path}/deep", "--out=file.part", "--continue=true", "--no-conf"} <= set(arguments)


@pytest.mark.parametrize(("holes", "kept"), [(False, False), (True, True)])
def test_what_one_connection_left_is_begun_anew(
    tmp_path: Path, console: Any, calm: Any, holes: bool, kept: bool
) -> None:
    """Its version is known, which aria2c does not ask for; what aria2c itself began is gone on with."""
    part = tmp_path / "file.part"
    part.write_bytes(b"of another version")
    version_path(part).write_text('"one"')
    if holes:
        (tmp_path / "file.part.aria2").touch()
    fetch_with_aria2(program(tmp_path, ""), "https://host/file", part, console, calm)
    assert part.exists() == kept
    assert not version_path(part).exists()


@pytest.mark.parametrize(
    ("code", "error"), [(1, DataError), (3, DataError), (9, StorageError), (17, StorageError)]
)
def test_its_failures_are_ours(tmp_path: Path, console: Any, calm: Any, code: int, error: type) -> None:
    with pytest.raises(error, match=f"aria2c ended with code {code}"):
        fetch_with_aria2(
            program(tmp_path, f"sys.exit({code})"), "https://host/file", tmp_path / "file.part", console, calm
        )


def test_a_signal_ends_it(tmp_path: Path, console: Any, stopped_after: Any) -> None:
    begin = time.monotonic()
    with pytest.raises(Stopped, match=r"what has come is in .*file\.part"):
        fetch_with_aria2(
            program(tmp_path, "time.sleep(60)"),
            "https://host/file",
            tmp_path / "file.part",
            console,
            stopped_after(0, signal.SIGTERM),
        )
    assert time.monotonic() - begin < 20
