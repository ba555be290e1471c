from pathlib import Path

import pytest

from spatialvision.data.preparation import syncing
from spatialvision.data.preparation.syncing import sync_file_system


def test_a_folder_can_be_waited_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(1000))
    sync_file_system(tmp_path)


def test_a_refusal_is_an_error_with_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        @staticmethod
        def syncfs(descriptor: int) -> int:
            syncing.ctypes.set_errno(28)
            return -1

    monkeypatch.setattr(syncing.ctypes, "CDLL", lambda name, use_errno: Library)
    with pytest.raises(OSError, match="No space left on device") as caught:
        sync_file_system(tmp_path)
    assert caught.value.errno == 28


def test_elsewhere_everything_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    monkeypatch.setattr(syncing.ctypes, "CDLL", lambda name, use_errno: object())
    monkeypatch.setattr(syncing.os, "sync", lambda: called.append(True))
    sync_file_system(tmp_path)
    assert called == [True]
