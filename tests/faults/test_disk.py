"""A disk that becomes full, or read-only, in the middle of a training: exit code 6, and the run goes on once it can."""

import contextlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spatialvision import Run, load_recipe, train
from spatialvision.errors import StorageError
from spatialvision.signals import StopSignal
from spatialvision.training.checkpoint import read_verified

OFTEN = ("checkpoint.every.steps=2", "log.every.steps=1", "evaluation.every.steps=11")


class Asked(StopSignal):
    """No signal; something happens when the loop asks for the n-th time whether there was one."""

    def __init__(self, number: int, action: Callable[[], None]):
        self.number, self.action = number, action
        super().__init__()

    @property
    def received(self) -> int:
        self.number -= 1
        if self.number == 0:
            self.action()
        return 0

    @received.setter
    def received(self, value: int) -> None:
        pass


def fill(disk: Path) -> None:
    """Leave not a byte free."""
    with (disk / "ballast").open("ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass


def check_whole(run: Run, kept: int) -> None:
    """The rows are whole lines, and every checkpoint is valid."""
    lines = (run.path / "metrics.jsonl").read_bytes().splitlines(keepends=True)
    assert all(line.endswith(b"\n") and json.loads(line)["step"] for line in lines)
    steps = [int(path.name[5:13]) for path in (run.path / "checkpoints").iterdir() if read_verified(path)]
    assert max(steps) == kept


@pytest.fixture(scope="module")
def undisturbed(small_recipe: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    recipe = load_recipe(small_recipe, *OFTEN)
    return train(recipe, runs_dir=tmp_path_factory.mktemp("whole"), quiet=True)


@pytest.mark.fault("disk")
@pytest.mark.parametrize("asked", [6, 7])
def test_a_disk_that_becomes_full(
    asked: int, undisturbed: Run, small_recipe: str, small_disk: Any, contents_of: Any
) -> None:
    recipe, disk = load_recipe(small_recipe, *OFTEN), small_disk("size=4m")
    with pytest.raises(
        StorageError, match=r"cannot write .* \([\d,]+ bytes needed\): No space left"
    ) as caught:
        train(recipe, runs_dir=disk / "runs", quiet=True, stop=Asked(asked, lambda: fill(disk)))
    assert caught.value.exit_code == 6
    run = Run(next(disk.glob("runs/small/*")))
    check_whole(run, kept=4)
    with pytest.raises(StorageError):
        train(recipe, runs_dir=disk / "runs", quiet=True)
    check_whole(run, kept=4)
    (disk / "ballast").unlink()
    assert contents_of(train(recipe, runs_dir=disk / "runs", quiet=True)) == contents_of(undisturbed)


@pytest.mark.fault("disk")
def test_a_disk_that_can_only_be_read(
    undisturbed: Run, small_recipe: str, small_disk: Any, contents_of: Any
) -> None:
    recipe, disk = load_recipe(small_recipe, *OFTEN), small_disk("size=4m")

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe, runs_dir=disk, quiet=True, stop=Asked(7, stop))
    run = Run(next(disk.glob("small/*")))
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(
        StorageError, match=r"cannot write .*: Read-only file system; choose a writable folder"
    ):
        train(recipe, runs_dir=disk, quiet=True)
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before
    check_whole(run, kept=4)
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert contents_of(train(recipe, runs_dir=disk, quiet=True)) == contents_of(undisturbed)
