import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spatialvision.errors import RecipeError, StorageError
from spatialvision.runs.lock import take_lock

HOLD = """
import pathlib, sys, time
from spatialvision.runs.lock import take_lock
lock = take_lock(pathlib.Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the folder."""
    line = [sys.executable, "-c", HOLD, str(tmp_path)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.fault("lock")
def test_the_holder_is_named(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        take_lock(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} is in use by process {holder.pid} on {socket.gethostname()}; "
        "wait for it, stop it, or give this run another --name"
    )


@pytest.mark.fault("lock")
def test_a_killed_holder_leaves_no_lock(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with take_lock(tmp_path) as lock:
        lock.seek(0)
        assert lock.read() == f"process {os.getpid()} on {socket.gethostname()}"


def test_a_closed_lock_is_free_again(tmp_path: Path) -> None:
    lock = take_lock(tmp_path)
    with pytest.raises(RecipeError, match=f"process {os.getpid()} "):
        take_lock(tmp_path)
    lock.close()
    with take_lock(tmp_path) as again:
        assert not again.closed


@pytest.mark.fault("disk")
def test_a_read_only_folder_is_refused(small_disk: Callable[[str], Path]) -> None:
    folder = small_disk("size=1m,ro")
    with pytest.raises(StorageError, match=f"cannot write {folder}/.lock: Read-only file system"):
        take_lock(folder)


@pytest.mark.fault("disk")
def test_a_full_disk_is_said(small_disk: Callable[[str], Path]) -> None:
    folder = small_disk("size=4k")
    (folder / "all of it").write_bytes(bytes(4096))
    with pytest.raises(StorageError, match=f"cannot write {folder}/.lock: No space left on device"):
        take_lock(folder)
