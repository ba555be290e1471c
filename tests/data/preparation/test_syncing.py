import os
from pathlib import Path

import pytest

from spatialvision.data.preparation import syncing
from spatialvision.data.preparation.syncing import sync_file_system


def test_the_folders_file_system_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncfs, asked = syncing.ctypes.CDLL(None).syncfs, []

    class Library:
        @staticmethod
        def syncfs(descriptor: int) -> int:
            asked.append((descriptor, os.fstat(descriptor), syncfs(descriptor)))
            return asked[-1][2]

    monkeypatch.setattr(syncing.ctypes, "CDLL", lambda name, use_errno: Library)
    sync_file_system(tmp_path)
    ((descriptor, folder, answer),) = asked
    assert os.path.samestat(folder, tmp_path.stat())
    assert answer == 0
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


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
