import hashlib
import io
import signal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from spatialvision.data.preparation.digest import PIECE, WrongArchiveError, check_md5, file_md5, watched_md5
from spatialvision.errors import Stopped
from spatialvision.signals import StopSignal


def test_the_md5_is_that_of_the_whole_content(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(content)
    assert file_md5(tmp_path / "file") == hashlib.md5(content).hexdigest()


def test_a_watched_one_is_the_same_and_shows_how_far_it_is(tmp_path: Path, calm: StopSignal) -> None:
    content, lines = bytes(range(256)) * 10_000, io.StringIO()
    (tmp_path / "file.part").write_bytes(content)
    found = watched_md5(tmp_path / "file.part", Console(file=lines), calm)
    assert found == hashlib.md5(content).hexdigest()
    assert "MD5 of file: 2.56 MB of 2.56 MB" in lines.getvalue()


def test_a_signal_ends_a_watched_one_after_a_piece(
    tmp_path: Path, console: Console, stopped_after: Any
) -> None:
    (tmp_path / "file").write_bytes(bytes(3 * PIECE))
    stop = stopped_after(1, signal.SIGTERM)
    with pytest.raises(Stopped, match=r"stopped by SIGTERM; .*/file is there, its MD5 is not known yet"):
        watched_md5(tmp_path / "file", console, stop)


def test_another_md5_is_refused_and_none_accepts_any() -> None:
    check_md5(Path("a.tar"), "1" * 32, "1" * 32)
    check_md5(Path("a.tar"), "1" * 32, "")
    with pytest.raises(
        WrongArchiveError, match=r"a\.tar has the MD5 1{32}, expected 2{32}: .*--subset"
    ) as caught:
        check_md5(Path("a.tar"), "1" * 32, "2" * 32)
    assert caught.value.exit_code == 3
