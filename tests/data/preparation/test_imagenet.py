"""From archives to folders: whole, broken off, killed, on a full disk, with archives that are not what they seem."""

import io
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from torchvision.datasets.imagenet import ARCHIVE_META

from spatialvision.data.preparation import extraction, imagenet
from spatialvision.data.preparation.imagenet import OFFICIAL, Part, prepare
from spatialvision.data.preparation.plan import plan_training, plan_validation
from spatialvision.data.preparation.tree import Count, Expected
from spatialvision.errors import DataError, Interrupted, RecipeError, Stopped, StorageError
from spatialvision.runs.lock import take_lock

Run = Callable[..., dict[str, Count]]


@pytest.fixture
def run(console: Any, calm: Any) -> Run:
    def call(target: Path, *parts: Part, stop: Any = calm, processes: int = 2) -> dict[str, Count]:
        return prepare(parts, target, processes=processes, console=console, stop=stop)

    return call


def training_part(
    archives: Any, classes: int = 3, images: int = 4, **changes: Any
) -> tuple[Part, dict[str, bytes]]:
    path, files = archives.training(classes, images)
    expected = Expected(classes, classes * images, archives.md5(path))
    return Part("train", plan_training(path), replace(expected, **changes)), files


def visible(archives: Any, target: Path) -> dict[str, bytes]:
    return {name: content for name, content in archives.contents(target).items() if not name.startswith(".")}


def test_the_official_numbers_are_the_published_ones() -> None:
    assert {split: numbers.md5 for split, numbers in OFFICIAL.items()} == {
        split: ARCHIVE_META[split][1] for split in ("train", "val")
    }


@pytest.mark.parametrize("processes", [1, 3])
def test_both_archives_become_folders(archives: Any, tmp_path: Path, run: Run, processes: int) -> None:
    training, files = training_part(archives)
    path, labels, images = archives.validation(10)
    before = path.read_bytes(), training.plan.archive.read_bytes()
    validation = Part("val", plan_validation(path, labels), Expected(3, 10, archives.md5(path)))
    counts = run(tmp_path / "out", training, validation, processes=processes)
    assert counts == {"train": Count(3, 12), "val": Count(3, 10)}
    wanted = {f"train/{name}": content for name, content in files.items()}
    wanted |= {f"val/{name}": content for name, content in images.items()}
    assert visible(archives, tmp_path / "out") == wanted
    assert (path.read_bytes(), training.plan.archive.read_bytes()) == before


def test_a_second_call_counts_only(
    archives: Any, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    part, _ = training_part(archives)
    first = run(tmp_path / "out", part)
    monkeypatch.setattr(extraction, "Workers", None)
    assert run(tmp_path / "out", part) == first


@pytest.mark.parametrize(
    ("number", "kind", "code"), [(signal.SIGINT, Interrupted, 130), (signal.SIGTERM, Stopped, 75)]
)
def test_a_signal_keeps_what_is_done(
    archives: Any, tmp_path: Path, run: Run, stopped_after: Any, number: int, kind: type, code: int
) -> None:
    part, files = training_part(archives, classes=40, images=30)
    with pytest.raises(
        kind, match=r"\d+ of 40 classes of 'train' are extracted; run the same command"
    ) as caught:
        run(tmp_path / "out", part, stop=stopped_after(1, number))
    assert caught.value.exit_code == code
    assert not (tmp_path / "out" / "train").exists()
    done = len(list((tmp_path / "out" / ".preparation" / "train").glob("n*")))
    assert 1 <= done < 40
    run(tmp_path / "out", part)
    assert visible(archives, tmp_path / "out") == {
        f"train/{name}": content for name, content in files.items()
    }


def test_what_is_done_is_not_done_again(archives: Any, tmp_path: Path, run: Run, stopped_after: Any) -> None:
    part, _ = training_part(archives, classes=40, images=30)
    with pytest.raises(Stopped):
        run(tmp_path / "out", part, stop=stopped_after(1, signal.SIGTERM))
    staged = tmp_path / "out" / ".preparation" / "train"
    times = {path.name: path.stat().st_mtime_ns for path in staged.glob("n*/*")}
    assert times
    run(tmp_path / "out", part)
    later = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "train").glob("n*/*")}
    assert {name: later[name] for name in times} == times


@pytest.mark.parametrize("pause", [0.0, 0.1])
def test_a_kill_and_a_second_call_give_an_identical_tree(
    archives: Any, tmp_path: Path, start: Any, command: Any, pause: float
) -> None:
    part, files = training_part(archives, classes=60, images=40)
    line = ["data", "prepare", "imagenet", "--train", part.plan.archive, "--to", "out", "--subset", "--quiet"]
    process, staged = start(*line), tmp_path / "out" / ".preparation" / "train"
    deadline = time.monotonic() + 60
    while not staged.exists() and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(pause)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "out" / "train").exists(), "killed too late to be in the middle"
    code, output, errors = command(*line)
    assert (code, errors) == (0, "")
    assert output == "out/train: 60 classes, 2,400 images\n"
    assert visible(archives, tmp_path / "out") == {
        f"train/{name}": content for name, content in files.items()
    }


def test_a_wrong_md5_leaves_nothing_in_its_place(archives: Any, tmp_path: Path, run: Run) -> None:
    part, _ = training_part(archives, md5="0" * 32)
    with pytest.raises(
        DataError, match=f"has the MD5 {archives.md5(part.plan.archive)}, expected 0{{32}}: it is damaged"
    ):
        run(tmp_path / "out", part)
    assert not (tmp_path / "out" / "train").exists()
    assert not (tmp_path / "out" / ".preparation" / "train").exists()


def test_an_md5_once_known_is_not_computed_again(
    archives: Any, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = archives.class_tar(archives.class_images("n01440764", 2))
    items = [archives.regular("n01440764.tar", good), archives.regular("n01440765.tar", good[:2000])]
    path = archives.write("train.tar", archives.tar(items))
    part = Part("train", plan_training(path), Expected(2, 4, archives.md5(path)))
    for _ in range(2):
        with pytest.raises(DataError, match="1 damaged classes:\n  n01440765: truncated"):
            run(tmp_path / "out", part)
        monkeypatch.setattr(extraction, "file_md5", None)
    assert [entry.name for entry in (tmp_path / "out" / ".preparation" / "train").iterdir()] == ["n01440764"]


def test_an_md5_that_fetching_found_is_not_computed_again(
    archives: Any, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    part, files = training_part(archives)
    monkeypatch.setattr(extraction, "file_md5", None)
    assert part.expected is not None
    run(tmp_path / "out", replace(part, md5=part.expected.md5))
    assert visible(archives, tmp_path / "out") == {
        f"train/{name}": content for name, content in files.items()
    }


def test_other_numbers_of_classes_are_refused_before_any_work(
    archives: Any, tmp_path: Path, run: Run
) -> None:
    part, _ = training_part(archives, classes=2)
    with pytest.raises(DataError, match="expected 1,000 classes, found 2; --subset"):
        run(tmp_path / "out", replace(part, expected=OFFICIAL["train"]))
    assert not (tmp_path / "out").exists()


def test_other_numbers_of_images_are_told(archives: Any, tmp_path: Path, run: Run) -> None:
    part, _ = training_part(archives)
    with pytest.raises(DataError, match="expected 3 classes, 13 images, found 3 classes, 12 images"):
        run(tmp_path / "out", replace(part, expected=replace(part.expected, images=13)))


def test_refused_members_are_listed_by_every_call(archives: Any, tmp_path: Path, run: Run) -> None:
    inner = archives.tar(
        [archives.regular("n01440764_1.JPEG", archives.image(1)), archives.regular("../../evil", b"evil")]
    )
    items = [archives.regular("n01440764.tar", inner), archives.regular("notes.txt", b"hello")]
    part = Part("train", plan_training(archives.write("train.tar", archives.tar(items))), None)
    for _ in range(2):
        with pytest.raises(DataError) as caught:
            run(tmp_path / "out", part)
        assert str(caught.value).splitlines() == [
            f"{tmp_path}/out/train: 1 classes, 1 images, without what was refused, 2 members:",
            "  'notes.txt': its name is not expected",
            "  n01440764: '../../evil': its name leads out of the folder",
        ]
    assert set(visible(archives, tmp_path / "out")) == {"train/n01440764/n01440764_1.JPEG"}
    with pytest.raises(DataError, match="without what was refused, 2 members"):
        run(tmp_path / "out", replace(part, plan=None))


def test_too_little_space_is_told_before_any_work(archives: Any, small_disk: Any, run: Run) -> None:
    part, _ = training_part(archives, classes=4, images=400)
    target = small_disk("size=300k") / "out"
    with pytest.raises(StorageError, match=r"out: 48\.0 MB needed, \d+ kB free; free some space there"):
        run(target, part)


def test_a_disk_that_fills_up_keeps_what_is_done(
    archives: Any, small_disk: Any, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    part, files = training_part(archives, classes=8, images=100)
    disk = small_disk("size=4m")
    (disk / "other").write_bytes(bytes(1_200_000))
    monkeypatch.setattr("spatialvision.data.preparation.imagenet.check_space", lambda target, size: None)
    with pytest.raises(
        StorageError, match=f"cannot write {disk}.*: No space left on device; free some space"
    ):
        run(disk / "out", part, processes=1)
    assert not (disk / "out" / "train").exists()
    assert 1 <= len(list((disk / "out" / ".preparation" / "train").glob("n*"))) < 8
    (disk / "other").unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
    run(disk / "out", part)
    assert visible(archives, disk / "out") == {f"train/{name}": content for name, content in files.items()}


def test_two_calls_at_once_are_refused(
    archives: Any, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imagenet, "PATIENCE_SECONDS", 0.1)
    part, _ = training_part(archives)
    (tmp_path / "out" / ".preparation").mkdir(parents=True)
    with (
        take_lock(tmp_path / "out" / ".preparation"),
        pytest.raises(
            RecipeError, match=r"in use by process \d+ on .*; wait for it, stop it, or name another folder"
        ),
    ):
        run(tmp_path / "out", part)


def test_progress_is_shown(archives: Any, tmp_path: Path, calm: Any) -> None:
    part, _ = training_part(archives)
    lines = io.StringIO()
    prepare([part], tmp_path / "out", processes=1, console=Console(file=lines), stop=calm)
    assert "train: " in lines.getvalue()
    assert " kB of " in lines.getvalue()
    assert "/s" in lines.getvalue()
